"""Functions and classes of the notebook, called: their code is run in place with the values given."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import TYPE_CHECKING

from kale_lite.analysis import calls, expressions, namespace, statements
from kale_lite.analysis.heap import CLASS, NOTHING, Thing, Value, joined
from kale_lite.analysis.machine import Frame, Given, Machine, Pending
from kale_lite.analysis.variables import mangled

if TYPE_CHECKING:
    from kale_lite.analysis.calls import Arguments
    from kale_lite.analysis.definitions import Definition

__all__ = ["call_function", "instantiate", "is_implicit_of_instances", "library_calls", "methods_of"]

_DEEPEST = 10
_BUDGET = 300
"""Calls run in place for one statement of a cell; beyond it, and beyond the depth, a function is run once for all of
its calls, with anything that any of them gives."""

_IMPLICIT = frozenset({"__init__", "__new__", "__init_subclass__", "__set_name__", "__class_getitem__", "__del__"})


def call_function(m: Machine, frame: Frame, thing: Thing, arguments: Arguments, node: ast.AST) -> Value:
    """Run a function's body with these arguments."""
    m.budget += 1
    if thing in m.calling:
        return _recursive(m, frame, thing, arguments, node)
    if len(m.calling) >= _DEEPEST or m.budget > _BUDGET:
        return library_calls(m, frame, {thing.id: Given(None, joined([NOTHING, *arguments.all]))}, node)
    return _run(m, frame, thing, arguments, node)


def _run(
    m: Machine, frame: Frame, thing: Thing, arguments: Arguments, node: ast.AST, context: tuple[int, ...] | None = None
) -> Value:
    definition: Definition = thing.code
    outermost = m.site is None
    if outermost:
        m.site = m.place(node)
    m.calling.append(thing)
    context = (*frame.context, id(node)) if context is None else context
    inner = Frame("function", m.scopes.get(definition.node), None, context, dict(definition.cells),
                  class_name=definition.class_name, owner=definition.owner)  # fmt: skip
    _bind_parameters(m, inner, definition, thing, arguments)
    result = _run_body(m, inner, definition)
    m.calling.pop()
    if outermost:
        m.site = None
    return result


def _run_body(m: Machine, frame: Frame, definition: Definition) -> Value:
    node = definition.node
    if isinstance(node, ast.Lambda):
        return expressions.evaluate(m, frame, node.body)
    uncertain = m.uncertain
    statements.run_block(m, frame, node.body)
    m.uncertain = uncertain
    if frame.yielded or isinstance(node, ast.AsyncFunctionDef):
        m.dead = False  # the call gives a generator or coroutine, though the body may never end
    falls_through = not m.dead
    m.join(frame, [m.fork(frame), *frame.exits])
    if frame.yielded:
        generator = m.opaque(node, frame, "builtins.generator")
        m.heap.hold(generator, joined(frame.yielded).objects)
        return Value(frozenset({generator.id}))
    return joined([*frame.returned, *([NOTHING] if falls_through else [])] or [NOTHING])


def _bind_parameters(m: Machine, frame: Frame, definition: Definition, thing: Thing, arguments: Arguments) -> None:
    spec = definition.node.args
    names = [a.arg for a in [*spec.posonlyargs, *spec.args]]
    starred = joined(arguments.starred) if arguments.starred else None
    bound: dict[str, Value] = dict(zip(names, arguments.positional, strict=False))
    keywords = dict(arguments.keywords)
    for name in [*names, *(a.arg for a in spec.kwonlyargs)]:
        if name in keywords:
            bound[name] = keywords.pop(name)
        elif name not in bound:
            default = Value(frozenset(m.heap.held(thing))) if thing.attrs else NOTHING
            bound[name] = default if starred is None else joined([default, starred])
    if spec.vararg:
        extra = [*arguments.positional[len(names) :], *([starred] if starred else [])]
        bound[spec.vararg.arg] = _rest(m, frame, spec.vararg, "builtins.tuple", extra)
    if spec.kwarg:
        extra = [*keywords.values(), *([starred] if starred else [])]
        bound[spec.kwarg.arg] = _rest(m, frame, spec.kwarg, "builtins.dict", extra)
    for name, value in bound.items():
        _bind_local(m, frame, name, value)
    if definition.owner is not None and names:
        frame.receiver = bound[names[0]]


def _bind_local(m: Machine, frame: Frame, name: str, value: Value) -> None:
    frame.local[mangled(name, frame)] = value


def _rest(m: Machine, frame: Frame, node: ast.AST, kind: str, values: list[Value]) -> Value:
    thing = m.opaque(node, frame, kind, mutable=kind != "builtins.tuple")
    for value in values:
        m.heap.hold(thing, value.objects)
    return Value(frozenset({thing.id}))


def _recursive(m: Machine, frame: Frame, thing: Thing, arguments: Arguments, node: ast.AST) -> Value:
    """A call of a function that is running: what it does to names is seen there; it may change all it is given."""
    given = joined([*arguments.all, Value(frozenset(m.heap.held(thing)))])
    m.mutate(m.deep(given), node)
    result = m.opaque(node, frame, salt="summary")
    m.heap.hold(result, given.objects)
    return Value(frozenset({result.id}) | given.objects | m.heap.parts_of_parts(given.objects))


def library_calls(m: Machine, frame: Frame, wanted: Mapping[int, Given], node: ast.AST) -> Value:
    """Calls of these functions that library code may make, in any order and any number of times.

    Functions that such a call leads to, by way of a library again, are not run inside of it, which would be done for
    each order of calls: they are added to the ones that the outermost call runs, until nothing new is learned.
    """
    if m.pending is not None:
        for ident, given in wanted.items():
            m.pending.add(ident, given)
        return m.pending.result(wanted)
    key = (frozenset(wanted.items()), m.log.index)
    done = m.invoked.get(key)
    if done is not None and done[:2] == (m.heap.changes, m.names):
        return done[2]
    # One context for all that libraries call in a step: what such calls make is not told apart.
    context = (-1 - m.log.index,)
    m.pending = pending = Pending()
    for ident, given in wanted.items():
        pending.add(ident, given)
    m.uncertain += 1
    m.catching += 1
    known: object = None
    while known != (learned := (m.heap.changes, m.names.fork(), pending.learned())):
        known = learned
        for ident, given in list(pending.calls.items()):
            before = m.fork(frame)
            receivers = () if given.receiver is None else (given.receiver,)
            arguments = calls.Arguments(receivers, starred=(given.argument,))
            thing = m.heap[ident]
            if thing in m.calling:
                pending.results[ident] = _recursive(m, frame, thing, arguments, node)
            else:
                pending.results[ident] = _run(m, frame, thing, arguments, node, context)
            m.join(frame, [before, m.fork(frame)])
    m.catching -= 1
    m.uncertain -= 1
    m.pending = None
    result = pending.result(wanted)
    m.invoked[key] = (m.heap.changes, m.names.fork(), result)
    return result


def is_implicit_of_instances(m: Machine, thing: Thing, value: Value) -> bool:
    """Whether a function such as ``__init__`` is got at only through the class of an instance: nothing new is made."""
    definition: Definition = thing.code
    if definition.owner is None or getattr(definition.node, "name", "") not in _IMPLICIT:
        return False
    return thing.id not in value.objects | m.heap.parts_of_parts(value.objects)


def methods_of(m: Machine, thing: Thing) -> list[Thing]:
    """The functions that the classes of an instance define, other than those that make it."""
    found: list[Thing] = []
    for one in namespace.classes_of(m, thing):
        for name, held in one.attrs.items():
            if name in _IMPLICIT or name.startswith("<"):
                continue
            things = [m.heap[i] for i in sorted(held)]
            found += [t for t in things if t.kind == "function"]
            found += [m.heap[i] for t in things if t.kind == "property" for i in sorted(t.items)]
    return [t for t in found if t.kind == "function"]


def instantiate(m: Machine, frame: Frame, thing: Thing, arguments: Arguments, node: ast.AST) -> Value:
    """A new instance of a class of the notebook, its initialisers run."""
    outside = namespace.external_bases(m, thing)
    kind = _known_base(m, outside)
    instance = m.heap.make((node, frame.context, thing.id), "instance", code=thing, type=kind, born=m.log.index)
    m.heap.hold(instance, {thing.id}, CLASS)
    me = Value(frozenset({instance.id}))
    made = False
    for maker in m.heap.things(namespace.class_attribute(m, thing, "__new__")):
        full = calls.Arguments(
            (Value(frozenset({thing.id})), *arguments.positional), arguments.keywords, arguments.starred
        )
        if maker.kind == "function":
            # What it gives may be another object than a new one: an instance that its class keeps.
            me = joined([me, call_function(m, frame, maker, full, node)])
    for name in ("__init__", "__post_init__"):
        for method in m.heap.things(namespace.class_attribute(m, thing, name)):
            given = arguments if name == "__init__" else calls.Arguments()
            full = calls.Arguments((me, *given.positional), given.keywords, given.starred)
            if method.kind == "function":
                call_function(m, frame, method, full, node)
                made = made or name == "__init__"
    if outside or not made:
        m.heap.hold(instance, joined(arguments.all or (NOTHING,)).objects)
    _enumerate_fields(m, instance, arguments, made)
    return me


def _enumerate_fields(m: Machine, instance: Thing, arguments: Arguments, made: bool) -> None:
    """A dataclass's keyword arguments are its attributes."""
    if not made:
        for name, value in arguments.keywords:
            m.heap.hold(instance, value.objects, name)


def _known_base(m: Machine, outside: list[Thing]) -> str:
    for base in outside:
        family = {base.dotted, *m.bases(base.dotted)}
        if base.dotted.startswith("sklearn."):
            return "sklearn.BaseEstimator"
        if len(family) > 1:
            return base.dotted
    return ""
