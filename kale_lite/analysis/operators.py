"""Operators and comparisons, evaluated abstractly: those of notebook classes are called."""

from __future__ import annotations

import ast

from kale_lite.analysis import expressions, knowledge, namespace
from kale_lite.analysis.heap import NOTHING, UNKNOWN_TEXT, Thing, Value
from kale_lite.analysis.machine import Frame, Machine

__all__ = ["arithmetic", "binary", "comparison", "unary"]


def binary(m: Machine, frame: Frame, node: ast.BinOp) -> Value:
    left, right = expressions.evaluate(m, frame, node.left), expressions.evaluate(m, frame, node.right)
    return arithmetic(m, frame, node, left, right, node.op)


def arithmetic(m: Machine, frame: Frame, node: ast.AST, left: Value, right: Value, op: ast.operator) -> Value:
    """The value of a binary operator; operators of notebook classes are called."""
    if not left.objects and not right.objects:
        return _scalar_arithmetic(left, right, op)
    methods = namespace.binary_methods(op)
    if isinstance(op, ast.Mod) and left.text is not None:
        expressions.implicit_call(m, frame, Value(m.deep(right)), ("__str__", "__repr__"), node)
    own = [
        expressions.implicit_call(m, frame, left, methods, node, [right]),
        expressions.implicit_call(m, frame, right, methods, node, [left]),
    ]
    kinds = {t.type for t in m.heap.things(Value(left.objects | right.objects)) if t.kind != "instance"}
    result = m.opaque(node, frame, kinds.pop() if len(kinds) == 1 else "", salt="result")
    for operand in (left, right):
        for thing in m.heap.things(operand):
            computed = thing.type in expressions.COMPUTED
            for part in _cells_of(m, thing) if computed else [thing]:
                m.heap.hold(result, m.heap.parts(part) - {result.id})
    return Value(frozenset({result.id}).union(*(v.objects for v in own)))


def _cells_of(m: Machine, table: Thing) -> list[Thing]:
    """The lists and the like in the cells of an array or frame: a sum of these holds what they hold."""
    cells = [m.heap[i] for i in knowledge.objects_in(m, Value(frozenset({table.id})))]
    return [cell for cell in cells if cell.type in expressions.CONTAINERS or cell.kind == "instance"]


def _scalar_arithmetic(left: Value, right: Value, op: ast.operator) -> Value:
    path = "pathlib.Path" in (left.type, right.type)
    if isinstance(op, ast.Add) and (left.text is not None or right.text is not None):
        parts = [UNKNOWN_TEXT if v.text is None else v.text for v in (left, right)]
        return Value(text="".join(parts), type="builtins.str")
    if isinstance(op, ast.Div) and path:
        parts = [UNKNOWN_TEXT if v.text is None else v.text for v in (left, right)]
        return Value(text="/".join(parts), type="pathlib.Path")
    if isinstance(op, ast.Mod) and left.text is not None:
        return Value(text=UNKNOWN_TEXT, type="builtins.str")
    return NOTHING


def unary(m: Machine, frame: Frame, node: ast.UnaryOp) -> Value:
    value = expressions.evaluate(m, frame, node.operand)
    if isinstance(node.op, ast.Not) or not value.objects:
        expressions.implicit_call(m, frame, value, ("__bool__", "__len__"), node)
        return NOTHING
    own = expressions.implicit_call(m, frame, value, ("__neg__", "__pos__", "__invert__"), node)
    kinds = {t.type for t in m.heap.things(value)}
    result = m.opaque(node, frame, kinds.pop() if len(kinds) == 1 else "")
    return Value(own.objects | {result.id})


def comparison(m: Machine, frame: Frame, node: ast.Compare) -> Value:
    wanted = namespace.name_probe(m, frame, node)
    if wanted is not None:
        return wanted
    sides = [node.left, *node.comparators]
    values = [expressions.evaluate(m, frame, side) for side in sides]
    for op, left, right in zip(node.ops, zip(sides, values, strict=True), zip(sides[1:], values[1:], strict=True)):  # noqa: B905
        if isinstance(op, ast.Is | ast.IsNot) and not any(isinstance(s, ast.Constant) for s, _ in (left, right)):
            m.identify(left[1].objects | right[1].objects)
        if isinstance(op, ast.In | ast.NotIn | ast.Eq | ast.NotEq):
            m.identify(_equal_if_the_same(m, op, left[1], right[1]))
        expressions.implicit_call(m, frame, left[1], namespace.comparison_methods(op), node, [right[1]])
        expressions.implicit_call(m, frame, right[1], namespace.comparison_methods(op), node, [left[1]])
        if isinstance(op, ast.In | ast.NotIn):
            # Iterators are searched by drawing from them.
            opaque = frozenset(t.id for t in m.heap.things(right[1]) if t.kind == "opaque")
            expressions.elements(m, frame, Value(opaque), node)
    arrays = [
        t for v in values for t in m.heap.things(v) if t.kind == "opaque" and t.type not in expressions.CONTAINERS
    ]
    plain = isinstance(node.ops[0], ast.Is | ast.IsNot | ast.In | ast.NotIn)
    if plain or not arrays:
        return NOTHING
    return Value(frozenset({m.opaque(node, frame, "comparison").id}))


def _equal_if_the_same(m: Machine, op: ast.cmpop, left: Value, right: Value) -> set[int]:
    """The instances among what is compared whose classes do not say when they are equal: by identity."""
    things = [*m.heap.things(left), *m.heap.things(right)]
    if isinstance(op, ast.In | ast.NotIn):
        things += [m.heap[i] for thing in m.heap.things(right) for i in m.heap.contents(thing)]
    return {t.id for t in things if t.kind == "instance" and not namespace.class_attribute(m, t, "__eq__").objects}
