"""Versions: who made what a step reads, what must travel together, who saves what."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from kale_lite.analysis.bindings import Import
from kale_lite.analysis.flow import Flow, StepFlow
from kale_lite.analysis.machine import Cause
from kale_lite.diagnostics import Location
from kale_lite.pipeline import STATE_PREFIX

__all__ = ["Need", "Transfers", "transfers"]


@dataclass(frozen=True, slots=True)
class Need:
    """A step needs the version of a name that another step made."""

    name: str
    maker: int
    cause: Cause
    kind: str


@dataclass(slots=True)
class Transfers:
    """What one step takes and gives. ``groups`` are the names it saves, each group in one payload."""

    needs: dict[str, Need] = field(default_factory=dict)
    replays: dict[str, Import] = field(default_factory=dict)
    parameters: set[str] = field(default_factory=set)
    groups: list[tuple[str, ...]] = field(default_factory=list)
    readonly: set[str] = field(default_factory=set)


def transfers(flow: Flow) -> tuple[Transfers, ...]:
    """Follow the versions of all names through the steps."""
    return _Versions(flow.steps).all()


class _Versions:
    def __init__(self, steps: Sequence[StepFlow]) -> None:
        self.steps = steps
        self.live = _liveness(steps)
        self.touched = _touches(steps)
        self.last_read = _last_reads(steps)
        self.maker: dict[str, int | Import | str | None] = {}
        self.reach: dict[str, frozenset[int]] = {}
        self.holders: dict[int, set[str]] = defaultdict(set)

    def all(self) -> tuple[Transfers, ...]:
        return tuple(self._step(i, step) for i, step in enumerate(self.steps))

    def _step(self, index: int, step: StepFlow) -> Transfers:
        result = Transfers()
        self._follow(step)
        for name, cause in step.log.reads.items():
            self._need(result, name, cause, "data")
        saved = self._changed(index, step)
        for name, cause in saved.items():
            binding = step.bound.get(name)
            if name not in step.log.bound or binding is None or not binding.fresh:
                self._need(result, name, cause, "data" if name in step.log.bound else "shared")
        for name, cause in self._joining(index, step, set(saved)).items():
            self._need(result, name, cause, "shared")
            saved[name] = cause
        if not step.runs and not saved:
            result = Transfers()
        self._make(index, step, saved)
        result.groups = _groups(saved, self.reach)
        result.readonly = self._readonly(index, step, result, saved)
        return result

    def _need(self, result: Transfers, name: str, cause: Cause, kind: str) -> None:
        maker = self.maker.get(name)
        if isinstance(maker, Import):
            result.replays[name] = maker
        elif maker == "parameter":
            result.parameters.add(name)
        elif isinstance(maker, int):
            result.needs.setdefault(name, Need(name, maker, cause, kind))

    def _changed(self, index: int, step: StepFlow) -> dict[str, Cause]:
        """The names whose version after the step is the step's own, as far as anyone reads it later."""
        changed: dict[str, Cause] = {}
        mutated = step.log.mutated
        touched = step.log.bound.keys() | self._holding(mutated)
        for name in sorted(touched & self.live[index]):
            binding = step.bound.get(name)
            if binding is not None and isinstance(binding.origin, Import) and binding.fresh:
                continue
            if name in step.log.bound:
                changed[name] = step.log.bound[name]
            elif (hit := mutated.keys() & self.reach.get(name, frozenset())) and self._bound_before(name):
                changed[name] = mutated[min(hit)]
        return changed

    def _bound_before(self, name: str) -> bool:
        return self.maker.get(name) is not None

    def _joining(self, index: int, step: StepFlow, saved: set[str]) -> dict[str, Cause]:
        """Names of earlier steps that come to share objects with what this step saves, where it matters."""
        joined: dict[str, Cause] = {}
        live = self.live[index]
        todo = sorted(saved, reverse=True)
        while todo:
            name = todo.pop()
            for other in sorted(self._sharing(index, name)):
                if other in live and other not in saved and other not in joined:
                    joined[other] = step.log.bound.get(name) or _cause_of(step)
                    todo.append(other)
        return joined

    def _sharing(self, index: int, name: str) -> set[str]:
        """Names that hold an object of this one which a later step may change, or tell apart, while both are in use."""
        found: set[str] = set()
        for thing in self.reach.get(name, ()):
            until = self._next_touch(thing, index)
            if until <= self.last_read.get(name, -1):
                found |= {other for other in self.holders[thing] if until <= self.last_read.get(other, -1)}
        return {other for other in found if isinstance(self.maker.get(other), int | str)}

    def _next_touch(self, thing: int, index: int) -> float:
        steps = self.touched.get(thing, ())
        place = bisect_right(steps, index)
        return steps[place] if place < len(steps) else math.inf

    def _follow(self, step: StepFlow) -> None:
        """What names can get at when the step is done, and the other way round."""
        for name, things in step.reach.items():
            for thing in self.reach.get(name, frozenset()) - things:
                self.holders[thing].discard(name)
            for thing in things:
                self.holders[thing].add(name)
            self.reach[name] = things

    def _holding(self, things: Iterable[int]) -> set[str]:
        return set().union(*(self.holders[thing] for thing in things if thing in self.holders))

    def _make(self, index: int, step: StepFlow, saved: Mapping[str, Cause]) -> None:
        self.maker.update(dict.fromkeys(saved, index))
        for name, binding in step.bound.items():
            if name in saved:
                continue
            if binding.fresh and isinstance(binding.origin, Import | str):
                self.maker[name] = binding.origin
            elif binding.fresh and name in step.log.bound:
                self.maker[name] = index if binding.present else None
            elif name.startswith(STATE_PREFIX) and isinstance(binding.origin, Import):
                self.maker[name] = binding.origin

    def _readonly(self, index: int, step: StepFlow, result: Transfers, saved: Mapping[str, Cause]) -> set[str]:
        """Loaded names which knowledge, not syntax, held unchanged and that a later step reads."""
        return {
            name
            for name in result.needs
            if name not in saved and name in self.live[index]
            and not name.startswith(STATE_PREFIX)
            and step.log.cleared & self.reach.get(name, frozenset())
            and not step.log.uncompared & self.reach.get(name, frozenset())
        }  # fmt: skip


def _cause_of(step: StepFlow) -> Cause:
    return Cause(Location(step.segment.first_cell))


def _liveness(steps: Sequence[StepFlow]) -> list[set[str]]:
    """For each step the names that a later step reads before it binds them anew."""
    after: list[set[str]] = []
    live: set[str] = set()
    for step in reversed(steps):
        after.append(set(live))
        killed = {n for n in step.log.bound if n in step.bound and step.bound[n].fresh}
        live = (live - killed) | set(step.log.reads)
    return after[::-1]


def _touches(steps: Sequence[StepFlow]) -> Mapping[int, list[int]]:
    """For each thing the steps that may change it or look at its identity, in order."""
    found: dict[int, list[int]] = defaultdict(list)
    for i, step in enumerate(steps):
        for thing in step.log.mutated.keys() | step.log.identity:
            found[thing].append(i)
    return found


def _last_reads(steps: Sequence[StepFlow]) -> Mapping[str, int]:
    return {name: i for i, step in enumerate(steps) for name in step.log.reads}


def _groups(saved: Iterable[str], reach: Mapping[str, frozenset[int]]) -> list[tuple[str, ...]]:
    """Names that share objects go together; state and names that share nothing go alone."""
    groups: list[tuple[set[str], set[int]]] = []
    for name in sorted(saved):
        names, things = {name}, set(reach.get(name, ()))
        apart = []
        for group in groups:
            if group[1] & things:
                names |= group[0]
                things |= group[1]
            else:
                apart.append(group)
        groups = [*apart, (names, things)]
    return sorted(tuple(sorted(names)) for names, _ in groups)


def iterate_needs(found: Sequence[Transfers]) -> Iterator[tuple[int, Need]]:
    """All needs with the index of the step that has them."""
    for i, one in enumerate(found):
        yield from ((i, need) for need in one.needs.values())
