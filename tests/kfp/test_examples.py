"""Each example on Kubeflow prints, cell by cell, what it prints run top to bottom in one kernel."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from tests.examples.test_examples import NOTEBOOKS, shown
from tests.kfp.cases import server
from tests.kfp.running import Ran, compiled, run_yaml

EXAMPLES = sorted(path.stem for path in NOTEBOOKS.glob("*.ipynb"))


def cells_of(ran: Ran) -> dict[int, Any]:
    """The user's cells in the executed step notebooks, by their number in the pipeline."""
    found = {}
    for path in ran.folder.glob("*/notebook"):
        for cell in nbformat.read(path, as_version=4).cells:
            if "kale_lite" in cell.metadata:
                found[int(cell.metadata["kale_lite"]["cell"])] = cell
    return found


@pytest.mark.parametrize("name", EXAMPLES)
def test_example(tmp_path: Path, name: str) -> None:
    for path in NOTEBOOKS.glob("*"):
        if path.is_file():
            shutil.copy(path, tmp_path)
    project, text = compiled(tmp_path / f"{name}.ipynb")
    ran = run_yaml(text, tmp_path / "root", python=server().program)
    assert ran.ok, ran.log
    cells = cells_of(ran)
    assert set(cells) == {int(number) for step in project.compile().steps for number in step.cells}
    own = {n: cells[n] for n in cells if not getattr(_numbers(project)[n], "notebook", "")}
    whole = nbformat.read(tmp_path / f"{name}.ipynb", as_version=4)
    if len(own) == len(cells):
        NotebookClient(whole, timeout=300, resources={"metadata": {"path": str(tmp_path)}}).execute()
        wanted = shown(whole)
        mine = nbformat.v4.new_notebook()
        for number in cells:
            mine.cells.append(cells[number])
        got = dict(zip(cells, shown(mine).values(), strict=True))
        assert got == {number: wanted[number] for number in cells}


def _numbers(project: Any) -> dict[int, Any]:
    return {int(cell.number): cell.number for cell in project.notebook.cells}
