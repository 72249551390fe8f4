"""Fingerprints of the values that a namespace holds: to compare two runs without trusting our serialiser.

Walks the objects themselves. What cannot be looked into (generators, files, figures) is named, not guessed.
Stands alone: it also runs in the plain kernel that a pipeline is compared with.
"""

from __future__ import annotations

import enum
import functools
import hashlib
import json
import logging
import marshal
import re
import sys
import types
from collections import OrderedDict, defaultdict, deque
from typing import Any, Callable, Dict, Iterable, List, Optional, Set, Tuple

__all__ = ["snapshot", "write_snapshot"]

_BUDGET = 2_000_000
"""Objects looked at for one name; a larger value is not compared."""
_PARTS = 60
"""Parts of a value that get a fingerprint of their own, to tell where two values differ."""
_SCALARS = {type(None), bool, int, float, complex, str, bytes}
_OPAQUE_MODULES = ("matplotlib", "ipywidgets", "IPython", "ipykernel", "sqlite3", "_io", "socket", "threading",
                   "_thread", "asyncio", "_asyncio", "concurrent", "multiprocessing", "subprocess", "weakref",
                   "_weakref", "tempfile", "contextlib", "selectors", "select", "mmap", "ctypes", "_ctypes")  # fmt: skip
_OPAQUE_TYPES = (types.GeneratorType, types.CoroutineType, types.AsyncGeneratorType, types.FrameType,
                 types.TracebackType)  # fmt: skip
_IPYTHON_NAMES = re.compile(r"_+(i+|\d+|dh|ih|oh|i\d+|exit_code)?|In|Out|get_ipython|exit|quit|open")
_CLASS_INTERNALS = {"__dict__", "__weakref__", "__module__", "_abc_impl", "__abstractmethods__", "__firstlineno__",
                    "__static_attributes__", "__slotnames__"}  # fmt: skip


class _TooLarge(Exception):
    """More objects than the budget."""


class _Walker:
    """Digests of values, from the inside out; ``objects`` and ``spans`` are what they reach that can be changed.

    Whether two parts of one value are the same object is not part of its digest: steps may get apart what nobody
    changes any more.
    """

    def __init__(self, budget: int = _BUDGET) -> None:
        self.hash = hashlib.blake2b(digest_size=16)
        self.known: Dict[int, bytes] = {}
        self.open: Dict[int, int] = {}
        self.alive: List[Any] = []
        self.objects: Set[int] = set()
        self.spans: List[Tuple[int, int]] = []
        self.opaque: Set[str] = set()
        self.left = budget

    def feed(self, *texts: Any) -> None:
        for text in texts:
            raw = text if isinstance(text, (bytes, memoryview)) else str(text).encode("utf-8", "surrogatepass")
            self.hash.update(str(len(raw)).encode() + b":")
            self.hash.update(raw)

    def walk(self, value: Any) -> None:
        kind = type(value)
        if kind in _SCALARS:
            if kind is str and "-id-" in value:
                value = _DIAGRAM_ID.sub("sk-id", value)
            self.feed(kind.__name__, value.hex() if kind is float else repr(value))
        else:
            self.feed(self.digest(value))

    def walk_all(self, values: Iterable[Any]) -> None:
        for value in values:
            self.walk(value)

    def digest(self, value: Any) -> bytes:
        """The digest of one value on its own."""
        place = id(value)
        if place in self.known:
            return self.known[place]
        if _is_global_generator(value):
            return b"a global generator"
        if place in self.open:
            return b"cycle %d" % (len(self.open) - self.open[place])
        self.left -= 1
        if self.left < 0:
            raise _TooLarge
        outer, self.hash = self.hash, hashlib.blake2b(digest_size=16)
        self.open[place] = len(self.open)
        kind = type(value)
        try:
            self.feed(_type_name(kind))
            if kind in _SCALARS:
                self.walk(value)
            else:
                (_HANDLERS.get(kind) or _handler(value))(self, value)
            result = self.hash.digest()
        finally:
            self.hash = outer
            del self.open[place]
        self.known[place] = result
        self.alive.append(value)
        return result

    def close(self, value: Any) -> None:
        """Something that cannot be looked into: its type is all that is compared."""
        self.opaque.add(_type_name(type(value)))


_DIAGRAM_ID = re.compile(r"\bsk-(container|estimator)-id-\d+")
"""scikit-learn numbers the diagrams of estimators in each process, also those that a notebook keeps as HTML."""
_GLOBAL_GENERATORS = (("numpy.random.mtrand", "_rand"), ("random", "_inst"), ("torch", "default_generator"))


def _is_global_generator(value: Any) -> bool:
    """Whether an object is a generator of the whole process, which is no value of a name that reaches it."""
    return any(value is getattr(sys.modules.get(home), name, _is_global_generator) for home, name in _GLOBAL_GENERATORS)


def _type_name(kind: type) -> str:
    module = getattr(kind, "__module__", "")
    return f"{module}.{kind.__qualname__}" if module not in ("builtins", "__main__") else kind.__qualname__


def _sequence(walker: _Walker, value: Any) -> None:
    if type(value) is not tuple:
        walker.objects.add(id(value))
    walker.feed(len(value))
    if len(value) > 100 and set(map(type, value)) <= _SCALARS:
        walker.feed(marshal.dumps(list(value), 2))
    else:
        walker.walk_all(value)


def _mapping(walker: _Walker, value: Any) -> None:
    walker.objects.add(id(value))
    walker.feed(len(value))
    for key, item in list(value.items()):
        walker.walk(key)
        walker.walk(item)
    if isinstance(value, defaultdict):
        walker.walk(value.default_factory)


def _set(walker: _Walker, value: Any) -> None:
    if type(value) is set:
        walker.objects.add(id(value))
    walker.feed(*sorted(walker.digest(item) for item in value))


def _module(walker: _Walker, value: Any) -> None:
    walker.feed(value.__name__)


def _code(walker: _Walker, value: types.CodeType) -> None:
    walker.feed(value.co_name, value.co_code, value.co_names, value.co_varnames, value.co_freevars, value.co_flags)
    walker.walk_all(value.co_consts)


def _function(walker: _Walker, value: types.FunctionType) -> None:
    walker.feed(value.__module__, value.__qualname__)
    if value.__module__ != "__main__" and "<" not in value.__qualname__:
        return
    _code(walker, value.__code__)
    walker.walk(value.__defaults__)
    walker.walk(value.__kwdefaults__)
    for cell in value.__closure__ or ():
        try:
            walker.walk(cell.cell_contents)
        except ValueError:
            walker.feed("empty cell")
    walker.walk({k: v for k, v in value.__dict__.items() if k != "__wrapped__"})


def _builtin(walker: _Walker, value: Any) -> None:
    walker.feed(value.__qualname__)
    owner = value.__self__
    if not isinstance(owner, types.ModuleType):
        walker.walk(owner)


def _method(walker: _Walker, value: types.MethodType) -> None:
    walker.walk(value.__func__)
    walker.walk(value.__self__)


def _partial(walker: _Walker, value: Any) -> None:
    walker.walk_all((value.func, value.args, value.keywords))


def _descriptor(walker: _Walker, value: Any) -> None:
    walker.walk(value.__func__)


def _property(walker: _Walker, value: property) -> None:
    walker.walk_all((value.fget, value.fset, value.fdel))


def _class(walker: _Walker, value: type) -> None:
    walker.feed(value.__module__, value.__qualname__)
    if value.__module__ != "__main__":
        return
    walker.walk_all(value.__bases__)
    for name, item in sorted(value.__dict__.items()):
        if name not in _CLASS_INTERNALS and not isinstance(item, (types.MemberDescriptorType,
                                                                  types.GetSetDescriptorType)):  # fmt: skip
            walker.feed(name)
            walker.walk(item)


def _by_repr(walker: _Walker, value: Any) -> None:
    walker.feed(repr(value))


def _logger(walker: _Walker, value: logging.Logger) -> None:
    walker.feed(value.name, value.level)


def _enum(walker: _Walker, value: enum.Enum) -> None:
    walker.feed(value.name)


def _pattern(walker: _Walker, value: Any) -> None:
    walker.feed(value.pattern, value.flags)


def _exception(walker: _Walker, value: BaseException) -> None:
    walker.walk(value.args)
    walker.walk(value.__dict__)


def _span(walker: _Walker, array: Any) -> None:
    """Where an array's memory lies."""
    if array.size:
        numpy = sys.modules["numpy"]
        bounds = getattr(numpy.lib, "array_utils", numpy).byte_bounds
        walker.spans.append(bounds(array))


def _array(walker: _Walker, value: Any) -> None:
    numpy = sys.modules["numpy"]
    array = value.view(numpy.ndarray) if type(value) is not numpy.ndarray else value
    walker.feed(str(array.dtype), array.shape)
    _span(walker, array)
    if array.dtype.names:
        # Bytes between the fields are nobody's.
        for name in array.dtype.names:
            _array(walker, array[name])
    elif array.dtype.hasobject:
        walker.walk_all(array.ravel().tolist())
    else:
        walker.feed(memoryview(numpy.ascontiguousarray(array).reshape(-1).view(numpy.uint8)) if array.size else b"")
    mask = getattr(value, "_mask", None)
    if type(value).__name__ == "MaskedArray" and mask is not None:
        walker.walk(numpy.asarray(mask))


def _numpy_scalar(walker: _Walker, value: Any) -> None:
    walker.feed(str(value.dtype), value.tobytes() if not value.dtype.hasobject else repr(value))


def _frame(walker: _Walker, value: Any) -> None:
    walker.objects.add(id(value))
    walker.walk_all((value.columns, value.index, dict(value.attrs)))
    for number in range(value.shape[1]):
        _pandas_values(walker, value.iloc[:, number])


def _series(walker: _Walker, value: Any) -> None:
    walker.objects.add(id(value))
    walker.walk_all((value.name, value.index, dict(value.attrs)))
    _pandas_values(walker, value)


def _index(walker: _Walker, value: Any) -> None:
    walker.feed(str(value.dtype), list(value.names), str(getattr(value, "freq", None)))
    if hasattr(value, "levels"):
        for level in range(value.nlevels):
            walker.walk(value.get_level_values(level))
    else:
        _pandas_values(walker, value)


def _pandas_values(walker: _Walker, value: Any) -> None:
    walker.feed(str(value.dtype))
    data = value.array
    if hasattr(data, "categories"):
        walker.feed(data.ordered)
        walker.walk(data.categories)
        _array(walker, data.codes)
        return
    numpy = sys.modules["numpy"]
    if isinstance(value.dtype, numpy.dtype):
        _array(walker, value.to_numpy())
    else:
        walker.walk_all(value.astype(object).tolist())


def _torch(walker: _Walker, value: Any) -> None:
    walker.feed(str(value.dtype), tuple(value.shape), value.requires_grad, str(value.device))
    array = value.detach().cpu().contiguous().view(-1)
    walker.feed(array.view(sys.modules["torch"].uint8).numpy().tobytes() if array.numel() else b"")
    walker.objects.add(id(value))


def _instance(walker: _Walker, value: Any) -> None:
    """An object of the notebook's own class: all that it holds, whatever it says of its pickling."""
    walker.objects.add(id(value))
    base: Any
    for base in (list, tuple, deque):
        if isinstance(value, base):
            walker.walk_all(base.__iter__(value))
    if isinstance(value, dict):
        walker.walk_all(part for pair in dict.items(value) for part in pair)
    for base in (set, frozenset):
        if isinstance(value, base):
            walker.feed(*sorted(walker.digest(item) for item in base.__iter__(value)))
    for base in (int, float, str, bytes, complex):
        if isinstance(value, base):
            walker.feed(base.__repr__(value))
    if _is_own_dict(value):
        walker.feed("its own attributes")
    else:
        walker.walk(_dict_of(value))
    for kind in type(value).__mro__:
        for name, member in sorted(kind.__dict__.items(), key=lambda pair: pair[0]):
            if isinstance(member, types.MemberDescriptorType):
                walker.feed(name)
                try:
                    walker.walk(member.__get__(value))
                except AttributeError:
                    walker.feed("unset")


def _is_own_dict(value: Any) -> bool:
    """Whether an object is a dict whose entries are its attributes."""
    try:
        return isinstance(value, dict) and value is object.__getattribute__(value, "__dict__")
    except AttributeError:
        return False


def _dict_of(value: Any) -> Dict[str, Any]:
    try:
        return dict(object.__getattribute__(value, "__dict__"))
    except AttributeError:
        return {}


def _state(walker: _Walker, state: Any) -> None:
    """What a library's object says of its state. Names in it have no order: libraries often take them from sets."""
    if type(state) is not dict or not all(type(key) is str for key in state):
        walker.walk(state)
        return
    walker.objects.add(id(state))
    walker.alive.append(state)
    walker.feed("state", len(state))
    for key in sorted(state):
        walker.feed(key)
        _state(walker, state[key])


def _reduced(walker: _Walker, value: Any) -> None:
    """An object of a library: what it says it is made of."""
    try:
        reduced = value.__reduce_ex__(4)
    except Exception:
        walker.close(value)
        return
    if isinstance(reduced, str):
        walker.feed(reduced)
        return
    if _dict_of(value):
        walker.objects.add(id(value))
    made, arguments, state, items, pairs = (tuple(reduced) + (None,) * 5)[:5]
    if state is value:
        state = "its own attributes"
    walker.walk(made)
    walker.walk(arguments)
    _state(walker, state)
    for content in (items, pairs):
        if content is not None:
            walker.walk_all(content)


_HANDLERS: Dict[type, Callable[[_Walker, Any], None]] = {
    list: _sequence, tuple: _sequence, deque: _sequence, dict: _mapping, OrderedDict: _mapping, defaultdict: _mapping,
    set: _set, frozenset: _set, types.ModuleType: _module, types.CodeType: _code, types.FunctionType: _function,
    types.BuiltinFunctionType: _builtin, types.MethodType: _method, functools.partial: _partial,
    staticmethod: _descriptor, classmethod: _descriptor, property: _property, range: _by_repr, slice: _by_repr,
    type(Ellipsis): _by_repr, type(NotImplemented): _by_repr, types.GenericAlias: _by_repr, bytearray: _by_repr,
    re.Pattern: _pattern,
}  # fmt: skip


def _handler(value: Any) -> Callable[[_Walker, Any], None]:
    kind = type(value)
    found = _library_handler(kind, value)
    if found is not None:
        return found
    if isinstance(value, types.ModuleType):
        return _module
    if isinstance(value, type):
        return _class
    if isinstance(value, enum.Enum):
        return _enum
    if isinstance(value, BaseException):
        return _exception
    if isinstance(value, logging.Logger):
        return _logger
    if kind.__module__ == "__main__":
        return _instance
    if isinstance(value, _OPAQUE_TYPES) or kind.__module__.split(".")[0] in _OPAQUE_MODULES:
        return _Walker.close
    return _reduced


def _library_handler(kind: type, value: Any) -> Optional[Callable[[_Walker, Any], None]]:
    numpy, pandas, torch = (sys.modules.get(name) for name in ("numpy", "pandas", "torch"))
    if numpy is not None:
        if isinstance(value, numpy.ndarray):
            return _array
        if isinstance(value, numpy.generic):
            return _numpy_scalar
        if isinstance(value, numpy.dtype):
            return _by_repr
    if pandas is not None and hasattr(pandas, "DataFrame"):
        if isinstance(value, pandas.DataFrame):
            return _frame
        if isinstance(value, pandas.Series):
            return _series
        if isinstance(value, pandas.Index):
            return _index
    if torch is not None and isinstance(value, getattr(torch, "Tensor", ())):
        return _torch
    return None


def _parts(value: Any) -> Dict[str, Any]:
    """What a value is made of, one level down, by the text a user would write."""
    if type(value).__name__ == "DataFrame" and hasattr(value, "iloc"):
        return {f"[{name!r}]": value.iloc[:, n] for n, name in enumerate(value.columns[:_PARTS])}
    if isinstance(value, dict):
        return {f"[{key!r}]"[:60]: item for key, item in list(value.items())[:_PARTS]}
    if isinstance(value, (list, tuple)):
        return {f"[{n}]": item for n, item in enumerate(value[:_PARTS])}
    if isinstance(value, (type, types.ModuleType, types.FunctionType)):
        return {}
    return {f".{name}": item for name, item in list(_dict_of(value).items())[:_PARTS]}


def _digest(value: Any) -> Tuple[Optional[str], _Walker]:
    """None for a value that is too large or too deep to compare, or fails when looked at."""
    walker = _Walker()
    try:
        digest = walker.digest(value)
    except (_TooLarge, RecursionError):
        walker.opaque.add("too large or too deep")
        return None, walker
    except Exception as error:
        walker.opaque.add(f"{type(error).__name__}: {error}"[:100])
        return None, walker
    return digest.hex(), walker


def _shown(value: Any) -> str:
    """A value in short, without running code of the notebook's classes."""
    if type(value) in _SCALARS:
        return repr(value)[:120]
    shape = getattr(value, "shape", None) if type(value).__module__.split(".")[0] in ("numpy", "pandas") else None
    if shape is not None:
        return f"{type(value).__name__} {tuple(shape)}"
    if type(value) in (list, tuple, dict, set) and len(value) <= 20:
        return f"{type(value).__name__} of {len(value)}"
    return type(value).__qualname__


def _overlap(one: List[Tuple[int, int]], other: List[Tuple[int, int]]) -> bool:
    events = sorted([(low, high, 0) for low, high in one] + [(low, high, 1) for low, high in other])
    reach = [0, 0]
    for low, high, side in events:
        if low < reach[1 - side]:
            return True
        reach[side] = max(reach[side], high)
    return False


def snapshot(namespace: Dict[str, Any], names: Optional[Iterable[str]] = None) -> Dict[str, Any]:
    """Fingerprints of names, of all that are the user's if none are given.

    ``{"names": {name: {"type", "digest" or None, "opaque", "shown", "parts"}}, "shares": [[a, b], …]}``; two
    names share when they can reach the same object or memory that can be changed.
    """
    wanted = [n for n in namespace if not _IPYTHON_NAMES.fullmatch(n) and not n.startswith("__")]
    if names is not None:
        chosen = set(names)
        wanted = [name for name in wanted if name in chosen]
    found: Dict[str, Any] = {}
    reached: Dict[str, _Walker] = {}
    for name in sorted(wanted):
        value = namespace[name]
        digest, walker = _digest(value)
        parts = {part: _digest(item)[0] for part, item in _parts(value).items()}
        found[name] = {"type": _type_name(type(value)), "digest": digest, "opaque": sorted(walker.opaque),
                       "shown": _shown(value), "parts": parts}  # fmt: skip
        reached[name] = walker
    ordered = sorted(reached)
    shares = [
        [one, other]
        for place, one in enumerate(ordered)
        for other in ordered[place + 1 :]
        if reached[one].objects & reached[other].objects or _overlap(reached[one].spans, reached[other].spans)
    ]
    return {"names": found, "shares": shares}


def write_snapshot(namespace: Dict[str, Any], path: str, names: Optional[Iterable[str]] = None) -> None:
    """Write a snapshot as JSON."""
    with open(path, "w", encoding="utf-8") as file:
        json.dump(snapshot(namespace, names), file)
