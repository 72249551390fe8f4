"""Which neighbouring cells become one step: those of a section, unless slow ones would wait for each other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from kale_lite.analysis.propose.draft import Draft
from kale_lite.analysis.propose.traits import Kind
from kale_lite.analysis.propose.view import View
from kale_lite.pipeline import Pipeline

__all__ = ["Order", "grouped", "order_of"]


class Order:
    """What comes before what, of things numbered from 0 in notebook order. Merged ones come before each other.

    Sets are kept as bits of an integer, so that a thousand cells take a moment.
    """

    def __init__(self, count: int, edges: Iterable[tuple[int, int]], heavy: Iterable[int]) -> None:
        """``edges`` go forward; ``heavy`` are those worth running side by side."""
        self._before = [1 << i for i in range(count)]
        self._after = [1 << i for i in range(count)]
        self._heavy = sum(1 << i for i in set(heavy))
        for earlier, later in sorted(edges, key=lambda edge: edge[1]):
            self._before[later] |= self._before[earlier]
        for later in range(count):
            for earlier in _bits(self._before[later]):
                self._after[earlier] |= 1 << later

    def may_merge(self, some: Iterable[int]) -> bool:
        """Whether all pairs of heavy ones that do not need each other stay so when these are merged."""
        before, after = self._around(some)
        return not any(after & self._heavy & ~(self._before[i] | self._after[i]) for i in _bits(before & self._heavy))

    def merge(self, some: Iterable[int]) -> None:
        """From now on these run together."""
        before, after = self._around(some)
        for i in _bits(before):
            self._after[i] |= after
        for i in _bits(after):
            self._before[i] |= before

    def beside(self, one: int) -> list[int]:
        """The heavy ones that can run while this one does."""
        return list(_bits(self._heavy & ~self._before[one] & ~self._after[one]))

    def _around(self, some: Iterable[int]) -> tuple[int, int]:
        before = after = 0
        for i in some:
            before |= self._before[i]
            after |= self._after[i]
        return before, after


def _bits(number: int) -> Iterator[int]:
    while number:
        low = number & -number
        yield low.bit_length() - 1
        number ^= low


def order_of(view: View, pipeline: Pipeline) -> tuple[Order, Mapping[int, int]]:
    """The order of a pipeline's steps, and for each cell the number of its step."""
    place = {step.name: i for i, step in enumerate(pipeline.steps)}
    nodes = {n: i for i, step in enumerate(pipeline.steps) for n in step.cells}
    heavy = {i for n, i in nodes.items() if view.traits(n).heavy}
    return Order(len(place), [(place[a], place[b]) for a, b in pipeline.edges], heavy), nodes


def grouped(view: View, draft: Draft, pipeline: Pipeline) -> Draft:
    """The draft with neighbours merged. ``pipeline`` is what it compiles to."""
    shared = _shared_definitions(view, draft, pipeline)
    parts = tuple(part for part in draft.parts if part[0] not in shared)
    draft = Draft(parts, {**draft.roles, **dict.fromkeys(shared, "functions")}, draft.barriers)
    order, nodes = order_of(view, pipeline)
    pairs: list[tuple[int, int]] = []
    group: list[int] = []
    for i, part in enumerate(parts):
        here = [nodes[n] for n in (*group, *part) if n in nodes]
        if group and _belong(view, draft, group, part) and order.may_merge(here):
            pairs.append((i - 1, i))
            group += part
        else:
            group = list(part)
        order.merge([nodes[n] for n in group if n in nodes])
    return _without_steps_of_definitions(view, draft.merged(pairs))


def _without_steps_of_definitions(view: View, draft: Draft) -> Draft:
    roles = {n: "functions" for part in draft.parts if _defines(view, part) for n in part}
    parts = tuple(part for part in draft.parts if part[0] not in roles)
    return Draft(parts, {**draft.roles, **roles}, draft.barriers)


def _shared_definitions(view: View, draft: Draft, pipeline: Pipeline) -> set[int]:
    """Cells of definitions, but for those that stand in a section with a heading and are used only there."""
    users: dict[int, set[int]] = {}
    cells = {step.name: step.cells for step in pipeline.steps}
    for a, b in pipeline.edges:
        users.setdefault(cells[a][0], set()).update(view.sections[n].number for n in cells[b])
    return {
        part[0]
        for part in draft.parts
        if _defines(view, part)
        and not (view.sections[part[0]].path and users.get(part[0]) == {view.sections[part[0]].number})
    }


def _defines(view: View, part: Sequence[int]) -> bool:
    return all(view.traits(n).kind is Kind.FUNCTIONS for n in part)


def _belong(view: View, draft: Draft, group: Sequence[int], part: Sequence[int]) -> bool:
    """Whether a part may continue the group above it: same section, nothing in between that others use."""
    first, last = group[-1], part[0]
    if view.sections[first] != view.sections[last] or draft.apart(first, last):
        return False
    if any(role == "functions" and first < n < last for n, role in draft.roles.items()):
        return False
    return bool(view.sections[last].path) or not _turns(view, group, part)


def _turns(view: View, group: Sequence[int], part: Sequence[int]) -> bool:
    """Without headings: whether something new begins, loading, or the first training after what prepares it."""
    above, here = _stage(view, group), _stage(view, part)
    return bool(above and here) and here != above and (above != "train" or here == "load")


def _stage(view: View, cells: Sequence[int]) -> str:
    found = [view.traits(n) for n in cells]
    if any(one.heavy for one in found):
        return "train"
    if any(one.loads for one in found):
        return "load"
    return "work" if any(one.kind is Kind.WORK and one.bound for one in found) else ""
