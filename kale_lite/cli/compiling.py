"""The ``compile`` command: a notebook as a pipeline of another system."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from kale_lite.diagnostics import Diagnostic, Severity
from kale_lite.errors import ExitCode, RefusedError, UsageError

__all__ = ["compile_command", "show_findings"]


class TargetName(StrEnum):
    """What a notebook can be compiled for."""

    KFP = "kfp"


class Form(StrEnum):
    """Forms of a compiled pipeline."""

    YAML = "yaml"
    PYTHON = "python"


def compile_command(
    notebook: Annotated[Path, typer.Argument(metavar="NB", help="A notebook (.ipynb); never written to.")],
    target: Annotated[TargetName, typer.Option(help="What to compile for.")] = TargetName.KFP,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Where to (default: beside you, NB.yaml).")
    ] = None,
    format: Annotated[Form, typer.Option("--format", "-f", help="YAML to run, Python to read.")] = Form.YAML,
    image: Annotated[
        str | None, typer.Option(metavar="REF", help="Image of steps that name none (default: Python's own).")
    ] = None,
    install: Annotated[
        bool, typer.Option("--install/--no-install", help="Install packages at start, or have them in the image.")
    ] = True,
    cache: Annotated[
        bool | None, typer.Option("--cache/--no-cache", help="Let KFP reuse steps that can be reused, or none.")
    ] = None,
    include: Annotated[
        list[str] | None, typer.Option(metavar="PATTERN", help="Files of the notebook's folder that travel along.")
    ] = None,
    import_: Annotated[
        list[str] | None, typer.Option("--import", metavar="FILE=URI", help="A large file, and where KFP gets it.")
    ] = None,
) -> None:
    """Compile a notebook for Kubeflow Pipelines.

    The steps run there as they run here: the same cells, the same checks, the same messages. Python is written as
    one component function a step, with the cells in files beside it; `kfp dsl compile` makes the same YAML of it.

    Examples:

        kale-lite compile analysis.ipynb -o analysis.yaml

        kale-lite compile analysis.ipynb --format python -o analysis.py --image python:3.11-slim
    """
    from kale_lite.project import load
    from kale_lite.targets.kfp import CompileOptions, compile_to_python, compile_to_yaml

    project = load(notebook)
    show_findings(notebook, project.diagnostics)
    if project.pipeline is None or project.notebook is None:
        raise typer.Exit(ExitCode.REFUSED)
    path = output or Path(f"{notebook.stem}.{'py' if format is Form.PYTHON else 'yaml'}")
    options = CompileOptions(image, install, cache, tuple(include or ()), tuple(import_ or ()))
    try:
        if format is Form.PYTHON:
            _check_module(path)
            problems = compile_to_python(project.notebook, project.pipeline, path, options)
        else:
            text, problems = compile_to_yaml(project.notebook, project.pipeline, options)
            _write(path, text)
    except RefusedError as error:
        show_findings(notebook, error.diagnostics)
        raise typer.Exit(ExitCode.REFUSED) from None
    show_findings(notebook, problems)
    steps = len(project.pipeline.steps)
    typer.echo(f"{path}: {steps} step{'s' * (steps != 1)}")


def _check_module(path: Path) -> None:
    if not path.stem.isidentifier() or path.suffix != ".py":
        raise UsageError(f"{path} cannot be a Python module", hint="choose a name such as pipeline.py with -o")


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, "utf-8")
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}") from None


def show_findings(path: Path, problems: tuple[Diagnostic, ...]) -> None:
    """Errors and warnings, on stderr; infos are for ``check``."""
    for finding in problems:
        if finding.severity is not Severity.INFO:
            typer.echo(f"{path}: {finding}", err=True)
