"""Running again from a step, or where a run failed: the same results as from the start, or a refusal that says why."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest

from kale_lite.errors import RefusedError, UsageError
from kale_lite.project import load
from kale_lite.targets.local import Again, RunResult
from tests.conftest import Cells, make_notebook

CELLS: Cells = [
    ("parameters", "n = 3\nrate = 0.5\npair = (1, 2)"),
    ("md", "# words"),
    ("imports", "import random\nimport helper"),
    ("step:load", "random.seed(7)\nrows = [helper.one(i) for i in range(n)]\nopen('made.txt', 'w').write(str(rows))\n"
     "text = open('data.txt').read()\nprint('loading')"),
    ("step:side", "side = sum(rows) + pair[1]\nprint('side', side)"),
    ("step:log|prev:side", "with open('log.txt', 'a') as f:\n    f.write('x')\nopen('new.txt', 'a').write('n')\n"
     "shared = [rows, rows]\ndrawn = random.random()"),
    ("step:train", "if n < 9:\n    raise ValueError(text)\nmodel = rate * drawn"),
    ("step:after", "print('model', model, shared[0] is shared[1])"),
    ("pipeline-metrics", "print(side)"),
]  # fmt: skip
MENDED = "model = rate * drawn"


def write(folder: Path, cells: Cells) -> Path:
    nbformat.write(make_notebook(cells), folder / "nb.ipynb")
    return folder / "nb.ipynb"


def with_source(number: int, source: str) -> Cells:
    return [(tags, source if i == number else old) for i, (tags, old) in enumerate(CELLS, 1)]


def statuses(result: RunResult) -> dict[str, str]:
    return {name: "reused" if step.reused else step.status for name, step in result.steps.items()}


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a notebook, its files, and a run of it in which `train` failed."""
    folder = tmp_path_factory.mktemp("base")
    (folder / "helper.py").write_text("def one(i):\n    return i\n")
    (folder / "data.txt").write_text("bad")
    (folder / "log.txt").write_text("before ")
    path = write(folder, CELLS)
    result = load(path).run(output_dir=folder / "first", report=False)
    assert statuses(result)["train"] == "failed"
    assert (folder / "log.txt").read_text() == "before x"
    return folder


@pytest.fixture
def here(base: Path) -> Any:
    """That folder, given back as it was."""
    kept = {path: (path.read_bytes(), path.stat()) for path in base.iterdir() if path.is_file()}
    yield base
    for path in base.iterdir():
        if path.is_file() and path not in kept:
            path.unlink()
    for path, (content, stat) in kept.items():
        path.write_bytes(content)
        os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    for name in ("again", "second", "third"):
        shutil.rmtree(base / name, ignore_errors=True)


def test_a_mended_step_runs_on_what_was_done(here: Path) -> None:
    path = write(here, with_source(7, MENDED))
    again = load(path).run({"n": 3}, output_dir=here / "second", again=Again(here / "first"))
    assert statuses(again) == {
        "load": "reused", "side": "reused", "log": "reused", "train": "done", "after": "done", "metrics": "reused",
    }  # fmt: skip
    assert (again.status, again.metrics, again.diagnostics) == ("done", {"side": 5}, ())
    shutil.rmtree(here / "first" / "store" / "nothing", ignore_errors=True)
    for name in ("log.txt", "new.txt", "made.txt"):
        assert (here / name).read_text() == {"log.txt": "before x", "new.txt": "n", "made.txt": "[0, 1, 2]"}[name]
    record = json.loads((here / "second" / "run.json").read_text())
    assert record["steps"]["load"]["reused"] == str(here / "first")
    shown = nbformat.read(here / "second" / "notebook.ipynb", 4)
    assert shown.cells[3].outputs[0].text == "loading\n"
    report = (here / "second" / "report.html").read_text()
    assert "↺ reused" in report
    (here / "log.txt").write_text("before ")
    (here / "new.txt").unlink()
    whole = load(path).run({"n": 3}, output_dir=here / "third", report=False)
    assert whole.metrics == again.metrics
    printed = [
        nbformat.read(here / name / "notebook.ipynb", 4).cells[7].outputs[0].text for name in ("second", "third")
    ]
    assert printed[0] == printed[1]
    assert printed[0].endswith("True\n")


def test_files_of_a_step_that_runs_again_are_put_back(here: Path) -> None:
    path = write(here, with_source(7, MENDED))
    result = load(path).run(output_dir=here / "second", again=Again(here / "first", "log"), report=False)
    assert [name for name, state in statuses(result).items() if state == "done"] == ["log", "train", "after"]
    assert (here / "log.txt").read_text() == "before x"
    assert (here / "new.txt").read_text() == "n"
    # And once more, from the run that had taken steps over.
    result = load(path).run(output_dir=here / "third", again=Again(here / "second", "log"), report=False)
    assert (here / "log.txt").read_text() == "before x"
    assert result.steps["load"].reused == str(here / "first")


def _touch(name: str, text: str) -> Callable[[Path], None]:
    return lambda folder: (folder / name).write_text(text) and None


@pytest.mark.parametrize(
    ("number", "source", "parameters", "change", "said"),
    [
        (4, CELLS[3][1] + "\n# a word", {}, None, r"cell 4, of step 'load', was changed(?s:.*)--from load"),
        (5, "side = sum(rows)", {}, None, "cell 5, of step 'side', was changed"),
        (7, MENDED, {"n": 4}, None, "parameter 'n', which step 'load' uses, has another value(?s:.*)--from load"),
        (7, MENDED, {"pair": (1, 5)}, None, "parameter 'pair', which step 'side' uses"),
        (7, "model = side * drawn * random.random()", {}, None, "step 'log' did not save 'state:random' in that run"),
        (7, MENDED, {}, _touch("data.txt", "other"), "data.txt, which step 'load' uses, was changed"),
        (7, MENDED, {}, lambda folder: (folder / "made.txt").unlink(), "made.txt, which step 'load' uses, is gone"),
        (7, MENDED, {}, _touch("helper.py", "def one(i):\n    return i + 1\n"), "module 'helper'.* was changed"),
        (7, MENDED, {}, _touch("log.txt", "mine"), r"log.txt, which step 'log' uses, was changed"),
    ],
    ids=["cell", "cell that others need", "parameter", "another parameter", "needs more", "file read", "file written",
         "module", "file of the last step"],
)  # fmt: skip
def test_what_was_changed_is_named(
    here: Path, number: int, source: str, parameters: dict[str, Any], change: Callable[[Path], None] | None, said: str
) -> None:
    path = write(here, with_source(number, source))
    if change is not None:
        change(here)
    with pytest.raises(RefusedError, match=f"KL508.*{said}") as caught:
        load(path).run(parameters, output_dir=here / "again", again=Again(here / "first"))
    assert [d.code for d in caught.value.diagnostics] == ["KL508"]
    assert not (here / "again").exists()


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("look.packages.nbformat", "0.1", "package nbformat was 0.1 in that run, and is now"),
        ("look.packages.gone", "1", "package gone was 1 in that run, and is now not installed"),
        ("look.python", "2.7", "another Python"),
        ("kale_lite", "0.0.1", "kale-lite is .* and was 0.0.1"),
        ("hash_seed", "5", "PYTHONHASHSEED"),
        ("cwd", "/elsewhere", "working directory"),
        ("kernel", "other", "kernel"),
        ("look", None, "cannot be found out"),
    ],
)
def test_other_surroundings_are_named(here: Path, key: str, value: Any, said: str) -> None:
    path = write(here, with_source(7, MENDED))
    place = here / "first" / "work" / "surroundings.json"
    then = place.read_text()
    data = json.loads(then)
    *parents, last = key.split(".")
    inner = data
    for name in parents:
        inner = inner[name]
    inner[last] = value
    place.write_text(json.dumps(data))
    try:
        with pytest.raises(RefusedError, match=f"KL508.*{said}"):
            load(path).run(output_dir=here / "again", again=Again(here / "first"))
    finally:
        place.write_text(then)


def test_modules_behind_modules_are_compared(tmp_path: Path) -> None:
    (tmp_path / "outer.py").write_text("import inner\ndef one(): return inner.ONE\n")
    (tmp_path / "inner.py").write_text("ONE = 1\n")
    path = write(tmp_path, [("step:a", "import outer\nx = outer.one()"), ("step:b", "y = x")])
    load(path).run(output_dir=tmp_path / "first", report=False)
    (tmp_path / "inner.py").write_text("ONE = 2\n")
    with pytest.raises(RefusedError, match="module 'inner'.* was changed"):
        load(path).run(output_dir=tmp_path / "second", report=False, again=Again(tmp_path / "first", "b"))


def test_modules_at_places_of_the_notebooks_own_are_told(tmp_path: Path) -> None:
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "apart.py").write_text("ONE = 1\n")
    code = "import sys\nsys.path.append('lib')\nimport apart\nx = apart.ONE"
    path = write(tmp_path, [("step:a", code), ("step:b", "y = x")])
    load(path).run(output_dir=tmp_path / "first", report=False)
    result = load(path).run(output_dir=tmp_path / "second", report=False, again=Again(tmp_path / "first", "b"))
    (told,) = [one for one in result.problems if one.code == "KL509"]
    assert "module 'apart' cannot be found before the notebook runs" in told.message


def test_environment_variables_that_cells_name_are_compared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code = "import os\nmode = os.environ.get('MODE', 'none')"
    path = write(tmp_path, [("step:a", code), ("step:b", "print(mode)")])
    monkeypatch.delenv("MODE", raising=False)
    monkeypatch.setenv("TZ", "UTC")
    load(path).run(output_dir=tmp_path / "first", report=False)
    again = Again(tmp_path / "first", "b")
    monkeypatch.setenv("OTHER", "1")
    assert load(path).run(output_dir=tmp_path / "same", report=False, again=again).diagnostics == ()
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    (told,) = load(path).run(output_dir=tmp_path / "zone", report=False, again=again).problems
    assert (told.code, told.message.endswith("in that run: TZ")) == ("KL509", True)
    monkeypatch.setenv("MODE", "secret value")
    with pytest.raises(RefusedError, match=r"environment variable 'MODE', which cell 1 names, is not as it was"):
        load(path).run(output_dir=tmp_path / "second", report=False, again=again)
    load(path).run(output_dir=tmp_path / "third", report=False)
    assert "secret value" not in (tmp_path / "third" / "work" / "surroundings.json").read_text()
    monkeypatch.delenv("MODE")
    with pytest.raises(RefusedError, match="environment variable 'MODE'"):
        load(path).run(output_dir=tmp_path / "fourth", report=False, again=Again(tmp_path / "third", "b"))


def test_a_package_that_was_added_is_told(here: Path) -> None:
    path = write(here, with_source(7, "model = 1"))
    place = here / "first" / "work" / "surroundings.json"
    then = place.read_text()
    data = json.loads(then)
    del data["look"]["packages"]["nbformat"]
    place.write_text(json.dumps(data))
    try:
        result = load(path).run(output_dir=here / "second", again=Again(here / "first"), report=False)
    finally:
        place.write_text(then)
    assert [(d.code, "nbformat" in d.message) for d in result.diagnostics] == [("KL509", True)]


def test_a_file_that_was_changed_after_the_step_that_runs_again(here: Path) -> None:
    """It is not written over by what it was before that step."""
    path = write(here, with_source(7, MENDED))
    (here / "log.txt").write_text("mine")
    with pytest.raises(
        RefusedError, match=r"KL508.*log.txt, of step 'log', was changed after it(?s:.*)work/before/log-0"
    ):
        load(path).run(output_dir=here / "again", again=Again(here / "first", "log"))
    assert (here / "log.txt").read_text() == "mine"


def test_files_at_computed_paths(tmp_path: Path) -> None:
    """Those below the working directory were seen; of others it is told that they were not; nothing to reuse is a run."""
    (tmp_path / "d1.txt").write_text("1")
    cells: Cells = [("step:a", "i = len('x')\nx = open(f'd{i}.txt').read()\np = str(__import__('os').getcwd()) + f'/d{i}.txt'\ny = open(p).read()"),
                    ("step:b", "print(x + y)\nraise ValueError")]  # fmt: skip
    path = write(tmp_path, cells)
    assert load(path).run(output_dir=tmp_path / "first", report=False).status == "failed"
    path = write(tmp_path, [cells[0], ("step:b", "print(x + y)")])
    result = load(path).run(output_dir=tmp_path / "second", again=Again(tmp_path / "first"), report=False)
    assert statuses(result) == {"a": "reused", "b": "done"}
    assert [d.code for d in result.diagnostics] == ["KL509"]
    assert "not compared" in result.diagnostics[0].message
    (tmp_path / "d1.txt").write_text("2")
    with pytest.raises(RefusedError, match=r"KL508.*d1.txt, which step 'a' uses, was changed"):
        load(path).run(output_dir=tmp_path / "third", again=Again(tmp_path / "first"))
    result = load(path).run(output_dir=tmp_path / "third", again=Again(tmp_path / "first", "a"), report=False)
    assert statuses(result) == {"a": "done", "b": "done"}


def test_places_that_cannot_be_gone_on_from(here: Path) -> None:
    path = write(here, CELLS)
    with pytest.raises(UsageError, match="KL506"):
        load(path).run(output_dir=here / "again", again=Again(here))
    with pytest.raises(UsageError, match="KL504.*to take steps from"):
        load(path).run(output_dir=here / "first", again=Again(here / "first"))
    assert json.loads((here / "first" / "run.json").read_text())["status"] == "failed"


def test_from_the_command_line(here: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("KALE_LITE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("NO_COLOR", "1")

    def kale_lite(*args: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "kale_lite", *args]
        return subprocess.run(command, capture_output=True, text=True, cwd=here, timeout=300)

    write(here, with_source(7, MENDED))
    assert "KL506: there is no earlier run" in kale_lite("run", "nb.ipynb", "--from", "train").stderr
    assert kale_lite("run", "nb.ipynb", "--only", "train", "--until", "train").returncode == 2
    assert kale_lite("runs", "add", "first").returncode == 0
    done = kale_lite("runs", "resume", "last", "--output-dir", "second")
    assert done.returncode == 0, done.stderr
    assert "↺ load reused" in done.stdout
    assert "✓ train" in done.stdout
    assert "nothing to resume" in kale_lite("runs", "resume", "last").stderr
    done = kale_lite("run", "nb.ipynb", "--only", "train", "--output-dir", "third", "--no-report")
    assert done.returncode == 0, done.stderr
    lines = [line for line in done.stdout.splitlines() if line[0] in "▶✓↺"]
    assert [line.split()[:2] for line in lines if line[0] == "✓"] == [["✓", "train"]]
    assert not any("after" in line for line in lines)
    write(here, with_source(4, "rows = []\nprint('changed')\ntext = ''"))
    done = kale_lite("run", "nb.ipynb", "--from", "train", "--reuse", "second", "--output-dir", "again")
    assert done.returncode == 2
    assert "cell 4, of step 'load', was changed" in done.stderr
    assert "reused" in kale_lite("runs", "show", "second").stdout
