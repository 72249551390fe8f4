"""Expressions, evaluated abstractly: which things a value may be, and what evaluating it does."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from kale_lite.analysis import calls, definitions, knowledge, namespace, operators
from kale_lite.analysis.heap import DICT_VIEWS, NOTHING, SOURCES, UNKNOWN_TEXT, Thing, Value, joined
from kale_lite.analysis.machine import Frame, Machine
from kale_lite.analysis.variables import load, store

__all__ = ["COMPUTED", "CONTAINERS", "HASHING", "MOST_THINGS", "elements", "evaluate", "implicit_call", "show", "truth"]

CONTAINERS = frozenset({
    "builtins.list", "builtins.tuple", "builtins.dict", "builtins.set", "builtins.frozenset",
    "collections.deque", "collections.OrderedDict", "collections.Counter", "collections.defaultdict", *DICT_VIEWS,
})  # fmt: skip
"""Types whose items are other objects, never views of the container itself."""

COMPUTED = frozenset({"pandas.DataFrame", "pandas.Series", "numpy.ndarray"})
"""Types whose operators compute each element anew; those of lists take over the elements."""

_REPRESENTATIONS = (
    "_ipython_display_", "_repr_mimebundle_", "__repr__", "__str__", "_repr_html_", "_repr_markdown_", "_repr_svg_",
    "_repr_png_", "_repr_jpeg_", "_repr_latex_", "_repr_json_", "_repr_pretty_",
)  # fmt: skip
HASHING = ("__hash__", "__eq__")
"""What a dict or a set calls of its keys."""
_MOST_DEPTH = 2
MOST_THINGS = 12
"""Code that reaches itself would make parts of parts, and parts of many things, without end. Beyond these numbers a
part is taken for the whole: coarser, never wrong."""

ADVANCING = frozenset(
    {
        "builtins.iterator",
        "builtins.generator",
        "io.file",
        "builtins.zip",
        "builtins.enumerate",
        "builtins.map",
        "builtins.filter",
    }
)


def evaluate(m: Machine, frame: Frame, node: ast.expr) -> Value:
    """The value of an expression; what evaluating it does is logged."""
    return _EXPRESSIONS[type(node)](m, frame, node)


def truth(m: Machine, frame: Frame, node: ast.expr) -> Value:
    """The value of a condition, which is asked whether it is true."""
    value = evaluate(m, frame, node)
    implicit_call(m, frame, value, ("__bool__", "__len__"), node)
    return value


def _constant(m: Machine, frame: Frame, node: ast.Constant) -> Value:
    kind = f"builtins.{type(node.value).__name__}"
    return Value(text=node.value, type=kind) if isinstance(node.value, str) else Value(type=kind)


def _name(m: Machine, frame: Frame, node: ast.Name) -> Value:
    return load(m, frame, node.id, node)


def _display(type_name: str) -> Callable[[Machine, Frame, Any], Value]:
    def build(m: Machine, frame: Frame, node: ast.List | ast.Tuple | ast.Set) -> Value:
        thing = m.opaque(node, frame, type_name, mutable=type_name != "builtins.tuple")
        for i, element in enumerate(node.elts):
            value = evaluate(m, frame, element)
            m.evaluated[(element, frame.context)] = value
            attr = f"[{i}]" if type_name == "builtins.tuple" and _no_stars(node.elts) else None
            m.heap.hold(thing, value.objects, attr)
            if type_name == "builtins.set":
                implicit_call(m, frame, value, HASHING, element)
        return Value(frozenset({thing.id}))

    return build


def _no_stars(elts: Iterable[ast.expr]) -> bool:
    return not any(isinstance(e, ast.Starred) for e in elts)


def _dict(m: Machine, frame: Frame, node: ast.Dict) -> Value:
    thing = m.opaque(node, frame, "builtins.dict")
    for key, value in zip(node.keys, node.values, strict=True):
        if key is not None:
            chosen = evaluate(m, frame, key)
            implicit_call(m, frame, chosen, HASHING, key)
            m.heap.hold(thing, chosen.objects)
            m.heap.hold(thing, evaluate(m, frame, value).objects)
        else:
            name = namespace.whole_namespace(m, frame, value)
            found = name if name is not None else evaluate(m, frame, value)
            m.heap.hold(thing, elements(m, frame, found, value).objects)
    return Value(frozenset({thing.id}))


def _starred(m: Machine, frame: Frame, node: ast.Starred) -> Value:
    return elements(m, frame, evaluate(m, frame, node.value), node)


def _joined_text(m: Machine, frame: Frame, node: ast.JoinedStr) -> Value:
    parts = [evaluate(m, frame, part) for part in node.values]
    return Value(text="".join(UNKNOWN_TEXT if p.text is None else p.text for p in parts), type="builtins.str")


def _formatted(m: Machine, frame: Frame, node: ast.FormattedValue) -> Value:
    value = evaluate(m, frame, node.value)
    if node.format_spec is not None:
        evaluate(m, frame, node.format_spec)
    implicit_call(m, frame, value, ("__str__", "__repr__", "__format__"), node)
    return Value(text=value.text if node.format_spec is None else None)


def _attribute(m: Machine, frame: Frame, node: ast.Attribute) -> Value:
    receiver = evaluate(m, frame, node.value)
    if not receiver.objects:
        return Value(type=receiver.type if node.attr in ("parent",) else "")
    coarse = _is_coarse(receiver)
    return joined([_attribute_of(m, frame, thing, node, coarse) for thing in m.heap.things(receiver)])


def _is_coarse(receiver: Value) -> bool:
    """So many things: a part of each would tell nothing that the things do not."""
    return len(receiver.objects) > MOST_THINGS


def _attribute_of(m: Machine, frame: Frame, thing: Thing, node: ast.Attribute, coarse: bool) -> Value:
    if thing.kind == "external":
        dotted = f"{thing.dotted}.{node.attr}"
        for effect in m.lookup(dotted):
            namespace.apply_state(m, effect, node)
        return m.external(dotted)
    if thing.kind in ("instance", "class", "function"):
        return namespace.attribute(m, frame, thing, node.attr, node)
    return _attribute_of_opaque(m, frame, thing, node, coarse)


def _attribute_of_opaque(m: Machine, frame: Frame, thing: Thing, node: ast.Attribute, coarse: bool) -> Value:
    """A part of a library's object: known to be a scalar or an object of its own; else a view to change it by."""
    known = knowledge.applicable(m, Value(frozenset({thing.id})), m.lookup(f"_.{node.attr}"))
    if known and all(e.returns == "scalar" for e in known):
        return NOTHING
    if known and all(e.returns == "part" for e in known):
        part = m.heap.make((thing.id, node.attr), "opaque", born=m.log.index)
        m.heap.hold(thing, {part.id}, node.attr)
        return Value(frozenset({part.id}))
    if known and all(e.returns == "fresh" and e.type for e in known):
        made = m.opaque(node, frame, known[0].type, salt=("made", thing.id))
        m.heap.hold(made, {thing.id})
        return Value(frozenset({made.id}))
    if coarse or thing.depth >= _MOST_DEPTH:
        return Value(frozenset({thing.id}) | thing.items | thing.attrs.get(node.attr, set()))
    view = m.opaque(node, frame, salt=("view", thing.id), mutable=thing.mutable)
    view.view_of, view.code, view.depth = thing.id, node.attr, thing.depth + 1
    m.heap.hold(view, {thing.id} | thing.items | thing.attrs.get(node.attr, set()))
    return Value(frozenset({view.id}))


def _subscript(m: Machine, frame: Frame, node: ast.Subscript) -> Value:
    name = namespace.dynamic_name(m, frame, node)
    if name is not None:
        return load(m, frame, name, node)
    receiver = evaluate(m, frame, node.value)
    index = evaluate(m, frame, node.slice)
    implicit_call(m, frame, index, HASHING, node)
    got = implicit_call(m, frame, receiver, ("__getitem__", "__missing__", "__class_getitem__"), node, [index])
    coarse = _is_coarse(receiver)
    parts = [_item_of(m, frame, thing, node, index, coarse) for thing in m.heap.things(receiver)]
    return joined([*parts, got]) if parts else NOTHING


def _item_of(m: Machine, frame: Frame, thing: Thing, node: ast.Subscript, index: Value, coarse: bool) -> Value:
    if thing.kind in ("instance", "class", "function"):
        # `Box[int]` is as good as the generic class itself.
        return {"instance": Value(frozenset(thing.items)), "class": Value(frozenset({thing.id}))}.get(
            thing.kind, NOTHING
        )
    if thing.kind == "external":
        for effect in m.lookup(thing.dotted):
            namespace.apply_state(m, effect, node)
        return Value(frozenset({m.opaque(node, frame).id}))
    if thing.type == "collections.defaultdict":
        m.mutate([thing.id], node)
        calls.call_functions_in(m, frame, Value(frozenset({thing.id})), [], node)
    if thing.type in CONTAINERS:
        return _container_item(m, frame, thing, node, coarse)
    if _copies(m, thing, node.slice, index):
        copy = m.opaque(node, frame, thing.type)
        knowledge.hold_objects(m, copy, Value(frozenset({thing.id})))
        return Value(frozenset({copy.id}))
    return Value(frozenset({thing.id}) | m.heap.held(thing))


def _container_item(m: Machine, frame: Frame, thing: Thing, node: ast.Subscript, coarse: bool) -> Value:
    if isinstance(node.slice, ast.Slice):
        if coarse or thing.depth >= _MOST_DEPTH:
            return Value(frozenset({thing.id}))
        part = m.opaque(node, frame, thing.type, salt=thing.id, mutable=thing.mutable)
        part.depth = thing.depth + 1
        m.heap.hold(part, m.heap.held(thing))
        return Value(frozenset({part.id}))
    if isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, int):
        known = thing.attrs.get(f"[{node.slice.value}]")
        if known is not None and not thing.items:
            return Value(frozenset(known))
    return Value(frozenset(m.heap.held(thing)))


def _copies(m: Machine, thing: Thing, index: ast.expr, value: Value) -> bool:
    """Frames and arrays copy for lists and masks; other subscripts may be views."""
    if thing.type not in ("pandas.DataFrame", "pandas.Series", "numpy.ndarray"):
        return False
    if isinstance(index, ast.List | ast.Compare) or (
        isinstance(index, ast.BinOp) and isinstance(index.op, ast.BitAnd | ast.BitOr)
    ):
        return True
    kinds = {t.type for t in m.heap.things(value)}
    return bool(kinds) and kinds <= {"builtins.list", "comparison"}


def _slice(m: Machine, frame: Frame, node: ast.Slice) -> Value:
    for part in (node.lower, node.upper, node.step):
        if part is not None:
            evaluate(m, frame, part)
    return NOTHING


def _call(m: Machine, frame: Frame, node: ast.Call) -> Value:
    return calls.call(m, frame, node)


def _boolean(m: Machine, frame: Frame, node: ast.BoolOp) -> Value:
    values = [truth(m, frame, node.values[0])]
    for operand in node.values[1:]:
        before = m.fork(frame)
        m.uncertain += 1
        values.append(truth(m, frame, operand))
        m.uncertain -= 1
        m.join(frame, [before, m.fork(frame)])
    return joined(values)


def _choice(m: Machine, frame: Frame, node: ast.IfExp) -> Value:
    truth(m, frame, node.test)
    before = m.fork(frame)
    m.uncertain += 1
    first = evaluate(m, frame, node.body)
    after = m.fork(frame)
    m.restore(frame, before)
    second = evaluate(m, frame, node.orelse)
    m.uncertain -= 1
    m.join(frame, [after, m.fork(frame)])
    return joined([first, second])


def _walrus(m: Machine, frame: Frame, node: ast.NamedExpr) -> Value:
    value = evaluate(m, frame, node.value)
    store(m, frame, node.target.id, value, node.target)
    return value


def _await(m: Machine, frame: Frame, node: ast.Await) -> Value:
    value = evaluate(m, frame, node.value)
    implicit_call(m, frame, value, ("__await__",), node)
    return value


def _yield(m: Machine, frame: Frame, node: ast.Yield | ast.YieldFrom) -> Value:
    value = evaluate(m, frame, node.value) if node.value is not None else NOTHING
    frame.yielded.append(elements(m, frame, value, node) if isinstance(node, ast.YieldFrom) else value)
    return NOTHING


def _comprehension(m: Machine, frame: Frame, node: Any) -> Value:
    first, *rest = node.generators
    iterable = evaluate(m, frame, first.iter)
    inner = Frame("comprehension", m.scopes.get(node), frame, frame.context, class_name=frame.class_name,
                  owner=frame.owner, receiver=frame.receiver)  # fmt: skip
    results = _comprehend(m, inner, node, first, rest, iterable)
    kind = {"ListComp": "builtins.list", "SetComp": "builtins.set", "DictComp": "builtins.dict"}
    thing = m.opaque(node, frame, kind.get(type(node).__name__, "builtins.generator"))
    m.heap.hold(thing, results.objects)
    return Value(frozenset({thing.id}))


def _comprehend(
    m: Machine, frame: Frame, node: Any, first: ast.comprehension, rest: Sequence[ast.comprehension], iterable: Value
) -> Value:
    from kale_lite.analysis.assignment import assign

    before = m.fork(frame)
    m.uncertain += not _certainly_runs(first.iter)
    assign(m, frame, first.target, elements(m, frame, iterable, first.iter), None)
    for condition in first.ifs:
        truth(m, frame, condition)
    for generator in rest:
        assign(m, frame, generator.target, elements(m, frame, evaluate(m, frame, generator.iter), generator.iter), None)
        for condition in generator.ifs:
            truth(m, frame, condition)
    parts = [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]
    values = [evaluate(m, frame, part) for part in parts]
    m.uncertain -= not _certainly_runs(first.iter)
    m.join(frame, [before, m.fork(frame)])
    return joined(values)


def _certainly_runs(iterable: ast.expr) -> bool:
    return isinstance(iterable, ast.List | ast.Tuple) and bool(iterable.elts)


def _lambda(m: Machine, frame: Frame, node: ast.Lambda) -> Value:
    return definitions.make_function(m, frame, node)


def elements(m: Machine, frame: Frame, value: Value, node: ast.AST) -> Value:
    """What iterating over a value gives. Iterators are changed by it."""
    found: set[int] = set()
    own = implicit_call(m, frame, value, ("__iter__", "__next__", "__getitem__"), node)
    for thing in m.heap.things(value):
        if thing.type in ADVANCING:
            m.mutate(_drawn_from(m, thing), node)
        found |= m.heap.contents(thing)
        if thing.kind == "opaque" and thing.type not in CONTAINERS and thing.type not in ADVANCING:
            # Rows of arrays are views; and iterating may advance an object of unknown type.
            found.add(thing.id)
            m.log.cleared.add(thing.id)
    return Value(frozenset(found) | own.objects)


def _drawn_from(m: Machine, thing: Thing) -> set[int]:
    """An iterator and the iterators that it draws from in turn."""
    found, todo = set[int](), [thing]
    while todo:
        one = todo.pop()
        if one.id not in found and one.type in ADVANCING:
            found.add(one.id)
            todo += [m.heap[i] for i in one.attrs.get(SOURCES, ())]
    return found


def implicit_call(
    m: Machine, frame: Frame, receiver: Value, methods: Sequence[str], node: ast.AST, arguments: Sequence[Value] = ()
) -> Value:
    """Call the special methods which notebook classes define; other objects are returned as they are."""
    results = []
    for thing in m.heap.things(receiver):
        if thing.kind == "instance":
            results += [calls.call_method(m, frame, thing, name, arguments, node) for name in methods
                        if namespace.class_attribute(m, thing, name).objects]  # fmt: skip
        elif thing.kind == "opaque" and "__enter__" in methods:
            results.append(Value(frozenset({thing.id}) | m.heap.parts(thing)))
    return joined(results) if results else NOTHING


def show(m: Machine, frame: Frame, value: Value, node: ast.AST) -> None:
    """What is displayed is asked for its representations, and so is all that it holds."""
    implicit_call(m, frame, Value(m.deep(value)), _REPRESENTATIONS, node)


_EXPRESSIONS: dict[type[ast.expr], Callable[[Machine, Frame, Any], Value]] = {
    ast.Constant: _constant,
    ast.Name: _name,
    ast.List: _display("builtins.list"),
    ast.Tuple: _display("builtins.tuple"),
    ast.Set: _display("builtins.set"),
    ast.Dict: _dict,
    ast.Starred: _starred,
    ast.JoinedStr: _joined_text,
    ast.FormattedValue: _formatted,
    ast.Attribute: _attribute,
    ast.Subscript: _subscript,
    ast.Slice: _slice,
    ast.Call: _call,
    ast.BinOp: operators.binary,
    ast.UnaryOp: operators.unary,
    ast.BoolOp: _boolean,
    ast.IfExp: _choice,
    ast.Compare: operators.comparison,
    ast.NamedExpr: _walrus,
    ast.Await: _await,
    ast.Yield: _yield,
    ast.YieldFrom: _yield,
    ast.ListComp: _comprehension,
    ast.SetComp: _comprehension,
    ast.DictComp: _comprehension,
    ast.GeneratorExp: _comprehension,
    ast.Lambda: _lambda,
}
