"""Targets: names, attributes, items and unpacking; binding, changing in place, deleting."""

from __future__ import annotations

import ast

from kale_lite.analysis import calls, expressions, namespace, operators
from kale_lite.analysis.canonical import store_text
from kale_lite.analysis.effect import Effect
from kale_lite.analysis.heap import NOTHING, Thing, Value, joined
from kale_lite.analysis.machine import Frame, Machine
from kale_lite.analysis.variables import store, unset

__all__ = ["assign", "augment", "delete", "store", "unset"]

_FRAMES = frozenset({"pandas.DataFrame", "pandas.Series"})
_COLUMNS = frozenset({"pandas.Series", "pandas.DataFrame", "numpy.ndarray", "builtins.list"})


def assign(m: Machine, frame: Frame, target: ast.expr, value: Value, source: ast.expr | None) -> None:
    """Give a target a value. ``source`` is the expression it comes from, for displays on both sides."""
    match target:
        case ast.Name(id=name):
            store(m, frame, name, value, target)
        case ast.Attribute():
            _store_attribute(m, frame, target, value)
        case ast.Subscript():
            _store_item(m, frame, target, value)
        case ast.Starred(value=inner):
            rest = m.opaque(target, frame, "builtins.list")
            m.heap.hold(rest, value.objects)
            assign(m, frame, inner, Value(frozenset({rest.id})), None)
        case ast.Tuple(elts=elts) | ast.List(elts=elts):
            _unpack(m, frame, elts, value, source)


def _unpack(m: Machine, frame: Frame, targets: list[ast.expr], value: Value, source: ast.expr | None) -> None:
    if isinstance(source, ast.Tuple | ast.List) and len(source.elts) == len(targets):
        starred = any(isinstance(e, ast.Starred) for e in [*source.elts, *targets])
        if not starred:
            # `a, b = b, a`: all values are taken before any target is bound.
            values = [_display_part(m, frame, e) for e in source.elts]
            for target, part, inner in zip(targets, values, source.elts, strict=True):
                assign(m, frame, target, part, inner)
            return
    parts = _tuple_parts(m, value, len(targets)) if not any(isinstance(t, ast.Starred) for t in targets) else None
    each = expressions.elements(m, frame, value, targets[0]) if targets and parts is None else NOTHING
    for i, target in enumerate(targets):
        assign(m, frame, target, parts[i] if parts else each, None)


def _display_part(m: Machine, frame: Frame, node: ast.expr) -> Value:
    """An element of a display that was evaluated already: its value without a second log entry."""
    return m.evaluated.get((node, frame.context), NOTHING)


def _tuple_parts(m: Machine, value: Value, count: int) -> list[Value] | None:
    """The elements of a value that is only known tuples of this length."""
    found = []
    for thing in m.heap.things(value):
        parts = [thing.attrs.get(f"[{i}]") for i in range(count)]
        if thing.type != "builtins.tuple" or f"[{count}]" in thing.attrs or any(p is None for p in parts):
            return None
        found.append([Value(frozenset(p or ())) for p in parts])
    return [joined(column) for column in zip(*found, strict=True)] if found else None


def _store_attribute(m: Machine, frame: Frame, target: ast.Attribute, value: Value) -> None:
    receiver = expressions.evaluate(m, frame, target.value)
    things = list(m.heap.things(receiver))
    # Where parts of an instance are not told apart, its class's base is among them: `self.x = 1` does not patch it.
    bases = {base.id for thing in things if thing.kind == "instance" for base in namespace.external_bases(m, thing)}
    for thing in things:
        if thing.kind == "external":
            if thing.id not in bases:
                _store_external(m, frame, thing, f"{thing.dotted}.{target.attr}", target, value)
            continue
        namespace.run_setters(m, frame, thing, target.attr, value, target)
        named = target.attr if thing.kind in ("instance", "class", "function") else None
        m.mutate([thing.id], target)
        m.heap.hold(thing, _cells(m, value) if thing.type in _FRAMES else value.objects, named)
    expressions.implicit_call(m, frame, receiver, ("__setattr__",), target, [value])


def _store_item(m: Machine, frame: Frame, target: ast.Subscript, value: Value) -> None:
    name = namespace.dynamic_name(m, frame, target)
    if name is not None:
        store(m, frame, name, value, target)
        return
    receiver = expressions.evaluate(m, frame, target.value)
    index = expressions.evaluate(m, frame, target.slice)
    expressions.implicit_call(m, frame, index, expressions.HASHING, target)
    _write_through(m, receiver, target)
    for thing in m.heap.things(receiver):
        if thing.kind == "external":
            _store_external(m, frame, thing, thing.dotted, target, value)
            continue
        m.mutate([thing.id], target)
        _put(m, thing, Value(_cells(m, value)) if thing.type in _FRAMES else value)
        m.heap.hold(thing, index.objects)
    expressions.implicit_call(m, frame, receiver, ("__setitem__",), target, [index, value])


def _put(m: Machine, owner: Thing, value: Value) -> None:
    """What is put into a view (`df.loc[0] = x`) gets into what it is a view of."""
    m.heap.hold(owner, value.objects)
    seen = {owner.id}
    while owner.view_of is not None and owner.view_of not in seen:
        owner = m.heap[owner.view_of]
        seen.add(owner.id)
        m.heap.hold(owner, value.objects | _cells(m, value) if owner.type in _COLUMNS else value.objects)


def _cells(m: Machine, value: Value) -> frozenset[int]:
    """What a frame keeps of a column: it copies that, and keeps the objects in its cells."""
    kept: set[int] = set()
    for thing in m.heap.things(value):
        kept |= m.heap.contents(thing) if thing.type in _COLUMNS else {thing.id}
    return frozenset(kept)


def _write_through(m: Machine, receiver: Value, target: ast.AST) -> None:
    """A store into an object of unknown type may be passed on to what it holds."""
    unknown = frozenset(t.id for t in m.heap.things(receiver) if t.kind == "opaque" and not t.type)
    m.mutate(m.deep(Value(unknown)), target)


def _store_external(
    m: Machine, frame: Frame, thing: Thing, dotted: str, target: ast.Attribute | ast.Subscript, value: Value
) -> None:
    deleting = isinstance(target.ctx, ast.Del)
    text = store_text(dotted, target, delete=deleting)
    effects: tuple[Effect, ...] = m.lookup(text)
    for effect in effects:
        namespace.apply_state(m, effect, target)
    if not effects:
        m.log.patched.setdefault(thing.dotted, m.cause(target))


def augment(m: Machine, frame: Frame, node: ast.AugAssign) -> None:
    """``x += y`` changes what is mutable in place, and binds the name either way."""
    loaded = m.made.setdefault((node, "load"), _as_load(node.target))
    before = expressions.evaluate(m, frame, loaded)
    operand = expressions.evaluate(m, frame, node.value)
    expressions.implicit_call(m, frame, before, namespace.inplace_methods(node.op), node, [operand])
    result = operators.arithmetic(m, frame, node, before, operand, node.op)
    changed = [t for t in m.heap.things(before) if t.mutable and t.kind != "external"]
    m.mutate([t.id for t in changed], node)
    for thing in changed:
        m.heap.hold(thing, expressions.elements(m, frame, operand, node.value).objects)
    both = Value(result.objects | before.objects, result.text, result.type) if changed else result
    assign(m, frame, node.target, both, None)


def _as_load(target: ast.expr) -> ast.expr:
    match target:
        case ast.Name(id=name):
            return ast.copy_location(ast.Name(name, ast.Load()), target)
        case ast.Attribute(value=value, attr=attr):
            return ast.copy_location(ast.Attribute(value, attr, ast.Load()), target)
        case ast.Subscript(value=value, slice=index):
            return ast.copy_location(ast.Subscript(value, index, ast.Load()), target)
    return target


def delete(m: Machine, frame: Frame, target: ast.expr) -> None:
    match target:
        case ast.Name(id=name):
            unset(m, frame, name, target)
        case ast.Tuple(elts=elts) | ast.List(elts=elts):
            for element in elts:
                delete(m, frame, element)
        case ast.Attribute(value=inner):
            _delete_part(m, frame, target, inner)
        case ast.Subscript(value=inner, slice=index):
            dynamic = namespace.dynamic_name(m, frame, target)
            if dynamic is not None:
                unset(m, frame, dynamic, target)
                return
            expressions.evaluate(m, frame, index)
            _delete_part(m, frame, target, inner)


def _delete_part(m: Machine, frame: Frame, target: ast.Attribute | ast.Subscript, inner: ast.expr) -> None:
    receiver = expressions.evaluate(m, frame, inner)
    for thing in m.heap.things(receiver):
        if thing.kind == "external":
            dotted = f"{thing.dotted}.{target.attr}" if isinstance(target, ast.Attribute) else thing.dotted
            _store_external(m, frame, thing, dotted, target, NOTHING)
        elif isinstance(target, ast.Attribute):
            for found in m.heap.things(namespace.class_attribute(m, thing, target.attr)):
                if found.kind == "instance":
                    calls.call_method(m, frame, found, "__delete__", [Value(frozenset({thing.id}))], target)
    m.mutate(receiver.objects, target)
    expressions.implicit_call(m, frame, receiver, ("__delitem__", "__delattr__"), target)
