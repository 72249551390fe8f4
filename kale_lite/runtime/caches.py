"""Functions that remember their results: ``functools.lru_cache`` and ``functools.cache``, with what they remember.

A cache cannot be read or set by name. It is read from what its owner refers to, as the garbage collector sees it, and
filled by calls for which the function's code is replaced by one that gives the results back.
"""

from __future__ import annotations

import functools
import gc
import types
from typing import Any, Dict, List, NamedTuple, Optional, Tuple

from .refusals import Unserialisable

__all__ = ["reduce_cached"]

_OF_THE_WRAPPER = ("__wrapped__", "cache_parameters")


class _Entry(NamedTuple):
    args: Tuple[Any, ...]
    kwargs: Dict[str, Any]
    result: Any


def reduce_cached(wrapper: Any) -> Any:
    """How to pickle a cached function of the notebook. Raises `Unserialisable` if its cache cannot be read."""
    parameters, info = wrapper.cache_parameters(), wrapper.cache_info()
    entries = _entries(wrapper, parameters["typed"])
    if entries is None:
        name = wrapper.__wrapped__.__name__
        raise Unserialisable(f"the cached function {name!r}, whose cache cannot be read and would be lost")
    attributes = {key: value for key, value in vars(wrapper).items() if key not in _OF_THE_WRAPPER}
    state = (list(map(tuple, entries)), info.hits, info.misses, attributes)
    make = (_make_cached, (wrapper.__wrapped__, parameters["maxsize"], parameters["typed"]))
    return (*make, state, None, None, _fill)


def _make_cached(inner: Any, maxsize: Optional[int], typed: bool) -> Any:
    return functools.lru_cache(maxsize=maxsize, typed=typed)(inner)


def _fill(wrapper: Any, state: Tuple[List[Tuple[Any, ...]], int, int, Dict[str, Any]]) -> None:
    """Give a new wrapper its results, oldest first, and its counts: each miss and hit is a call, as it was."""
    entries, hits, misses, attributes = state
    inner = wrapper.__wrapped__
    results: List[Any] = []
    code, inner.__code__ = inner.__code__, _giving(results, inner.__code__)
    try:
        for _ in range(misses - len(entries)):  # calls that raised, or whose results were dropped since
            try:
                wrapper()
            except IndexError:
                pass
        for args, kwargs, result in entries:
            results.append(result)
            wrapper(*args, **kwargs)
        for _ in range(hits if entries else 0):
            wrapper(*args, **kwargs)
    finally:
        inner.__code__ = code
    for key in set(vars(wrapper)) - set(attributes) - set(_OF_THE_WRAPPER):
        delattr(wrapper, key)
    vars(wrapper).update(attributes)


def _given(*args: Any, **kwargs: Any) -> Any:
    return "results".pop()  # type: ignore[attr-defined]  # the list is put in the text's place


def _giving(results: List[Any], like: types.CodeType) -> types.CodeType:
    """Code that gives the next of some results, with as many free variables as ``like``, which it replaces."""
    code = _given.__code__
    consts = tuple(results if const == "results" else const for const in code.co_consts)
    return code.replace(co_consts=consts, co_freevars=like.co_freevars)


def _entries(wrapper: Any, typed: bool) -> Optional[List[_Entry]]:
    """What a cache holds, the least recently used first; None if this Python keeps it in another way."""
    held = _held(wrapper)
    if held is None:
        return None
    mark = _mark()
    return [_Entry(*_arguments(key, typed, mark), result) for key, result in held]


def _held(wrapper: Any) -> Optional[List[Tuple[Any, Any]]]:
    """Keys and results. CPython's order of references: the type, the entries, the dict of the cache, the function."""
    size = wrapper.cache_info().currsize
    if not size:
        return []
    _kind, *referred = gc.get_referents(wrapper)
    if wrapper.cache_parameters()["maxsize"] is None:
        caches = [one for one in referred if type(one) is dict and one is not vars(wrapper) and len(one) == size]
        return list(caches[0].items()) if len(caches) == 1 else None
    parts = referred[: 3 * size]
    links = {getattr(one, "__name__", "") for one in parts[2::3]}
    return list(zip(parts[::3], parts[1::3])) if links == {"_lru_list_elem"} else None


def _mark() -> Any:
    """What stands between positional and keyword arguments in the key of a call."""
    probe = functools.lru_cache(maxsize=1)(lambda **_: None)
    probe(a=1)
    ((key, _result),) = _held(probe) or [((None,), None)]
    return key[0]


def _arguments(key: Any, typed: bool, mark: Any) -> Tuple[Tuple[Any, ...], Dict[str, Any]]:
    """The call that has this key: arguments, the mark, names and values, and (if typed) the types of all of them."""
    if type(key) in (int, str):
        return (key,), {}
    count = next((at for at, one in enumerate(key) if one is mark), None)
    if count is None:
        return tuple(key[: len(key) // 2] if typed else key), {}
    named = key[count + 1 :]
    if typed:
        named = named[: 2 * ((len(named) - count) // 3)]
    return tuple(key[:count]), dict(zip(named[::2], named[1::2]))
