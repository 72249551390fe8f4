"""Shared fixtures: notebooks written from a short form."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import nbformat
import pytest

Cells = Sequence[tuple[str, str]]
WriteNotebook = Callable[..., Path]


def make_notebook(cells: Cells, **metadata: Any) -> Any:
    """A notebook of (tags, source) pairs; the tags ``md`` make a markdown cell."""
    spec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    content = nbformat.v4.new_notebook(metadata={"kernelspec": spec, **metadata})
    for tags, source in cells:
        if tags == "md":
            content.cells.append(nbformat.v4.new_markdown_cell(source))
        else:
            content.cells.append(nbformat.v4.new_code_cell(source, metadata={"tags": tags.split("|") if tags else []}))
    return content


@pytest.fixture(scope="session", autouse=True)
def _own_history(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Tests leave the user's history of runs alone."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KALE_LITE_HOME", str(tmp_path_factory.mktemp("home")))
        yield


@pytest.fixture
def write_notebook(tmp_path: Path) -> WriteNotebook:
    """Writes a notebook of (tags, source) pairs and gives its path."""

    def write(cells: Cells, name: str = "nb.ipynb", **metadata: Any) -> Path:
        path = tmp_path / name
        nbformat.write(make_notebook(cells, **metadata), path)
        return path

    return write
