"""What modules of the notebook's author keep within themselves: lists, dicts and objects that their functions change.

A library's own objects are caches as a rule; those of a module beside the notebook are what the notebook works with.
"""

from __future__ import annotations

import collections
import re
import sys
import sysconfig
import types
from typing import Any, Dict, Iterable, Iterator, Tuple

__all__ = ["capture", "loaded", "restore", "shapes"]

_INSTALLED = tuple(sorted({sysconfig.get_paths()[key] for key in ("stdlib", "platstdlib", "purelib", "platlib")}))
_PACKAGES = re.compile(r"[/\\](site|dist)-packages[/\\]")
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


def _values(module: types.ModuleType) -> Iterator[Tuple[str, Any]]:
    """What the module and its classes keep, by full names: no functions, classes, modules, nor caches."""
    owners: Dict[str, Any] = {f"{module.__name__}:": module}
    for value in list(vars(module).values()):
        if isinstance(value, type) and value.__module__ == module.__name__:
            owners[f"{module.__name__}:{value.__qualname__}."] = value
    for prefix, owner in owners.items():
        for name, value in list(vars(owner).items()):
            if not name.startswith("__") and not _CACHE.search(name) and _is_kept(module, value):
                yield prefix + name, value


def _is_kept(module: types.ModuleType, value: Any) -> bool:
    return isinstance(value, _CONTAINERS) or (_is_instance_of(module.__name__, value) and hasattr(value, "__dict__"))


def _is_instance_of(home: str, value: Any) -> bool:
    return type(value).__module__.partition(".")[0] == home.partition(".")[0]


def shapes(modules: Iterable[types.ModuleType]) -> Dict[str, Any]:
    """What the modules keep, as values to compare with those of another time."""
    return {key: _shape(value, module.__name__, _DEPTH) for module in modules for key, value in _values(module)}


def _shape(value: Any, home: str, depth: int) -> Any:
    if isinstance(value, _PLAIN):
        return value
    if isinstance(value, (*_CONTAINERS, tuple, frozenset)) and depth:
        items = list(value.items()) if isinstance(value, dict) else list(value)
        parts = [_shape(item, home, depth - 1) for item in items[:_MOST]]
        return (type(value), len(items), sorted(map(repr, parts)) if isinstance(value, (set, frozenset)) else parts)
    if depth and _is_instance_of(home, value) and not isinstance(value, type) and hasattr(value, "__dict__"):
        return (type(value), _shape(dict(vars(value)), home, depth - 1))
    return (type(value), id(value))


def capture(modules: Iterable[types.ModuleType]) -> Dict[str, Any]:
    """What the modules keep, to be given to them in another process."""
    return {
        key: value if isinstance(value, _CONTAINERS) else dict(vars(value))
        for module in modules
        for key, value in _values(module)
    }


def restore(modules: Iterable[types.ModuleType], values: Dict[str, Any]) -> None:
    """Give the modules what they kept; their containers and objects stay the same ones, with other contents."""
    for module in modules:
        for key, value in _values(module):
            wanted = values.pop(key, None)
            if wanted is None:
                continue
            if not isinstance(value, _CONTAINERS):
                value = vars(value)
            elif type(value) is not type(wanted):
                continue
            value.clear()
            (value.extend if isinstance(value, (list, collections.deque)) else value.update)(wanted)


def loaded(packages: Iterable[str]) -> Iterator[types.ModuleType]:
    """The author's modules among the loaded ones of these packages."""
    chosen = set(packages)
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] in chosen and isinstance(module, types.ModuleType) and _is_own(module):
            yield module
