"""Notebooks in notebooks on the command line: findings in the right file, graphs with frames, tags left alone."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.cli.test_cli import kale_lite
from tests.conftest import Cells, WriteNotebook

INNER: Cells = [
    ("md", "# Shared"),
    ("parameters", "rows = 3"),
    ("step:load", "data = [0] * rows\n\nprint(datum)"),
]
OUTER: Cells = [
    ("step:first", "x = 1\nprint(y)"),
    ("notebook:lib", "%run lib/shared.ipynb"),
    ("", "n = len(data) + m"),
]


@pytest.fixture
def path(write_notebook: WriteNotebook, tmp_path: Path) -> Path:
    (tmp_path / "lib").mkdir()
    write_notebook(INNER, name="lib/shared.ipynb")
    return write_notebook(OUTER)


def check(path: Path, *words: str) -> subprocess.CompletedProcess[str]:
    done = kale_lite("check", path.name, *words, cwd=path.parent)
    assert done.returncode == 2
    return done


def lines_of(path: Path) -> list[str]:
    return path.read_text().splitlines()


def test_text_has_the_line_of_the_other_file(path: Path) -> None:
    lines = check(path).stdout.splitlines()
    heads = [line for line in lines if line.startswith("  cell")]
    assert heads == [
        "  cell 1 · step first",
        "  cell 3 of lib/shared.ipynb · step lib-load",
        "  cell 3 · step after-lib",
    ]
    place = next(i for i, line in enumerate(lines) if "KL202: name 'datum'" in line)
    assert lines[place].startswith("    line 3: error")
    assert lines[place + 1] == "       3 │ print(datum)"
    assert lines[place + 2].index("^") == lines[place + 1].index("datum")


def test_json_github_and_sarif_name_the_other_file(path: Path) -> None:
    rows = json.loads(check(path, "--format", "json").stdout)
    assert [(r["notebook"], r["cell"], r["line"]) for r in rows] == [
        ("nb.ipynb", 1, 2), ("lib/shared.ipynb", 3, 3), ("nb.ipynb", 3, 1),
    ]  # fmt: skip
    commands = check(path, "--format", "github").stdout.splitlines()
    files = [line.split("file=")[1].split(",")[:2] for line in commands[:3]]
    assert [file for file, _ in files] == ["nb.ipynb", "lib/shared.ipynb", "nb.ipynb"]
    line = int(files[1][1].removeprefix("line="))
    assert "print(datum)" in lines_of(path.parent / "lib" / "shared.ipynb")[line - 1]
    assert "cell 3 of lib/shared.ipynb, line 3" in commands[1]
    results = json.loads(check(path, "--format", "sarif").stdout)["runs"][0]["results"]
    physical = [result["locations"][0]["physicalLocation"] for result in results]
    assert [one["artifactLocation"]["uri"] for one in physical] == ["nb.ipynb", "lib/shared.ipynb", "nb.ipynb"]
    assert physical[1]["region"]["startLine"] == line
    logical = results[1]["locations"][0]["logicalLocations"][0]
    assert logical["fullyQualifiedName"] == "lib/shared.ipynb/cell 3"


@pytest.fixture
def good(path: Path, write_notebook: WriteNotebook) -> Path:
    write_notebook([*INNER[:2], ("step:load", "data = [0] * rows"), ("step:next", "size = len(data)")],
                   name="lib/shared.ipynb")  # fmt: skip
    return write_notebook([("step:first", "x = 1"), OUTER[1], ("", "n = len(data)"), ("", "print(n, size)")])


def test_graphs_frame_the_steps_of_a_notebook(good: Path) -> None:
    text = kale_lite("graph", good).stdout
    assert "   lib-load  [cell 3 of lib/shared.ipynb]" in text.splitlines()
    assert "   after-lib  [cells 3, 4]" in text.splitlines()
    said = kale_lite("graph", good, "--why", "lib-load", "lib-next").stdout
    assert "(cell 4 of lib/shared.ipynb, line 1)" in said
    lines = [line.strip() for line in kale_lite("graph", good, "--format", "mermaid").stdout.splitlines()]
    begin, end = next(i for i, line in enumerate(lines) if line.startswith("subgraph")), lines.index("end")
    assert lines[begin].endswith('["lib"]')
    assert lines[begin + 1 : end] == ['s1["lib-load"]', 's2["lib-next"]']


def test_tags_of_embedded_cells_are_left_alone(good: Path) -> None:
    other = good.parent / "lib" / "shared.ipynb"
    before = other.read_bytes()
    rows = [line.split() for line in kale_lite("tag", good).stdout.splitlines()]
    assert ["2", "lib", "(notebook)", "%run", "lib/shared.ipynb", "stands", "for", "lib/shared.ipynb"] in rows
    assert not any(row[:1] == ["5"] for row in rows)
    done = kale_lite("tag", good, "--auto", "--write")
    assert done.returncode == 0, done.stderr
    tags = [cell["metadata"]["tags"] for cell in json.loads(good.read_text())["cells"]]
    assert tags[:2] == [["step:first"], ["notebook:lib"]]
    assert tags[2] == tags[3]
    assert tags[2][0].startswith("step:")
    assert other.read_bytes() == before
    undo = done.stderr.splitlines()[-1]
    assert f"--unset 3={tags[2][0]}" in undo


def test_headings_of_an_embedded_notebook_name_no_steps(write_notebook: WriteNotebook) -> None:
    write_notebook([("md", "# Shared"), ("md", "## Deep"), ("step:load", "data = [1]")], name="p.ipynb")
    cells: Cells = [("md", "# Title"), ("md", "## Data"), ("notebook:p", "%run p.ipynb"), ("", "n = len(data)")]
    path = write_notebook(cells)
    assert kale_lite("tag", path, "--auto", "--write").returncode == 0
    assert json.loads(path.read_text())["cells"][3]["metadata"]["tags"] == ["step:data"]


def test_tags_are_set_by_the_numbers_of_the_notebook(good: Path) -> None:
    done = kale_lite("tag", good, "--set", "4=step:last", "--write")
    assert done.returncode == 0, done.stderr
    assert json.loads(good.read_text())["cells"][3]["metadata"]["tags"] == ["step:last"]
    done = kale_lite("tag", good, "--set", "5=step:last")
    assert (done.returncode, "there is no code cell 5" in done.stderr) == (2, True)


def test_a_run_up_to_a_step_of_a_notebook(good: Path, tmp_path: Path) -> None:
    done = kale_lite("run", good, "--until", "lib-load", "-p", "rows=5", "--output-dir", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    record = json.loads((tmp_path / "out" / "run.json").read_text())
    assert (list(record["steps"]), record["parameters"]) == (["lib-load"], {"rows": 5})
