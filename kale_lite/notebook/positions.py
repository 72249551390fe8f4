"""Where the cells of a notebook stand in the text of its file: for editors, GitHub and other readers of the JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from kale_lite.diagnostics import Location

__all__ = ["SourceMap", "read_source_map"]

_LINES = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")
_SPACE = re.compile(r"[ \t\r\n]*")
_ESCAPED = re.compile(r"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|.)|.", re.DOTALL)
_DECODER = json.JSONDecoder(strict=False)


@dataclass(frozen=True, slots=True)
class _Line:
    """A source line and where its first character stands in the file's text."""

    text: str
    offset: int


@dataclass(frozen=True, slots=True)
class SourceMap:
    """The source lines of all cells, by the cells' numbers, with their places in the file."""

    text: str = ""
    cells: Mapping[int, tuple[_Line, ...]] = field(default_factory=dict)

    def line(self, place: Location) -> str:
        """The source line at a place; empty when the place names none."""
        found = self._line(place)
        return found.text if found is not None else ""

    def position(self, place: Location | None) -> tuple[int, int]:
        """Line and column (from 1) in the file; the cell's first line for a cell as a whole, 1 for the notebook."""
        if place is None or not self.cells.get(place.cell):
            return 1, 1
        line = self._line(place) or self.cells[place.cell][0]
        offset = _after(self.text, line.offset, max(place.column - 1, 0) if place.line else 0)
        start = self.text.rfind("\n", 0, offset) + 1
        return self.text.count("\n", 0, offset) + 1, offset - start + 1

    def _line(self, place: Location) -> _Line | None:
        lines = self.cells.get(place.cell, ())
        return lines[place.line - 1] if 0 < place.line <= len(lines) else None


def read_source_map(path: Path) -> SourceMap:
    """The source map of a notebook file (format 4); an empty one for files that are none."""
    try:
        text = path.read_text("utf-8")
        return SourceMap(text, dict(_cells(text)))
    except (OSError, ValueError, IndexError, RecursionError):
        return SourceMap()


def _cells(text: str) -> Iterator[tuple[int, tuple[_Line, ...]]]:
    found: list[tuple[_Line, ...]] = []

    def source(at: int) -> int:
        lines: list[_Line] = []
        end = _source(text, at, lines)
        found.append(tuple(lines))
        return end

    def cell(at: int) -> int:
        count = len(found)
        end = _members(text, at, {"source": source})
        if len(found) == count:
            found.append(())
        del found[count:-1]
        return end

    _members(text, _skip_space(text, 0), {"cells": lambda at: _items(text, at, cell)})
    yield from enumerate(found, 1)


def _source(text: str, at: int, lines: list[_Line]) -> int:
    """Collect the lines of a source: one string, or a list of strings that are put together."""
    pieces: list[tuple[str, int]] = []

    def piece(start: int) -> int:
        value, end = _DECODER.raw_decode(text, start)
        pieces.append((str(value), start + 1))
        return end

    end = piece(at) if text[at] == '"' else _items(text, at, piece)
    begun: _Line | None = None
    for value, offset in pieces:
        for part in _LINES.findall(value):
            begun = _Line(begun.text + part, begun.offset) if begun is not None else _Line(part, offset)
            offset = _after(text, offset, len(part))
            if part.endswith(("\n", "\r")):
                lines.append(_Line(begun.text.rstrip("\r\n"), begun.offset))
                begun = None
    if begun is not None and begun.text:
        lines.append(begun)
    return end


def _after(text: str, offset: int, count: int) -> int:
    """The place in the file behind so many characters of a string that begins at ``offset``."""
    if "\\" not in text[offset : offset + count]:
        return offset + count
    for _ in range(count):
        found = _ESCAPED.match(text, offset)
        offset = found.end() if found else offset
    return offset


def _members(text: str, at: int, readers: Mapping[str, Callable[[int], int]]) -> int:
    """Walk the members of the object at this place; readers take the value of a key and give its end."""
    if text[at] != "{":
        return _value(text, at)
    at = _skip_space(text, at + 1)
    while text[at] != "}":
        key, at = _DECODER.raw_decode(text, at)
        at = _skip_space(text, _skip_space(text, at) + 1)
        read = readers.get(str(key))
        at = _skip_space(text, read(at) if read is not None else _value(text, at))
        at = _skip_space(text, at + 1) if text[at] == "," else at
    return at + 1


def _items(text: str, at: int, reader: Callable[[int], int]) -> int:
    if text[at] != "[":
        return _value(text, at)
    at = _skip_space(text, at + 1)
    while text[at] != "]":
        at = _skip_space(text, reader(at))
        at = _skip_space(text, at + 1) if text[at] == "," else at
    return at + 1


def _value(text: str, at: int) -> int:
    end: int = _DECODER.raw_decode(text, at)[1]
    return end


def _skip_space(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at
