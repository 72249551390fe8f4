"""What is submitted: a notebook, a DSL file or YAML, as text for the server and arguments for the run."""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kale_lite.diagnostics import Diagnostic, has_errors
from kale_lite.errors import KaleLiteError, RefusedError, UsageError
from kale_lite.notebook import set_parameters
from kale_lite.notebook.model import Notebook
from kale_lite.pipeline import Pipeline
from kale_lite.targets.kfp.ir import yaml_of_dsl
from kale_lite.targets.kfp.options import CompileOptions
from kale_lite.targets.kfp.parameters import to_arguments
from kale_lite.targets.kfp.submit.spec import Spec, check_size, read_spec, spec_arguments
from kale_lite.targets.kfp.target import compile_to_yaml

__all__ = ["KINDS", "Package", "check_source", "file_package", "notebook_package"]

KINDS = (".ipynb", ".yaml", ".yml", ".py")


@dataclass(frozen=True, slots=True)
class Package:
    """A pipeline ready to be sent, and the arguments of its run. ``experiment`` is what the notebook names."""

    source: Path
    text: str
    spec: Spec
    arguments: Mapping[str, Any]
    experiment: str = ""
    findings: tuple[Diagnostic, ...] = ()


def check_source(path: Path, options: CompileOptions) -> None:
    """What can be said of a source before a server is asked. UsageError or RefusedError."""
    if path.suffix not in KINDS:
        raise UsageError(f"{path} cannot be submitted", hint="give a notebook (.ipynb), a DSL file (.py) or YAML")
    if path.suffix != ".ipynb" and options != CompileOptions():
        raise UsageError(
            f"--image, --no-install, --cache, --include and --import are for notebooks, and {path} is compiled already",
            hint="change the file, or compile the notebook again",
        )
    try:
        size = path.stat().st_size
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from None
    if path.suffix in (".yaml", ".yml"):
        check_size(size)


def file_package(path: Path, given: Mapping[str, Any]) -> Package:
    """A YAML or DSL file, with checked parameters. RefusedError or UsageError for what cannot be submitted."""
    text = _of_dsl(path) if path.suffix == ".py" else _read(path)
    spec = read_spec(text, path)
    return Package(path, text, spec, spec_arguments(spec, given))


def notebook_package(
    path: Path, notebook: Notebook, pipeline: Pipeline, given: Mapping[str, Any], options: CompileOptions
) -> Package:
    """A notebook, compiled, with checked parameters. RefusedError or UsageError for what cannot be submitted."""
    values, problems = set_parameters(notebook.parameters, given, notebook.mapped)
    if has_errors(problems):
        raise RefusedError(problems)
    arguments = to_arguments(notebook.parameters, {name: values[name] for name in given})
    text, findings = compile_to_yaml(notebook, pipeline, options)
    experiment = notebook.settings.get("experiment_name") or _name_of(notebook.settings.get("experiment")) or ""
    return Package(path, text, read_spec(text, path), arguments, str(experiment), (*problems, *findings))


def _name_of(experiment: Any) -> Any:
    """Kale's panel keeps the experiment as an object with its name."""
    return experiment.get("name") if isinstance(experiment, Mapping) else experiment


def _of_dsl(path: Path) -> str:
    """The YAML of a DSL file; what the user's own code raises is told with its place."""
    try:
        return yaml_of_dsl(path)
    except KaleLiteError:
        raise
    except SyntaxError as error:
        raise UsageError(f"{path}, line {error.lineno}: {error.msg}") from None
    except Exception as error:
        lines = [one.lineno for one in traceback.extract_tb(error.__traceback__) if Path(one.filename) == path]
        where = f"{path}, line {lines[-1]}" if lines else str(path)
        raise UsageError(f"{where}: {type(error).__name__}: {error}", hint="try: kfp dsl compile") from None


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except UnicodeDecodeError:
        raise UsageError(f"{path} is no text in UTF-8") from None
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from None
