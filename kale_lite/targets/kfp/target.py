"""The target: what it cannot honour, and a notebook as DSL or YAML."""

from __future__ import annotations

import ast
import tempfile
from pathlib import Path

from kale_lite.diagnostics import Diagnostic, Location, diagnose, has_errors
from kale_lite.errors import RefusedError, UsageError
from kale_lite.notebook.model import Notebook
from kale_lite.pipeline import Pipeline
from kale_lite.targets.kfp.bundle import read_bundle, write_bundle
from kale_lite.targets.kfp.dsl import dsl_source
from kale_lite.targets.kfp.environment import author_environment
from kale_lite.targets.kfp.ir import yaml_of_dsl
from kale_lite.targets.kfp.model import KfpPipeline
from kale_lite.targets.kfp.options import CompileOptions
from kale_lite.targets.kfp.packing import LARGEST, size_of
from kale_lite.targets.kfp.plan import plan_pipeline
from kale_lite.targets.kfp.resources import check_options

__all__ = ["TARGET", "compile_to_python", "compile_to_yaml"]

_LARGE_IR = 700_000
"""Bytes of YAML from which on Argo and its database may refuse a pipeline."""


class KfpTarget:
    """Kubeflow Pipelines as a target."""

    name = "kfp"

    def check(self, pipeline: Pipeline) -> tuple[Diagnostic, ...]:
        """The options of steps that Kubernetes or KFP would refuse."""
        return tuple(one for step in pipeline.steps for one in check_options(step))


TARGET = KfpTarget()


def compile_to_python(
    notebook: Notebook, pipeline: Pipeline, path: Path, options: CompileOptions
) -> tuple[Diagnostic, ...]:
    """Write the DSL to a file, and its steps into the folder ``NAME_steps`` beside it; what is to be said about it.

    RefusedError for findings that stop it, UsageError when nothing can be written.
    """
    compiled, problems = _planned(notebook, pipeline, options)
    try:
        more = _write_dsl(compiled, pipeline, path)
        if has_errors(more):
            raise RefusedError((*problems, *more))
    except OSError as error:
        raise UsageError(f"{error.filename or path} cannot be written: {error.strerror}") from None
    return problems


def compile_to_yaml(
    notebook: Notebook, pipeline: Pipeline, options: CompileOptions
) -> tuple[str, tuple[Diagnostic, ...]]:
    """The pipeline as YAML, and what is to be said about it. RefusedError for findings that stop it."""
    compiled, problems = _planned(notebook, pipeline, options)
    with tempfile.TemporaryDirectory(prefix="kale-lite-") as folder:
        path = Path(folder) / "pipeline.py"
        more = _write_dsl(compiled, pipeline, path)
        if has_errors(more):
            raise RefusedError((*problems, *more))
        text = yaml_of_dsl(path, "pipeline")
    if len(text) > _LARGE_IR:
        problems += (diagnose(
            "KL708", f"the pipeline takes {len(text):,} bytes of YAML; clusters refuse from about 1 MB on",
            hint="join steps that always run one after another, or make two pipelines",
        ),)  # fmt: skip
    return text, problems


def _planned(
    notebook: Notebook, pipeline: Pipeline, options: CompileOptions
) -> tuple[KfpPipeline, tuple[Diagnostic, ...]]:
    compiled, problems = plan_pipeline(notebook, pipeline, options, author_environment(notebook.kernel.name))
    if has_errors(problems):
        raise RefusedError(problems)
    return compiled, problems


def _write_dsl(compiled: KfpPipeline, pipeline: Pipeline, path: Path) -> tuple[Diagnostic, ...]:
    """Write the DSL and the steps' files; a finding for each step that no component can hold."""
    folder = path.with_name(f"{path.stem}_steps")
    problems = []
    for task, step in zip(compiled.tasks, pipeline.steps, strict=True):
        write_bundle(task, folder)
        size = size_of(read_bundle(folder / task.function))
        if size > LARGEST:
            problems.append(diagnose(
                "KL707", f"step {step.name!r} takes {size:,} bytes packed, and its container can be started with "
                f"{LARGEST:,}", Location(step.cells[0]), step=step.name,
                hint="move long texts and tables into files or modules of the image, or split the step",
            ))  # fmt: skip
    if compiled.check is not None:
        write_bundle(compiled.check, folder)
    source = dsl_source(compiled, folder.name)
    ast.parse(source)
    path.write_text(source, "utf-8")
    return tuple(problems)
