"""YAML from the DSL: KFP's own compiler makes the pipeline, written here by a faster writer with the same content."""

from __future__ import annotations

import importlib.util
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from kale_lite.errors import UsageError
from kale_lite.targets.kfp.lean import import_kfp

__all__ = ["yaml_of_dsl"]

_WIDTH = 1_000_000
"""Columns of a line: texts are not folded, which would make them longer."""


def yaml_of_dsl(path: Path, name: str = "") -> str:
    """The YAML of the pipeline function ``name`` in a DSL file: the same, when read, as ``kfp dsl compile`` writes.

    Without a name it is the only one, or the one called ``pipeline``. UsageError when kfp is not installed, and when
    there is no such function. What the file itself raises is not caught.
    """
    try:
        import_kfp()
        from google.protobuf import json_format
        from kfp.compiler import pipeline_spec_builder
    except ImportError:
        raise UsageError(
            "compiling for Kubeflow needs kfp, which is not installed", hint="run: pip install 'kale-lite[kfp]'"
        ) from None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        module = _loaded(path)
        pipeline = getattr(module, name or _pipeline_name(module, path))
    documents = [json_format.MessageToDict(pipeline.pipeline_spec)]
    if pipeline.platform_spec.platforms:
        documents.append(json_format.MessageToDict(pipeline.platform_spec))
    comments: str = pipeline_spec_builder.extract_comments_from_pipeline_spec(documents[0], pipeline.description)
    return comments + _dumped(documents)


def _pipeline_name(module: Any, path: Path) -> str:
    from kfp.dsl.graph_component import GraphComponent

    names = [name for name, value in vars(module).items() if isinstance(value, GraphComponent)]
    if "pipeline" in names or len(names) == 1:
        return "pipeline" if "pipeline" in names else names[0]
    if not names:
        raise UsageError(f"{path} has no function with @dsl.pipeline", hint="is it a pipeline in KFP's Python DSL?")
    raise UsageError(f"{path} has several pipelines: {', '.join(names)}", hint="call the one to take `pipeline`")


@contextmanager
def _importing_from(folder: Path) -> Iterator[None]:
    """Modules beside the file can be imported, as by ``kfp dsl compile``."""
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        sys.path.remove(str(folder))


def _loaded(path: Path) -> Any:
    spec = importlib.util.spec_from_file_location(f"kale_lite_dsl_{abs(hash(str(path)))}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    before = sys.dont_write_bytecode
    sys.dont_write_bytecode, sys.modules[spec.name] = True, module
    try:
        with _importing_from(path.absolute().parent):
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
