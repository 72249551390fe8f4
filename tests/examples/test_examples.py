"""Each example: the pipeline prints what the notebook prints run top to bottom, cell by cell."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from kale_lite.cells import notebook_of, own_number
from kale_lite.project import load
from kale_lite.verify.outputs import Output, canonical

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
TIMES = re.compile(r"^(CPU times|Wall time):.*$", re.M)
"""What ``%%time`` prints differs from run to run."""
WIDGETS = re.compile(r"sk-container-id-\d+|id=\"[^\"]*\"|for=\"[^\"]*\"")


def shown(content: Any) -> dict[int, list[Output]]:
    """The outputs of each code cell: streams joined, pictures byte by byte."""
    return {
        i: [(kind, WIDGETS.sub("", TIMES.sub("(time)", text))) for kind, text in canonical(cell.outputs)[0]]
        for i, cell in enumerate(content.cells, 1)
        if cell.cell_type == "code"
    }


@pytest.mark.parametrize(
    ("name", "parallel", "metrics"),
    [
        ("tumours", {"logistic", "forest", "boosting", "svm"}, {"accuracy", "f1", "auc"}),
        ("diabetes", {"ridge", "lasso"}, {"ridge_r2", "lasso_r2"}),
        ("digits", {"neighbours", "clusters"}, {"knn_accuracy", "rand_index"}),
    ],
)
def test_pipeline_means_the_notebook(tmp_path: Path, name: str, parallel: set[str], metrics: set[str]) -> None:
    for folder in ("whole", "steps"):
        (tmp_path / folder).mkdir()
        shutil.copy(NOTEBOOKS / f"{name}.ipynb", tmp_path / folder)
    whole = nbformat.read(tmp_path / "whole" / f"{name}.ipynb", as_version=4)
    NotebookClient(whole, timeout=300, resources={"metadata": {"path": str(tmp_path / "whole")}}).execute()

    project = load(tmp_path / "steps" / f"{name}.ipynb")
    result = project.run(output_dir=tmp_path / "out")

    assert result.status == "done", result.diagnostics
    assert set(result.metrics) == metrics
    pipeline = project.compile()
    reach = {step: _ancestors(pipeline.predecessors(), step) for step in parallel}
    assert not any(reach[step] & parallel for step in parallel)
    steps = nbformat.read(tmp_path / "out" / "notebook.ipynb", as_version=4)
    assert shown(steps) == shown(whole)


def test_a_notebook_in_a_notebook_gives_what_run_gives(tmp_path: Path) -> None:
    """Jupyter shows what the other notebook prints below the `%run` line, the pipeline below that notebook's cells."""
    for folder in ("whole", "steps"):
        (tmp_path / folder).mkdir()
        for name in ("wines", "prepare"):
            shutil.copy(NOTEBOOKS / f"{name}.ipynb", tmp_path / folder)
    before = (tmp_path / "steps" / "prepare.ipynb").read_bytes()
    whole = nbformat.read(tmp_path / "whole" / "wines.ipynb", as_version=4)
    NotebookClient(whole, timeout=300, resources={"metadata": {"path": str(tmp_path / "whole")}}).execute()

    project = load(tmp_path / "steps" / "wines.ipynb")
    result = project.run(output_dir=tmp_path / "out")

    assert result.status == "done", result.diagnostics
    assert set(result.metrics) == {"neighbours_accuracy", "forest_accuracy"}
    assert {("prepare-load", "prepare-split"), ("prepare-scale", "forest")} <= set(project.compile().edges)
    assert ("neighbours", "forest") not in project.compile().edges
    assert (tmp_path / "steps" / "prepare.ipynb").read_bytes() == before
    assert project.notebook is not None
    steps = nbformat.read(tmp_path / "out" / "notebook.ipynb", as_version=4)
    shown_there: dict[int, list[Output]] = {}
    embedded: list[Output] = []
    for cell in project.notebook.cells:
        outputs = shown(steps)[cell.number]
        if notebook_of(cell.number):
            embedded += outputs
        else:
            shown_there[own_number(cell.number)] = outputs
    expected = shown(whole)
    assert [("stdout", "".join(text for _, text in embedded))] == expected.pop(3)
    assert shown_there.pop(3) == []
    assert shown_there == expected


def _ancestors(before: Any, step: str) -> set[str]:
    found: set[str] = set()
    todo = [step]
    while todo:
        new = set(before[todo.pop()]) - found
        found |= new
        todo += new
    return found


def test_notebooks_are_saved_without_outputs() -> None:
    for path in NOTEBOOKS.glob("*.ipynb"):
        content = nbformat.read(path, as_version=4)
        nbformat.validate(content)
        assert not any(cell.get("outputs") for cell in content.cells)
