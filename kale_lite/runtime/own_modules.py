"""What modules of the notebook's author keep within themselves: values, lists and objects that their functions change.

A library's own objects are caches as a rule; those of a module beside the notebook are what the notebook works with.
"""

from __future__ import annotations

import collections
import re
import sys
import sysconfig
import types
from typing import Any, Dict, Iterable, Iterator, List, NamedTuple, Tuple

__all__ = ["capture", "changed", "loaded", "restore", "shapes"]

_INSTALLED = tuple(sorted({sysconfig.get_paths()[key] for key in ("stdlib", "platstdlib", "purelib", "platlib")}))
_PACKAGES = re.compile(r"[/\\](site|dist)-packages[/\\]")
_FLAG = re.compile(r"init|load|ready|done", re.IGNORECASE)
"""Truth values that say that something has been made, which a step makes anew where it needs it."""
_CODE = (types.FunctionType, types.BuiltinFunctionType, types.ModuleType, type, staticmethod, classmethod, property)
_CACHE = re.compile(r"cache|memo", re.IGNORECASE)
_PLAIN = (int, float, complex, str, bytes, bool, type(None))
_CONTAINERS = (list, dict, set, collections.deque)
_MOST, _DEPTH = 1000, 6


def _is_own(module: types.ModuleType) -> bool:
    """Whether a module is not installed: its file lies beside the notebook, or on a path that the notebook added."""
    file = getattr(module, "__file__", None)
    if not isinstance(file, str) or module.__name__ == "__main__":
        return False
    return not file.startswith(_INSTALLED) and not _PACKAGES.search(file)


def _values(module: types.ModuleType) -> Iterator[Tuple[str, Any, str, Any]]:
    """(full name, owner, name, value) of what the module and its classes keep: no functions, classes, nor caches."""
    owners: Dict[str, Any] = {f"{module.__name__}:": module}
    for value in list(vars(module).values()):
        if isinstance(value, type) and value.__module__ == module.__name__:
            owners[f"{module.__name__}:{value.__qualname__}."] = value
    for prefix, owner in owners.items():
        for name, value in list(vars(owner).items()):
            flag = isinstance(value, bool) and _FLAG.search(name)
            if not (name.startswith("__") or flag or _CACHE.search(name) or isinstance(value, _CODE)):
                yield prefix + name, owner, name, value


def _is_instance_of(home: str, value: Any) -> bool:
    same = type(value).__module__.partition(".")[0] == home.partition(".")[0]
    return same and not isinstance(value, type) and hasattr(value, "__dict__")


def shapes(modules: Iterable[types.ModuleType]) -> Dict[str, Any]:
    """What the modules keep, as values to compare with those of another time."""
    return {key: _shape(value, module.__name__, _DEPTH) for module in modules for key, _, _, value in _values(module)}


class _Other(NamedTuple):
    """An object of another library: which one it is, is all that is seen of it."""

    kind: type
    place: int


def changed(before: Dict[str, Any], now: Dict[str, Any]) -> Tuple[List[str], List[str]]:
    """What was changed and could be carried, and names that were given another object of another library.

    One that was nothing and is such an object now was only made when it was needed.
    """
    names = sorted(key for key in before.keys() & now.keys() if before[key] != now[key])
    others = [key for key in names if isinstance(now[key], _Other)]
    return [key for key in names if key not in others], [key for key in others if before[key] is not None]


def _shape(value: Any, home: str, depth: int) -> Any:
    if isinstance(value, _PLAIN):
        return value
    if isinstance(value, (*_CONTAINERS, tuple, frozenset)) and depth:
        items = list(value.items()) if isinstance(value, dict) else list(value)
        parts = [_shape(item, home, depth - 1) for item in items[:_MOST]]
        return (type(value), len(items), sorted(map(repr, parts)) if isinstance(value, (set, frozenset)) else parts)
    if depth and _is_instance_of(home, value):
        return (type(value), _shape(dict(vars(value)), home, depth - 1))
    return _Other(type(value), id(value))


def capture(modules: Iterable[types.ModuleType]) -> Dict[str, Any]:
    """What the modules keep, but for objects of other libraries, to be given to them in another process."""
    found: Dict[str, Any] = {}
    for module in modules:
        for key, _, _, value in _values(module):
            if _is_instance_of(module.__name__, value):
                found[key] = dict(vars(value))
            elif isinstance(value, (*_PLAIN, *_CONTAINERS, tuple, frozenset)):
                found[key] = value
    return found


def restore(modules: Iterable[types.ModuleType], values: Dict[str, Any]) -> None:
    """Give the modules what they kept; their containers and objects stay the same ones, with other contents."""
    for module in modules:
        for key, owner, name, value in _values(module):
            if key not in values:
                continue
            wanted = values.pop(key)
            if _is_instance_of(module.__name__, value):
                value = vars(value)
            if isinstance(value, _CONTAINERS) and type(value) is type(wanted):
                value.clear()
                (value.extend if isinstance(value, (list, collections.deque)) else value.update)(wanted)
            else:
                setattr(owner, name, wanted)


def loaded(packages: Iterable[str]) -> Iterator[types.ModuleType]:
    """The author's modules among the loaded ones of these packages."""
    chosen = set(packages)
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] in chosen and isinstance(module, types.ModuleType) and _is_own(module):
            yield module
