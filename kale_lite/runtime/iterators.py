"""Iterators of lists and dicts, so that they go on with the list or dict itself, exactly where they stood.

Their own way of pickling loses that: an iterator of a dict arrives as one of a list of what was left, and one that
stands behind the end of a list, which has become shorter, is put back to its end.
"""

from __future__ import annotations

import gc
from typing import Any, Callable, Dict, List, Tuple

from .refusals import Unserialisable

__all__ = ["REDUCERS"]


def _make_list_iterator(make: Callable[[Any], Any], owner: Any, index: int) -> Any:
    """``index`` may lie behind the list's end: it is there while the index is set."""
    length = len(owner)
    list.extend(owner, [None] * (index + 1 - length))
    iterator = make(owner)
    iterator.__setstate__(index)
    del owner[length:]
    return iterator


def _make_exhausted(backward: bool) -> Any:
    empty: List[Any] = []
    iterator = reversed(empty) if backward else iter(empty)
    next(iterator, None)
    return iterator


def _reduce_list_iterator(iterator: Any) -> Any:
    reduced = iterator.__reduce__()
    if len(reduced) < 3:
        return _make_exhausted, (type(iterator) is type(reversed([])),)
    if type(reduced[1][0]) is not list:
        return NotImplemented
    make, (owner,), index = reduced
    return _make_list_iterator, (make, owner, index)


_DICT_ITERATORS: Dict[type, Tuple[Callable[[Any], Any], bool]] = {
    type(iter({})): (lambda owner: owner, False),
    type(iter({}.values())): (lambda owner: owner.values(), False),
    type(iter({}.items())): (lambda owner: owner.items(), False),
    type(reversed({})): (lambda owner: owner, True),
    type(reversed({}.values())): (lambda owner: owner.values(), True),
    type(reversed({}.items())): (lambda owner: owner.items(), True),
}


def _make_dict_iterator(kind: str, owner: Any, gone: int) -> Any:
    parts, backward = next(made for one, made in _DICT_ITERATORS.items() if one.__name__ == kind)
    iterator = reversed(parts(owner)) if backward else iter(parts(owner))
    for _ in range(gone):
        next(iterator)
    return iterator


def _reduce_dict_iterator(iterator: Any) -> Any:
    owners = [one for one in gc.get_referents(iterator) if type(one) is dict]
    if not owners:  # it has given all
        return _make_dict_iterator, (type(iterator).__name__, {}, 0)
    if len(owners) != 1:
        return NotImplemented
    try:
        iterator.__reduce__()
    except RuntimeError as error:
        raise Unserialisable(f"an iterator which is at its end: {error}") from None
    gone = len(owners[0]) - iterator.__length_hint__()
    return _make_dict_iterator, (type(iterator).__name__, owners[0], gone)


REDUCERS: Dict[type, Callable[[Any], Any]] = {
    type(iter([])): _reduce_list_iterator,
    type(reversed([])): _reduce_list_iterator,
    **dict.fromkeys(_DICT_ITERATORS, _reduce_dict_iterator),
}
"""What reduces iterators, by their types."""
