"""Declared order: what ``prev:`` tags add to what steps need, also for whole notebooks that stand in one another."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from kale_lite.analysis.steps import Segment
from kale_lite.notebook.model import Embedding
from kale_lite.pipeline import Dependency

__all__ = ["declared"]


def declared(segments: Sequence[Segment], needs: Iterable[Dependency]) -> Iterator[Dependency]:
    """The declared dependencies of the steps of a pipeline. ``needs`` are those which were inferred.

    After a notebook means after its last steps, which no other of its own comes after; what is declared for a
    notebook holds for its first steps, which come after no other of its own.
    """
    members = _members(segments)
    before: dict[str, set[str]] = {segment.name: set() for segment in segments}
    for need in needs:
        before[need.after].add(need.before)
    wanted = {segment.name: _wanted(segment, before[segment.name], members) for segment in segments}
    last = {name: _last(steps, before) for name, steps in members.items()}
    for segment in segments:
        for name in dict.fromkeys(name for one in wanted[segment.name] for name in last.get(one, ())):
            yield Dependency(name, segment.name, "", "declared", segment.first_cell)


def _members(segments: Sequence[Segment]) -> Mapping[str, set[str]]:
    """The steps that each name means: that of a step itself, that of a notebook all in it."""
    found: dict[str, set[str]] = {}
    for segment in segments:
        for name in (segment.name, *(embedding.name for embedding in _chain(segment))):
            found.setdefault(name, set()).add(segment.name)
    return found


def _wanted(segment: Segment, before: set[str], members: Mapping[str, set[str]]) -> list[str]:
    """What is declared to come before a step, by name; its steps are added to what comes before it."""
    found = list(segment.after)
    before.update(name for wanted in found for name in members.get(wanted, ()))
    for embedding in reversed(_chain(segment)):
        if not before & members[embedding.name]:
            found += embedding.after
            before.update(name for wanted in embedding.after for name in members.get(wanted, ()))
    return found


def _last(steps: set[str], before: Mapping[str, set[str]]) -> list[str]:
    followed = set[str]().union(*(before[name] for name in steps))
    return [name for name in before if name in steps and name not in followed]


def _chain(segment: Segment) -> tuple[Embedding, ...]:
    return segment.within.chain if segment.within is not None else ()
