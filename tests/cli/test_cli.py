"""The command line: flags, exit codes, what is printed where."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Cells, WriteNotebook

GOOD: Cells = [
    ("parameters", "rate = 0.5"),
    ("step:load", "x = [1, 2]"),
    ("step:use", "y = [v * rate for v in x]\nprint('y is', y)"),
    ("step:other", "z = 1"),
]


def kale_lite(*args: str | Path, **options: Any) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "NO_COLOR": "1", "COLUMNS": "80"}
    return subprocess.run(
        [sys.executable, "-m", "kale_lite", *map(str, args)],
        capture_output=True,
        text=True,
        env=env,
        timeout=120,
        **options,
    )


def test_help_is_cheap() -> None:
    """Neither help nor the package itself pull in what only commands need."""
    heavy = r"\b(kfp|nbconvert|pandas|IPython|papermill|nbformat|nbclient|numpy|ast_grep_py)\b"
    for command in (["-m", "kale_lite", "--help"], ["-c", "import kale_lite"]):
        done = subprocess.run(
            [sys.executable, "-X", "importtime", *command], capture_output=True, text=True, check=True
        )
        assert not re.search(heavy, done.stderr)


@pytest.mark.parametrize(
    "command",
    [[], ["run"], ["submit"], ["graph"], ["check"], ["runs"], ["runs", "list"], ["runs", "show"], ["runs", "delete"]],
)
def test_help(command: list[str]) -> None:
    done = kale_lite(*command, "--help")
    assert done.returncode == 0
    assert "Usage" in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80


def test_version() -> None:
    assert re.fullmatch(r"kale-lite \d+\.\d+\.\d+\n", kale_lite("--version").stdout)


def test_run_with_plain_lines(write_notebook: WriteNotebook, tmp_path: Path) -> None:
    path = write_notebook(GOOD)
    before = path.read_bytes()
    done = kale_lite("run", path, "--output-dir", tmp_path / "out", "-p", "rate=2", "--log-output", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "y is [2.0, 4.0]" in done.stdout
    assert "✓ use" in done.stdout
    assert "done in" in done.stdout
    assert path.read_bytes() == before


def test_run_with_json_events(write_notebook: WriteNotebook, tmp_path: Path) -> None:
    done = kale_lite("run", write_notebook(GOOD), "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert events[0]["type"] == "run-started"
    assert events[-1]["status"] == "done"
    folder = Path(events[-1]["output_dir"])
    assert folder.parent == tmp_path / "kale-lite-runs"
    assert (folder / "run.json").exists()


@pytest.mark.parametrize(
    ("cells", "args", "said"),
    [
        (GOOD, ["-p", "rat=1"], "KL501"),
        (GOOD, ["-p", "rate=fast"], "KL502"),
        (GOOD, ["-p", "rate"], "NAME=VALUE"),
        (GOOD, ["--params-file", "none.yml"], "KL503"),
        (GOOD, ["-k", "no-such-kernel"], "KL006"),
        (GOOD, ["--cwd", "no-such-folder"], "no-such-folder"),
        ([("step:a", "x = (")], [], "cell 1, line 1: error KL201"),
        ([("step:a", "x = 1\nprint(xx)")], [], "cell 1, line 2: error KL202"),
        ([("step:a|prev:b", "x = 1")], [], "cell 1: error KL104"),
        ([("step:a", "x = 1"), ("skip", "x = 2"), ("step:b", "x")], ["--fail-on", "warning"], "KL108"),
    ],
)
def test_refused_before_anything_runs(
    write_notebook: WriteNotebook, tmp_path: Path, cells: Cells, args: list[str], said: str
) -> None:
    done = kale_lite("run", write_notebook(cells), "--output-dir", tmp_path / "out", *args, cwd=tmp_path)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "out").exists()


def test_bad_files(tmp_path: Path) -> None:
    (tmp_path / "bad.ipynb").write_text("{")
    done = kale_lite("run", tmp_path / "bad.ipynb", tmp_path / "none.ipynb", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.count("KL001") == 2


def test_unwritable_output_folder(write_notebook: WriteNotebook, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = kale_lite("run", write_notebook(GOOD), "--output-dir", tmp_path / "file" / "out")
    assert done.returncode == 2
    assert "KL504" in done.stderr


def test_failing_cell(write_notebook: WriteNotebook, tmp_path: Path) -> None:
    path = write_notebook([("step:a", "d = {}\nd['key']")])
    done = kale_lite("run", path, "--output-dir", tmp_path / "out")
    assert done.returncode == 1
    assert "cell 1, line 2: error KL402" in done.stderr
    assert ">    2 | d['key']" in done.stderr
    assert "failed in" in done.stdout


def test_graph_formats(write_notebook: WriteNotebook, tmp_path: Path) -> None:
    path = write_notebook([*GOOD[:2], ('step:"quoted" <b>', "y = len(x)")])
    text = kale_lite("graph", path).stdout
    assert "after load: x" in text
    data = json.loads(kale_lite("graph", path, "--format", "json").stdout)
    assert data["edges"] == [["load", '"quoted" <b>']]
    assert data["dependencies"][0]["name"] == "x"
    mermaid = kale_lite("graph", path, "--format", "mermaid").stdout
    assert mermaid.startswith("flowchart TD")
    assert "<b>" not in mermaid
    kale_lite("graph", path, "--format", "mermaid", "-o", tmp_path / "g.mmd")
    assert (tmp_path / "g.mmd").read_text() == mermaid


@pytest.mark.parametrize(
    ("pair", "code", "said"),
    [
        (("load", "use"), 0, "it reads 'x' as 'load' left it (cell 3, line 1)"),
        (("load", "other"), 0, "independent"),
        (("load", "end"), 0, "by way of use"),
        (("load", "usee"), 2, "'use'"),
    ],
)
def test_graph_why(write_notebook: WriteNotebook, pair: tuple[str, str], code: int, said: str) -> None:
    done = kale_lite("graph", write_notebook([*GOOD, ("step:end", "print(y)")]), "--why", *pair)
    assert done.returncode == code
    assert said in done.stdout + done.stderr


def test_check(write_notebook: WriteNotebook) -> None:
    done = kale_lite("check", write_notebook(GOOD))
    assert (done.returncode, done.stdout.strip().endswith("3 steps, no problems")) == (0, True)
    warned = write_notebook([("step:a", "x = 1"), ("skip", "x = 2"), ("step:b", "x")], name="warned.ipynb")
    assert kale_lite("check", warned).returncode == 0
    assert kale_lite("check", warned, "--strict").returncode == 2
    broken = write_notebook([("step:a", "x = (")], name="broken.ipynb")
    done = kale_lite("check", warned, broken, "--format", "json")
    assert done.returncode == 2
    assert [(row["code"], row["cell"]) for row in json.loads(done.stdout)] == [("KL108", 3), ("KL201", 1)]


def test_options_that_mean_nothing_here_are_told_once(write_notebook: WriteNotebook, tmp_path: Path) -> None:
    path = write_notebook([("step:a|limit:memory:2Gi|image:r/i", "x = 1"), ("step:b|limit:memory:1Gi", "y = 1")])
    done = kale_lite("run", path, "--output-dir", tmp_path / "out")
    assert done.returncode == 0
    assert done.stderr.count("KL111") == 2
    assert "a, b" in done.stderr


def test_until_and_junit(write_notebook: WriteNotebook, tmp_path: Path) -> None:
    from xml.etree import ElementTree

    path = write_notebook([*GOOD, ("step:bad", "1 / 0  # <&\x1b"), ("step:after|prev:bad", "w = 1")])
    report = tmp_path / "junit.xml"
    done = kale_lite("run", path, "--output-dir", tmp_path / "a", "--until", "use", "--junit", report)
    assert done.returncode == 0, done.stderr
    cases = ElementTree.parse(report).getroot().iter("testcase")
    assert [case.get("name") for case in cases] == ["load", "use"]

    assert kale_lite("run", path, "--output-dir", tmp_path / "b", "--junit", report).returncode == 1
    suite = next(ElementTree.parse(report).getroot().iter("testsuite"))
    assert (suite.get("tests"), suite.get("failures"), suite.get("skipped")) == ("5", "1", "1")
    failure = next(suite.iter("failure"))
    assert "ZeroDivisionError" in str(failure.get("message"))
    assert "cell 5, line 1" in str(failure.text)

    assert kale_lite("run", path, "--until", "usee", cwd=tmp_path).returncode == 2
