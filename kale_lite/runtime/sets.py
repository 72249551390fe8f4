"""Sets, so that they iterate in the order in which they did.

The order of a set is that of the places in its table at which its elements lie, which comes from its whole history:
pickle adds the elements in the order of iteration, and about half of all sets of texts then iterate otherwise. Where
that is so, the places travel too, and the entries of the new table are put where they lay. Only the entries that the
set already has change places, and only when the table is exactly as large as it was; elements that are then not found
(another hash seed) are put back.
"""

from __future__ import annotations

import ctypes
import sys
from typing import Any, Iterable, Iterator, List, NamedTuple, Optional, Tuple

__all__ = ["Recipe", "fill", "freeze", "recipe"]

_KNOWN_LAYOUT = sys.implementation.name == "cpython" and object.__basicsize__ == 16 and set.__basicsize__ == 200
_MASK_AT, _TABLE_AT = 32, 40
_STEADY = frozenset({str, bytes, int, float, bool, complex, tuple, frozenset})
"""Types whose order in a set is the same in any process with the same hash seed."""


class Recipe(NamedTuple):
    """How to make a set again.

    ``places`` say where the elements lie in the table, ``gone`` where elements lay that were taken out, which the
    table remembers; ``at_once`` is how many elements are added at once, so that the table becomes as large. Without
    ``places`` the elements are added one by one.
    """

    elements: Tuple[Any, ...]
    places: Tuple[int, ...] = ()
    gone: Tuple[int, ...] = ()
    at_once: int = 0
    size: int = 0


class _Gone:
    """Stands for an element that is taken out again."""


def recipe(value: Any) -> Optional[Recipe]:
    """How to make a set or frozen set again so that it iterates alike; None when no way is found.

    Where the order is another one in each process anyway, the elements as they come.
    """
    order = tuple(value)
    plain = Recipe(order)
    kinds = set(map(type, order))
    if not _KNOWN_LAYOUT or any(kind.__module__ == "__main__" for kind in kinds) or _is_in_order(plain, value, order):
        return plain
    for how in _ways(value, order):
        if _is_in_order(how, value, order):
            return how
    return None if kinds <= _STEADY else plain


def fill(made: Any, how: Recipe) -> None:
    """Fill an empty set."""
    gone = [_Gone() for _ in how.gone]
    every = [*how.elements, *gone]
    if how.at_once:
        made.update(set(every[: how.at_once]))
    for element in every[how.at_once :]:
        made.add(element)
    for element in gone:
        made.discard(element)
    if how.places:
        _arrange(made, how)


def freeze(how: Recipe) -> "frozenset[Any]":
    """A frozen set, of a set when elements are added at once."""
    made = frozenset(set(how.elements)) if how.at_once else frozenset(how.elements)
    if how.places:
        _arrange(made, how)
    return made


def _is_in_order(how: Recipe, value: Any, order: Iterable[Any]) -> bool:
    made: Any = set()
    if isinstance(value, frozenset):
        made = freeze(how)
    else:
        fill(made, how)
    return len(made) == len(value) and all(one is other for one, other in zip(made, order))


def _ways(value: Any, order: Tuple[Any, ...]) -> Iterator[Recipe]:
    """Ways to a table of the same size: element by element, or with some of them at once."""
    table = _table(value)
    by_id = {id(element): element for element in order}
    places = tuple(number for number in range(0, len(table), 2) if table[number] in by_id)
    gone = tuple(number for number in range(0, len(table), 2) if table[number] and table[number] not in by_id)
    size = len(table) // 2
    most = len(order) + len(gone)
    for at_once in (0, *range(5, 9), size // 4, size // 2 - 1, most):
        if at_once <= most:
            yield Recipe(order, places, gone, at_once, size)


def _table(value: Any) -> Any:
    """The table of a set, for reading and writing: the address and the hash of each entry, in turn."""
    mask = ctypes.c_ssize_t.from_address(id(value) + _MASK_AT).value
    start = ctypes.c_void_p.from_address(id(value) + _TABLE_AT).value
    return (ctypes.c_ssize_t * (2 * (mask + 1))).from_address(start)  # type: ignore[arg-type,unused-ignore]


def _arrange(made: Any, how: Recipe) -> None:
    """Put the entries of a set where they are to lie; nothing when the set is not as it was."""
    if not _KNOWN_LAYOUT:
        return
    table = _table(made)
    before = list(table)
    entries = {key: (key, before[number + 1]) for number, key in enumerate(before) if number % 2 == 0 and key}
    mine = [entries.pop(id(element), None) for element in how.elements]
    taken_out = [(before[n], before[n + 1]) for n in range(0, len(before), 2) if before[n] in entries]
    if len(before) != 2 * how.size or None in mine or len(taken_out) != len(how.gone):
        return
    after = [0] * len(before)
    pairs: List[Tuple[int, Any]] = [*zip(how.places, mine), *zip(how.gone, taken_out)]
    for number, entry in pairs:
        after[number : number + 2] = entry
    _write(table, after)
    if not all(element in made for element in how.elements):
        _write(table, before)


def _write(table: Any, entries: List[int]) -> None:
    fresh = type(table)(*entries)
    ctypes.memmove(table, fresh, ctypes.sizeof(fresh))
