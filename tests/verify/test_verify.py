"""Verification on real runs: it says the same of a right pipeline, and finds what a wrong one does otherwise."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from pathlib import Path

import pytest

from kale_lite.notebook import read_notebook, set_parameters
from kale_lite.notebook.model import Notebook
from kale_lite.pipeline import Pipeline
from kale_lite.project import load
from kale_lite.verify import Verification, VerifyOptions, verify
from tests.conftest import Cells, WriteNotebook

RIGHT: Cells = [
    ("imports", "import random, time, warnings\nimport pandas as pd"),
    ("parameters", "n = 3"),
    ("step:load", "df = pd.DataFrame({'a': range(n)})\nview = df\nprint(time.time())\nprint('fixed')"),
    ("step:change", "df['b'] = df['a'] * 2\nwarnings.warn('careful')\nobject()"),
    ("step:look", "warnings.warn('careful')\nprint(view)\nluck = random.random()\nstream = (i for i in df['a'])"),
    ("step:write", "df.to_csv('out.csv')\nopen('stamp.txt', 'w').write(f'{time.time():.6f}')"),
    ("skip", "df = None"),
]
WRONG: Cells = [
    ("step:make", "xs = [1, 2]\nys = [1, 2]\n"),
    ("step:change", "xs.append(3)"),
    ("step:show", "print(len(xs))\nopen('n.txt', 'w').write(str(len(xs)))"),
]


def verified(notebook: Notebook, pipeline: Pipeline, **given: object) -> Verification:
    values, _ = set_parameters(notebook.parameters, given)
    return verify(notebook, pipeline, VerifyOptions(values, frozenset(given)))


@pytest.fixture(scope="module")
def right(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Verification]:
    import nbformat

    from tests.conftest import make_notebook

    path = tmp_path_factory.mktemp("right") / "nb.ipynb"
    nbformat.write(make_notebook(RIGHT), path)
    project = load(path)
    assert project.notebook is not None
    return path, verified(project.notebook, project.compile(), n=4)


def test_a_right_pipeline_is_the_same(right: tuple[Path, Verification]) -> None:
    _, found = right
    assert found.status == "same", found.differences
    assert found.compared["outputs"] >= 3
    assert found.compared["values"] >= 8
    assert found.compared["files"] == 2


def test_what_varies_is_set_aside_and_counted(right: tuple[Path, Verification]) -> None:
    _, found = right
    assert "cell 3: what it prints, 1 of 2 lines" in found.set_aside
    assert any("'luck' (float)" in text for text in found.set_aside)
    assert "file stamp.txt" in found.set_aside
    assert found.random == {"outputs": 1, "values": 1, "files": 1}


def test_what_cannot_be_looked_into_is_said(right: tuple[Path, Verification]) -> None:
    _, found = right
    assert any("'stream'" in text and "generator" in text for text in found.not_compared)


def test_the_notebooks_folder_is_left_alone(right: tuple[Path, Verification]) -> None:
    path, _ = right
    assert [entry.name for entry in path.parent.iterdir()] == ["nb.ipynb"]


def test_a_wrong_pipeline_is_found_out(write_notebook: WriteNotebook) -> None:
    """A step that should have read the changed list is given the first one."""
    path = write_notebook(WRONG)
    notebook, _ = read_notebook(path)
    assert notebook is not None
    pipeline = load(path).compile()
    make, change, show = pipeline.steps
    edges = tuple(
        dataclasses.replace(d, before=make.name) if d.after == show.name else d for d in pipeline.dependencies
    )
    misled = dataclasses.replace(show, loads=change.loads)
    broken = dataclasses.replace(pipeline, steps=(make, change, misled), dependencies=edges)
    found = verified(notebook, broken)
    assert found.status == "differs"
    kinds = {d.kind: str(d) for d in found.differences}
    assert (
        kinds["value"]
        == "step show (cell 3): 'xs' (list) differs at xs[2]\n  notebook: list of 3\n  pipeline: list of 2"
    )
    assert kinds["output"] == "cell 3: what it prints differs\n  notebook: 3\n  pipeline: 2"
    assert kinds["file"] == "file n.txt: has other contents"


def test_what_two_runs_agree_on_by_chance_is_random(write_notebook: WriteNotebook, tmp_path: Path) -> None:
    """The pipeline is the second to write to the file, between two runs of the notebook; then that runs twice more."""
    log = tmp_path / "elsewhere" / "runs"
    log.parent.mkdir()
    code = (f"import os, time\nwith open({str(log)!r}, 'a') as f:\n    f.write('x')\n"
            f"runs = os.path.getsize({str(log)!r})\nprint(time.time_ns())")  # fmt: skip
    folder = tmp_path / "folder"
    folder.mkdir()
    path = write_notebook([("step:a", code), ("step:b", "print(runs in (1, 3))")], name="folder/nb.ipynb")
    project = load(path)
    assert project.notebook is not None
    found = verified(project.notebook, project.compile())
    assert (found.status, found.differences) == ("same", []), found.differences
    assert log.stat().st_size == 5
    assert any("further run" in text for text in found.set_aside), found.set_aside


def test_the_time_of_day_is_set_aside(write_notebook: WriteNotebook) -> None:
    """It changes between the pipeline and each plain run, so it does between these two."""
    code = "import time\ntime.sleep(1.1)\nnow = time.strftime('%H:%M:%S')"
    path = write_notebook([("step:a", code), ("step:b", "print(now)")])
    project = load(path)
    assert project.notebook is not None
    found = verified(project.notebook, project.compile())
    assert (found.status, found.differences) == ("same", []), found.differences
    assert found.random == {"outputs": 1, "values": 2}


def test_what_of_a_cell_is_shown(write_notebook: WriteNotebook) -> None:
    """Cells that call nothing see this setting as well."""
    shell = (
        "from IPython.core.interactiveshell import InteractiveShell\nInteractiveShell.ast_node_interactivity = 'all'"
    )
    path = write_notebook([("imports", shell), ("step:a", "x = 1\nx\nx + 1"), ("step:b", "x + 2\nx + 3")])
    project = load(path)
    assert project.notebook is not None
    found = verified(project.notebook, project.compile())
    assert (found.status, found.differences) == ("same", []), found.differences


def test_a_notebook_that_fails_is_told(write_notebook: WriteNotebook) -> None:
    project = load(write_notebook([("step:a", "x = 1"), ("step:b", "x.nothing")]))
    assert project.notebook is not None
    found = verified(project.notebook, project.compile())
    assert found.status == "failed"
    assert str(found.differences[0]).startswith("cell 2: the notebook itself fails here: AttributeError")
    assert "KL402" in found.differences[1].detail


def test_the_command(write_notebook: WriteNotebook, tmp_path: Path) -> None:
    path = write_notebook([("parameters", "n = 1"), ("step:a", "print(n)")])
    done = subprocess.run(
        [sys.executable, "-m", "kale_lite", "verify", str(path), "-p", "n=7", "--json", "--keep", str(tmp_path / "k")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["status"] == "same"
    assert report["compared"]["outputs"] == 1
    record = next((tmp_path / "k").glob("verify-*/record/notebook.ipynb"))
    assert "7\\n" in record.read_text()


def test_refused_before_anything_runs(write_notebook: WriteNotebook) -> None:
    path = write_notebook([("step:a|prev:nowhere", "print(1)")])
    done = subprocess.run(
        [sys.executable, "-m", "kale_lite", "verify", str(path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "nowhere" in done.stderr
    assert "✓" not in done.stdout


def test_a_notebook_in_a_notebook_is_the_same(write_notebook: WriteNotebook, tmp_path: Path) -> None:
    """Objects, functions, state and files cross the border in both directions; the inner one stands there twice."""
    (tmp_path / "lib").mkdir()
    inner: Cells = [
        ("imports", "import random"),
        ("parameters", "rows = 4\nkind = 'a'\nlimits = [1, 2]"),
        ("functions", "def pick(values):\n    return [v for v in values[:rows] if len(limits)]"),
        ("step:load", "mine = pick(shared)\nshared.append(kind)\nlimits.append(3)\nprint(rows, kind, limits)"),
        ("step:draw", "luck = [random.random() for _ in mine]\nluck"),
        ("step:note", "with open(f'{kind}.txt', 'w') as file:\n    file.write(str(mine))"),
        ("skip", "shared = None"),
    ]  # fmt: skip
    write_notebook(inner, name="lib/inner.ipynb")
    cells: Cells = [
        ("parameters", "start = 2"),
        ("step:first", "import random\nrandom.seed(start)\nshared = list(range(9))\nalias = shared"),
        ("notebook:one", "rows = start + 1\n%run lib/inner.ipynb"),
        ("step:between", "before, drawn = pick(shared), luck\nprint(alias, rows)"),
        ("notebook:two", "rows = 2\nkind = 'b'\nlimits = limits\n%run lib/inner.ipynb"),
        ("step:last", "print(alias is shared, before, drawn, luck, pick(alias), open('a.txt').read(), limits)"),
    ]
    project = load(write_notebook(cells))
    assert project.notebook is not None
    assert project.pipeline is not None, project.diagnostics
    found = verified(project.notebook, project.pipeline, start=3)
    assert found.status == "same", found.differences
    assert found.compared["outputs"] == 6
    assert found.compared["files"] == 2
    assert not found.random["values"]


FIGURES = [
    ("import matplotlib.pyplot as plt", True),
    ("import matplotlib\nmatplotlib.use('Agg')\nimport matplotlib.pyplot as plt", False),
]


@pytest.mark.parametrize(("imports", "shown"), FIGURES, ids=["inline", "agg"])
def test_a_figure_is_shown_as_it_is_in_the_notebook(write_notebook: WriteNotebook, imports: str, shown: bool) -> None:
    """A step that is given a figure imports no pyplot, which is what has IPython show pictures."""
    cells = [
        ("step:a", f"{imports}\nfig, axs = plt.subplots(1, 2)"),
        ("step:b", "axs[0].plot([1, 2])"),
        ("step:c", "fig"),
    ]
    path = write_notebook(cells)
    project = load(path)
    assert project.notebook is not None
    found = verified(project.notebook, project.compile())
    assert (found.status, found.differences) == ("same", []), found.differences
    assert found.compared["outputs"] == (5 if shown else 2), found.compared
