"""What the names of a notebook are bound to, in states that can be forked and joined cheaply."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from kale_lite.analysis.heap import NOTHING, Value, joined
from kale_lite.pipeline import STATE_PREFIX

__all__ = ["ABSENT", "Binding", "Import", "Names", "join"]


@dataclass(frozen=True, slots=True)
class Import:
    """A statement that gives the same binding in any step: replayed where the name is needed."""

    source: str
    cell: int
    line: int


@dataclass(frozen=True, slots=True)
class Binding:
    """What a name of the notebook is at one point.

    ``fresh``: certainly bound, or certainly deleted, in the current step. ``absent``: may be unbound.
    ``present``: may be bound. ``origin``: the import statement or ``parameter`` behind it, if only that.
    """

    value: Value = NOTHING
    fresh: bool = False
    absent: bool = False
    present: bool = True
    origin: Import | str | None = None


ABSENT = Binding(absent=True, present=False)


class Names:
    """A mapping from names to bindings. All states of one step share what was bound before it.

    Only what the step binds is copied when a branch forks, and looked at when branches join: a notebook with
    thousands of names costs no more at a branch than a small one.
    """

    __slots__ = ("_before", "_states", "bound")

    def __init__(
        self,
        before: dict[str, Binding] | None = None,
        bound: dict[str, Binding] | None = None,
        states: set[str] | None = None,
    ) -> None:
        self._before: dict[str, Binding] = {} if before is None else before
        self.bound: dict[str, Binding] = {} if bound is None else bound
        """What the current step has bound so far."""
        self._states: set[str] = set() if states is None else states

    def get(self, name: str) -> Binding | None:
        found = self.bound.get(name)
        return found if found is not None else self._before.get(name)

    def __getitem__(self, name: str) -> Binding:
        found = self.get(name)
        if found is None:
            raise KeyError(name)
        return found

    def __setitem__(self, name: str, binding: Binding) -> None:
        self.bound[name] = binding
        if name.startswith(STATE_PREFIX):
            self._states.add(name)

    def __contains__(self, name: str) -> bool:
        return name in self.bound or name in self._before

    def __iter__(self) -> Iterator[str]:
        yield from self._before
        yield from (name for name in self.bound if name not in self._before)

    def __eq__(self, other: object) -> bool:
        """Whether two states of the same step are the same."""
        return isinstance(other, Names) and self._before is other._before and self.bound == other.bound

    __hash__ = None  # type: ignore[assignment]

    def states(self) -> list[str]:
        """The pieces of interpreter state among the names."""
        return sorted(name for name in self._states if name in self)

    def fork(self) -> Names:
        """Another state which is now the same."""
        return Names(self._before, dict(self.bound), self._states)

    def settle(self) -> None:
        """A step has ended: what it bound is now what was bound before. No fork may be in use any more."""
        for name, binding in self.bound.items():
            self._before[name] = replace(binding, fresh=False) if binding.fresh else binding
        self.bound = {}


def join(states: Sequence[Names]) -> Names:
    """The state of which only is known that it is one of these, all of the same step."""
    first = states[0]
    if len(states) == 1:
        return first
    joined_names = first.fork()
    for name in dict.fromkeys(name for state in states for name in state.bound):
        joined_names[name] = _join_bindings([state.get(name) or ABSENT for state in states])
    return joined_names


def _join_bindings(bindings: list[Binding]) -> Binding:
    first = bindings[0]
    if all(binding is first for binding in bindings):
        return first
    present = [b for b in bindings if b.present]
    origins = {b.origin for b in bindings}
    return Binding(
        joined([b.value for b in present] or [NOTHING]),
        fresh=all(b.fresh for b in bindings),
        absent=any(b.absent for b in bindings),
        present=bool(present),
        origin=origins.pop() if len(origins) == 1 else None,
    )
