"""What the catalogue knows of a call, applied: changes, sharing of the result, files and state."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from kale_lite.analysis import calls, copies, expressions, namespace
from kale_lite.analysis.effect import Effect, preferred
from kale_lite.analysis.heap import CELLS, DICT_VIEWS, NOTHING, SOURCES, UNKNOWN_TEXT, Thing, Value, joined
from kale_lite.analysis.machine import Frame, Machine

if TYPE_CHECKING:
    from kale_lite.analysis.calls import Arguments

__all__ = ["applicable", "apply", "hold_objects", "objects_in"]

_SCALAR = "scalar"
"""Stands for the type of what holds no objects, and so cannot be changed."""
_UNCOMPARED = "trait.uncompared"
"""Types whose objects count calls or fill caches inside, so that comparing them tells nothing."""
_CLONES = "trait.clones"
"""Types whose objects work on clones of what they hold: only generators in it move on."""
_DRAWS_ONLY = "trait.draws_only"
"""Types whose objects are never changed by their use, but for the generators that they hold."""
_GENERATORS = frozenset({"numpy.random.Generator", "random.Random"})
_TABLES = ("numpy.", "pandas.", "comparison")
_TAKEN_APART = (
    "builtins.list",
    "builtins.tuple",
    "builtins.iterator",
    "builtins.generator",
    *_TABLES,
)
_ROWS_OR_COLUMNS = ("builtins.list", "builtins.tuple", "builtins.dict", "builtins.iterator", "builtins.generator")
_SHALLOW = ("builtins.", "collections.", "array.", "pandas.Styler")


def applicable(m: Machine, receiver: Value, effects: Sequence[Effect]) -> list[Effect]:
    """The rules that hold for a receiver: those of its types; all when a type is not known."""
    types = {t.type for t in m.heap.things(receiver)} or {receiver.type or _SCALAR}
    usable: list[Effect] = []
    for kind in types:
        if not kind or kind == "comparison":
            fitting = [e for e in effects if not e.only_known]
        elif kind == _SCALAR:
            fitting = [e for e in effects if not e.only_known or any(r.startswith("builtins.") for r in e.receiver)]
        else:
            family = {kind, *m.bases(kind)}
            fitting = [e for e in effects if not e.receiver or family & set(e.receiver)]
        if not fitting:
            return []
        usable += [e for e in preferred(fitting) if e not in usable]
    return usable


def apply(
    m: Machine, frame: Frame, node: ast.AST, effects: Sequence[Effect], receiver: Value, arguments: Arguments
) -> Value:
    """Do what the rules say; of several that may hold, all effects count and any result is possible."""
    operands = _Operands(receiver, arguments)
    results = [_apply_one(m, frame, node, effect, operands) for effect in effects]
    changed = {place for effect in effects for place in effect.mutates}
    cleared = joined([receiver, *arguments.all]).objects
    kept = {i for place in changed for i in operands.at(place).objects}
    alone = m.deep(Value(cleared - kept))
    m.log.cleared.update(alone)
    m.log.uncompared.update(i for i in alone if _UNCOMPARED in m.bases(m.heap[i].type))
    return joined(results)


class _Operands:
    """The operands of a call, by the catalogue's places."""

    def __init__(self, receiver: Value, arguments: Arguments) -> None:
        self.receiver, self.arguments = receiver, arguments

    def given(self, place: str) -> Value | None:
        return self.receiver if place == "receiver" else self.arguments.at(place)

    def at(self, place: str) -> Value:
        return self.given(place) or NOTHING

    def everything(self) -> Value:
        return joined([self.receiver, *self.arguments.all])


def _apply_one(m: Machine, frame: Frame, node: ast.AST, effect: Effect, operands: _Operands) -> Value:
    subject = operands.at("receiver" if effect.form == "method" else "arg:0")
    if effect.draws_when and not _is_among(m, effect.draws_when, subject, operands.everything()):
        effect = replace(effect, draws=())
    namespace.apply_state(m, effect, node)
    _apply_files(m, node, effect, operands)
    _apply_names(m, node, effect, operands)
    called = NOTHING
    if effect.calls:
        called = calls.call_functions_in(m, frame, operands.everything(), operands.arguments.all, node)
    if effect.special:
        reached = Value(m.deep(operands.everything()))
        expressions.implicit_call(m, frame, reached, effect.special, node)
    for place in effect.holds_elements + effect.holds_cells:
        if place.startswith("arg"):
            expressions.elements(m, frame, operands.at(place), node)
    for place in effect.mutates:
        _mutate(m, node, operands.at(place), effect.rule)
    if effect.calls:
        _advance(m, frame, node, effect, operands)
    if not effect.keeps_when or _is_among(m, effect.keeps_when, operands.receiver, operands.receiver):
        _keep(m, effect, operands)
    return _result(m, frame, node, effect, operands, called)


def _advance(m: Machine, frame: Frame, node: ast.AST, effect: Effect, operands: _Operands) -> None:
    """Iterators and open files that a call is given are read on, but for those that its result keeps for later."""
    kept = {i for place in effect.holds for i in operands.at(place).objects}
    given = joined(operands.arguments.all or (NOTHING,))
    for thing in m.heap.things(Value(given.objects - kept)):
        if thing.type in expressions.ADVANCING:
            expressions.elements(m, frame, Value(frozenset({thing.id})), node)
        elif thing.type.startswith("io."):
            m.mutate([thing.id], node, effect.rule)


def _keep(m: Machine, effect: Effect, operands: _Operands) -> None:
    for place in effect.keeps:
        for thing in m.heap.things(operands.receiver):
            if thing.kind != "external":
                m.heap.hold(thing, operands.at(place).objects)


def _is_among(m: Machine, types: Sequence[str], subject: Value, value: Value) -> bool:
    """Whether a value is or holds an object of such types, such as an estimator without a random state."""
    if any(thing.kind == "opaque" and not thing.type for thing in m.heap.things(subject)):
        return True
    reached = m.heap.reach(value.objects)
    reached = reached.union(*(m.heap[i].members for i in reached))
    found = (m.heap[i].type for i in reached)
    return any(kind in types or not m.bases(kind).isdisjoint(types) for kind in found if kind)


def _mutate(m: Machine, node: ast.AST, value: Value, rule: str) -> None:
    """A container's own methods change the container; others may change all that an object is made of."""
    for thing in m.heap.things(value):
        shallow = thing.type.startswith(_SHALLOW)
        m.mutate([thing.id] if shallow else _changed_with(m, thing), node, rule)


def _changed_with(m: Machine, thing: Thing) -> frozenset[int]:
    everything = m.deep(Value(frozenset({thing.id})))
    traits = m.bases(thing.type)
    if _CLONES not in traits and _DRAWS_ONLY not in traits:
        return everything
    itself = {thing.id} if _CLONES in traits else set()
    return frozenset(itself).union(
        i for i in everything - {thing.id} if not m.heap[i].type or m.heap[i].type in _GENERATORS
    )


def _result(m: Machine, frame: Frame, node: ast.AST, effect: Effect, operands: _Operands, called: Value) -> Value:
    kind = effect.returns
    if kind == "scalar":
        return Value(type=effect.type)
    if kind in ("copy", "deep_copy"):
        return copies.copied(m, frame, node, operands.at("arg:0"), deep=kind == "deep_copy")
    if kind == "receiver":
        return _view(m, frame, node, effect, operands.receiver) if effect.type else operands.receiver
    if kind == "elements":
        things = m.heap.things(operands.receiver)
        found = frozenset[int]().union(*(m.heap.parts(t) for t in things)) if things else frozenset[int]()
        own = frozenset(t.id for t in things if not t.type.startswith(_SHALLOW))
        kept = frozenset(i for place in effect.holds for i in operands.at(place).objects)
        return Value(found | own | kept)
    if kind.startswith(("arg:", "kw:")):
        return operands.at(kind)
    if kind == "unknown":
        everything = operands.everything().objects
        held = frozenset[int]().union(*(m.heap.parts(m.heap[i]) for i in everything)) if everything else everything
        return Value(everything | held | called.objects)
    return _fresh(m, frame, node, effect, operands, called)


def _view(m: Machine, frame: Frame, node: ast.AST, effect: Effect, receiver: Value) -> Value:
    """An object of another type that shares the receiver's memory: a change of it changes the receiver."""
    views = set()
    for thing in m.heap.things(receiver):
        view = m.opaque(node, frame, effect.type, salt=(effect.rule, thing.id), mutable=thing.mutable)
        view.view_of = thing.id
        m.heap.hold(view, {thing.id})
        views.add(view.id)
    return Value(frozenset(views))


def _fresh(m: Machine, frame: Frame, node: ast.AST, effect: Effect, operands: _Operands, called: Value) -> Value:
    thing = m.opaque(node, frame, _type_of(m, effect, operands), salt=effect.rule)
    lazy = effect.type == "builtins.iterator"
    for place in effect.holds:
        m.heap.hold(thing, _without_modules(m, operands.at(place)), SOURCES if lazy else None)
    for place in effect.holds_elements:
        for held in m.heap.things(operands.at(place)):
            m.heap.hold(thing, _contents(m, held) - {thing.id})
    for place in effect.holds_objects:
        # A function that is given is called, not kept.
        hold_objects(m, thing, operands.at(place), table=place == "receiver", functions=not effect.calls)
    for place in effect.holds_cells:
        levels = 2 if effect.type == "pandas.DataFrame" else 1
        kept, cells = _cells_in(m, operands.at(place), levels)
        m.heap.hold(thing, (kept | cells) - {thing.id})
        m.heap.hold(thing, cells - {thing.id}, CELLS)
    if lazy and thing.items:
        m.heap.hold(thing, {m.heap.pair(thing, set(thing.items)).id})
    if effect.calls:
        m.heap.hold(thing, called.objects)
    return Value(frozenset({thing.id}))


def _contents(m: Machine, thing: Thing) -> set[int]:
    """The elements of a thing; those of a view are the elements of what it is a view of, not that itself."""
    *views, whole = _viewed(m, thing)
    return m.heap.contents(whole) - {t.id for t in views} - {whole.id}


def _viewed(m: Machine, thing: Thing) -> list[Thing]:
    """A thing, what it is a view of, and so on to the whole; a view of a dict has elements of its own."""
    chain = [thing]
    while thing.view_of is not None and thing.type not in DICT_VIEWS and m.heap[thing.view_of] not in chain:
        thing = m.heap[thing.view_of]
        chain.append(thing)
    return chain


def objects_in(m: Machine, value: Value, *, table: bool = False) -> set[int]:
    """What an array made of an operand keeps as objects: not lists and arrays, but what is in them.

    A list that is in an array or a frame is the object in a cell, which the result holds as well. ``table``: the
    operand is an array or frame, also where its type is not known, as of what a data set has under an attribute.
    """
    found: set[int] = set()
    seen: set[int] = set()
    todo = [(i, table) for i in value.objects]
    while todo:
        ident, is_table = todo.pop()
        thing = m.heap[ident]
        if ident in seen or thing.kind == "external":
            continue
        seen.add(ident)
        if is_table or _viewed(m, thing)[-1].type.startswith(_TABLES):
            cells = {i for i in _contents(m, thing) if m.heap[i].type.startswith(_ROWS_OR_COLUMNS)}
            cells |= _viewed(m, thing)[-1].attrs.get(CELLS, set())
            found |= cells
            todo += [(i, False) for i in _contents(m, thing) - cells]
        elif thing.type.startswith(_TAKEN_APART) or (thing.type == "builtins.dict" and ident in value.objects):
            todo += [(i, False) for i in _contents(m, thing)]
        else:
            found.add(ident)
    return found


def hold_objects(m: Machine, owner: Thing, value: Value, *, table: bool = False, functions: bool = True) -> None:
    """An array or frame made of an operand keeps its objects; arrays among them only as the cells that they were."""
    kept = {
        i for i in objects_in(m, value, table=table) if i != owner.id and (functions or m.heap[i].kind != "function")
    }
    m.heap.hold(owner, kept)
    m.heap.hold(owner, {i for i in kept if m.heap[i].type.startswith(_TABLES)}, CELLS)


def _cells_in(m: Machine, value: Value, levels: int) -> tuple[set[int], set[int]]:
    """What is kept of an operand that makes a table (2 levels) or a column (1), and its cells.

    Lists and dicts are copied down to the cells, which may be lists again. Arrays are kept: their memory may be shared.
    """
    found: set[int] = set()
    level = set(value.objects)
    for _ in range(levels):
        things = [m.heap[i] for i in level if m.heap[i].kind != "external"]
        copied = [t for t in things if t.type.startswith(_ROWS_OR_COLUMNS)]
        found.update(t.id for t in things if t not in copied)
        # Of what is not known to be copied, what it holds is kept as well: it may be a list all the same.
        level = set().union(*(_contents(m, t) for t in things))
    return found, level - found


def _type_of(m: Machine, effect: Effect, operands: _Operands) -> str:
    if not effect.type.startswith(("arg:", "receiver")):
        return effect.type
    types = {thing.type for thing in m.heap.things(operands.at(effect.type))}
    return types.pop() if len(types) == 1 else ""


def _without_modules(m: Machine, value: Value) -> Iterable[int]:
    return (i for i in value.objects if m.heap[i].kind != "external")


def _apply_files(m: Machine, node: ast.AST, effect: Effect, operands: _Operands) -> None:
    if effect.external:
        m.log.external = True
        for writes in (False, True):
            m.touch_file(UNKNOWN_TEXT, node, writes=writes, rule=effect.rule)
    for places, writes in ((effect.reads_files, False), (effect.writes_files, True)):
        for path in _paths(m, places, operands):
            m.touch_file(path, node, writes=writes, rule=effect.rule)


def _paths(m: Machine, places: Sequence[str], operands: _Operands) -> Iterable[str]:
    """The paths of a rule. Places are alternatives; an open file or buffer in place of a path is none."""
    if not places:
        return
    if places == ("*",):
        yield UNKNOWN_TEXT
        return
    given = [value for place in places if (value := operands.given(place)) is not None]
    if not given:
        return
    for value in given:
        if value.text is not None:
            yield value.text
        elif not any(t.type.startswith("io.") for t in m.heap.things(value)):
            yield UNKNOWN_TEXT


def _apply_names(m: Machine, node: ast.AST, effect: Effect, operands: _Operands) -> None:
    """Strings such as ``df.query("a > @limit")`` read variables."""
    for place in effect.names_at:
        value = operands.given(place)
        if value is None:
            continue
        if value.text is None or UNKNOWN_TEXT in value.text:
            m.read_all(node)
            continue
        for name in namespace.names_at(value.text):
            m.read(name, node, certain=False, rule=effect.rule)
