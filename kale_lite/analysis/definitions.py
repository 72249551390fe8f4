"""Functions, classes and modules of the notebook as things: what they capture, hold and need."""

from __future__ import annotations

import ast
import builtins
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TypeAlias

from kale_lite.analysis import calls, expressions, namespace, statements
from kale_lite.analysis.heap import BASES, NOTHING, Thing, Value
from kale_lite.analysis.machine import Frame, Machine
from kale_lite.analysis.variables import mangled, store

__all__ = ["Definition", "define_class", "define_function", "make_function", "public_names", "touch_module"]

FunctionNode: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda

_TRANSPARENT = frozenset({
    "dataclasses.dataclass", "functools.total_ordering", "functools.wraps", "abc.abstractmethod",
    "typing.overload", "typing.final", "typing.runtime_checkable", "contextlib.contextmanager",
    "contextlib.asynccontextmanager", "numba.njit", "numba.jit", "numba.vectorize", "torch.no_grad",
    "torch.inference_mode", "enum.unique", "functools.singledispatch", "attr.s", "attrs.define", "attrs.frozen",
    "attr.define", "numpy.vectorize", "typing.no_type_check", "pytest.fixture",
})  # fmt: skip
"""Decorators of libraries that give back the function or class, or what behaves as it does."""
_DESCRIPTORS = {
    "property": "property", "functools.cached_property": "property", "staticmethod": "staticmethod",
    "classmethod": "classmethod",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Definition:
    """What is behind a function's thing: its node, where it stands, and the variables it captures."""

    node: FunctionNode
    cells: dict[str, Thing]
    class_name: str
    owner: Thing | None


def define_function(m: Machine, frame: Frame, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
    value = make_function(m, frame, node)
    for decorator in reversed(node.decorator_list):
        value = _decorate(m, frame, decorator, value)
    store(m, frame, node.name, value, node)


def make_function(m: Machine, frame: Frame, node: FunctionNode) -> Value:
    """A function: defaults are evaluated now, captured variables are shared, the body waits for a call."""
    defaults = [*node.args.defaults, *(d for d in node.args.kw_defaults if d is not None)]
    held = [expressions.evaluate(m, frame, default) for default in defaults]
    if not isinstance(node, ast.Lambda):
        _evaluate_annotations(m, frame, node)
    thing = m.heap.make((node, frame.context), "function", mutable=True, born=m.log.index)
    cells = _captured(m, frame, node)
    thing.code = Definition(node, cells, frame.class_name, frame.owner)
    for default, value in zip(defaults, held, strict=True):
        m.heap.hold(thing, value.objects, f"<default {defaults.index(default)}>")
    m.heap.hold(thing, [cell.id for cell in cells.values()], "<closure>")
    return Value(frozenset({thing.id}))


def _evaluate_annotations(m: Machine, frame: Frame, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
    if m.postponed_annotations:
        return
    args = node.args
    every = [*args.posonlyargs, *args.args, *args.kwonlyargs, *(a for a in (args.vararg, args.kwarg) if a)]
    for annotation in [*(a.annotation for a in every), node.returns]:
        if annotation is not None:
            expressions.evaluate(m, frame, annotation)


def _captured(m: Machine, frame: Frame, node: FunctionNode) -> dict[str, Thing]:
    scope = m.scopes.get(node)
    free = scope.free if scope is not None else frozenset[str]()
    return {name: cell for name in sorted(free) if (cell := _cell(m, frame, name)) is not None}


def _cell(m: Machine, frame: Frame | None, name: str) -> Thing | None:
    """The variable of the nearest enclosing function, as a thing that the inner function shares."""
    while frame is not None:
        if name in frame.cells:
            return frame.cells[name]
        scope = frame.scope
        if scope is not None and name in scope.local and frame.kind != "class":
            cell = m.heap.make((scope, name, frame.context), "cell", born=m.log.index)
            frame.cells[name] = cell
            if name in frame.local:
                m.heap.hold(cell, frame.local[name].objects)
            return cell
        if name == "__class__" and frame.owner is not None:
            return None
        frame = frame.parent
    return None


def _decorate(m: Machine, frame: Frame, decorator: ast.expr, value: Value) -> Value:
    """The value of a decorated function or class."""
    match decorator:
        case ast.Attribute(value=ast.Name(id=name), attr="setter" | "deleter" | "getter") if name in frame.local:
            props = [t for t in m.heap.things(frame.local[name]) if t.kind == "property"]
            for prop in props:
                m.heap.hold(prop, value.objects)
            return Value(frozenset(p.id for p in props)) if props else value
    function = expressions.evaluate(m, frame, decorator.func if isinstance(decorator, ast.Call) else decorator)
    names = {t.dotted for t in m.heap.things(function)}
    if names and names <= _TRANSPARENT:
        if isinstance(decorator, ast.Call):
            for argument in [*decorator.args, *(k.value for k in decorator.keywords)]:
                expressions.evaluate(m, frame, argument)
        return value
    kinds = {_DESCRIPTORS.get(name) for name in names}
    kind = kinds.pop() if len(kinds) == 1 else None
    if kind is not None:
        thing = m.heap.make((decorator, frame.context), kind, mutable=False, born=m.log.index, type=names.pop())
        m.heap.hold(thing, value.objects)
        return Value(frozenset({thing.id}))
    if isinstance(decorator, ast.Attribute):
        return calls.call_attribute(m, frame, decorator, value)
    made = expressions.evaluate(m, frame, decorator) if isinstance(decorator, ast.Call) else function
    return calls.call_value(m, frame, made, [value], decorator)


def define_class(m: Machine, frame: Frame, node: ast.ClassDef) -> None:
    bases = [expressions.evaluate(m, frame, base) for base in node.bases]
    for keyword in node.keywords:
        value = expressions.evaluate(m, frame, keyword.value)
        if keyword.arg == "metaclass":
            _refuse_metaclass(m, value, node)
    thing = m.heap.make((node, frame.context), "class", born=m.log.index)
    for base in bases:
        m.heap.hold(thing, base.objects, BASES)
    inner = Frame("class", m.scopes.get(node), frame, frame.context, class_name=node.name, owner=thing)
    statements.run_block(m, inner, node.body)
    for name, value in inner.local.items():
        m.heap.hold(thing, value.objects, mangled(name, inner))
    _refuse_finaliser(m, thing, node)
    value = Value(frozenset({thing.id}))
    for held in inner.local.values():
        for descriptor in m.heap.things(held):
            if descriptor.kind == "instance":
                calls.call_method(m, frame, descriptor, "__set_name__", [value, NOTHING], node)
    _announce_subclass(m, frame, thing, node)
    for decorator in reversed(node.decorator_list):
        value = _decorate(m, frame, decorator, value)
    store(m, frame, node.name, value, node)


_UNSEEN = frozenset(vars(builtins)) - {"print", "open", "exec", "eval"}
"""Names that do nothing which could be seen outside of the objects that are given to them."""


def _refuse_finaliser(m: Machine, thing: Thing, node: ast.ClassDef) -> None:
    """``__del__`` runs when the last name of an object goes: in a pipeline at another time, or several times."""
    for found in [m.heap[i] for i in sorted(thing.attrs.get("__del__", ()))]:
        scope = m.scopes.get(found.code.node) if found.kind == "function" else None
        if scope is None:
            continue
        names = {n.id for n in ast.walk(found.code.node) if isinstance(n, ast.Name)}
        used = sorted(names - scope.local - scope.free - _UNSEEN)
        if used:
            m.report(
                "KL209",
                f"class {node.name!r} has a `__del__` that uses {used[0]!r}: when it runs is dynamic",
                node,
                hint="do it in a method that a cell calls, or with a context manager",
            )


def _refuse_metaclass(m: Machine, metaclass: Value, node: ast.ClassDef) -> None:
    """A class is made anew wherever it is loaded: a metaclass of the notebook would run again."""
    if any(thing.kind == "class" for thing in m.heap.things(metaclass)):
        m.report(
            "KL209",
            f"class {node.name!r} has a metaclass of the notebook: its dynamic code would run again in other steps",
            node,
            hint="use a class decorator or `__init_subclass__`, or put the classes into a module that you import",
        )


def _announce_subclass(m: Machine, frame: Frame, thing: Thing, node: ast.ClassDef) -> None:
    """A new class is told to its bases: ``__init_subclass__`` is called with it."""
    for base in namespace.classes_of(m, thing)[1:]:
        for ident in sorted(base.attrs.get("__init_subclass__", ())):
            calls.call_value(m, frame, Value(frozenset({ident})), [Value(frozenset({thing.id}))], node)
            return


def touch_module(m: Machine, dotted: str, node: ast.AST) -> None:
    """Importing reads the module's file, if an earlier step writes it, and the import path."""
    root = dotted.lstrip(".").split(".")[0]
    if root in sys.stdlib_module_names:
        return
    m.touch_file(f"{root}.py", node, writes=False, soft=True)
    m.touch_file(f"{root}/", node, writes=False, soft=True)
    m.read_state("sys.path", node)


@cache
def public_names(module: str) -> tuple[str, ...] | None:
    """The names that ``from module import *`` binds, found without running the module; None if unknown.

    Modules of the standard library are imported, since they are not the user's code.
    """
    if module.split(".")[0] in sys.stdlib_module_names:
        try:
            found = __import__(module, fromlist=["*"])
        except ImportError:
            return None
        return tuple(getattr(found, "__all__", [n for n in dir(found) if not n.startswith("_")]))
    path = _source_of(module)
    return _names_in_source(path) if path is not None else None


def _source_of(module: str) -> Path | None:
    parts = module.split(".")
    for folder in sys.path:
        base = Path(folder or ".").joinpath(*parts)
        for candidate in (base.with_suffix(".py"), base / "__init__.py"):
            if parts[0] and candidate.is_file():
                return candidate
    return None


def _names_in_source(path: Path) -> tuple[str, ...] | None:
    try:
        tree = ast.parse(path.read_text("utf-8"))
    except (OSError, ValueError, SyntaxError, RecursionError, MemoryError):
        return None
    listed = _declared_all(tree)
    if listed is not None:
        return listed
    bound: set[str] = set()
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and any(a.name == "*" for a in node.names):
            return None
        if isinstance(node, ast.Import | ast.ImportFrom):
            bound |= {(a.asname or a.name).split(".")[0] for a in node.names}
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            bound.add(node.name)
        else:
            bound |= {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    return tuple(sorted(name for name in bound if not name.startswith("_")))


def _declared_all(tree: ast.Module) -> tuple[str, ...] | None:
    for node in tree.body:
        if isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id == "__all__" for t in node.targets):
            try:
                return tuple(ast.literal_eval(node.value))
            except (ValueError, TypeError):
                return None
    return None
