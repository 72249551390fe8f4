"""Steps whose cells lie apart: joined when no version read changes, else the cell in between is named."""

from __future__ import annotations

from collections.abc import Iterator

from kale_lite.analysis.flow import Flow, StepFlow
from kale_lite.analysis.paths import conflict
from kale_lite.diagnostics import Diagnostic, Location, diagnose

__all__ = ["split_problems"]


def split_problems(flow: Flow) -> list[Diagnostic]:
    """The steps that cannot be joined. ``flow`` has each part of a split step as a step of its own."""
    return list(_problems(flow))


def _problems(flow: Flow) -> Iterator[Diagnostic]:
    first: dict[str, int] = {}
    for i, part in enumerate(flow.steps):
        name = part.segment.name
        start = first.setdefault(name, i)
        if start == i:
            continue
        for j, between in enumerate(flow.steps[start + 1 : i], start + 1):
            if between.segment.name != name and (reason := _meets(flow, j, i)):
                yield _problem(between, part, reason)
                return


def _problem(between: StepFlow, part: StepFlow, reason: str) -> Diagnostic:
    name, other, cell = part.segment.name, between.segment.name, between.segment.first_cell
    return diagnose(
        "KL106",
        f"step {name!r} is split: its cell {part.segment.first_cell} cannot be joined with the cells above "
        f"cell {cell} (step {other!r}), because both use {reason}; joining them would make a cycle",
        Location(part.segment.first_cell),
        hint=f"give cell {part.segment.first_cell} a step name of its own, or move it above cell {cell}",
        step=name,
    )


def _meets(flow: Flow, between: int, part: int) -> str:
    """What the part and a step in between both use, so that their order matters; empty when nothing."""
    one, other = flow.steps[between].log, flow.steps[part].log
    changed = set(one.bound.keys() & (other.reads.keys() | other.bound.keys()))
    changed |= one.reads.keys() & other.bound.keys()
    if changed:
        return repr(min(changed))
    for mutated, index in ((one, part), (other, between)):
        log, reach = flow.steps[index].log, flow.reach_after(index)
        for name in (log.reads.keys() | log.bound.keys()) & reach.keys():
            if mutated.mutated.keys() & reach[name]:
                return repr(name)
    if any(conflict(a, b) for a in one.files.values() for b in other.files.values()):
        return "the same files"
    return "the same service" if one.services.keys() & other.services.keys() else ""
