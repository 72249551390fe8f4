"""Damaged and extreme notebooks are read or refused; never a traceback, and nothing of them is run."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest

import kale_lite
from tests.fuzz.__main__ import outcome
from tests.fuzz.mutations import mutated


def _notebook(path: Path, *sources: str) -> Path:
    book = nbformat.v4.new_notebook()
    for i, source in enumerate(sources):
        book.cells.append(nbformat.v4.new_code_cell(source, metadata={"tags": [f"step:s{i}"]}))
    nbformat.write(book, path)
    return path


@pytest.mark.parametrize("first", range(0, 100, 25))
def test_damaged_notebooks(first: int, tmp_path: Path) -> None:
    bad = {seed: found for seed in range(first, first + 25)
           if (found := outcome(mutated(seed), tmp_path)) not in ("compiled", "refused")}  # fmt: skip
    assert not bad


@pytest.mark.parametrize("first", range(300, 340, 20))
def test_damaged_notebooks_in_a_notebook(first: int, tmp_path: Path) -> None:
    outer = nbformat.v4.new_notebook()
    for name in ("one", "two"):
        cell = nbformat.v4.new_code_cell("%run inner.ipynb", metadata={"tags": [f"notebook:{name}", "retry:2"]})
        outer.cells.append(cell)
    data = nbformat.writes(outer).encode()
    bad = {}
    for seed in range(first, first + 20):
        (tmp_path / "inner.ipynb").write_bytes(mutated(seed).replace(b"notebook:x", b"step:b"))
        found = outcome(data, tmp_path)
        if found not in ("compiled", "refused"):
            bad[seed] = found
    assert not bad


@pytest.mark.parametrize("seed", range(200, 206))
def test_damaged_notebooks_by_the_command(seed: int, tmp_path: Path) -> None:
    path = tmp_path / "nb.ipynb"
    path.write_bytes(mutated(seed))
    command = [sys.executable, "-m", "kale_lite", "check", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, env={"PYTHONPATH": ":".join(sys.path)})
    assert done.returncode in (0, 2)
    assert "Traceback" not in done.stdout + done.stderr


DEEP: dict[str, Callable[[int], str]] = {
    "round": lambda n: "(" * n + "1" + ")" * n,
    "square": lambda n: "[" * n + "]" * n,
    "calls": lambda n: "len(" * n + "'a'" + ")" * n,
    "attributes": lambda n: "a" + ".a" * n,
    "chained": lambda n: "a" + ".a()" * n,
    "subscripts": lambda n: "a" + "[0]" * n,
    "sums": lambda n: "1 + " * n + "1",
    "minus": lambda n: "-" * n + "1",
    "nots": lambda n: "not " * n + "1",
    "lambdas": lambda n: "lambda: " * n + "1",
    "ternaries": lambda n: "1 if a else " * n + "1",
    "elifs": lambda n: "0\nif a: x = 1\n" + "".join(f"elif a == {i}: x = {i}\n" for i in range(n)),
    "ifs": lambda n: "0\n" + "".join(" " * i + "if a:\n" for i in range(n)) + " " * n + "x = 1",
    "functions": lambda n: "0\n" + "".join(" " * i + f"def f{i}():\n" for i in range(n)) + " " * n + "pass",
}  # fmt: skip


@pytest.mark.parametrize("depth", [95, 190, 500, 3000])
@pytest.mark.parametrize("form", sorted(DEEP))
def test_deep_nesting(form: str, depth: int, tmp_path: Path) -> None:
    if form in ("ifs", "functions"):
        depth = min(depth, 500)  # The indentation alone would be megabytes.
    path = _notebook(tmp_path / "nb.ipynb", "a = [1]", "x = " + DEEP[form](depth), "print(x)")
    assert outcome(path.read_bytes(), tmp_path) in ("compiled", "refused")


def test_a_dict_of_many_entries(tmp_path: Path) -> None:
    source = "d = {" + ", ".join(f"'k{i}': {i}" for i in range(20_000)) + "}"
    path = _notebook(tmp_path / "nb.ipynb", source, "print(len(d))")
    assert [tuple(edge) for edge in kale_lite.load(path).compile().edges] == [("s0", "s1")]


@pytest.mark.parametrize(
    "source",
    [
        "!touch ran",
        "%run poison.py",
        "%load_ext poison",
        "%%bash\ntouch ran",
        "import poison",
        "from poison import *",
        "open('ran', 'w').close()",
        "# coding: poison\nx = 1",
        "exec(\"open('ran', 'w')\")",
        "@(lambda f: open('ran', 'w'))\ndef g(x=open('ran', 'w')): pass",
        "get_ipython().input_transformers_cleanup.append(lambda lines: open('ran', 'w'))",
        "%%writefile ran\nx",
        "%cd /",
        "%env KALE_FUZZ=1",
    ],
)
def test_nothing_is_run_or_imported(source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    ran = tmp_path / "ran"
    (tmp_path / "poison.py").write_text(f"open({str(ran)!r}, 'w').close()\nraise SystemExit(7)\n")
    found = outcome(_notebook(tmp_path / "nb.ipynb", source, "y = 1").read_bytes(), tmp_path)
    assert found in ("compiled", "refused")
    assert not ran.exists()
    assert "poison" not in sys.modules
    assert Path.cwd() == tmp_path
