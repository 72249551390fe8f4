"""The Python API: a notebook as an object that can be checked, drawn, compiled and run."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kale_lite.analysis import compile_remarked
from kale_lite.diagnostics import Diagnostic, has_errors
from kale_lite.errors import RefusedError
from kale_lite.graph import render
from kale_lite.notebook import read_notebook, set_parameters
from kale_lite.notebook.model import Notebook
from kale_lite.pipeline import Pipeline

if TYPE_CHECKING:
    from kale_lite.targets.local import Event, RunResult

__all__ = ["Project", "default_output_dir", "load"]


def load(path: str | Path, content: Any = None) -> Project:
    """Read and analyse a notebook. Nothing is raised for a bad one: see ``Project.check``.

    ``content`` is the notebook's JSON (nbformat) where that is not saved as it is to be read.
    """
    notebook, found = read_notebook(Path(path), content)
    pipeline = None
    if notebook is not None:
        pipeline, found = compile_remarked(notebook, found)
    return Project(Path(path), notebook, pipeline, found)


def default_output_dir(name: str) -> Path:
    """A folder for a run that names none: ``kale-lite-runs/NAME-DATE-TIME`` below the current one."""
    base = Path("kale-lite-runs") / f"{name}-{time.strftime('%Y%m%d-%H%M%S')}"
    number, folder = 1, base
    while folder.exists():
        number += 1
        folder = base.with_name(f"{base.name}-{number}")
    return folder


@dataclass(frozen=True, slots=True)
class Project:
    """A notebook, read and analysed."""

    path: Path
    notebook: Notebook | None
    pipeline: Pipeline | None
    diagnostics: tuple[Diagnostic, ...]

    def check(self) -> tuple[Diagnostic, ...]:
        """Everything found in the notebook: errors, warnings and infos."""
        return self.diagnostics

    def compile(self) -> Pipeline:
        """The pipeline. RefusedError with all findings when the notebook has errors."""
        if self.pipeline is None or has_errors(self.diagnostics):
            raise RefusedError(self.diagnostics)
        return self.pipeline

    def for_local(self, parameters: Mapping[str, Any]) -> tuple[dict[str, Any], tuple[Diagnostic, ...]]:
        """The checked values of all parameters, and all that is to be said before a run on this machine."""
        from kale_lite.targets.local import TARGET

        values: dict[str, Any] = {}
        problems = self.diagnostics
        if self.notebook is not None:
            values, more = set_parameters(self.notebook.parameters, parameters, self.notebook.mapped)
            problems = (*problems, *more, *TARGET.check_settings(self.notebook))
        if self.pipeline is not None:
            problems = (*problems, *TARGET.check(self.pipeline))
        return values, problems

    def graph(self, format: str = "text") -> str:
        """The pipeline as ``text``, ``json`` or ``mermaid``."""
        return render(self.compile(), format)

    def run(
        self,
        parameters: Mapping[str, Any] | None = None,
        *,
        output_dir: str | Path | None = None,
        on_event: Callable[[Event], None] = lambda event: None,
        **options: Any,
    ) -> RunResult:
        """Run the pipeline on this machine; ``options`` are those of ``RunOptions`` (``jobs``, ``timeout``, …).

        RefusedError when the notebook or a parameter has errors; failing steps are in the result.
        """
        from kale_lite.targets.local import RunOptions, run

        pipeline = self.compile()
        assert self.notebook is not None
        values, problems = set_parameters(self.notebook.parameters, parameters or {}, self.notebook.mapped)
        if has_errors(problems):
            raise RefusedError(problems)
        folder = Path(output_dir) if output_dir is not None else default_output_dir(self.path.stem)
        return run(self.notebook, pipeline, RunOptions(folder, values, **options), on_event)
