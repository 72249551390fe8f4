"""What all forms of the findings start from: a notebook that was checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from kale_lite.diagnostics import Diagnostic, Location, Severity
from kale_lite.notebook.positions import SourceMap, read_source_map
from kale_lite.project import load

__all__ = ["Checked", "check_notebook", "count", "relative_uri"]


@dataclass(frozen=True, slots=True)
class Checked:
    """A notebook, its findings in the order of its cells, and where those stand in its file.

    ``sources`` has the notebook itself under the empty path, and those that are embedded in it. ``steps`` is the
    number of its steps, None when it does not compile.
    """

    path: Path
    diagnostics: tuple[Diagnostic, ...]
    sources: Mapping[str, SourceMap]
    steps: int | None

    def file(self, finding: Diagnostic) -> Path:
        """The file that a finding is about."""
        return _file(self.path, finding)

    def line(self, place: Location) -> str:
        """The source line at a place; empty when the place names none."""
        return self.sources[place.notebook].line(place.own)

    def position(self, place: Location | None) -> tuple[int, int]:
        """Line and column (from 1) of a place in its file."""
        return self.sources[place.notebook].position(place.own) if place is not None else (1, 1)


def check_notebook(path: Path) -> Checked:
    """Read and analyse one notebook; nothing of it runs."""
    project = load(path)
    found = tuple(sorted(project.diagnostics, key=_place))
    steps = len(project.pipeline.steps) if project.pipeline is not None else None
    sources = {d.location.notebook if d.location else "": read_source_map(_file(path, d)) for d in _one_a_file(found)}
    return Checked(path, found, sources, steps)


def _one_a_file(found: Sequence[Diagnostic]) -> list[Diagnostic]:
    return list({d.location.notebook if d.location else "": d for d in found}.values())


def _file(path: Path, finding: Diagnostic) -> Path:
    place = finding.location
    return path.parent / place.notebook if place is not None and place.notebook else path


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
