"""What a value is made of, what two values share, and whether a value changed: independent of analysis."""

from __future__ import annotations

import datetime
import decimal
import enum
import fractions
import functools
import gc
import inspect
import pathlib
import random
import re
import sys
import types
import uuid
import zoneinfo
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from kale_lite.runtime import fingerprint

_UNCHANGING = (
    type(None), bool, int, float, complex, str, bytes, range, slice, type(Ellipsis), type(NotImplemented), type,
    types.ModuleType, types.BuiltinFunctionType, types.FunctionType, types.CodeType, types.FrameType, property,
    types.GetSetDescriptorType, types.MemberDescriptorType, types.WrapperDescriptorType, types.MethodDescriptorType,
    types.ClassMethodDescriptorType, np.generic, np.dtype, np.ufunc, datetime.date, datetime.time, datetime.timedelta,
    datetime.tzinfo, decimal.Decimal, fractions.Fraction, uuid.UUID, pathlib.PurePath, re.Pattern, re.Match,
    enum.Enum, zoneinfo.ZoneInfo, pd.Timedelta, pd.Period, pd.Interval, pd.DateOffset, pd.api.extensions.ExtensionDtype,
    type(pd.NaT), type(pd.NA), inspect.Signature, inspect.Parameter, types.MappingProxyType, type(sys.version_info),
    types.GenericAlias,
)  # fmt: skip
_MOST = 20_000


def is_unchanging(value: Any) -> bool:
    """Whether a value, and all that it holds, can never change."""
    return all(False for _ in parts(value))


def parts(value: Any) -> Iterator[Any]:
    """The objects that can be changed and are reached from a value. Frames and arrays are not looked into further."""
    seen: dict[int, Any] = {}
    todo = [value]
    while todo and len(seen) < _MOST:
        one = todo.pop()
        if id(one) in seen or _unchanging(one):
            continue
        seen[id(one)] = one
        if isinstance(one, pd.DataFrame | pd.Series | pd.Index | pd.api.extensions.ExtensionArray):
            yield one
            continue
        if isinstance(one, np.ndarray) and not one.dtype.hasobject:
            yield one
            continue
        if not isinstance(one, tuple | frozenset):
            yield one
        todo += one.ravel().tolist() if isinstance(one, np.ndarray) else _referents(one)


def _unchanging(value: Any) -> bool:
    if isinstance(value, functools._lru_cache_wrapper):
        return True
    return isinstance(value, _UNCHANGING) and not isinstance(value, random.Random)


def _referents(value: Any) -> list[Any]:
    found = [] if isinstance(value, types.MethodType) else gc.get_referents(value)
    if isinstance(value, types.MethodType):
        found = [value.__self__]
    return [one for one in found if one is not getattr(type(value), "__dict__", None)]


def digest(value: Any) -> Any:
    """A fingerprint; for what cannot be looked into, such as iterators, what can be told without using them up."""
    try:
        import pickle

        special = not isinstance(value, list | dict | set | np.ndarray | pd.DataFrame | pd.Series)
        return pickle.dumps(value) if special and hasattr(value, "__next__") else fingerprint._digest(value)[0]
    except Exception:
        tell = getattr(value, "tell", None)
        return tell() if callable(tell) and not getattr(value, "closed", False) else repr(value)


def shared(one: Any, other: Any, but: frozenset[int] = frozenset()) -> str:
    """What two values have in common that can be changed; empty if nothing. ``but`` are ids that all share."""
    first = {id(p): p for p in parts(one) if id(p) not in but and not isinstance(p, pd.Index)}
    second = {id(p): p for p in parts(other) if id(p) not in but and not isinstance(p, pd.Index)}
    for ident in first.keys() & second.keys():
        if not _is_module_level(first[ident]):
            return _short(first[ident])
    return _shared_memory(list(first.values()), list(second.values()))


def _is_module_level(value: Any) -> bool:
    """Objects of a library that every value reaches, such as default registries."""
    return id(value) in _module_level(len(sys.modules))


@functools.cache
def _module_level(_modules: int) -> frozenset[int]:
    return frozenset(id(held) for m in list(sys.modules.values()) if m is not None for held in vars(m).values())


def _shared_memory(first: list[Any], second: list[Any]) -> str:
    for one in (p for p in first if isinstance(p, np.ndarray)):
        for two in (p for p in second if isinstance(p, np.ndarray)):
            if (one.flags.writeable or two.flags.writeable) and one.size and np.shares_memory(one, two):
                return f"memory of {_short(one)}"
    for one, two in [*((a, b) for a in first for b in second), *((b, a) for a in first for b in second)]:
        if isinstance(one, np.ndarray | pd.DataFrame | pd.Series) and isinstance(two, pd.DataFrame | pd.Series):
            if not _may_meet(one, two):
                continue
            if _shows(one, two) or (isinstance(one, np.ndarray) and _shows(two, one)):
                return f"values of {_short(one)}"
    return ""


def _may_meet(one: Any, two: Any) -> bool:
    """Whether memory of two arrays or frames overlaps: only then writing one is worth a try."""
    return any(np.may_share_memory(a, b) for a in _blocks(one) for b in _blocks(two))


def _blocks(value: Any) -> list[Any]:
    values = [value] if isinstance(value, np.ndarray) else [block.values for block in value._mgr.blocks]
    return [
        v if isinstance(v, np.ndarray) else np.asarray(getattr(v, "_ndarray", getattr(v, "_data", 0))) for v in values
    ]


def _shows(one: Any, two: Any) -> bool:
    """Whether writing into one, as a notebook can, shows in the other."""
    before = digest(two)
    try:
        place = (0,) * one.ndim
        cells = one if isinstance(one, np.ndarray) else one.iloc
        old = cells[place]
        new = old + old + 1 if not isinstance(old, str) else f"{old}!"
        cells[place] = new
    except Exception:
        return False
    found = digest(two) != before
    cells[place] = old
    return found


def _short(value: Any) -> str:
    try:
        return f"{type(value).__name__} {' '.join(repr(value).split())}"[:50]
    except Exception:
        return type(value).__name__
