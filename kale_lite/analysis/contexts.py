"""Context managers that suppress exceptions: their block may end anywhere, and what follows runs all the same."""

from __future__ import annotations

import ast

from kale_lite.analysis import expressions, namespace
from kale_lite.analysis.heap import Thing, Value
from kale_lite.analysis.machine import Frame, Machine

__all__ = ["suppresses"]

_SUPPRESSORS = frozenset({"contextlib.suppress", "pytest.raises", "pytest.warns"})


def suppresses(m: Machine, frame: Frame, manager: ast.expr) -> bool:
    """Whether a context manager is known to go on after exceptions, so that its block may end anywhere."""
    if not isinstance(manager, ast.Call):
        return any(map(_swallows, _exits(m, expressions.evaluate(m, frame, manager))))
    if isinstance(manager.func, ast.Attribute) and manager.func.attr.startswith("assertRaises"):
        return True
    for thing in m.heap.things(expressions.evaluate(m, frame, manager.func)):
        if thing.dotted in _SUPPRESSORS or (thing.kind == "function" and _catches_around_yield(thing.code.node)):
            return True
        if thing.kind == "class" and any(map(_swallows, _exits(m, Value(frozenset({thing.id}))))):
            return True
    return False


def _exits(m: Machine, value: Value) -> list[Thing]:
    """The ``__exit__`` methods of instances or classes of the notebook."""
    owners = [thing for thing in m.heap.things(value) if thing.kind in ("instance", "class")]
    found = [
        t for o in owners for n in ("__exit__", "__aexit__") for t in m.heap.things(namespace.class_attribute(m, o, n))
    ]
    return [thing for thing in found if thing.kind == "function"]


def _swallows(method: Thing) -> bool:
    """Whether ``__exit__`` may give something true, which ends the exception."""
    returned = [n.value for n in ast.walk(method.code.node) if isinstance(n, ast.Return) and n.value is not None]
    return not all(isinstance(value, ast.Constant) and not value.value for value in returned)


def _catches_around_yield(function: ast.AST) -> bool:
    """Whether a generator that is used as a context manager catches what the block raises, and keeps it."""
    tries = [n for n in ast.walk(function) if isinstance(n, ast.Try)
             and not all(isinstance(handler.body[-1], ast.Raise) for handler in n.handlers)]  # fmt: skip
    return any(isinstance(n, ast.Yield) for one in tries for statement in one.body for n in ast.walk(statement))
