"""Headings of the notebook's text: which section each code cell stands in."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from kale_lite.notebook.model import Notebook

__all__ = ["Section", "sections"]

_HTML = re.compile(r"<h([1-6])\b[^>]*>(.*?)</h\1\s*>", re.I | re.S)
_TAG = re.compile(r"<[^>]*>")


@dataclass(frozen=True, slots=True)
class Section:
    """The cells from one heading to the next. ``path`` are its headings, the outermost first; the notebook's
    title is none of them. ``number`` tells sections of the same headings apart."""

    number: int
    path: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Heading:
    level: int
    text: str


def sections(notebook: Notebook) -> Mapping[int, Section]:
    """The section of each code cell, by the cell's number."""
    found = {
        number: list(_headings(cell["source"]))
        for number, cell in enumerate(notebook.content["cells"], 1)
        if cell["cell_type"] == "markdown" and not _is_embedded(cell)
    }
    every = [heading for headings in found.values() for heading in headings]
    title = _title(every)
    places: dict[int, Section] = {}
    here, path = Section(0), list[_Heading]()
    for number, cell in enumerate(notebook.content["cells"], 1):
        if cell["cell_type"] == "code":
            places[number] = here
        for heading in found.get(number, ()):
            path = [h for h in path if h.level < heading.level] + [heading]
            here = Section(here.number + 1, tuple(h.text for h in path if h is not title))
    return places


def _is_embedded(cell: Mapping[str, Any]) -> bool:
    """Whether the cell is of another notebook, whose headings are not those of this one."""
    ours = cell["metadata"].get("kale_lite")
    return isinstance(ours, Mapping) and bool(ours.get("notebook"))


def _title(headings: list[_Heading]) -> _Heading | None:
    """The first heading, when no other is of its level or above."""
    if not headings:
        return None
    first = headings[0]
    levels = Counter(h.level for h in headings if h.level <= first.level)
    return first if levels.total() == 1 else None


def _headings(source: str) -> Iterator[_Heading]:
    from markdown_it import MarkdownIt

    tokens = MarkdownIt("commonmark").parse(source)
    for token, inner in itertools.pairwise(tokens):
        if token.type == "heading_open":
            text = "".join(t.content for t in inner.children or () if t.type in ("text", "code_inline"))
            yield from _heading(int(token.tag[1]), text)
    for token in tokens:
        if token.type == "html_block":
            for level, text in _HTML.findall(token.content):
                yield from _heading(int(level), _TAG.sub("", text))


def _heading(level: int, text: str) -> Iterator[_Heading]:
    if any(c.isalpha() for c in text):
        yield _Heading(level, " ".join(text.split()))
