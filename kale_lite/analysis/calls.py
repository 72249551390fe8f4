"""Calls: of functions and classes of the notebook (run in place), of libraries (by the catalogue), of unknowns."""

from __future__ import annotations

import ast
import builtins
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import cast

from kale_lite.analysis import expressions, invocation, knowledge, namespace, special
from kale_lite.analysis.canonical import BUILTINS, call_text, method_text
from kale_lite.analysis.effect import preferred
from kale_lite.analysis.heap import NOTHING, Thing, Value, joined
from kale_lite.analysis.machine import Frame, Given, Machine

__all__ = ["Arguments", "call", "call_attribute", "call_functions_in", "call_method", "call_value", "unknown_call"]

_EXCEPTIONS = frozenset(
    name for name, value in vars(builtins).items() if isinstance(value, type) and issubclass(value, BaseException)
)

_NEVER_DRAW = sys.stdlib_module_names | {"numpy", "pandas", "matplotlib", "mpl_toolkits", "IPython", "tqdm"} | BUILTINS
"""Where functions that no rule is about leave the global random generators alone."""

_BUILTIN_TYPES = {f"builtins.{kind.__name__}": kind for kind in (list, tuple, dict, set, frozenset, bytearray)}


@dataclass(frozen=True, slots=True)
class Arguments:
    """Evaluated arguments. ``starred`` values may stand at any position or under any keyword."""

    positional: tuple[Value, ...] = ()
    keywords: tuple[tuple[str, Value], ...] = ()
    starred: tuple[Value, ...] = ()

    @property
    def all(self) -> tuple[Value, ...]:
        return (*self.positional, *(v for _, v in self.keywords), *self.starred)

    def at(self, place: str) -> Value | None:
        """The operand at a place of the catalogue (``arg:0``, ``kw:path``); None when it is not given."""
        kind, _, key = place.partition(":")
        if kind == "arg" and key == "*":
            return joined(self.all or (NOTHING,))
        if kind == "arg" and int(key) < len(self.positional):
            return self.positional[int(key)]
        if kind == "kw":
            found = [v for k, v in self.keywords if k == key]
            return found[0] if found else None
        return joined(self.starred) if self.starred else None


def call(m: Machine, frame: Frame, node: ast.Call) -> Value:
    """The value of a call, and what calling does."""
    done = special.special_call(m, frame, node)
    if done is not None:
        return done
    m.log.calls = True
    if isinstance(node.func, ast.Attribute):
        receiver = expressions.evaluate(m, frame, node.func.value)
        arguments = evaluate_arguments(m, frame, node)
        return _method_call(m, frame, node, node.func.attr, receiver, arguments)
    callee = expressions.evaluate(m, frame, node.func)
    arguments = evaluate_arguments(m, frame, node)
    return _value_call(m, frame, node, callee, arguments)


def evaluate_arguments(m: Machine, frame: Frame, node: ast.Call) -> Arguments:
    positional: list[Value] = []
    keywords: list[tuple[str, Value]] = []
    starred: list[Value] = []
    for argument in node.args:
        value = expressions.evaluate(m, frame, argument)
        if isinstance(argument, ast.Starred) or starred:
            starred.append(value)
        else:
            positional.append(value)
    for keyword in node.keywords:
        if keyword.arg is not None:
            keywords.append((keyword.arg, expressions.evaluate(m, frame, keyword.value)))
            continue
        whole = namespace.whole_namespace(m, frame, keyword.value)
        value = whole if whole is not None else expressions.evaluate(m, frame, keyword.value)
        starred.append(expressions.elements(m, frame, value, keyword.value))
    return Arguments(tuple(positional), tuple(keywords), tuple(starred))


def _method_call(m: Machine, frame: Frame, node: ast.Call, name: str, receiver: Value, arguments: Arguments) -> Value:
    if not receiver.objects:
        return _opaque_method(m, frame, node, name, receiver, arguments)
    things = m.heap.things(receiver)
    opaque = frozenset(t.id for t in things if t.kind not in ("external", "instance", "class", "function"))
    known = [thing for thing in things if thing.id not in opaque]
    possible = [partial(_known_method, m, frame, node, one, name, arguments) for one in known]
    if opaque:
        rest = Value(opaque, receiver.text, receiver.type)
        possible.append(partial(_opaque_method, m, frame, node, name, rest, arguments))
    return joined(m.one_of(frame, possible))


def _known_method(m: Machine, frame: Frame, node: ast.Call, thing: Thing, name: str, arguments: Arguments) -> Value:
    if thing.kind == "external":
        return _external_call(m, frame, node, f"{thing.dotted}.{name}", arguments)
    return _notebook_method(m, frame, node, thing, name, arguments)


def _notebook_method(m: Machine, frame: Frame, node: ast.Call, thing: Thing, name: str, arguments: Arguments) -> Value:
    """A method of an instance, class or function of the notebook."""
    own = Value(frozenset(thing.attrs.get(name, ()))) if thing.kind != "class" else NOTHING
    found = namespace.class_attribute(m, thing, name)
    results = [_value_call(m, frame, node, own, arguments)] if own.objects else []
    methods = m.heap.things(found)
    results += m.one_of(frame, [partial(_bound_call, m, frame, node, thing, one, arguments) for one in methods])
    if results:
        return joined(results)
    target = Value(frozenset({thing.id}))
    dynamic = call_method(m, frame, thing, "__getattr__", [NOTHING], node)
    if dynamic.objects:
        return _value_call(m, frame, node, dynamic, arguments)
    if thing.kind == "instance":
        return _opaque_method(m, frame, node, name, target, arguments)
    if name == "__subclasses__":
        m.report(
            "KL209",
            "`__subclasses__()` finds classes dynamically, also those that other steps define",
            node,
            hint="keep a list of the classes of your own",
        )
    if thing.kind == "class":
        # What a class inherits from a library, such as `register` of ABCs, may change the class.
        m.mutate([thing.id], node)
    return unknown_call(m, frame, node, target, arguments)


def _bound_call(m: Machine, frame: Frame, node: ast.AST, owner: Thing, method: Thing, arguments: Arguments) -> Value:
    receiver = Value(frozenset({owner.id}))
    if method.kind == "staticmethod":
        return _value_call(m, frame, node, Value(frozenset(method.items)), arguments)
    if method.kind == "classmethod":
        klass = owner.code if owner.kind == "instance" and isinstance(owner.code, Thing) else owner
        receiver = Value(frozenset({klass.id}))
        return _value_call(m, frame, node, Value(frozenset(method.items)), _prefixed(receiver, arguments))
    if method.kind == "property":
        getter = call_value(m, frame, Value(frozenset(method.items)), [receiver], node)
        return _value_call(m, frame, node, getter, arguments)
    bound = method.kind == "function" and owner.kind == "instance"
    target = Value(frozenset({method.id}))
    return _value_call(m, frame, node, target, _prefixed(receiver, arguments) if bound else arguments)


def _prefixed(receiver: Value, arguments: Arguments) -> Arguments:
    return Arguments((receiver, *arguments.positional), arguments.keywords, arguments.starred)


def _value_call(m: Machine, frame: Frame, node: ast.AST, callee: Value, arguments: Arguments) -> Value:
    """Call a value, whatever it may be."""
    if not callee.objects:
        return unknown_call(m, frame, node, NOTHING, arguments)
    things = m.heap.things(callee)
    results = []
    if len(callee.objects) > expressions.MOST_THINGS:
        others = [t for t in things if not _is_known(m, t)]
        results.append(unknown_call(m, frame, node, Value(frozenset(t.id for t in others)), arguments))
        things = [t for t in things if t not in others]
    results += m.one_of(frame, [partial(_call_one, m, frame, node, one, arguments) for one in things])
    return joined(results)


def _call_one(m: Machine, frame: Frame, node: ast.AST, thing: Thing, arguments: Arguments) -> Value:
    match thing.kind:
        case "function":
            return invocation.call_function(m, frame, thing, arguments, node)
        case "class":
            return invocation.instantiate(m, frame, thing, arguments, node)
        case "instance":
            return _call_instance(m, frame, node, thing, arguments)
        case "external":
            return _external_call(m, frame, node, thing.dotted, arguments)
    return unknown_call(m, frame, node, Value(frozenset({thing.id})), arguments)


def _is_known(m: Machine, thing: Thing) -> bool:
    """Whether it is known what calling a thing runs."""
    return thing.kind in ("function", "class", "external") or (
        thing.kind == "instance" and bool(namespace.class_attribute(m, thing, "__call__").objects)
    )


def _call_instance(m: Machine, frame: Frame, node: ast.AST, thing: Thing, arguments: Arguments) -> Value:
    found = namespace.class_attribute(m, thing, "__call__")
    if found.objects:
        methods = m.heap.things(found)
        return joined(m.one_of(frame, [partial(_bound_call, m, frame, node, thing, f, arguments) for f in methods]))
    return unknown_call(m, frame, node, Value(frozenset({thing.id})), arguments)


def _external_call(m: Machine, frame: Frame, node: ast.AST, dotted: str, arguments: Arguments) -> Value:
    """A call of what a library gives, by its full name."""
    known = special.known_external(m, frame, node, dotted, arguments)
    if known is not None:
        return known
    m.log.roots.add(dotted.split(".")[0])
    if dotted in _EXCEPTIONS:
        error = m.opaque(node, frame, "builtins.Exception", salt=dotted)
        m.heap.hold(error, joined(arguments.all or (NOTHING,)).objects)
        return Value(frozenset({error.id}))
    effects = m.lookup(call_text(dotted, node)) if isinstance(node, ast.Call) else m.lookup(f"{dotted}(_)")
    usable = preferred(e for e in effects if e.form != "method")
    if not usable:
        unbound = _unbound_method(m, frame, node, dotted, arguments)
        if unbound is not None:
            return unbound
        if dotted.split(".")[0] not in _NEVER_DRAW:
            m.may_draw(node)
        return unknown_call(m, frame, node, NOTHING, arguments)
    return knowledge.apply(m, frame, node, usable, NOTHING, arguments)


def _unbound_method(m: Machine, frame: Frame, node: ast.AST, dotted: str, arguments: Arguments) -> Value | None:
    """``list.append(x, 2)``: the first argument is the receiver."""
    owner, _, name = dotted.rpartition(".")
    if owner not in ("list", "dict", "set", "bytearray", "str") or not arguments.positional:
        return None
    receiver, *rest = arguments.positional
    plain = Arguments(tuple(rest), arguments.keywords, arguments.starred)
    given = (node.args[1:], node.keywords) if isinstance(node, ast.Call) else ([], [])
    fake = ast.Call(ast.Name("_"), *given)
    effects = [e for e in m.lookup(method_text(name, fake)) if e.form == "method"]
    if not effects:
        return None
    return knowledge.apply(m, frame, node, effects, receiver, plain)


def _opaque_method(m: Machine, frame: Frame, node: ast.Call, name: str, receiver: Value, arguments: Arguments) -> Value:
    """A method of an object that is not the notebook's own: by the catalogue, else anything may happen."""
    text = special.text_method(receiver, name, arguments)
    if text is not None:
        return text
    receiver = _having(m, receiver, name)
    matching = [e for e in m.lookup(method_text(name, node)) if e.form == "method"]
    usable = knowledge.applicable(m, receiver, matching)
    held = m.heap.things(receiver)
    if not usable:
        if any(thing.kind == "opaque" and not thing.type for thing in held):
            m.may_draw(node)
        result = unknown_call(m, frame, node, receiver, arguments)
        return _with_own_methods(m, frame, node, held, arguments, result)
    result = knowledge.apply(m, frame, node, usable, receiver, arguments)
    return _with_own_methods(m, frame, node, held, arguments, result)


def _having(m: Machine, receiver: Value, name: str) -> Value:
    """The receiver without the builtin containers that have no such method: it cannot be one of those."""
    fitting = [
        thing.id
        for thing in m.heap.things(receiver)
        if thing.type not in _BUILTIN_TYPES or hasattr(_BUILTIN_TYPES[thing.type], name)
    ]
    return Value(frozenset(fitting), receiver.text, receiver.type) if fitting else receiver


def _with_own_methods(
    m: Machine, frame: Frame, node: ast.AST, things: Iterable[Thing], arguments: Arguments, result: Value
) -> Value:
    """An inherited method of a library class may call the methods that the notebook's class defines."""
    parts = [result]
    for thing in things:
        if thing.kind == "instance":
            call_functions_in(m, frame, Value(frozenset({thing.id})), list(arguments.all), node)
            parts.append(Value(frozenset({thing.id})))
    return joined(parts)


def call_value(m: Machine, frame: Frame, callee: Value, arguments: Sequence[Value], node: ast.AST) -> Value:
    """Call a value with positional arguments, from code that is not a call itself."""
    return _value_call(m, frame, node, callee, Arguments(tuple(arguments)))


def call_attribute(m: Machine, frame: Frame, node: ast.Attribute, argument: Value) -> Value:
    """Call what an attribute gives with one argument, as a decorator does: ``@Known.register``."""
    receiver = expressions.evaluate(m, frame, node.value)
    given = ast.copy_location(ast.Name("_", ast.Load()), node)
    call = m.made.setdefault((node, "call"), ast.copy_location(ast.Call(node, [given], []), node))
    return _method_call(m, frame, cast(ast.Call, call), node.attr, receiver, Arguments((argument,)))


def call_method(m: Machine, frame: Frame, thing: Thing, name: str, arguments: Sequence[Value], node: ast.AST) -> Value:
    """Call a method which the classes of an instance define; nothing when they do not."""
    found = namespace.class_attribute(m, thing, name)
    given, methods = Arguments(tuple(arguments)), m.heap.things(found)
    results = m.one_of(frame, [partial(_bound_call, m, frame, node, thing, f, given) for f in methods])
    return joined(results) if results else NOTHING


def call_functions_in(m: Machine, frame: Frame, value: Value, arguments: Sequence[Value], node: ast.AST) -> Value:
    """Library code may call every function of the notebook that it can reach, with anything it has."""
    m.budget += 1
    any_argument = joined(list(arguments) or [NOTHING])
    wanted: dict[int, Given] = {}
    for ident in sorted(m.heap.reach(value.objects)):
        thing = m.heap[ident]
        if thing.kind == "function" and not invocation.is_implicit_of_instances(m, thing, value):
            wanted.setdefault(ident, Given(None, any_argument))
        elif thing.kind == "instance":
            for method in invocation.methods_of(m, thing):
                me = wanted.get(method.id, Given(None, any_argument)).receiver or NOTHING
                wanted[method.id] = Given(joined([me, Value(frozenset({ident}))]), any_argument)
        elif isinstance(thing.code, str) and thing.view_of is not None:
            _maybe_changed_by(m, thing.code, m.heap[thing.view_of], any_argument, node)
    return invocation.library_calls(m, frame, wanted, node) if wanted else NOTHING


def _maybe_changed_by(m: Machine, method: str, owner: Thing, arguments: Value, node: ast.AST) -> None:
    """A method of a library's object was handed over, as in ``map(found.append, words)``."""
    effects = knowledge.applicable(m, Value(frozenset({owner.id})), m.lookup(f"_.{method}(_)"))
    if any("receiver" in effect.mutates for effect in effects):
        m.mutate([owner.id], node)
        contents = (m.heap.contents(thing) for thing in m.heap.things(arguments))
        m.heap.hold(owner, arguments.objects.union(*contents) - {owner.id})


def unknown_call(m: Machine, frame: Frame, node: ast.AST, receiver: Value, arguments: Arguments) -> Value:
    """Nothing is known of the callee: it may change and keep all it is given, and return any of it."""
    m.log.unknown = True
    operands = joined([receiver, *arguments.all])
    called = call_functions_in(m, frame, operands, arguments.all, node)
    changed = m.deep(operands)
    m.mutate(changed, node)
    given = frozenset(i for i in m.heap.canonical(operands.objects) if m.heap[i].kind != "external")
    for ident in given:
        thing = m.heap[ident]
        if thing.mutable and thing.kind in ("opaque", "instance"):
            m.heap.hold(thing, given - {ident})
    result = m.opaque(node, frame, salt="unknown")
    m.heap.hold(result, given)
    plain = [ident for ident in given if m.heap.is_plain(ident)]
    if len(plain) > expressions.MOST_THINGS:
        m.heap.merge([*plain, result.id])
    return Value(m.heap.canonical(given | called.objects | {result.id}))
