"""Writing tags: only tags change, however the file is set out."""

from __future__ import annotations

import difflib
import json
import os
from pathlib import Path
from typing import Any

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kale_lite.errors import UsageError
from kale_lite.notebook import read_notebook, retag, with_tags, write_tags
from tests.conftest import WriteNotebook

WORDS = st.text(st.characters(codec="utf-8", exclude_categories=("Cs",)), max_size=8)
TAGS = st.lists(WORDS, max_size=3, unique=True)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=4,
)


@st.composite
def cells(draw: st.DrawFn) -> dict[str, Any]:
    metadata = draw(st.dictionaries(WORDS | st.sampled_from(["a", "tags ", "zz"]), VALUES, max_size=3))
    metadata.pop("tags", None)
    if draw(st.booleans()):
        metadata["tags"] = draw(TAGS)
    kind = draw(st.sampled_from(["code", "markdown"]))
    cell: dict[str, Any] = {"cell_type": kind, "metadata": metadata, "source": draw(WORDS)}
    keys = draw(st.permutations(list(cell)))
    return {key: cell[key] for key in keys}


LAYOUTS = st.fixed_dictionaries({
    "indent": st.none() | st.integers(0, 4) | st.just("\t"),
    "separators": st.none() | st.sampled_from([(",", ":"), (", ", ": "), (",", ": "), (" , ", " : ")]),
    "ensure_ascii": st.booleans(),
    "sort_keys": st.booleans(),
})  # fmt: skip


@given(
    st.lists(cells(), min_size=1, max_size=4), st.data(), LAYOUTS, st.booleans(), st.sampled_from(["", "\n", " \n\n"])
)
def test_only_tags_change(found: list[Any], data: st.DataObject, layout: dict[str, Any], crlf: bool, end: str) -> None:
    chosen = data.draw(st.dictionaries(st.integers(1, len(found)), TAGS))
    before = json.dumps({"cells": found, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}, **layout) + end
    if crlf:
        before = before.replace("\n", "\r\n")
    after = retag(before, chosen)

    wanted = json.loads(before)
    for number, tags in chosen.items():
        wanted["cells"][number - 1]["metadata"]["tags"] = tags
    assert json.loads(after) == wanted
    assert list(json.loads(after)) == list(json.loads(before))
    assert _without_tags(after, chosen) == _without_tags(before, chosen)


def _without_tags(text: str, chosen: dict[int, Any]) -> str:
    """The text with the chosen cells' metadata cut out; what else stood in it is compared as values."""
    parts, at = [], 0
    for number, (start, end) in enumerate(_spans(text), 1):
        if number in chosen:
            metadata = json.loads(text[start:end])
            metadata.pop("tags", None)
            parts += [text[at:start], json.dumps(metadata)]
            at = end
    return "".join([*parts, text[at:]])


def _spans(text: str) -> list[tuple[int, int]]:
    """Where the metadata of each cell stands: found by marking one after the other, not by the writer's scanner."""
    decoder = json.JSONDecoder()
    spans = []
    at = text.index("[", text.index('"cells"')) + 1
    while True:
        while text[at] in " \t\r\n,":
            at += 1
        if text[at] == "]":
            return spans
        cell, end = decoder.raw_decode(text, at)
        key = next(i for i in range(at, end) if text.startswith('"metadata"', i) and _is_metadata(text, at, i, cell))
        start = text.index("{", key)
        spans.append((start, decoder.raw_decode(text, start)[1]))
        at = end


def _is_metadata(text: str, start: int, place: int, cell: Any) -> bool:
    """Whether the key at this place is the cell's own ``metadata`` (and no text inside a value)."""
    try:
        opened = text.index("{", place + 10)
        value, _ = json.JSONDecoder().raw_decode(text, opened)
    except ValueError:
        return False
    return bool(value == cell["metadata"]) and not text[place + 10 : opened].strip(" \t\r\n:")


JUPYTER = {"indent": 1, "ensure_ascii": False, "sort_keys": True, "separators": (",", ": ")}


@pytest.mark.parametrize("metadata", [{}, {"tags": ["kept"]}, {"tags": []}, {"id": 1, "zoom": 2}, {"collapsed": True}],
                         ids=["empty", "tags", "no-tags", "around", "before"])  # fmt: skip
def test_as_jupyter_would_write_it(metadata: dict[str, Any]) -> None:
    """In a file that Jupyter saved, the result is what Jupyter saves with these tags."""
    content = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("x = 'ü'", metadata=metadata, id="a")])
    before = json.dumps(content, **JUPYTER) + "\n"  # type: ignore[arg-type]
    tags = [*metadata.get("tags", []), "step:lädt", "retry:2"]
    content.cells[0].metadata["tags"] = tags
    assert retag(before, {1: tags}) == json.dumps(content, **JUPYTER) + "\n"  # type: ignore[arg-type]


def test_added_lines_only() -> None:
    content = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(f"x = {i}", id=f"c{i}") for i in range(9)])
    before = json.dumps(content, **JUPYTER)  # type: ignore[arg-type]
    after = retag(before, {3: ["step:a"], 8: ["skip"]})
    changed = [line for line in difflib.unified_diff(before.split("\n"), after.split("\n"), n=0) if line[0] in "+-"]
    assert [line[1:].strip() for line in changed[2:]] == [
        '"metadata": {},', '"metadata": {', '"tags": [', '"step:a"', "]", "},",
        '"metadata": {},', '"metadata": {', '"tags": [', '"skip"', "]", "},",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("before", "tags", "after"),
    [
        ('{"tags": ["a","b"]}', ["b"], '{"tags": ["b"]}'),
        ('{"tags": [ "a" ]}', [], '{"tags": []}'),
        ('{"tags": ["\\u0061"]}', ["a", "ö"], '{"tags": ["\\u0061", "\\u00f6"]}'),
        ('{"x": 1.50e0,"y":{}}', ["a"], '{"tags": ["a"],"x": 1.50e0,"y":{}}'),
        ('{"y":2,"x":1}', ["a"], '{"y":2,"x":1,"tags":["a"]}'),
    ],
)
def test_spelling(before: str, tags: list[str], after: str) -> None:
    """Tags that stay are spelt as they were; numbers, order and white space of the rest are not touched."""
    text = '{"nbformat":4,"cells":[{"metadata":%s,"source":"[\\"tags\\"]"}]} '
    assert retag(text % before, {1: tags}) == text % after


def test_byte_order_mark_and_line_ends_are_kept(write_notebook: WriteNotebook) -> None:
    path = write_notebook([("", "x = 1")])
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    seen = path.read_bytes()
    write_tags(path, seen, {1: ["step:a"]})
    written = path.read_bytes()
    assert written.startswith(b"\xef\xbb\xbf{\r\n")
    assert written.count(b"\n") == written.count(b"\r\n")
    notebook, _ = read_notebook(path)
    assert notebook is not None
    assert notebook.cells[0].tags == ("step:a",)


def test_old_format_is_refused() -> None:
    with pytest.raises(UsageError, match="old format"):
        retag('{"nbformat": 3, "worksheets": [{"cells": []}]}', {1: ["a"]})


def test_link_and_mode_are_kept(write_notebook: WriteNotebook, tmp_path: Path) -> None:
    real = write_notebook([("", "x = 1")], "real.ipynb")
    real.chmod(0o640)
    link = tmp_path / "link.ipynb"
    link.symlink_to("real.ipynb")
    write_tags(link, real.read_bytes(), {1: ["step:a"]})
    assert link.is_symlink()
    assert "step:a" in real.read_text()
    assert real.stat().st_mode & 0o777 == 0o640
    assert sorted(os.listdir(tmp_path)) == ["link.ipynb", "real.ipynb"]


def test_changed_file_is_refused(write_notebook: WriteNotebook) -> None:
    path = write_notebook([("", "x = 1")])
    seen = path.read_bytes()
    path.write_bytes(seen + b"\n")
    with pytest.raises(UsageError, match="changed meanwhile"):
        write_tags(path, seen, {1: ["a"]})
    assert path.read_bytes() == seen + b"\n"


def test_read_only_file_is_refused(write_notebook: WriteNotebook) -> None:
    path = write_notebook([("", "x = 1")])
    seen = path.read_bytes()
    path.chmod(0o444)
    with pytest.raises(UsageError, match="read-only"):
        write_tags(path, seen, {1: ["a"]})
    assert path.read_bytes() == seen


def test_with_tags_is_what_reading_gives(write_notebook: WriteNotebook) -> None:
    path = write_notebook([("", "a = 1"), ("md", "# T"), ("old", "b = a"), ("", "print(b)")])
    notebook, _ = read_notebook(path)
    assert notebook is not None
    tags = {1: ("parameters",), 3: ("old", "step:b"), 4: ("pipeline-metrics",)}
    retagged, problems = with_tags(notebook, tags)
    write_tags(path, path.read_bytes(), tags)
    assert (retagged, problems) == read_notebook(path)
    assert notebook.cells[0].tags == ()
