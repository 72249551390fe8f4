"""How the time of analysis grows with notebooks of odd shapes: from n to 2n to 4n. Nothing is run.

    python benchmarks/bench_shapes.py [-k TEXT] [--size N]

Prints processor seconds and the power of n with which they grow, from 2n to 4n.
"""

from __future__ import annotations

import argparse
import math
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import nbformat

from kale_lite.analysis import compile_notebook
from kale_lite.notebook import read_notebook

Shape = Callable[[int], Sequence[str]]


def _lines(first: str, line: str, last: str = "") -> Shape:
    """Three steps: before, one cell of n lines, after."""
    return lambda n: (first, "\n".join(line.format(i=i, j=i + 1) for i in range(n)), last or "pass")


def _each(first: str, cell: str) -> Shape:
    """A step for each of n."""
    return lambda n: (first, *(cell.format(i=i, j=max(i - 1, 0)) for i in range(n)))


SHAPES: dict[str, Shape] = {
    "names": _lines("a = [1]", "x{i} = [a, {i}]", "print(x0)"),
    "calls of one function": _lines("s = []\ndef f(x):\n    s.append(x)\n    return [x]", "y = f({i})"),
    "steps that call one function": _each("s = []\ndef f(x):\n    s.append(x)\n    return [x]", "y{i} = f({i})"),
    "calls with what calls gave": _lines("def f(x):\n    return [x]\ny = []", "y = f(y)"),
    "deep chain of functions": _lines("def f0(x): return x", "def f{j}(x): return f{i}(x)", "f7(1)"),
    "functions that call two others": _lines("def f0(x): return [x]", "def f{j}(x): return f{i}(x) + f0(x)", "f5(1)"),
    "aliases of one object": _lines("a = [1]", "b{i} = a", "a.append(2)\nprint(b0)"),
    "aliases over steps": _each("a = [1]", "b{i} = a\na.append({i})"),
    "entries of a dict": lambda n: ("d = {" + ", ".join(f"'k{i}': [{i}]" for i in range(n)) + "}", "print(d['k1'])"),
    "classes": _lines("s = []", "class C{i}:\n    def m(self): s.append({i})", "C0().m()"),
    "classes that inherit": _lines(
        "class C0:\n    def m(self): return 1", "class C{j}(C{i}):\n    def m(self): return super().m()", "C5().m()"
    ),
    "classes of a library": _each(
        "from sklearn.base import BaseEstimator\nclass M(BaseEstimator):\n    def __init__(self, e=None): self.e = e\n"
        "    def fit(self, x):\n        self.e_ = self.e.fit(x)\n        return self",
        "m{i} = M(M())\nm{i}.fit([1])",
    ),
    "branches": _lines("a = b = 1", "if a > {i}:\n    b = [{i}]\nelse:\n    b = [b]"),
    "elif": lambda n: ("a = 1", "if a: b = 0\n" + "".join(f"elif a == {i}: b = [{i}]\n" for i in range(n))),
    "unknown calls of many things": _lines("import lib\na = [1]", "x{i} = lib.f{i}(a)", "lib.g(x0)"),
    "unknown calls of all before": _lines("import lib\na = [1]", "a = lib.f(a, x{i} := [1])"),
    "methods in a chain": lambda n: ("import pandas as pd\ndf = pd.DataFrame()", "x = df" + ".copy()" * min(n, 80)),
    "lambdas in a list": _lines("fs = []\ns = []", "fs.append(lambda x: s.append(x))", "for f in fs:\n    f(1)"),
    "comprehensions": _lines("a = [[1]]", "b{i} = [[y for y in x] for x in a]"),
    "try": _lines("a = [1]", "try:\n    b = a[{i}]\nexcept IndexError:\n    b = a"),
    "files": _each("import pandas as pd", "pd.DataFrame().to_csv('f{i}.csv')\npd.read_csv('f{j}.csv')"),
    "copies": _lines("import copy\na = [[1]]", "a = copy.deepcopy(a)"),
}


def seconds(sources: Sequence[str]) -> float:
    """Processor time of reading and compiling a notebook with a step for each source."""
    book = nbformat.v4.new_notebook()
    for number, source in enumerate(sources):
        book.cells.append(nbformat.v4.new_code_cell(source, metadata={"tags": [f"step:s{number}"]}))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "shape.ipynb"
        nbformat.write(book, path)
        begun = time.process_time()
        notebook, _ = read_notebook(path)
        assert notebook is not None
        compile_notebook(notebook)
        return time.process_time() - begun


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-k", default="", help="only shapes which contain this text")
    parser.add_argument("--size", type=int, default=250)
    args = parser.parse_args()
    seconds(["import pandas"])
    print(f"{'shape':34}{'n':>8}{'2n':>8}{'4n':>8}   power")
    for name, shape in SHAPES.items():
        if args.k in name:
            times = [seconds(shape(args.size * factor)) for factor in (1, 2, 4)]
            power = math.log2(times[2] / times[1])
            print(f"{name:34}" + "".join(f"{taken:8.2f}" for taken in times) + f"   {power:.1f}", flush=True)


if __name__ == "__main__":
    main()
