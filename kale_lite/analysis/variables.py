"""Variables: where a name lives (function, enclosing function, class, notebook), its value, its binding."""

from __future__ import annotations

import ast
import re

from kale_lite.analysis.heap import NOTHING, Thing, Value
from kale_lite.analysis.machine import Frame, Machine
from kale_lite.analysis.magics import IPYTHON

__all__ = ["load", "mangled", "store", "unset"]

_KERNEL_NAMES = frozenset({"get_ipython", "display", "exit", "quit", "__name__", "__doc__", "__builtins__",
                           "__builtin__", "__loader__", "__package__", "__spec__", "__file__", "_dh",
                           "__vsc_ipynb_file__", "__session__", "__annotations__"})  # fmt: skip
_HISTORY = re.compile(r"^(_|__|___|_i|_ii|_iii|_oh|_ih|In|Out|_i?\d+)$")
_MAYBE = f"{IPYTHON}maybe_"


def mangled(name: str, frame: Frame) -> str:
    """Private names of classes as Python stores them."""
    if frame.class_name and name.startswith("__") and not name.endswith("__") and "." not in name:
        return f"_{frame.class_name.lstrip('_')}{name}"
    return name


def load(m: Machine, frame: Frame, name: str, node: ast.AST) -> Value:
    """The value of a name where it is read. Undefined names of the notebook are reported."""
    if name.startswith(_MAYBE):
        return m.read(name.removeprefix(_MAYBE), node, certain=False) or NOTHING
    name = mangled(name, frame)
    scope = frame.scope
    if scope is not None:
        if name in scope.free:
            return _load_free(m, frame, name)
        if name in scope.local and name not in scope.declared_global:
            found = _load_local(m, frame, name)
            if found is not None or frame.kind != "class":
                return found or NOTHING
    return _load_global(m, name, node)


def _load_local(m: Machine, frame: Frame, name: str) -> Value | None:
    value = frame.local.get(name)
    cell = frame.cells.get(name)
    if cell is None or not cell.items:
        return value
    known = value or NOTHING
    return Value(known.objects | cell.items, known.text, known.type)


def _load_free(m: Machine, frame: Frame, name: str) -> Value:
    cell = frame.cells.get(name)
    if cell is not None:
        return Value(frozenset(cell.items))
    if frame.parent is not None:
        scope = frame.parent.scope
        if scope is not None and name in scope.free:
            return _load_free(m, frame.parent, name)
        return _load_local(m, frame.parent, name) or NOTHING
    return NOTHING


def _refuse_address(m: Machine, name: str, value: Value, node: ast.AST) -> None:
    """What ``id`` gave in another step tells nothing here: objects have other addresses."""
    for ident in sorted(m.addresses & m.heap.reach(value.objects)):
        if m.heap[ident].born != m.log.index:
            m.report(
                "KL209",
                f"variable {name!r} holds what `id()` gave in another step: addresses are dynamic",
                node,
                hint="compare the objects themselves with `is`, or give them names or numbers of your own",
            )


def _load_global(m: Machine, name: str, node: ast.AST) -> Value:
    value = m.read(name, node)
    if value is not None:
        if m.addresses:
            _refuse_address(m, name, value, node)
        binding = m.names[name]
        builtin = m.builtin(name) if binding.absent else None
        return Value(value.objects | builtin.objects) if builtin else value
    builtin = m.builtin(name)
    if builtin is not None:
        return builtin
    if name == IPYTHON:
        return m.external("ipython")
    if name in _KERNEL_NAMES:
        return m.external(f"kernel.{name}") if name in ("get_ipython", "display") else NOTHING
    if _HISTORY.match(name):
        _history(m, name, node)
        return NOTHING
    m.undefined(name, node)
    return NOTHING


def _history(m: Machine, name: str, node: ast.AST) -> None:
    if name == "_" and m.history and m.site is None:
        return
    m.report(
        "KL204",
        f"{name!r} is IPython's history of results, which does not reach across steps",
        node,
        hint="give the result a name in the cell that computes it, and use that name here",
    )


def store(m: Machine, frame: Frame, name: str, value: Value, node: ast.AST) -> None:
    """Bind a name where the scope says it lives."""
    name = mangled(name, frame)
    scope = frame.scope
    if scope is not None and name in scope.free:
        _store_free(m, frame, name, value, node)
    elif scope is not None and name in scope.local and name not in scope.declared_global:
        frame.local[name] = value
        cell = frame.cells.get(name)
        if cell is not None:
            m.heap.hold(cell, value.objects)
    elif frame.kind == "comprehension" and frame.parent is not None:
        store(m, frame.parent, name, value, node)
    else:
        m.bind(name, value, node)


def _store_free(m: Machine, frame: Frame, name: str, value: Value, node: ast.AST) -> None:
    cell: Thing | None = frame.cells.get(name)
    if cell is not None:
        m.heap.hold(cell, value.objects)
        m.mutate([cell.id], node)
    elif frame.parent is not None:
        store(m, frame.parent, name, value, node)


def unset(m: Machine, frame: Frame, name: str, node: ast.AST) -> None:
    """``del`` of a name."""
    name = mangled(name, frame)
    scope = frame.scope
    if scope is not None and (name in scope.free or (name in scope.local and name not in scope.declared_global)):
        frame.local.pop(name, None)
        return
    binding = m.names.get(name)
    if m.read(name, node) is None and (binding is None or not binding.present):
        m.undefined(name, node)
    m.unbind(name, node)
