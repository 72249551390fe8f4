"""Patterns of ``match``: the names they bind and the values they read."""

from __future__ import annotations

import ast

from kale_lite.analysis import expressions
from kale_lite.analysis.heap import Value
from kale_lite.analysis.machine import Frame, Machine
from kale_lite.analysis.variables import store

__all__ = ["bind_pattern"]


def bind_pattern(m: Machine, frame: Frame, pattern: ast.pattern, subject: Value) -> None:
    """Bind the captures of a pattern; each may be any part of the subject."""
    part = Value(subject.objects | expressions.elements(m, frame, subject, pattern).objects)
    for node in ast.walk(pattern):
        match node:
            case ast.MatchValue(value=value):
                expressions.evaluate(m, frame, value)
            case ast.MatchClass(cls=cls):
                expressions.evaluate(m, frame, cls)
            case ast.MatchAs(name=str(name)):
                store(m, frame, name, part, node)
            case ast.MatchStar(name=str(name)) | ast.MatchMapping(rest=str(name)):
                rest = m.opaque(node, frame, "builtins.list" if isinstance(node, ast.MatchStar) else "builtins.dict")
                m.heap.hold(rest, part.objects)
                store(m, frame, name, Value(frozenset({rest.id})), node)
