"""Quick fixes: changes of tags, or a comment, that mend a finding. Only what follows from it with certainty."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeAlias

from kale_lite.diagnostics import CODES, Diagnostic, Location
from kale_lite.notebook import read_ignores, role_tags
from kale_lite.notebook.model import Cell, Role
from kale_lite.notebook.tags import Malformed, OptionTag, Prev, StepTag, format_tag, parse_tag

__all__ = ["fixes"]

Fix: TypeAlias = dict[str, Any]
_PLACEHOLDER = re.compile(r":NAME$|[|\[]")
"""What a suggestion holds that shows a form rather than a tag."""
_FORMS = re.compile(r":(key|quantity|reference|seconds|secret|ENV|value|claim|path|map)\b")
_SKIPPED = re.compile(r"(?:skipped )?cell (\d+) (?:would define it, but is tagged `skip`|changes it)")
_NO_STEP = ("imports", "functions", "parameters", "pipeline-parameters")
_MAGIC = ("%", "!", "?")


def fixes(finding: Diagnostic, cells: Sequence[Cell]) -> list[Fix]:
    """The fixes of a finding, the likeliest first. ``cells`` are the notebook's own code cells.

    Each is ``{"title", "edits"}``; an edit changes a cell's tags or appends text to a line of it.
    """
    place = finding.location
    if place is None or place.notebook:
        return []
    cell = next((one for one in cells if one.number == place.own.cell), None)
    if cell is None:
        return []
    found = list(_BY_CODE[finding.code](finding, cell, cells)) if finding.code in _BY_CODE else []
    return [*found, *_ignored(finding, cell)]


def _retagged(title: str, cell: int, *, add: Sequence[str] = (), remove: Sequence[str] = ()) -> Fix:
    return {"title": title, "edits": [{"cell": int(cell), "add": list(add), "remove": list(remove)}]}


def _malformed(finding: Diagnostic, cell: Cell, cells: Sequence[Cell]) -> Iterator[Fix]:
    for text in cell.tags:
        tag = parse_tag(text)
        if not isinstance(tag, Malformed) or not finding.message.startswith(f"tag {text!r} does not parse"):
            continue
        near = tag.suggestion
        if near and not _is_form(near) and not isinstance(parse_tag(near), Malformed):
            yield _retagged(f"Write {near}", cell.number, add=[near], remove=[text])
        yield _retagged(f"Remove the tag {text}", cell.number, remove=[text])
        return


def _is_form(text: str) -> bool:
    return bool(_PLACEHOLDER.search(text) or _FORMS.search(text))


def _first_cells(cells: Sequence[Cell]) -> Mapping[str, int]:
    first: dict[str, int] = {}
    for cell in cells:
        if cell.step:
            first.setdefault(cell.step, cell.number)
    return first


def _predecessors(cell: Cell) -> Iterator[tuple[str, str]]:
    """The tags that declare order, as they stand and by the name they give."""
    for text in cell.tags:
        tag = parse_tag(text)
        if isinstance(tag, Prev):
            yield text, tag.name.strip()


def _unknown_predecessor(finding: Diagnostic, cell: Cell, cells: Sequence[Cell]) -> Iterator[Fix]:
    first = _first_cells(cells)
    above = [name for name, number in first.items() if name != cell.step and number < first.get(cell.step, 0)]
    for text, name in _predecessors(cell):
        if f"there is no step {name!r}:" in finding.message:
            for near in difflib.get_close_matches(name, above, 3, 0.5):
                yield _retagged(f"Write prev:{near}", cell.number, add=[f"prev:{near}"], remove=[text])
            yield _retagged(f"Remove the tag {text}", cell.number, remove=[text])
            return


def _cycle(finding: Diagnostic, cell: Cell, cells: Sequence[Cell]) -> Iterator[Fix]:
    for text, name in _predecessors(cell):
        if f"step {name!r} cannot be its own" in finding.message or f"declared after {name!r}," in finding.message:
            yield _retagged(f"Remove the tag {text}", cell.number, remove=[text])
            return


def _conflict(finding: Diagnostic, cell: Cell, cells: Sequence[Cell]) -> Iterator[Fix]:
    if "raises-exception" in finding.message:
        yield _retagged("Remove the tag raises-exception", cell.number, remove=["raises-exception"])
        return
    stray = [text for text, name in _predecessors(cell) if f"`prev:{name}` stands on" in finding.message]
    if stray:
        yield _retagged(f"Remove the tag {stray[0]}", cell.number, remove=stray)
        return
    roles = role_tags(cell.tags)
    for text in roles:
        others = [one for one in cell.tags if (one in roles and one != text) or (text in _NO_STEP and _is_of_step(one))]
        if len(roles) > 1:
            yield _retagged(f"Keep only {text}", cell.number, remove=others)


def _is_of_step(text: str) -> bool:
    """Whether a tag makes sense on steps only: order and options."""
    return isinstance(parse_tag(text), Prev) or _is_option(text)


def _is_option(text: str) -> bool:
    return isinstance(tag := parse_tag(text), OptionTag) and tag.kind != "notebook"


def _names_that_meet(finding: Diagnostic, cell: Cell, cells: Sequence[Cell]) -> Iterator[Fix]:
    """Two spellings of one name: that of the step above is taken in all cells of the other."""
    match = re.match(r"step names (?P<other>'[^']*'|\"[^\"]*\") \(cell \d+\) and .* meet", finding.message)
    if match is None:
        return
    other = match["other"][1:-1]
    edits = [
        {"cell": int(one.number), "add": [format_tag(StepTag(other, tag.alias))], "remove": [text]}
        for one in cells if one.step == cell.step for text in one.tags
        if isinstance(tag := parse_tag(text), StepTag) and tag.name.strip() == cell.step
    ]  # fmt: skip
    if edits and any(one.step == other for one in cells):
        yield {"title": f"Write step:{other}", "edits": edits}


def _without_step(finding: Diagnostic, cell: Cell, cells: Sequence[Cell]) -> Iterator[Fix]:
    """Options on cells that are no steps."""
    if cell.role not in (Role.IMPORTS, Role.FUNCTIONS, Role.PARAMETERS):
        return
    options = [text for text in cell.tags if _is_option(text)]
    if options:
        yield _retagged(f"Remove {', '.join(options)}", cell.number, remove=options)


def _skipped(finding: Diagnostic, cell: Cell, cells: Sequence[Cell]) -> Iterator[Fix]:
    """A cell that is skipped, although others need it."""
    match = _SKIPPED.search(f"{finding.message} {finding.hint}")
    number = int(match[1]) if match is not None else 0
    if any(one.number == number and "skip" in one.tags for one in cells):
        yield _retagged(f"Remove the tag skip from cell {number}", number, remove=["skip"])


_BY_CODE: Mapping[str, Callable[[Diagnostic, Cell, Sequence[Cell]], Iterator[Fix]]] = {
    "KL101": _malformed, "KL103": _names_that_meet, "KL104": _unknown_predecessor, "KL105": _cycle,
    "KL108": _skipped, "KL111": _without_step, "KL112": _conflict, "KL202": _skipped,
}  # fmt: skip


def _ignored(finding: Diagnostic, cell: Cell) -> Iterator[Fix]:
    """The comment that switches a finding off, where it is found to do so: at its line, or else for the cell."""
    if not CODES[finding.code].ignorable or finding.location is None:
        return
    comment = f"# kale-lite: ignore[{finding.code}]"
    lines = cell.source.split("\n")
    line = finding.location.line
    if 0 < line <= len(lines) and not lines[line - 1].lstrip().startswith(_MAGIC):
        appended = f"  {comment}"
        if _covers(cell, _appended(lines, line, appended), finding):
            edit = {"cell": int(cell.number), "line": line, "append": appended}
            yield {"title": f"Ignore {finding.code} on this line", "edits": [edit]}
    last, appended = len(lines), f"\n{comment}"
    if _covers(cell, _appended(lines, last, appended), finding):
        edit = {"cell": int(cell.number), "line": last, "append": appended}
        yield {"title": f"Ignore {finding.code} in this cell", "edits": [edit]}


def _appended(lines: Sequence[str], line: int, text: str) -> str:
    return "\n".join([*lines[: line - 1], lines[line - 1] + text, *lines[line:]])


def _covers(cell: Cell, source: str, finding: Diagnostic) -> bool:
    """Whether a comment of the changed cell speaks of the finding; inside a string it would be no comment."""
    ignores, problems = read_ignores([replace(cell, source=source)])
    place = Location(cell.number, finding.location.line if finding.location else 0)
    return not problems and any(one.covers(finding.code, place) for one in ignores)
