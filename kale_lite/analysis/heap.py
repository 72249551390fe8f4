"""The abstract objects of a notebook: what may hold what, so that sharing and mutation can be told."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field
from typing import Any

__all__ = [
    "ADDRESS",
    "BASES",
    "CELLS",
    "CLASS",
    "DICT_VIEWS",
    "NOTHING",
    "SOURCES",
    "UNKNOWN_TEXT",
    "Heap",
    "Thing",
    "Value",
    "joined",
]

DICT_VIEWS = frozenset({"builtins.dict_view", "builtins.dict_items"})
"""The types of what ``keys`` and ``values``, and ``items``, of a dict give."""
ADDRESS = "builtins.id"
"""The type of what ``id`` gives."""
CELLS = "<cells>"
"""The attribute under which a frame, column or array holds the objects that are its cells."""
SOURCES = "<sources>"
"""The attribute under which an iterator holds what it draws from."""
CLASS, BASES = "<class>", "<bases>"
"""The attributes under which an instance of the notebook's classes holds its class, and a class its bases."""
_LINKS = frozenset({CLASS, BASES})
_PLAIN = frozenset({
    "", "builtins.list", "builtins.tuple", "builtins.dict", "builtins.set", "numpy.ndarray", "comparison",
    "sklearn.BaseEstimator",
})  # fmt: skip
"""The types of things that can be taken together: reading them changes nothing."""
UNKNOWN_TEXT = "\0"
"""Stands for any text in ``Value.text``."""


@dataclass(frozen=True, slots=True)
class Value:
    """What an expression may be: ids of the things, or none when it can only be an immutable scalar.

    ``text`` is a known string, with ``UNKNOWN_TEXT`` where a part is not known; None when it is no
    known string. ``type`` is the canonical type of a scalar.
    """

    objects: frozenset[int] = frozenset()
    text: str | None = None
    type: str = ""


NOTHING = Value()


def joined(values: Iterable[Value]) -> Value:
    """The value of an expression that is one of these."""
    distinct = list(dict.fromkeys(values))
    if len(distinct) == 1:
        return distinct[0]
    objects = frozenset[int]().union(*(v.objects for v in distinct))
    types = {v.type for v in distinct}
    return Value(objects, None, types.pop() if len(types) == 1 else "")


@dataclass(slots=True, eq=False)
class Thing:
    """An abstract object: all objects made at one place of the code, in one context.

    ``kind`` is ``opaque`` (any library or builtin object; ``type`` says which, if known), ``function``,
    ``class`` and ``instance`` (of the notebook), ``external`` (a module or what is in it, by its full
    name ``dotted``), ``cell`` (a variable captured by an inner function), ``property``,
    ``staticmethod`` or ``classmethod``. ``items`` are ids of things it may hold, ``attrs`` those held
    under a known attribute. A change of a view is a change of the thing ``view_of``.
    ``code`` is the definition of a function or class, the instance's class, or the attribute that a view is of.
    ``depth`` is how often a part was taken to get at it: of the part of a part it is 2.
    ``same`` is the thing that stands for this one and for the ``members`` it has besides (``Heap.merge``).
    """

    id: int
    kind: str
    type: str = ""
    dotted: str = ""
    mutable: bool = True
    born: int = -1
    items: set[int] = field(default_factory=set)
    attrs: dict[str, set[int]] = field(default_factory=dict)
    code: Any = None
    view_of: int | None = None
    depth: int = 0
    same: int | None = None
    members: set[int] = field(default_factory=set)


class Heap:
    """All things of one analysis. What a thing may hold only grows."""

    def __init__(self) -> None:
        self._things: list[Thing] = []
        self._by_key: dict[Hashable, Thing] = {}
        self._reach: dict[tuple[frozenset[int], frozenset[str]], tuple[int, frozenset[int]]] = {}
        self._grown: list[int] = []
        self._same: dict[int, int] = {}
        self.changes = 0

    def __getitem__(self, ident: int) -> Thing:
        return self._things[ident]

    def things(self, value: Value) -> list[Thing]:
        """The things that a value may be, in the order they were made."""
        return [self._things[i] for i in sorted(self.canonical(value.objects))]

    def canonical(self, objects: frozenset[int]) -> frozenset[int]:
        """These things, with those that were merged as the one that stands for them."""
        if self._same.keys().isdisjoint(objects):
            return objects
        return frozenset(self._same.get(i, i) for i in objects)

    def is_plain(self, ident: int) -> bool:
        """Whether nothing is lost when a thing is taken together with others, but for which of them it is."""
        thing = self._things[ident]
        return thing.kind == "opaque" and thing.view_of is None and thing.code is None and thing.type in _PLAIN

    def merge(self, objects: Iterable[int]) -> int:
        """Take plain things that all hold one another for one, and give the thing that stands for them.

        Many things that hold each other would be as many links as their number squared, and tell no more: who gets at
        one of them gets at all. What is held under an attribute of one may from now on be held by any.
        """
        chosen = sorted(self.canonical(frozenset(objects)))
        known = [i for i in chosen if self._things[i].members]
        one = self._things[known[0]] if known else self.make(("merged", chosen[0]), "opaque")
        for ident in chosen:
            member = self._things[ident]
            if member is one:
                continue
            one.items |= self.held(member)
            one.members |= {ident} | member.members
            self._grown.append(ident)
            self.changes += 1
        for ident in one.members:
            self._things[ident].same = self._same[ident] = one.id
        one.items = set(self.canonical(frozenset(one.items))) - {one.id}
        for ident in one.items:
            # Those that hold many of the members go on with the one.
            thing = self._things[ident]
            thing.items = set(self.canonical(frozenset(thing.items)))
        self._grown.append(one.id)
        return one.id

    def alike(self, ident: int) -> set[int]:
        """The thing, and all that it was merged with."""
        one = self._things[self._same.get(ident, ident)]
        return {ident, one.id} | one.members if one.members else {ident}

    def make(self, key: Hashable, kind: str, **details: Any) -> Thing:
        """The thing made at a place of the code; the same one each time the place runs."""
        found = self._by_key.get((key, kind))
        if found is None:
            found = Thing(len(self._things), kind, **details)
            self._things.append(found)
            self._by_key[(key, kind)] = found
            self.changes += 1
        return found if found.same is None else self._things[found.same]

    def hold(self, owner: Thing, objects: Iterable[int], attr: str | None = None) -> None:
        """Record that the owner may hold these, under an attribute when it is known."""
        if self._same:
            objects = self.canonical(frozenset(objects))
            owner = self._things[self._same.get(owner.id, owner.id)]
        attr = None if owner.members else attr
        place = owner.items if attr is None else owner.attrs.setdefault(attr, set())
        before = len(place)
        place.update(objects)
        if len(place) != before:
            self.changes += 1
            self._grown.append(owner.id)

    def grown_since(self, mark: int) -> tuple[set[int], int]:
        """The things that have come to hold more since a mark, and the mark of now."""
        return set(self._grown[mark:]), len(self._grown)

    def held(self, thing: Thing) -> set[int]:
        """Everything that a thing holds directly."""
        if thing.same is not None:
            return self.held(self._things[thing.same]) | {thing.same}
        return thing.items.union(*thing.attrs.values()) if thing.attrs else thing.items

    def parts(self, thing: Thing) -> set[int]:
        """What code can get out of a thing: all that it holds, but for its class and bases."""
        if thing.same is not None or _LINKS.isdisjoint(thing.attrs):
            return self.held(thing)
        return thing.items.union(*(held for attr, held in thing.attrs.items() if attr not in _LINKS))

    def contents(self, thing: Thing) -> set[int]:
        """What iterating over a thing may give.

        A view of a dict gives what the dict holds, singly or in pairs; an iterator not what it draws from.
        """
        if SOURCES in thing.attrs:
            return thing.items
        if thing.type not in DICT_VIEWS or thing.view_of is None:
            return self.parts(thing)
        found = self.parts(self._things[thing.view_of])
        if thing.type != "builtins.dict_items":
            return found
        return {self.pair(thing, found).id}

    def pair(self, thing: Thing, parts: Iterable[int]) -> Thing:
        """The tuples of these that iterating over a thing gives."""
        made = self.make((thing.id, "pair"), "opaque", type="builtins.tuple", mutable=False, born=thing.born)
        self.hold(made, parts)
        return made

    def parts_of_parts(self, objects: frozenset[int]) -> frozenset[int]:
        """All that code can get out of these things."""
        seen, todo = set[int](), list(objects)
        while todo:
            thing = self._things[todo.pop()]
            new = (self.parts(thing) if thing.same is None else {thing.same}) - seen
            seen |= new
            todo.extend(new)
        return frozenset(seen)

    def reach(self, objects: frozenset[int], barred: frozenset[str] = frozenset()) -> frozenset[int]:
        """The things themselves and all that can be got at through them, but not things of the ``barred`` kinds."""
        cached = self._reach.get((objects, barred))
        if cached is not None and cached[1].isdisjoint(self._grown[cached[0] :]):
            self._reach[objects, barred] = (len(self._grown), cached[1])
            return cached[1]
        seen: set[int] = set()
        new: Iterable[int] = objects
        todo: list[int] = []
        while True:
            found = [i for i in new if self._things[i].kind not in barred] if barred else new
            seen.update(found)
            todo.extend(found)
            if not todo:
                break
            thing = self._things[todo.pop()]
            new = (self.held(thing) if thing.same is None else {thing.same}) - seen
        result = frozenset(seen)
        self._reach[objects, barred] = (len(self._grown), result)
        return result
