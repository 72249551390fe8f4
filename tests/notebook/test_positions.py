"""Places of cells in the text of a notebook's file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kale_lite.diagnostics import Location
from kale_lite.notebook.positions import read_source_map

LINES = st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\r\n"), max_size=12), min_size=1, max_size=4)


def write(path: Path, sources: list[list[str]], *, as_list: bool, **options: Any) -> None:
    def joined(lines: list[str]) -> Any:
        return [line + "\n" * (i < len(lines) - 1) for i, line in enumerate(lines)] if as_list else "\n".join(lines)

    cells = [{"metadata": {"source": ["no"]}, "cell_type": "code", "source": joined(s), "outputs": []} for s in sources]
    path.write_text(json.dumps({"metadata": {"cells": []}, "cells": cells, "nbformat": 4}, **options), "utf-8")


@given(st.lists(LINES, max_size=3), st.booleans(), st.booleans(), st.sampled_from([None, 0, 1]))
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, derandomize=True)
def test_every_character_is_found(
    tmp_path: Path, sources: list[list[str]], as_list: bool, ascii: bool, indent: int | None
) -> None:
    """At the place of each character the file has that character, plain or as an escape."""
    path = tmp_path / "nb.ipynb"
    write(path, sources, as_list=as_list, ensure_ascii=ascii, indent=indent)
    found = read_source_map(path)
    rows = path.read_text("utf-8").split("\n")
    for cell, lines in enumerate(sources, 1):
        for number, line in enumerate(lines, 1):
            if not (line or number < len(lines)):
                continue  # a source that ends in a newline has no further line
            assert found.line(Location(cell, number)) == line
            for column, character in enumerate(line, 1):
                row, at = found.position(Location(cell, number, column))
                encoded = json.dumps(character, ensure_ascii=ascii)[1:-1]
                assert rows[row - 1][at - 1 :].startswith(encoded)


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"cells": 1}', '{"cells": [{"source": 5}]}', '{"nbformat": 3, "worksheets": []}']
)
def test_files_that_are_none_have_no_places(tmp_path: Path, text: str) -> None:
    path = tmp_path / "nb.ipynb"
    path.write_text(text)
    found = read_source_map(path)
    assert found.position(Location(1, 1, 1)) == (1, 1)
    assert found.line(Location(1, 1)) == ""
    assert read_source_map(tmp_path / "none.ipynb").position(None) == (1, 1)
