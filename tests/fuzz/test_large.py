"""Large notebooks: thousands of cells, cells of ten thousand lines; the watchdog of the fuzz says when one hangs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest

import kale_lite
from tests.fuzz.__main__ import outcome

LINES = 10_000
STEPS = 2_000

LONG: dict[str, Callable[[int], str]] = {
    "names": lambda n: "\n".join(f"v{i} = {i}" for i in range(n)),
    "a chain": lambda n: "v0 = a\n" + "\n".join(f"v{i} = v{i - 1} + 1" for i in range(1, n)),
    "changes": lambda n: "\n".join(f"a.append({i})" for i in range(n)),
    "columns": lambda n: (
        "import pandas as pd\ndf = pd.DataFrame({'x': a})\n" + "\n".join(f"df['c{i}'] = df['x'] * {i}" for i in range(n))
    ),
    "functions": lambda n: (
        "def f0(x):\n    return x\n"
        + "\n".join(f"def f{i}(x):\n    return f{i - 1}(x) + a[0]" for i in range(1, n // 2))
    ),
    "classes": lambda n: "\n".join(f"class C{i}:\n    def m(self):\n        return a" for i in range(n // 3)),
    "a loop": lambda n: "for i in a:\n" + "\n".join(f"    w{i % 50} = i + {i}" for i in range(n)),
    "branches": lambda n: "\n".join(f"if a:\n    z{i % 100} = {i}" for i in range(n // 2)),
    "unknown calls": lambda n: "import unheard_of\n" + "\n".join(f"unheard_of.do(a, {i})" for i in range(n)),
    "plots": lambda n: (
        "import matplotlib.pyplot as plt\nfig, ax = plt.subplots()\n" + "\n".join(f"ax.plot(a, label='{i}')" for i in range(n))
    ),
    "text": lambda n: "text = '''\n" + "a line of text\n" * n + "'''",
}  # fmt: skip
CHANGING = {"changes", "unknown calls"}
"""The cells that change, or may change, the list that the last step prints."""


def _notebook(path: Path, sources: list[str]) -> Path:
    book = nbformat.v4.new_notebook()
    for i, source in enumerate(sources):
        book.cells.append(nbformat.v4.new_code_cell(source, metadata={"tags": [f"step:s{i}"]}))
    nbformat.write(book, path)
    return path


@pytest.mark.parametrize("form", sorted(LONG))
def test_a_cell_of_ten_thousand_lines(form: str, tmp_path: Path) -> None:
    path = _notebook(tmp_path / "nb.ipynb", ["a = [1]", LONG[form](LINES), "print(a)"])
    assert outcome(path.read_bytes(), tmp_path) == "compiled"
    last = [("s1", "s2")] if form in CHANGING else [("s0", "s2")]
    assert [edge for edge in kale_lite.load(path).compile().edges if edge[1] == "s2"] == last


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        ("v{i} = v{before} + [{i}]", {(f"s{i - 1}", f"s{i}") for i in range(1, STEPS)}),
        ("v{i} = v0 + [{i}]", {("s0", f"s{i}") for i in range(1, STEPS)}),
        ("v0.append({i})", {(f"s{i - 1}", f"s{i}") for i in range(1, STEPS)}),
        ("v{i} = [{i}]", set()),
    ],
    ids=["a chain", "a fan", "changes of one list", "nothing in common"],
)
def test_two_thousand_cells(source: str, wanted: set[tuple[str, str]], tmp_path: Path) -> None:
    cells = ["v0 = [0]", *(source.format(i=i, before=i - 1) for i in range(1, STEPS))]
    path = _notebook(tmp_path / "nb.ipynb", cells)
    assert outcome(path.read_bytes(), tmp_path) == "compiled"
    assert set(kale_lite.load(path).compile().edges) == wanted


def test_more_magics_than_ipython_takes(tmp_path: Path) -> None:
    path = _notebook(tmp_path / "nb.ipynb", ["\n".join(f"%time q{i} = 1" for i in range(600)), "print(1)"])
    (found,) = kale_lite.load(path).check()
    assert (found.code, found.location and found.location.cell) == ("KL201", 1)
