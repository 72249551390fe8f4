"""Where in a step's cells something may have happened that was seen only when the step ended."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from kale_lite.diagnostics import Location
from kale_lite.notebook.model import Cell

__all__ = ["Suspect", "binding_of", "change_of"]

_LONGEST = 60


@dataclass(frozen=True, slots=True)
class Suspect:
    """A place, and the code there in short."""

    place: Location
    code: str


def change_of(name: str, cells: Sequence[Cell]) -> Suspect | None:
    """The last call that could have changed what a name holds: a method of it, or one that is given it."""
    calls = [(cell, node) for cell, tree in _trees(cells) for node in ast.walk(tree) if isinstance(node, ast.Call)]
    mine = [_suspect(cell, node) for cell, node in calls if _is_given(node, name)]
    return max(mine, key=lambda s: s.place) if mine else _last_mention(name, cells)


def binding_of(name: str, cells: Sequence[Cell]) -> Suspect | None:
    """The last statement that binds a name."""
    found = [
        _suspect(cell, node)
        for cell, tree in _trees(cells)
        for node in ast.walk(tree)
        if isinstance(node, ast.stmt) and name in _bound_by(node)
    ]
    return max(found, key=lambda s: s.place) if found else _last_mention(name, cells)


def _trees(cells: Sequence[Cell]) -> Iterator[tuple[Cell, ast.Module]]:
    """The cells that are plain Python; magics are left to the search for the name."""
    for cell in cells:
        try:
            yield cell, ast.parse(cell.source)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue


def _is_given(call: ast.Call, name: str) -> bool:
    receivers = [call.func.value] if isinstance(call.func, ast.Attribute) else []
    operands = [*receivers, *call.args, *(keyword.value for keyword in call.keywords)]
    return any(isinstance(root := _root(operand), ast.Name) and root.id == name for operand in operands)


def _root(node: ast.expr) -> ast.expr:
    """What an attribute, item or ``*`` is taken from in the end."""
    while isinstance(node, ast.Attribute | ast.Subscript | ast.Starred):
        node = node.value
    return node


def _bound_by(node: ast.stmt) -> set[str]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return {node.name}
    if isinstance(node, ast.Import | ast.ImportFrom):
        return {(alias.asname or alias.name).split(".")[0] for alias in node.names}
    own = (child for child in ast.iter_child_nodes(node) if not isinstance(child, ast.stmt))
    return {n.id for child in own for n in ast.walk(child) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}


def _suspect(cell: Cell, node: ast.expr | ast.stmt) -> Suspect:
    text = " ".join((ast.get_source_segment(cell.source, node) or "").split())
    return Suspect(Location(cell.number, node.lineno), text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…")


def _last_mention(name: str, cells: Sequence[Cell]) -> Suspect | None:
    word = re.compile(rf"(?<![\w.]){re.escape(name)}(?!\w)")
    for cell in reversed(cells):
        lines = cell.source.splitlines()
        for number in range(len(lines), 0, -1):
            if word.search(lines[number - 1]):
                return Suspect(Location(cell.number, number), "")
    return None
