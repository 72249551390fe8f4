"""Writing tags into a notebook file: nothing else of its text changes."""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from kale_lite.errors import UsageError

__all__ = ["retag", "write_tags"]

_SPACE = re.compile(r"[ \t\n\r]*")
_DECODER = json.JSONDecoder()


def write_tags(path: Path, seen: bytes, tags: Mapping[int, Sequence[str]]) -> None:
    """Give cells (by number, from 1) these tags, in place of those they have.

    The file is replaced whole, through symbolic links, with its mode kept. UsageError when it no longer
    holds ``seen``, the bytes that the tags were chosen for, or cannot be written.
    """
    target = path.resolve()
    try:
        if target.read_bytes() != seen:
            raise UsageError(f"{path} has changed meanwhile: nothing was written", hint="run the command again")
        if not target.stat().st_mode & 0o222 or not os.access(target, os.W_OK):
            raise UsageError(f"{path} is read-only: nothing was written", hint="make it writable, or copy it")
        _replace(target, retag(seen.decode("utf-8"), tags).encode("utf-8"))
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}", hint="check the permissions") from None


def _replace(target: Path, content: bytes) -> None:
    handle, part = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        shutil.copymode(target, part)
        os.replace(part, target)
    except BaseException:
        os.unlink(part)
        raise


def retag(text: str, tags: Mapping[int, Sequence[str]]) -> str:
    """The notebook's text (nbformat 4) with these tags on these cells (by number, from 1), all else as it is."""
    root = {m.key: m for m in _members(text, _space(text, 1 if text.startswith("\ufeff") else 0))}
    if json.loads(root["nbformat"].text(text)) != 4:
        raise UsageError("tags cannot be written into a notebook of this old format", hint="save it in Jupyter first")
    escaped = text.isascii() and "\\u" in text
    edits = []
    for number, (start, end) in enumerate(_items(text, root["cells"].start), 1):
        if number in tags:
            edits.append(_edit(text, _Span(start, end), tags[number], escaped))
    for (start, end), new in reversed(edits):
        text = text[:start] + new + text[end:]
    return text


@dataclass(frozen=True, slots=True)
class _Span:
    """Where a value stands in the text."""

    start: int
    end: int

    def text(self, text: str) -> str:
        return text[self.start : self.end]


@dataclass(frozen=True, slots=True)
class _Member(_Span):
    """A value in an object, with the white space before its key and between key and value."""

    key: str
    key_start: int
    before: str
    colon: str


def _space(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at


def _items(text: str, start: int) -> Iterator[tuple[int, int]]:
    """The spans of an array's items; ``start`` is where its bracket stands."""
    at = _space(text, start + 1)
    while text[at] != "]":
        _, end = _DECODER.raw_decode(text, at)
        yield at, end
        at = _space(text, end)
        if text[at] == ",":
            at = _space(text, at + 1)


def _members(text: str, start: int) -> Iterator[_Member]:
    """The members of an object; ``start`` is where its brace stands."""
    last, at = start + 1, _space(text, start + 1)
    while text[at] != "}":
        key, after = _DECODER.raw_decode(text, at)
        value = _space(text, _space(text, after) + 1)
        _, end = _DECODER.raw_decode(text, value)
        yield _Member(value, end, key, at, text[last:at], text[after:value])
        at = _space(text, end)
        if text[at] == ",":
            last = at + 1
            at = _space(text, last)


@dataclass(frozen=True, slots=True)
class _Layout:
    """How the members of an object or the items of an array are set out.

    ``inner`` and ``outer`` are the white space before a member and before the closing bracket; ``gap``
    separates members on one line.
    """

    inner: str
    outer: str
    gap: str = ""

    def bracketed(self, items: Sequence[str]) -> tuple[str, ...]:
        """The items with what stands around each of them, without the brackets."""
        separator = "," + (self.inner if "\n" in self.inner else self.gap)
        return (self.inner, separator.join(items), self.outer) if items else ()

    def nested(self) -> _Layout:
        """The layout of a value inside."""
        if "\n" not in self.inner:
            return _Layout("", "", self.gap)
        start, _, indent = self.inner.rpartition("\n")
        outer = self.outer.rpartition("\n")[2]
        step = indent[len(outer) :] if indent.startswith(outer) and len(indent) > len(outer) else " "
        newline = "\r\n" if start.endswith("\r") else "\n"
        return _Layout(f"{newline}{indent}{step}", f"{newline}{indent}")


def _layout(text: str, value: _Span, members: Sequence[_Member]) -> _Layout:
    """The layout of an object that has members."""
    gap = members[1].before if len(members) > 1 else " " if members[0].colon.endswith(" ") else ""
    outer = text[members[-1].end : value.end - 1]
    return _Layout(members[0].before, outer, gap)


def _edit(text: str, cell: _Span, tags: Sequence[str], escaped: bool) -> tuple[tuple[int, int], str]:
    """What to put in the place of which part of the text."""
    members = list(_members(text, cell.start))
    metadata = {m.key: m for m in members}["metadata"]
    inside = list(_members(text, metadata.start))
    layout = _layout(text, metadata, inside) if inside else _layout(text, cell, members).nested()
    old = {m.key: m for m in inside}.get("tags")
    if old is not None:
        return (old.start, old.end), _array(text, old, tags, layout, escaped)
    array = "".join(("[", *layout.nested().bracketed([_dumped(tag, escaped) for tag in tags]), "]"))
    member = f'"tags"{(inside or members)[0].colon}{array}'
    if not inside:
        return (metadata.start, metadata.end), "".join(("{", *layout.bracketed([member]), "}"))
    between = layout.inner if "\n" in layout.inner else layout.gap
    keys = [m.key for m in inside]
    following = next((m for m in inside if m.key > "tags"), None) if keys == sorted(keys) else None
    if following is not None:
        return (following.key_start, following.key_start), f"{member},{between}"
    return (inside[-1].end, inside[-1].end), f",{between}{member}"


def _array(text: str, old: _Span, tags: Sequence[str], around: _Layout, escaped: bool) -> str:
    """The array of tags anew: kept tags as they were spelt, in the array's own layout."""
    items = [_Span(*span) for span in _items(text, old.start)]
    spelt = {json.loads(item.text(text)): item.text(text) for item in items}
    layout = around.nested()
    if items:
        gap = text[items[0].end : items[1].start].partition(",")[2] if len(items) > 1 else around.gap
        layout = _Layout(text[old.start + 1 : items[0].start], text[items[-1].end : old.end - 1], gap)
    return "".join(("[", *layout.bracketed([spelt.get(tag) or _dumped(tag, escaped) for tag in tags]), "]"))


def _dumped(tag: str, escaped: bool) -> str:
    return json.dumps(tag, ensure_ascii=escaped)
