"""Classes of the notebook, made anew in another step: as they are, without running again what their making ran.

cloudpickle makes an empty class and sets its attributes, in the order of their names. Here they keep the order of the
class, a base's ``__init_subclass__`` is not told of the class a second time, and what hashes instances comes first.
"""

from __future__ import annotations

import abc
import collections.abc
import contextlib
import enum
import numbers
import os
import types
from typing import Any, Callable, Dict, Generic, Iterator, List, Tuple

from .objects import Before, has_own_hash, is_simple

__all__ = ["adapt_class"]

_METHODS = (types.FunctionType, classmethod, staticmethod, property)
_OF_PYTHON = frozenset({"__dict__", "__weakref__", "__module__", "__slots__", "__abstractmethods__", "_abc_impl"})
"""What Python makes with a class, or takes for more than an attribute."""


_ABSTRACT = [one for home in (collections.abc, numbers) for one in vars(home).values() if isinstance(one, abc.ABCMeta)]
_ABSTRACT.append(os.PathLike)
_REGISTERED: List[type] = []
"""Classes that abstract ones were told of, which refer to them weakly: here they may have no other name."""
_ASKED_FOR = frozenset({
    "__new__", "__getattr__", "__getattribute__", "__setattr__", "__delattr__", "__init_subclass__",
    "__getstate__", "__setstate__", "__reduce__", "__reduce_ex__", "__getnewargs__", "__getnewargs_ex__",
})  # fmt: skip
"""What is called, if it is there, while an instance is loaded that its class holds: nothing may stand in its place."""


def adapt_class(kind: type, reduced: Any) -> Any:
    """How to pickle a class, from how cloudpickle does it (an empty class, and a state that fills it)."""
    if issubclass(type(kind), enum.EnumMeta) and len(reduced) == 6 and len(reduced[1]) == 7:
        return _adapt_enumeration(kind, reduced)
    if len(reduced) != 6 or len(reduced[1]) != 6:
        return reduced  # by reference
    if "_fields" in kind.__dict__ and tuple in kind.__mro__:
        return reduced  # named tuples refuse to be told their slots
    make, arguments, (own, slots), _items, _pairs, fill = reduced
    order = {name: at for at, name in enumerate(kind.__dict__)}
    own = dict(sorted(own.items(), key=lambda pair: order.get(pair[0], len(order))))
    own.pop("__slotnames__", None)  # a note that Python makes when an instance is pickled
    if "__slots__" in kind.__dict__:
        # Set afterwards they are only a name.
        own = {k: v for k, v in own.items() if k != "__slots__" and not isinstance(v, types.MemberDescriptorType)}
        made, name, bases, namespace, ident, extra = arguments
        arguments = (made, name, bases, dict(namespace, __slots__=kind.__dict__["__slots__"]), ident, extra)
    before = None
    if has_own_hash(kind):
        first = {name: value for name, value in own.items() if isinstance(value, _METHODS) or is_simple(value)}
        before = Before(fill, kind, (first, {}))
    state = (before, fill, own, slots, _registered_at(kind))
    return _make_class, (make, arguments, *_places(kind, own)), state, None, None, _fill_class


def _registered_at(kind: type) -> List[Any]:
    """The standard library's abstract classes that were told that this class is one of theirs."""
    return [known for known in _ABSTRACT if any(ref() is kind for ref in abc._get_dump(known)[0])]  # type: ignore[attr-defined]


_OF_MEMBERS = frozenset({"_value_", "_name_", "__objclass__", "_sort_order_"})


def _adapt_enumeration(kind: Any, reduced: Any) -> Any:
    """cloudpickle makes the members again, but for other names of members, and without what a member holds."""
    make, (bases, name, qualname, _members, *rest), (own, slots), _items, _pairs, fill = reduced
    values = {name: member._value_ for name, member in kind.__members__.items()}
    own = {name: value for name, value in own.items() if name not in values}
    held = {m._name_: {k: v for k, v in vars(m).items() if k not in _OF_MEMBERS} for m in kind.__members__.values()}
    state = (fill, own, slots, {name: held for name, held in held.items() if held})
    return make, (bases, name, qualname, values, *rest), state, None, None, _fill_enumeration


def _fill_enumeration(
    kind: Any, state: Tuple[Callable[[type, Any], None], Dict[str, Any], Dict[str, Any], Dict[str, Dict[str, Any]]]
) -> None:
    fill, own, slots, members = state
    fill(kind, (own, slots))
    for name, held in members.items():
        vars(kind.__members__[name]).update(held)


def _places(kind: type, own: Dict[str, Any]) -> Tuple[List[str], List[str]]:
    """The attributes a class was made with, and those that it got when it was there, such as a dataclass's methods."""
    names = [name for name in own if name not in _OF_PYTHON | _ASKED_FOR]
    if type(kind) not in (type, abc.ABCMeta) or not all(map(_asks_nothing, kind.__mro__[1:])):
        return [], []
    every = list(kind.__dict__)
    ends = [every.index(name) for name in ("__dict__", "__weakref__") if name in every]
    if kind.__dict__.get("__doc__", "") is None:
        ends.append(every.index("__doc__"))
    made_with = frozenset(every[: min(ends, default=len(every))])
    return [name for name in names if name in made_with], [name for name in names if name not in made_with]


def _asks_nothing(base: type) -> bool:
    """Whether a base does not look at the attributes of a new class."""
    return base.__module__ == "__main__" or base in (object, Generic) or "__init_subclass__" not in base.__dict__


def _make_class(make: Any, arguments: Tuple[Any, ...], made_with: List[str], added: List[str]) -> type:
    constructor, name, bases, namespace, ident, extra = arguments
    namespace = dict(namespace, **dict.fromkeys(made_with))
    with _unheard(bases):
        made: type = make(constructor, name, bases, namespace, ident, extra)
    for name in added:
        if name not in made.__dict__:
            type.__setattr__(made, name, None)
    return made


@contextlib.contextmanager
def _unheard(bases: Tuple[Any, ...]) -> Iterator[None]:
    """The notebook's bases are not told of a subclass: they were, when it was defined."""
    all_bases = [kind for base in bases if isinstance(base, type) for kind in base.__mro__]
    hooks = {kind: kind.__dict__["__init_subclass__"] for kind in all_bases
             if kind.__module__ == "__main__" and "__init_subclass__" in kind.__dict__}  # fmt: skip
    for kind in hooks:
        type.__setattr__(kind, "__init_subclass__", classmethod(lambda cls, **_: None))
    try:
        yield
    finally:
        for kind, hook in hooks.items():
            type.__setattr__(kind, "__init_subclass__", hook)


def _fill_class(
    kind: type, state: Tuple[None, Callable[[type, Any], None], Dict[str, Any], Dict[str, Any], List[Any]]
) -> None:
    _before, fill, own, slots, known_at = state
    fill(kind, (own, slots))
    _REGISTERED.extend(own.get("_abc_impl", ()))
    for known in known_at:
        known.register(kind)
