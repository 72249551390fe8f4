"""YAML from the DSL: KFP's own compiler makes the pipeline, written here by a faster writer with the same content."""

from __future__ import annotations

import importlib.util
import sys
import warnings
from pathlib import Path
from typing import Any

from kale_lite.errors import UsageError

__all__ = ["yaml_of_dsl"]

_WIDTH = 1_000_000
"""Columns of a line: texts are not folded, which would make them longer."""


def yaml_of_dsl(path: Path, name: str) -> str:
    """The YAML of the pipeline function ``name`` in a DSL file: the same, when read, as ``kfp dsl compile`` writes.

    UsageError when kfp is not installed.
    """
    try:
        from google.protobuf import json_format
        from kfp.compiler import pipeline_spec_builder
    except ImportError:
        raise UsageError(
            "compiling for Kubeflow needs kfp, which is not installed", hint="run: pip install 'kale-lite[kfp]'"
        ) from None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pipeline = getattr(_loaded(path), name)
    documents = [json_format.MessageToDict(pipeline.pipeline_spec)]
    if pipeline.platform_spec.platforms:
        documents.append(json_format.MessageToDict(pipeline.platform_spec))
    comments: str = pipeline_spec_builder.extract_comments_from_pipeline_spec(documents[0], pipeline.description)
    return comments + _dumped(documents)


def _loaded(path: Path) -> Any:
    spec = importlib.util.spec_from_file_location(f"kale_lite_dsl_{abs(hash(str(path)))}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    before = sys.dont_write_bytecode
    sys.dont_write_bytecode, sys.modules[spec.name] = True, module
    try:
        spec.loader.exec_module(module)
    finally:
        sys.dont_write_bytecode = before
        del sys.modules[spec.name]
    return module


def _dumped(documents: list[Any]) -> str:
    """The documents by libyaml's writer, which is much faster; by the one in Python where libyaml is missing."""
    import yaml

    dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    text: str = yaml.dump_all(documents, Dumper=dumper, sort_keys=True, width=_WIDTH)
    return text
