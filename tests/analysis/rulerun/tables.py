"""Small arguments, by library: names stand for values made anew for each call, constants for themselves."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

from kale_lite.analysis.effects import Rule, load_catalogue


@dataclass(frozen=True, slots=True)
class Table:
    """What to call for one library, and with what.

    ``modules`` are searched for functions besides the names that rules write out. ``arguments`` are tried on each
    function, ``method_arguments`` on each method of each receiver. ``skipped`` are names that are not run, and why.
    ``accepted`` are problems (as regular expressions of what is printed) that no notebook can come to see, and why.
    ``floor`` is the share of names (in per cent) that must have run.
    """

    library: str
    modules: Sequence[str]
    makers: Mapping[str, Callable[[], Any]]
    arguments: Sequence[str]
    method_arguments: Sequence[str] = ()
    receivers: Mapping[str, str] = field(default_factory=dict)
    skipped: Mapping[str, str] = field(default_factory=dict)
    files: Callable[[Path], None] | None = None
    accepted: Mapping[str, str] = field(default_factory=dict)
    catalogues: Sequence[str] = ()
    floor: int = 80


def functions(table: Table) -> dict[str, Callable[..., Any]]:
    """The functions and classes that rules may be about, by full name."""
    found: dict[str, Any] = {}
    for name in table.modules:
        with_star = name.endswith(".**")
        module = _module(name.removesuffix(".**"))
        if module is None:
            continue
        for one in (module, *(_below(module) if with_star else ())):
            found.update(_callables(one))
    for rule in load_catalogue().rules:
        if rule.effect.library in (table.library, *table.catalogues):
            found.update(_written_out(rule, table))
    return found


def _module(name: str) -> ModuleType | None:
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


def _below(module: ModuleType) -> Iterator[ModuleType]:
    for info in pkgutil.iter_modules(getattr(module, "__path__", ()), f"{module.__name__}."):
        if not info.name.rpartition(".")[2].startswith(("_", "test", "conftest")):
            found = _module(info.name)
            if found is not None:
                yield found


def _callables(module: ModuleType) -> Iterator[tuple[str, Any]]:
    public = getattr(module, "__all__", None) or [n for n in dir(module) if not n.startswith("_")]
    for name in public:
        try:
            value = getattr(module, name, None)
        except ImportError:  # experimental names say how to ask for them
            continue
        if callable(value) and not (inspect.isclass(value) and issubclass(value, BaseException)):
            yield f"{module.__name__}.{name}", value


def _written_out(rule: Rule, table: Table) -> Iterator[tuple[str, Any]]:
    for name in rule.plain_names():
        if f"_.{name}" in {p.replace("\\", "") for p in rule.patterns}:
            continue
        value = resolve(name)
        if callable(value):
            yield name, value


def resolve(name: str) -> Any:
    """What a full name stands for; None when there is no such thing here."""
    import builtins

    *parts, last = name.split(".")
    owner: Any = builtins
    for n, part in enumerate(parts, 1):
        module = _module(".".join(parts[:n])) if owner is builtins or inspect.ismodule(owner) else None
        owner = module if module is not None else getattr(owner, part, None)
    return getattr(owner, last, None)
