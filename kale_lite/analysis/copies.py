"""Copies of objects: an instance's copy is one of the same class, and a deep copy holds copies."""

from __future__ import annotations

import ast

from kale_lite.analysis.heap import BASES, CLASS, NOTHING, Thing, Value, joined
from kale_lite.analysis.machine import Frame, Machine

__all__ = ["copied"]

_MOST = 60
"""A deep copy of more things is taken for the things themselves: coarser, never wrong."""


def copied(m: Machine, frame: Frame, node: ast.AST, original: Value, *, deep: bool) -> Value:
    """What copying a value at a place of the code gives."""
    if not original.objects:
        fresh = m.opaque(node, frame)
        return joined([original, Value(frozenset({fresh.id}))]) if original == NOTHING else original
    if deep and len(m.heap.reach(original.objects)) > _MOST:
        return original
    made: dict[int, Thing] = {}
    return Value(frozenset(_copy(m, frame, node, thing, made, deep).id for thing in m.heap.things(original)))


def _copy(m: Machine, frame: Frame, node: ast.AST, thing: Thing, made: dict[int, Thing], deep: bool) -> Thing:
    """A thing's copy. A copy that was made at this place, also by way of others, stands for its own copies."""
    place = (node, frame.context)
    if thing.id in made:
        return made[thing.id]
    if thing.kind not in ("opaque", "instance") or place in m.copied_at.get(thing.id, ()):
        return thing
    code = thing.code if thing.kind == "instance" else None
    copy = m.heap.make((*place, "copy", thing.id), thing.kind, type=thing.type, mutable=thing.mutable, code=code,
                       born=m.log.index)  # fmt: skip
    m.copied_at[copy.id] = m.copied_at.get(thing.id, frozenset()) | {place}
    made[thing.id] = copy
    for attr, held in [(None, set(thing.items)), *((name, set(held)) for name, held in thing.attrs.items())]:
        if deep and attr not in (CLASS, BASES):
            held = {_copy(m, frame, node, m.heap[i], made, deep).id for i in sorted(held)}
        m.heap.hold(copy, held, attr)
    return copy
