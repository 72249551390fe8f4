"""Functions and what is made of them: cloudpickle's way for the code, and the namespace of the step that loads them.

A function that is made anew shares the variables of its closure with those that were made with it.
"""

from __future__ import annotations

import functools
import importlib
import sys
import types
from typing import Any, Dict, List, Optional, Tuple

from .caches import reduce_cached
from .sources import lines_of, remember

__all__ = ["NAMESPACE", "reduce_function", "with_source"]

NAMESPACE: Dict[str, Any] = {}
"""Replaced by the namespace of the user's code when a step begins."""


def reduce_function(pickler: Any, obj: Any) -> Optional[Any]:
    """How to pickle a function of the notebook, or what is made of one; None for anything else."""
    if isinstance(obj, types.FunctionType):
        if not (_is_notebooks(obj) or _made_by_library(obj)):
            return None
        return _reduce_dispatcher(obj) if _is_dispatcher(obj) else _reduce_plain(pickler, obj)
    if type(obj) is types.CellType:
        return _make_cell, (), _held_in(obj), None, None, _fill_cell
    if isinstance(obj, functools._lru_cache_wrapper):
        inner = obj.__wrapped__
        return reduce_cached(obj) if isinstance(inner, types.FunctionType) and _is_notebooks(inner) else NotImplemented
    if type(obj) is functools.cached_property:  # it holds a lock
        return _make_cached_property, (obj.func, obj.attrname)
    return None


def _reduce_plain(pickler: Any, func: types.FunctionType) -> Any:
    reduced = pickler._dynamic_function_reduce(func)
    _make, newargs, state = reduced[:3]
    own, slots = state
    named = slots.get("__globals__", {})
    modules = {k: v for k, v in named.items() if isinstance(v, types.ModuleType)}
    # The closure's own cells, not copies of what they hold: functions made by one call share its variables.
    slots = dict(slots, __globals__={}, __closure__=None)
    code, _globals, name, defaults, _cells = newargs
    cells = func.__closure__
    home = None if _is_notebooks(func) else func.__globals__["__name__"]
    arguments = (code, name, defaults, cells, modules, home)
    return (_make_function, arguments, (own, slots), *reduced[3:])


def _namespace() -> Dict[str, Any]:
    return sys.modules[__name__].__dict__["NAMESPACE"]  # type: ignore[no-any-return]


def _make_function(
    code: types.CodeType,
    name: str,
    defaults: Any,
    cells: Any,
    modules: Dict[str, types.ModuleType],
    home: Optional[str] = None,
) -> types.FunctionType:
    """A function on the namespace of this step, or on that of the library ``home`` which made it.

    Modules that a function of the notebook names are brought along if missing.
    """
    if home is not None:
        return types.FunctionType(code, importlib.import_module(home).__dict__, name, defaults, cells)
    namespace = _namespace()
    for key, module in modules.items():
        namespace.setdefault(key, module)
    return types.FunctionType(code, namespace, name, defaults, cells)


def _is_notebooks(func: types.FunctionType) -> bool:
    """Whether a function runs on the notebook's variables; the wrapper of a library's decorator only looks as if."""
    if func.__globals__ is _namespace():
        return True
    return func.__module__ == "__main__" and not _is_librarys(func)


def _is_librarys(func: types.FunctionType) -> bool:
    home = sys.modules.get(func.__globals__.get("__name__", ""))
    return home is not None and home.__name__ != "__main__" and home.__dict__ is func.__globals__


def _made_by_library(func: types.FunctionType) -> bool:
    """Whether a library has made a function which cannot be found by its name."""
    found: Any = sys.modules.get(func.__module__)
    for part in func.__qualname__.split("."):
        found = getattr(found, part, None)
    return _is_librarys(func) and (found is not func or func.__module__ == "__main__")


def with_source(file: str, make: Any, arguments: Tuple[Any, ...]) -> Any:
    """How to make code again; with the lines of its cell, which warnings, tracebacks and ``inspect`` show."""
    lines = lines_of(file)
    return (make, arguments) if lines is None else (_make_code, (make, arguments, file, lines))


def _make_code(make: Any, arguments: Tuple[Any, ...], file: str, lines: List[str]) -> Any:
    remember(file, lines)
    return make(*arguments)


def _make_cell() -> types.CellType:
    return types.CellType()


def _held_in(cell: types.CellType) -> Optional[Tuple[Any]]:
    try:
        return (cell.cell_contents,)
    except ValueError:  # a variable that is not bound yet
        return None


def _fill_cell(cell: types.CellType, held: Tuple[Any]) -> None:
    (cell.cell_contents,) = held


def _is_dispatcher(func: types.FunctionType) -> bool:
    return func.__globals__ is vars(functools) and hasattr(func, "registry") and hasattr(func, "dispatch")


def _reduce_dispatcher(func: Any) -> Any:
    """``functools.singledispatch`` of a notebook's function: its cache is filled again where it is used."""
    kinds = dict(func.registry)
    return _make_dispatcher, (kinds[object],), kinds, None, None, _register


def _make_dispatcher(default: Any) -> Any:
    return functools.singledispatch(default)


def _register(dispatcher: Any, kinds: Dict[type, Any]) -> None:
    for kind, function in kinds.items():
        dispatcher.register(kind, function)


def _make_cached_property(func: Any, name: Optional[str]) -> Any:
    made = functools.cached_property(func)
    made.attrname = name
    return made
