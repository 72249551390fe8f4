"""Objects that their own way of pickling would change: what that leaves out travels all the same."""

from __future__ import annotations

import functools
import importlib
import pickle
import sys
from typing import Any, Callable, Dict, FrozenSet, List, Optional, Tuple

from .exceptions import reduce_exception

__all__ = ["Before", "has_own_hash", "is_simple", "reduce_object"]


def reduce_object(obj: Any, *, compared: bool = False) -> Optional[Any]:
    """How to pickle an object that would not arrive as it is; None when its own way will do.

    ``compared``: the pickle is not loaded, but tells whether the object was changed.
    """
    kind = type(obj)
    if isinstance(obj, BaseException):
        return reduce_exception(obj)
    if _is_plain(kind) and (_has_own_hooks(kind) or has_own_hash(kind)):
        return _reduce_instance(obj)
    if isinstance(obj, type):
        return None
    if not getattr(obj, "__dict__", None):
        return _reduce_sentinel(obj) if hasattr(obj, "__dict__") and kind.__module__ != "__main__" else None
    if isinstance(obj, dict) and obj.__dict__ is obj:
        return _reduce_with_own_dict(obj)
    for home, caches in _CACHES + _NOTES if compared else _CACHES:
        if kind.__module__.startswith(home) and not caches.isdisjoint(obj.__dict__):
            return _reduce_without(obj, caches)
    corrected = _CORRECTED.get(f"{kind.__module__}.{kind.__qualname__}")
    if corrected is not None:
        make, arguments, state = obj.__reduce__()[:3]
        return make, arguments, state, None, None, corrected
    if kind.__module__ in _TABLES and kind.__name__ in ("DataFrame", "Series"):
        return _reduce_table(obj)
    if _drops_attributes(obj.__class__):
        return _reduce_with_attributes(obj)
    if _restores_itself(obj.__class__):
        return _reduce_restored(obj)
    return None


def _reduce_sentinel(obj: Any) -> Optional[Any]:
    """An object without attributes that a library's module has under a name, such as ``dataclasses.MISSING``."""
    if type(obj).__base__ is not object:
        return None  # such as a dict of a library's own kind, which holds more than attributes
    home = sys.modules.get(type(obj).__module__)
    names = [name for name, value in vars(home).items() if value is obj] if home is not None else []
    return (_get_sentinel, (type(obj).__module__, names[0])) if names else None


def _get_sentinel(home: str, name: str) -> Any:
    return getattr(importlib.import_module(home), name)


_HOOKS = (
    "__new__",
    "__getstate__",
    "__setstate__",
    "__reduce__",
    "__reduce_ex__",
    "__getnewargs__",
    "__getnewargs_ex__",
)


def _is_plain(kind: type) -> bool:
    """Whether a class is the notebook's with all its bases."""
    return all(base.__module__ == "__main__" for base in kind.__mro__[:-1])


def _has_own_hooks(kind: type) -> bool:
    """Whether a class says itself how it is made or pickled, which may do something again or leave something out."""
    return any(hook in k.__dict__ for k in kind.__mro__[:-1] for hook in _HOOKS)


def has_own_hash(kind: type) -> bool:
    """Whether the notebook says how the instances of a class are hashed."""
    return any(k.__module__ == "__main__" and k.__dict__.get("__hash__") is not None for k in kind.__mro__[:-1])


class Before:
    """What is set on an object before the rest of its state is loaded, in which it may be the key of a dict or a set."""

    def __init__(self, fill: Callable[[Any, Any], None], obj: Any, state: Any) -> None:
        self.fill, self.obj, self.state = fill, obj, state

    def __reduce__(self) -> Any:
        return self.fill, (self.obj, self.state)


_SIMPLE = (str, bytes, int, float, complex, bool, type(None))
"""What cannot hold the object whose attribute it is."""


def is_simple(value: Any) -> bool:
    return type(value) in _SIMPLE or type(value) in (tuple, frozenset) and all(map(is_simple, value))


def _reduce_instance(obj: Any) -> Any:
    """An instance with all that it holds: between the steps of one notebook nothing may be left out."""
    slots = [name for kind in type(obj).__mro__ for name in _slots_of(kind)]
    held = {name: getattr(obj, name) for name in slots if hasattr(obj, name)}
    own = dict(getattr(obj, "__dict__", {}))
    before = None
    if has_own_hash(type(obj)):
        simple = [{name: value for name, value in part.items() if is_simple(value)} for part in (own, held)]
        if len(simple[0]) < len(own) or len(simple[1]) < len(held):
            before = Before(_fill_instance, obj, (None, *simple))
    return _make_instance, (type(obj),), (before, own, held), None, None, _fill_instance


def _slots_of(kind: type) -> List[str]:
    slots = kind.__dict__.get("__slots__", ())
    names = [slots] if isinstance(slots, str) else list(slots)
    private = [n for n in names if n.startswith("__") and not n.endswith("__")]
    mangled = {n: f"_{kind.__name__.lstrip('_')}{n}" for n in private}
    return [mangled.get(n, n) for n in names if n not in ("__dict__", "__weakref__")]


def _make_instance(kind: type) -> Any:
    return object.__new__(kind)


def _fill_instance(obj: Any, state: Tuple[None, Dict[str, Any], Dict[str, Any]]) -> None:
    _before, own, slots = state
    if own:
        obj.__dict__.clear()  # the order of attributes is that of the notebook
        obj.__dict__.update(own)
    for name, value in slots.items():
        object.__setattr__(obj, name, value)


_TABLES = ("pandas", "pandas.core.frame", "pandas.core.series")


def _reduce_table(table: Any) -> Any:
    """A frame or column with attributes that were set on it, which pandas leaves out."""
    made_anew = {*table._metadata, *table._accessors}
    added = {name: value for name, value in vars(table).items() if name[0] != "_" and name not in made_anew}
    if not added:
        return None
    make, arguments, state = table.__reduce_ex__(pickle.HIGHEST_PROTOCOL)[:3]
    return make, arguments, (state, added), None, None, _fill_table


def _fill_table(table: Any, state: Tuple[Any, Dict[str, Any]]) -> None:
    own, added = state
    table.__setstate__(own)
    for name, value in added.items():
        object.__setattr__(table, name, value)


def _reduce_with_own_dict(obj: Any) -> Any:
    """A dict whose entries are its attributes (``self.__dict__ = self``)."""
    make, arguments, _state, *rest = obj.__reduce_ex__(pickle.HIGHEST_PROTOCOL)
    items, pairs = (*rest, None, None)[:2]
    return make, arguments, True, items, pairs, _take_own_dict


def _take_own_dict(obj: Any, _state: bool) -> None:
    obj.__dict__ = obj


@functools.lru_cache(maxsize=None)
def _restores_itself(kind: type) -> bool:
    """Whether a library's class has its attributes pickled as they are, and itself says how they come back."""
    ways = [name for base in kind.__mro__[:-1] for name in vars(base)]
    return "__setstate__" in ways and not {"__getstate__", "__reduce__", "__reduce_ex__"} & set(ways)


def _reduce_restored(obj: Any) -> Any:
    make, arguments, state, *rest = obj.__reduce_ex__(pickle.HIGHEST_PROTOCOL)
    if type(state) is not dict:
        return NotImplemented
    items, pairs = (*rest, None, None)[:2]
    return make, arguments, state, items, pairs, _restore


def _restore(obj: Any, state: Dict[str, Any]) -> None:
    """As the class says, and what it dropped, as scikit-learn's ``Bunch`` drops all."""
    held = dict(state)
    obj.__setstate__(state)
    for name, value in held.items():
        obj.__dict__.setdefault(name, value)


_HEAP_TYPE = 1 << 9
"""The flag of types that are made while Python runs, such as classes: types of C have it not."""


@functools.lru_cache(maxsize=None)
def _drops_attributes(kind: type) -> bool:
    """Whether instances are reduced by a base class written in C, such as ``ndarray`` or ``datetime``.

    Most of these do not know of the attributes that another library's subclass gives its instances.
    """
    for base in kind.__mro__[:-1]:
        if "__reduce__" in vars(base) or "__reduce_ex__" in vars(base):
            same_library = kind.__module__.partition(".")[0] == base.__module__.partition(".")[0]
            return not base.__flags__ & _HEAP_TYPE and not same_library
    return False


def _reduce_with_attributes(obj: Any) -> Any:
    reduced = obj.__reduce_ex__(5)
    attributes = obj.__dict__
    if isinstance(reduced, str) or any(part is attributes or part == attributes for part in reduced[2:3]):
        return reduced
    make, arguments, state, items, pairs = (*reduced, None, None, None)[:5]
    return make, arguments, (state, dict(attributes)), items, pairs, _set_with_attributes


def _set_with_attributes(obj: Any, state: Tuple[Any, Dict[str, Any]]) -> None:
    own, attributes = state
    if own is not None:
        obj.__setstate__(own)
    obj.__dict__.update(attributes)


_CACHES = (
    ("scipy.sparse.", frozenset({"_has_canonical_format", "_has_sorted_indices"})),
    ("pandas.arrays", frozenset({"_cache"})),
    ("pandas.core.arrays.", frozenset({"_cache"})),
)
"""What sparse matrices and pandas' arrays note of themselves when they are read, and find out again where it is missing."""
_NOTES = tuple((f"pandas.{home}", frozenset({"_cache"})) for home in (
    "api.typing", "core.groupby.", "core.window.", "core.resample",
))  # fmt: skip
"""What groups and windows of a frame note, which travels: it may be of the frame as it was."""


def _reduce_without(obj: Any, caches: FrozenSet[str]) -> Any:
    """An object without its notes, so that one which was only read pickles as it did before."""
    notes = {name: obj.__dict__.pop(name) for name in caches if name in obj.__dict__}
    try:
        reduced = obj.__reduce_ex__(pickle.HIGHEST_PROTOCOL)
        state = reduced[2] if len(reduced) > 2 else None
        # Copies, as the attributes get their notes back.
        kept = tuple(map(_copied, state)) if type(state) is tuple else _copied(state)
    finally:
        obj.__dict__.update(notes)
    return (*reduced[:2], kept, *reduced[3:])


def _copied(part: Any) -> Any:
    return dict(part) if type(part) is dict else part


def _restore_parameters(obj: Any, state: Dict[str, Any]) -> None:
    """lmfit's ``Parameters``, whose whole numbers its own way makes floats."""
    obj.__setstate__(state)
    obj._asteval.symtable.update(state["unique_symbols"])


_CORRECTED: Dict[str, Callable[[Any, Dict[str, Any]], None]] = {"lmfit.parameter.Parameters": _restore_parameters}
"""How the state of objects comes back which their class restores otherwise than it was."""
