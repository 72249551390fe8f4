"""Attributes of the notebook's classes and instances, special methods, and code that reads namespaces."""

from __future__ import annotations

import ast
import re
from collections import deque

from kale_lite.analysis import calls
from kale_lite.analysis.effect import Effect
from kale_lite.analysis.heap import BASES, NOTHING, Thing, Value, joined
from kale_lite.analysis.machine import Frame, Machine

__all__ = [
    "FIELD", "apply_state", "attribute", "binary_methods", "class_attribute", "classes_of", "comparison_methods",
    "dynamic_name", "external_bases", "inplace_methods", "name_probe", "names_at", "run_setters", "whole_namespace",
]  # fmt: skip

FIELD = "dataclasses.Field"
"""The type of what ``dataclasses.field`` gives: stands for an attribute that each instance has for itself."""
_BINARY = {
    ast.Add: "add", ast.Sub: "sub", ast.Mult: "mul", ast.MatMult: "matmul", ast.Div: "truediv", ast.Mod: "mod",
    ast.Pow: "pow", ast.LShift: "lshift", ast.RShift: "rshift", ast.BitOr: "or", ast.BitXor: "xor",
    ast.BitAnd: "and", ast.FloorDiv: "floordiv",
}  # fmt: skip
_COMPARE = {ast.Eq: "__eq__", ast.NotEq: "__ne__", ast.Lt: "__lt__", ast.LtE: "__le__", ast.Gt: "__gt__",
            ast.GtE: "__ge__", ast.In: "__contains__", ast.NotIn: "__contains__"}  # fmt: skip
_NAMESPACES = frozenset({"globals", "locals", "vars"})


def binary_methods(op: ast.operator) -> tuple[str, ...]:
    name = _BINARY[type(op)]
    return f"__{name}__", f"__r{name}__"


def inplace_methods(op: ast.operator) -> tuple[str, ...]:
    return (f"__i{_BINARY[type(op)]}__",)


def comparison_methods(op: ast.cmpop) -> tuple[str, ...]:
    name = _COMPARE.get(type(op))
    return (name, "__eq__") if name else ()


def classes_of(m: Machine, thing: Thing) -> list[Thing]:
    """The notebook's classes in which an attribute of this class or instance is looked up, nearest first."""
    start = thing.code if thing.kind == "instance" else thing
    found: dict[int, Thing] = {}
    todo = deque([start] if isinstance(start, Thing) and start.kind == "class" else [])
    while todo:
        one = todo.popleft()
        if one.id not in found:
            found[one.id] = one
            todo += [m.heap[i] for i in sorted(one.attrs.get(BASES, ())) if m.heap[i].kind == "class"]
    return list(found.values())


def external_bases(m: Machine, thing: Thing) -> list[Thing]:
    """The bases that are not classes of the notebook: what they do is known by the catalogue at most."""
    bases = [m.heap[i] for one in classes_of(m, thing) for i in sorted(one.attrs.get(BASES, ()))]
    return [base for base in bases if base.kind != "class" and base.dotted != "object"]


def class_attribute(m: Machine, thing: Thing, name: str) -> Value:
    """What the classes of an instance (or a class and its bases) hold under a name."""
    for one in classes_of(m, thing):
        if name in one.attrs:
            return Value(frozenset(one.attrs[name]))
    return NOTHING


def attribute(m: Machine, frame: Frame, thing: Thing, name: str, node: ast.AST) -> Value:
    """An attribute of a function, class or instance of the notebook; properties are run."""
    own = Value(frozenset(thing.attrs.get(name, ()))) if thing.kind != "class" else NOTHING
    shared = class_attribute(m, thing, name)
    parts = [own]
    for found in m.heap.things(shared):
        if found.kind == "property":
            got = calls.call_value(m, frame, Value(frozenset(found.items)), [Value(frozenset({thing.id}))], node)
            parts.append(got)
            if found.type == "functools.cached_property":
                m.mutate([thing.id], node)
                m.heap.hold(thing, got.objects, name)
        elif found.kind in ("staticmethod", "classmethod"):
            parts.append(Value(frozenset(found.items)))
        elif found.type == FIELD and thing.kind == "instance":
            parts.append(_field(m, frame, thing, name, found, node))
        elif found.kind == "function" and thing.kind == "instance":
            parts.append(_bound_method(m, frame, thing, found, node))
        else:
            parts.append(Value(frozenset({found.id})))
            if found.kind == "instance":
                parts.append(calls.call_method(m, frame, found, "__get__", [Value(frozenset({thing.id}))], node))
    if thing.kind == "instance":
        if not own.objects and not shared.objects:
            parts.append(calls.call_method(m, frame, thing, "__getattr__", [NOTHING], node))
            parts.append(Value(frozenset(thing.items)))
        if name == "__class__" and isinstance(thing.code, Thing):
            parts.append(Value(frozenset({thing.code.id})))
        if name == "__dict__" or (external_bases(m, thing) and not own.objects and not shared.objects):
            parts.append(Value(frozenset({thing.id})))
    elif name == "__dict__":
        parts.append(Value(frozenset({thing.id})))
    return joined(parts)


def _bound_method(m: Machine, frame: Frame, owner: Thing, method: Thing, node: ast.AST) -> Value:
    """A method taken from its object, to be called later: that may change the object as well as run the method."""
    bound = m.opaque(node, frame, salt=("bound", owner.id, method.id))
    m.heap.hold(bound, {owner.id, method.id})
    return Value(frozenset({bound.id}))


def _field(m: Machine, frame: Frame, thing: Thing, name: str, field: Thing, node: ast.AST) -> Value:
    """A dataclass's field: what was given to the instance, its default, or what its factory makes for it alone."""
    given = Value(frozenset(thing.items) | frozenset(field.items))
    if not isinstance(field.code, Value):
        return given
    makers = m.heap.things(field.code)
    kinds = {f"builtins.{maker.dotted}" for maker in makers if maker.kind == "external"}
    own = m.heap.make((thing.id, name), "opaque", type=kinds.pop() if len(kinds) == 1 else "", born=m.log.index)
    functions = Value(frozenset(maker.id for maker in makers if maker.kind != "external"))
    made = calls.call_value(m, frame, functions, [], node) if functions.objects else NOTHING
    m.heap.hold(thing, {own.id} | made.objects, name)
    return joined([given, Value(frozenset({own.id})), made])


def run_setters(m: Machine, frame: Frame, owner: Thing, name: str, value: Value, node: ast.AST) -> None:
    """Assignment to a property calls its setter (kept beside the getter), to a descriptor its ``__set__``."""
    given = [Value(frozenset({owner.id})), value]
    for found in m.heap.things(class_attribute(m, owner, name)):
        if found.kind == "property":
            calls.call_value(m, frame, Value(frozenset(found.items)), given, node)
        elif found.kind == "instance":
            calls.call_method(m, frame, found, "__set__", given, node)


def apply_state(m: Machine, effect: Effect, node: ast.AST) -> None:
    """The effects on interpreter state, services and programs of one catalogue rule."""
    for kind in effect.reads_state:
        m.read_state(kind, node, effect.rule)
    for kind in effect.writes_state:
        m.write_state(kind, node, effect.rule)
    for kind in effect.seeds:
        m.write_state(kind, node, effect.rule, whole=True)
    for kind in effect.draws:
        m.draw(kind, node, effect.rule)
    for service in effect.services:
        m.log.services.setdefault(service, m.cause(node, effect.rule))
    for module in effect.registers:
        m.log.registered.setdefault(module, m.cause(node, effect.rule))
    if effect.plots:
        _plot(m, effect, node)


def _plot(m: Machine, effect: Effect, node: ast.AST) -> None:
    """Drawing, on the current figure unless the step has made it itself or calls a method of a figure or axes."""
    cause = m.cause(node, effect.rule)
    m.log.plots = m.log.plots or cause
    if effect.makes_figure:
        m.log.made_figure = m.log.made_figure or not m.uncertain
    elif not (m.log.made_figure or (effect.form == "method" and effect.library == "matplotlib")):
        m.log.current_figure = m.log.current_figure or cause


def dynamic_name(m: Machine, frame: Frame, node: ast.Subscript) -> str | None:
    """The variable behind ``globals()["name"]``: as good as the name itself when the key is known."""
    if not _is_namespace_call(m, frame, node.value):
        return None
    key = node.slice
    if isinstance(key, ast.Constant) and isinstance(key.value, str) and key.value.isidentifier():
        return key.value
    m.report(
        "KL209",
        f"`{ast.unparse(node)}`: dynamic use of the namespace, the name is not known before it runs",
        node,
        hint="use the variable itself, or keep such values in a dict of your own",
    )
    return None


def _is_namespace_call(m: Machine, frame: Frame, node: ast.expr) -> bool:
    match node:
        case ast.Call(func=ast.Name(id=name), args=[], keywords=[]) if name in _NAMESPACES:
            return name not in m.names and (name == "globals" or frame.kind == "module")
    return False


def _is_dir(m: Machine, frame: Frame, node: ast.expr) -> bool:
    match node:
        case ast.Call(func=ast.Name(id="dir"), args=[], keywords=[]):
            return "dir" not in m.names and frame.kind == "module"
    return False


def whole_namespace(m: Machine, frame: Frame, node: ast.expr) -> Value | None:
    """``globals()`` where it is only read, such as ``**globals()``: every name is read."""
    return m.read_all(node) if _is_namespace_call(m, frame, node) else None


def name_probe(m: Machine, frame: Frame, node: ast.Compare) -> Value | None:
    """``"x" in globals()``: the step needs to know whether the name is bound."""
    match node:
        case ast.Compare(left=ast.Constant(str(name)), ops=[ast.In() | ast.NotIn()], comparators=[where]):
            if _is_namespace_call(m, frame, where) or _is_dir(m, frame, where):
                m.read(name, node, certain=False)
                return NOTHING
    return None


def names_at(text: str) -> list[str]:
    """The variables that a pandas expression reads: ``@limit``."""
    return re.findall(r"@([A-Za-z_]\w*)", text)
