"""Each example on Kubeflow prints, cell by cell, what it prints run top to bottom in one kernel."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from kale_lite.cells import notebook_of
from kale_lite.project import Project
from tests.examples.test_examples import NOTEBOOKS, shown
from tests.kfp.forkserver import Server
from tests.kfp.running import Ran, compiled, run_yaml

EXAMPLES = sorted(path.stem for path in NOTEBOOKS.glob("*.ipynb"))


@pytest.fixture(scope="module")
def plain_server() -> Iterator[Server]:
    """Figures and tables look as they do when the kernel itself imports pandas and pyplot."""
    server = Server(libraries=())
    yield server
    server.close()


def cells_of(ran: Ran) -> dict[int, Any]:
    """The user's cells in the executed step notebooks, by their number in the pipeline."""
    found = {}
    for path in ran.folder.glob("*/notebook"):
        for cell in nbformat.read(path, as_version=4).cells:
            if "kale_lite" in cell.metadata:
                found[int(cell.metadata["kale_lite"]["cell"])] = cell
    return found


@pytest.mark.parametrize("name", EXAMPLES)
def test_example(tmp_path: Path, name: str, plain_server: Server) -> None:
    for path in NOTEBOOKS.glob("*"):
        if path.is_file():
            shutil.copy(path, tmp_path)
    project, text = compiled(tmp_path / f"{name}.ipynb")
    ran = run_yaml(text, tmp_path / "root", python=plain_server.program)
    assert ran.ok, ran.log
    assert project.notebook is not None
    cells = cells_of(ran)
    numbers = {int(cell.number): cell.number for cell in project.notebook.cells if cell.number in _run(project)}
    assert set(cells) == set(numbers)
    if any(notebook_of(number) for number in numbers.values()):
        return  # tests/local has what the cells of notebooks within this one print
    whole = nbformat.read(tmp_path / f"{name}.ipynb", as_version=4)
    NotebookClient(whole, timeout=300, resources={"metadata": {"path": str(tmp_path)}}).execute()
    mine = nbformat.v4.new_notebook(cells=list(cells.values()))
    wanted = shown(whole)
    assert dict(zip(cells, shown(mine).values(), strict=True)) == {number: wanted[number] for number in cells}


def _run(project: Project) -> set[int]:
    return {number for step in project.compile().steps for number in step.cells}
