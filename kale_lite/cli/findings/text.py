"""Findings for people: by cell, each with its source line and a mark under the place."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from kale_lite.cli.findings.checked import Checked, count
from kale_lite.diagnostics import Diagnostic, Location, Severity

__all__ = ["show"]

_STYLES = {Severity.ERROR: "bold red", Severity.WARNING: "yellow", Severity.INFO: "cyan"}
_WIDEST = 100
"""Of a source line, this many characters around the place are shown."""


def show(notebooks: Sequence[Checked]) -> None:
    """Print all findings; colours on a terminal only."""
    console = Console(highlight=False, soft_wrap=True)
    for one in notebooks:
        for line in _notebook(one):
            console.print(line)
        console.print(_closing(one))
    if len(notebooks) > 1:
        everything = [finding for one in notebooks for finding in one.diagnostics]
        console.print(f"{len(notebooks)} notebooks: {count(everything)}")


def _closing(one: Checked) -> str | Text:
    steps = "" if one.steps is None else f"{one.steps} step{'s' * (one.steps != 1)}, "
    return Text(f"{one.path}: {steps}{count(one.diagnostics)}")


def _notebook(one: Checked) -> Iterator[Text]:
    if one.diagnostics:
        yield Text(str(one.path), "bold")
    for cell, found in itertools.groupby(one.diagnostics, lambda d: d.location.cell if d.location else 0):
        findings = tuple(found)
        if cell:
            step = next((f" · step {d.step}" for d in findings if d.step), "")
            yield Text(f"  cell {cell}{step}", "bold")
        for finding in findings:
            yield from _finding(one, finding)
        yield Text()


def _finding(one: Checked, finding: Diagnostic) -> Iterator[Text]:
    place = finding.location
    where = f"line {place.line}: " if place is not None and place.line else ""
    head = Text(f"    {where}")
    head.append(f"{finding.severity} {finding.code}", _STYLES[finding.severity])
    yield head.append(f": {finding.message}")
    if place is not None and one.line(place).strip():
        yield from _excerpt(one.line(place), place)
    if finding.hint:
        yield Text("      ").append("hint: ", "dim").append(finding.hint)


def _excerpt(source: str, place: Location) -> Iterator[Text]:
    """The source line and, where the column is known, a mark under it."""
    first = max(0, min(place.column - _WIDEST // 2, len(source) - _WIDEST))
    shown = source[first : first + _WIDEST].replace("\t", " ")
    shown = f"{'…' * (first > 0)}{shown}{'…' * (first + _WIDEST < len(source))}"
    yield Text(f"    {place.line:>4} │ ", "dim").append(shown, "not dim")
    if place.column:
        before = shown[: place.column - 1 - first + (first > 0)]
        yield Text("         │ ", "dim").append(f"{' ' * cell_len(before)}^", "bold")
