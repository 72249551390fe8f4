"""Cells to steps: what runs together, under which name, in which place."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

from kale_lite.analysis.transform import Code
from kale_lite.notebook.model import Cell, Embedding, Role, StepOptions

__all__ = ["Segment", "joined_segments", "segments"]


@dataclass(frozen=True, slots=True)
class Segment:
    """Cells that run one after the other in one process. ``number`` counts the parts of a split step."""

    name: str
    role: Role
    codes: tuple[Code, ...]
    number: int = 0
    after: tuple[str, ...] = ()
    options: StepOptions = field(default_factory=StepOptions)

    @property
    def first_cell(self) -> int:
        return self.codes[0].cell.number

    @property
    def within(self) -> Embedding | None:
        """The embedded notebook that it is a step of."""
        return self.codes[0].cell.within

    def raises_exception(self, number: int) -> bool:
        """Whether this cell of it may end with an exception, so that its last statements may not run."""
        return any(code.cell.raises_exception for code in self.codes if code.cell.number == number)


def segments(codes: Sequence[Code]) -> tuple[Segment, ...]:
    """Runs of cells of one step, in notebook order; a step whose cells lie apart has several."""
    runs: list[list[Code]] = []
    for code in codes:
        if code.cell.role is Role.SKIP:
            continue
        if runs and _belongs(runs[-1][-1], code):
            runs[-1].append(code)
        else:
            runs.append([code])
    taken = {code.cell.step for code in codes if code.cell.step}
    seen: dict[str, int] = {}
    found = []
    for run in runs:
        name = _name(run[0].cell, taken)
        found.append(_segment(name, run, seen.get(name, 0)))
        seen[name] = seen.get(name, 0) + 1
    return tuple(found)


def _name(first: Cell, taken: set[str]) -> str:
    """The name of a step that begins with this cell."""
    if first.step and first.role is not Role.NOTEBOOK:
        return first.step
    role = Role.PARAMETERS if first.role is Role.NOTEBOOK else first.role
    wanted = first.within.full_name(role.value) if first.within is not None else role.value
    return _free_name(wanted, taken)


def _belongs(last: Code, code: Code) -> bool:
    one, other = last.cell, code.cell
    if one.within != other.within:
        return False
    if one.role in (Role.IMPORTS, Role.FUNCTIONS, Role.PARAMETERS):
        return one.role is other.role
    return (one.step, one.role) == (other.step, other.role)


def _free_name(wanted: str, taken: set[str]) -> str:
    name, number = wanted, 1
    while name in taken:
        number += 1
        name = f"{wanted}-{number}"
    taken.add(name)
    return name


def _segment(name: str, run: Sequence[Code], number: int) -> Segment:
    after = tuple(dict.fromkeys(name for code in run for name in code.cell.after))
    return Segment(name, run[0].cell.role, tuple(run), number, after, _options(run))


def _options(codes: Sequence[Code]) -> StepOptions:
    return merged_options([codes[0].cell.defaults, *(code.cell.options for code in codes)])


def merged_options(options: Iterable[StepOptions]) -> StepOptions:
    """The options of a step's cells together; what a later cell says wins."""
    result = StepOptions()
    for one in options:
        given: dict[str, Any] = {}
        for item in fields(StepOptions):
            value, before = getattr(one, item.name), getattr(result, item.name)
            if isinstance(before, dict):
                given[item.name] = {**before, **value}
            elif isinstance(before, tuple):
                given[item.name] = tuple(dict.fromkeys([*before, *value]))
            elif value is not None:
                given[item.name] = value
        result = replace(result, **given)
    return result


def joined_segments(found: Sequence[Segment]) -> tuple[Segment, ...]:
    """One segment a step: the cells of a split step run where its first ones stand."""
    result: dict[str, Segment] = {}
    for segment in found:
        first = result.get(segment.name)
        if first is None:
            result[segment.name] = segment
        else:
            after = tuple(dict.fromkeys([*first.after, *segment.after]))
            codes = (*first.codes, *segment.codes)
            result[segment.name] = replace(first, codes=codes, after=after, options=_options(codes))
    return tuple(result.values())
