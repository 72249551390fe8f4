"""Cell source to Python: IPython's syntax becomes plain code, each node keeping its line in the cell."""

from __future__ import annotations

import ast
import difflib
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from kale_lite.analysis.magics import MagicError, Magics
from kale_lite.diagnostics import Diagnostic, Location, diagnose
from kale_lite.notebook.model import Cell

__all__ = ["Code", "in_characters", "transform"]

_REWRITTEN = re.compile(r"\s*[%!?]|.*[=]\s*[%!]|.*\?\s*$")


@dataclass(frozen=True, slots=True)
class Code:
    """A cell as Python. ``tree`` has the cell's own line numbers, ``text`` is the same code, unnumbered."""

    cell: Cell
    tree: ast.Module
    text: str


def transform(cell: Cell) -> tuple[Code | None, tuple[Diagnostic, ...]]:
    """Turn a cell into Python. ``None`` with diagnostics when it is not valid code."""
    try:
        return _transform(cell), ()
    except MagicError as error:
        place = Location(cell.number, error.line)
        return None, (diagnose(error.code, error.message, place, hint=error.hint, step=cell.step),)
    except SyntaxError as error:
        return None, (_syntax_diagnostic(cell, error),)
    except (ValueError, RuntimeError, MemoryError) as error:  # RuntimeError: IPython transforms 500 magics of a cell
        place = Location(cell.number)
        return None, (diagnose("KL201", f"syntax cannot be parsed: {error}", place, step=cell.step),)


def _transform(cell: Cell) -> Code:
    source = cell.source.replace("\r\n", "\n").replace("\r", "\n")
    tree = _plain(source)
    if tree is None or "get_ipython" in source:
        tree = parse_ipython(source)
        source = ast.unparse(tree)
    _compile(tree)
    return Code(cell, tree, source)


def _plain(source: str) -> ast.Module | None:
    """The tree of source that is Python as it stands: IPython changes no line of such a cell."""
    try:
        return ast.parse(source)
    except SyntaxError:
        return None


def _compile(tree: ast.Module) -> None:
    """Find what only the compiler refuses, such as ``return`` outside a function. Runs nothing."""
    flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    compile(tree, "<cell>", "exec", flags=flags, dont_inherit=True)


def parse_ipython(source: str) -> ast.Module:
    """Parse source with magics, shell lines and help; magics have become known calls."""
    python = _ipython_transform(source)
    lines = _line_map(source, python)
    try:
        tree = ast.parse(python)
    except SyntaxError as error:
        error.lineno = lines.get(error.lineno or 1, error.lineno or 1)
        raise
    for node in ast.walk(tree):
        _renumber(node, lines)
    rewritten: ast.Module = Magics(parse_ipython).visit(tree)
    return ast.fix_missing_locations(rewritten)


@lru_cache(maxsize=4096)
def _ipython_transform(source: str) -> str:
    """IPython's own transformation: the dear part, so kept by source."""
    from IPython.core.inputtransformer2 import TransformerManager

    return str(TransformerManager().transform_cell(source))


def _renumber(node: ast.AST, lines: dict[int, int]) -> None:
    place: Any = node
    if hasattr(node, "lineno"):
        place.lineno = lines.get(place.lineno, place.lineno)
        end = place.end_lineno or place.lineno
        place.end_lineno = max(place.lineno, lines.get(end, end))


def _line_map(before: str, after: str) -> dict[int, int]:
    """Line of the transformed source to line of the cell, both from 1."""
    old, new = before.rstrip("\n").split("\n"), after.rstrip("\n").split("\n")
    if len(old) == len(new):
        return {}
    return dict(_matched_lines(old, new))


def _matched_lines(old: list[str], new: list[str]) -> Iterator[tuple[int, int]]:
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    for _tag, i1, i2, j1, j2 in matcher.get_opcodes():
        for offset in range(j2 - j1):
            yield j1 + offset + 1, min(i1 + offset, max(i2 - 1, i1)) + 1


def in_characters(place: Location, cell: Cell) -> Location:
    """A place whose column counts bytes, with one that counts characters; 0 where IPython rewrites the line."""
    lines = re.split(r"\r\n|\r|\n", cell.source)
    line = lines[place.line - 1] if 0 < place.line <= len(lines) else ""
    if _REWRITTEN.match(line):
        return replace(place, column=0)
    before = line.encode("utf-8", "surrogatepass")[: place.column - 1]
    return replace(place, column=len(before.decode("utf-8", "replace")) + 1)


def _syntax_diagnostic(cell: Cell, error: SyntaxError) -> Diagnostic:
    line = error.lineno or 1
    text = (error.text or "").strip()
    shown = f" in {text!r}" if text and len(text) < 80 else ""
    return diagnose(
        "KL201",
        f"syntax error: {error.msg}{shown}",
        Location(cell.number, line, error.offset or 0),
        hint="run the cell in Jupyter and fix it, or tag it `skip` to leave it out",
        step=cell.step,
    )
