"""What all forms of the findings start from: a notebook that was checked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from kale_lite.diagnostics import Diagnostic, Severity
from kale_lite.notebook.positions import SourceMap, read_source_map
from kale_lite.project import load

__all__ = ["Checked", "check_notebook", "count", "relative_uri"]


@dataclass(frozen=True, slots=True)
class Checked:
    """A notebook, its findings in the order of its cells, and where those stand in its file.

    ``steps`` is the number of its steps, None when it does not compile.
    """

    path: Path
    diagnostics: tuple[Diagnostic, ...]
    source: SourceMap
    steps: int | None


def check_notebook(path: Path) -> Checked:
    """Read and analyse one notebook; nothing of it runs."""
    project = load(path)
    found = tuple(sorted(project.diagnostics, key=_place))
    steps = len(project.pipeline.steps) if project.pipeline is not None else None
    return Checked(path, found, read_source_map(path) if found else SourceMap(), steps)


def _place(finding: Diagnostic) -> tuple[int, int, int]:
    place = finding.location
    return (place.cell, place.line, place.column) if place is not None else (0, 0, 0)


def count(diagnostics: Sequence[Diagnostic]) -> str:
    """``2 errors, 1 info``, or ``no problems``."""
    numbers = {kind: sum(d.severity is kind for d in diagnostics) for kind in Severity}
    found = [f"{n} {kind}{'s' * (n > 1)}" for kind, n in numbers.items() if n]
    return ", ".join(found) or "no problems"


def relative_uri(path: Path) -> str:
    """The path as CI services want it: from the current folder, where the repository was checked out."""
    full = path.absolute()
    return full.relative_to(Path.cwd()).as_posix() if full.is_relative_to(Path.cwd()) else full.as_posix()
