"""The ``tag`` command: what it shows, what it writes, what it refuses."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from kale_lite.cli import main
from kale_lite.notebook import read_notebook
from tests.cli.test_cli import kale_lite as in_process_of_its_own
from tests.conftest import Cells, WriteNotebook

CELLS: Cells = [
    ("", "import math"),
    ("md", "## Load"),
    ("", "values = [1.0, 2.0]"),
    ("", "len(values)"),
    ("md", "## Sums"),
    ("keep", "%%time\ntotal = math.fsum(values)"),
    ("", "%%time\nlargest = max(values)"),
]


@dataclass(frozen=True)
class Done:
    """What the command line ended with."""

    returncode: int
    stdout: str
    stderr: str


KaleLite = Callable[..., Done]


@pytest.fixture
def kale_lite(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> KaleLite:
    """The command line, run in this process."""

    def run(*words: str | Path) -> Done:
        monkeypatch.setattr(sys, "argv", ["kale-lite", *map(str, words)])
        monkeypatch.setenv("COLUMNS", "100")
        with pytest.raises(SystemExit) as end:
            main()
        shown = capsys.readouterr()
        return Done(int(end.value.code or 0), shown.out, shown.err)

    return run


def tags(path: Path) -> dict[int, tuple[str, ...]]:
    notebook, found = read_notebook(path)
    assert notebook is not None, found
    return {cell.number: cell.tags for cell in notebook.cells}


def test_shows_what_cells_are(kale_lite: KaleLite, write_notebook: WriteNotebook) -> None:
    path = write_notebook([("", "a = 1"), ("step:load", "b = [2]\nb"), ("", "c = b"), ("skip", "d = [3]")])
    before = path.read_bytes()
    done = kale_lite("tag", path)
    assert done.returncode == 0
    rows = [line.split() for line in done.stdout.splitlines()[1:]]
    assert [(row[0], row[1]) for row in rows] == [("1", "setup"), ("2", "load"), ("3", "load"), ("4", "(skip)")]
    assert "before the first tag" in done.stdout
    assert "joins cell 2" in done.stdout
    assert "tagged step:load" in done.stdout
    assert path.read_bytes() == before


def test_auto_shows_table_and_graph_and_writes_nothing(kale_lite: KaleLite, write_notebook: WriteNotebook) -> None:
    path = write_notebook(CELLS)
    before = path.read_bytes()
    done = kale_lite("tag", path, "--auto")
    assert done.returncode == 0
    assert "only a look" in done.stdout
    assert "after load: values" in done.stdout
    assert "nothing was written" in done.stdout
    assert path.read_bytes() == before


def test_auto_write_then_run_and_undo(kale_lite: KaleLite, write_notebook: WriteNotebook, tmp_path: Path) -> None:
    path = write_notebook(CELLS)
    before = json.loads(path.read_bytes())
    done = kale_lite("tag", path, "--auto", "--write")
    assert done.returncode == 0
    assert tags(path) == {
        1: ("imports",),
        3: ("step:load",),
        4: ("skip",),
        6: ("keep", "step:total"),
        7: ("step:largest",),
    }
    ran = in_process_of_its_own("run", path, "--output-dir", tmp_path / "run")
    assert ran.returncode == 0, ran.stderr
    pipeline = json.loads((tmp_path / "run" / "pipeline.json").read_text())
    assert pipeline["edges"] == [["load", "total"], ["load", "largest"]]
    undo = next(line for line in done.stderr.splitlines() if line.startswith("undo: "))
    assert kale_lite(*shlex.split(undo)[2:]).returncode == 0
    assert json.loads(path.read_bytes()) == before


def test_second_time_there_is_nothing_to_write(kale_lite: KaleLite, write_notebook: WriteNotebook) -> None:
    path = write_notebook(CELLS)
    kale_lite("tag", path, "--auto", "--write")
    before = path.read_bytes()
    done = kale_lite("tag", path, "--auto", "--write")
    assert done.returncode == 0
    assert "written" not in done.stderr
    assert path.read_bytes() == before


def test_undo_by_git(kale_lite: KaleLite, write_notebook: WriteNotebook, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_notebook(CELLS)
    for words in (["init", "-q"], ["add", "."], ["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "a"]):
        subprocess.run(["git", *words], cwd=path.parent, check=True)
    monkeypatch.chdir(path.parent)
    done = kale_lite("tag", path.name, "--set", "3=step:load", "--write")
    assert "undo: git restore nb.ipynb" in done.stderr
    done = kale_lite("tag", path.name, "--set", "4=skip", "--write")
    assert "--unset 4=skip" in done.stderr


def test_json_and_mermaid(kale_lite: KaleLite, write_notebook: WriteNotebook) -> None:
    path = write_notebook(CELLS)
    data = json.loads(kale_lite("tag", path, "--auto", "--json").stdout)
    assert data["tags"]["7"] == ["step:largest"]
    assert [(c["cell"], c["role"], c["step"], c["proposed"]) for c in data["cells"]][1] == (3, "step", "load", True)
    assert data["pipeline"]["edges"] == [["load", "total"], ["load", "largest"]]
    mermaid = kale_lite("tag", path, "--auto", "--format", "mermaid").stdout
    assert mermaid.startswith("flowchart TD")


def test_set_and_unset(kale_lite: KaleLite, write_notebook: WriteNotebook) -> None:
    path = write_notebook([("step:a|mine", "x = 1"), ("", "y = x")])
    done = kale_lite(
        "tag", path, "--set", "1=step:b", "--set", "2=step:c", "--set", "2=retry:2", "--unset", "1=mine", "--write"
    )
    assert done.returncode == 0, done.stderr
    assert tags(path) == {1: ("step:b",), 2: ("step:c", "retry:2")}


def test_set_is_respected_by_auto(kale_lite: KaleLite, write_notebook: WriteNotebook) -> None:
    path = write_notebook(CELLS)
    assert kale_lite("tag", path, "--set", "4=step:mine", "--auto", "--write").returncode == 0
    assert tags(path)[4] == ("step:mine",)
    assert tags(path)[3] == ("step:load",)


def test_wrong_calls(kale_lite: KaleLite, write_notebook: WriteNotebook) -> None:
    path = write_notebook(CELLS)
    before = path.read_bytes()
    for words, message in [
        (["--set", "3"], "CELL=TAG"),
        (["--set", "2=skip"], "no code cell 2"),
        (["--set", "99=skip"], "no code cell 99"),
        (["--set", "3=stp:a"], "step:a"),
        (["--unset", "3=skip"], "no tag 'skip'"),
        (["--set", "3=prev:nothing"], "no step 'nothing'"),
    ]:
        done = kale_lite("tag", path, *words, "--write")
        assert done.returncode == 2, words
        assert message in done.stderr
    assert kale_lite("tag", path.with_name("none.ipynb")).returncode == 2
    assert path.read_bytes() == before


def test_notebook_that_does_not_compile_is_not_written(kale_lite: KaleLite, write_notebook: WriteNotebook) -> None:
    path = write_notebook([("", "a = missing"), ("", "b = a")])
    before = path.read_bytes()
    done = kale_lite("tag", path, "--auto", "--write")
    assert done.returncode == 2
    assert "KL202" in done.stderr
    assert "nothing was written" in done.stderr
    assert path.read_bytes() == before
