"""Real runs of notebooks that hold others: values, the record, and failures told by the cells of the right notebook."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import nbformat
import pytest

from kale_lite.errors import RefusedError
from kale_lite.project import load
from kale_lite.targets.local import RunResult
from tests.conftest import Cells, make_notebook

LIBRARY: Cells = [
    ("md", "# Shared"),
    ("parameters", "rows = 10\nscale = 1.5"),
    ("functions", "def shrink(values):\n    return [v / scale for v in values]"),
    ("step:load", "data = shrink([start + i for i in range(rows)])\nprint('loaded', data)"),
    ("step:check", "def at(i):\n    return data[i]\n\nlast = at(limit)\nprint('last', last)"),
    ("pipeline-metrics", "print(last)"),
]
OUTER: Cells = [
    ("parameters", "start = 4\nlimit = 1"),
    ("step:first", "noted = []\nprint('first')"),
    ("notebook:lib", "# two rows only\nrows = 2\nscale = start / 2\n%run lib/shared.ipynb"),
    ("step:end", "noted.append(data)\nprint('end', noted, rows, scale)\nopen('made.txt', 'w').write('here')"),
]


def made(folder: Path) -> Path:
    (folder / "lib").mkdir()
    nbformat.write(make_notebook(LIBRARY), folder / "lib" / "shared.ipynb")
    nbformat.write(make_notebook(OUTER), folder / "nb.ipynb")
    return folder / "nb.ipynb"


def run(path: Path, out: Path, **parameters: Any) -> RunResult:
    return load(path).run(parameters, output_dir=out)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, RunResult, RunResult]:
    """A run that goes well, and one in which a cell of the embedded notebook fails."""
    folder = tmp_path_factory.mktemp("embedded")
    path = made(folder)
    return folder, run(path, folder / "good", start=6), run(path, folder / "bad", limit=7)


def printed(path: Path) -> list[tuple[str, str]]:
    """Where each code cell of a record comes from, and what it printed."""
    content = nbformat.read(path, as_version=4)
    nbformat.validate(content)
    found = []
    for cell in content.cells:
        ours = cell.metadata.get("kale_lite", {})
        text = "".join(o.get("text", "") for o in cell.get("outputs", []))
        if cell.cell_type == "code":
            found.append((f"{ours.get('notebook', '')}:{ours.get('cell', '')}", text))
    return found


def test_the_record_has_the_cells_of_both_notebooks(runs: tuple[Path, RunResult, RunResult]) -> None:
    folder, good, _ = runs
    assert good.status == "done", good.diagnostics
    assert printed(folder / "good" / "notebook.ipynb") == [
        (":", ""),
        (":", "first\n"),
        (":", ""),
        ("lib/shared.ipynb:2", ""),
        ("lib/shared.ipynb:3", ""),
        ("lib/shared.ipynb:4", "loaded [2.0, 2.3333333333333335]\n"),
        ("lib/shared.ipynb:5", "last 2.3333333333333335\n"),
        ("lib/shared.ipynb:6", "2.3333333333333335\n"),
        (":", "end [[2.0, 2.3333333333333335]] 2 3.0\n"),
    ]
    assert good.metrics == {"lib-last": 2.3333333333333335}
    assert (folder / "made.txt").read_text() == "here"
    assert not (folder / "lib" / "made.txt").exists()


def test_files_of_the_notebooks_stay_as_they_are(runs: tuple[Path, RunResult, RunResult]) -> None:
    folder, _, _ = runs
    for name, cells in (("lib/shared.ipynb", LIBRARY), ("nb.ipynb", OUTER)):
        content = nbformat.read(folder / name, as_version=4)
        assert [c.source for c in content.cells] == [source for _, source in cells]
        assert not any(c.get("outputs") for c in content.cells)


def test_a_failure_is_told_by_the_cells_of_the_embedded_notebook(runs: tuple[Path, RunResult, RunResult]) -> None:
    folder, _, bad = runs
    assert {name: step.status for name, step in bad.steps.items()}["lib-check"] == "failed"
    (found,) = bad.diagnostics
    assert str(found).startswith("cell 5 of lib/shared.ipynb, line 4: error KL402: step 'lib-check' failed: IndexError")
    trace = bad.steps["lib-check"].traceback
    assert ">    4 | last = at(limit)" in trace
    assert "cell 5 of lib/shared.ipynb, line 2" in trace
    events = [json.loads(line) for line in (folder / "bad" / "events.jsonl").read_text().splitlines()]
    told = [d for e in events for d in e.get("diagnostics", [])]
    assert [(d["notebook"], d["cell"], d["line"]) for d in told] == [("lib/shared.ipynb", 5, 4)]
    pipeline = json.loads((folder / "bad" / "pipeline.json").read_text())
    step = next(s for s in pipeline["steps"] if s["name"] == "lib-check")
    assert [pipeline["cells"][str(n)] for n in step["cells"]] == [{"notebook": "lib/shared.ipynb", "cell": 5}]
    record = nbformat.read(folder / "bad" / "notebook.ipynb", as_version=4)
    assert record.cells[step["cells"][0] - 1].outputs[-1].ename == "IndexError"


def test_parameters_that_a_cell_sets_cannot_be_set_by_a_run(tmp_path: Path) -> None:
    with pytest.raises(RefusedError) as refused:
        run(made(tmp_path), tmp_path / "out", rows=5)
    (found,) = refused.value.diagnostics
    assert (found.code, str(found.location)) == ("KL501", "cell 3")


def test_what_the_harness_finds_stands_in_the_embedded_notebook(tmp_path: Path) -> None:
    inner: Cells = [("step:open", "import threading\nlock = threading.Lock()"), ("step:use", "print(lock)")]
    nbformat.write(make_notebook(inner), tmp_path / "inner.ipynb")
    nbformat.write(make_notebook([("step:a", "x = 1"), ("notebook:in", "%run inner.ipynb")]), tmp_path / "nb.ipynb")
    (found,) = run(tmp_path / "nb.ipynb", tmp_path / "out").diagnostics
    assert (found.code, str(found.location)) == ("KL401", "cell 1 of inner.ipynb, line 2")
