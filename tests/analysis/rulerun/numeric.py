"""NumPy, SciPy and pandas."""

from __future__ import annotations

import io
import sqlite3
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import pandas as pd
import scipy
import scipy.cluster.hierarchy
import scipy.sparse
import scipy.stats

from tests.analysis.rulerun.tables import Table

matplotlib.use("Agg")
import matplotlib.pyplot as plt

ARRAYS = {
    "A": lambda: np.array([3.0, 1.0, 2.0, 5.0]),
    "B": lambda: np.array([2.0, 4.0, 1.0, 0.5]),
    "M": lambda: np.array([[4.0, 1.0, 0.5], [1.0, 3.0, 0.2], [0.5, 0.2, 2.0]]),
    "N": lambda: np.array([[2.0, 0.0, 1.0], [0.0, 1.0, 0.0], [1.0, 0.0, 3.0]]),
    "I": lambda: np.array([0, 2, 1]),
    "K": lambda: np.array([1, 0, 3, 2]),
    "C": lambda: np.array([1 + 2j, 3 - 1j, 2 + 0j]),
    "T": lambda: np.array(["a", "bc", "d"]),
    "O": lambda: np.array([[1, 2], [3]], dtype=object),
    "BOOL": lambda: np.array([True, False, True, True]),
    "MASKED": lambda: np.ma.masked_array([1.0, 2.0, 3.0, 4.0], mask=[0, 1, 0, 0]),
    "L": lambda: [3.0, 1.0, 2.0],
    "IT": lambda: iter([3.0, 1.0, 2.0]),
    "OUT": lambda: np.zeros(4),
    "OUT2": lambda: np.zeros((3, 3)),
    "RS": lambda: np.random.RandomState(0),
    "GEN": lambda: np.random.default_rng(0),
    "F": lambda: len,
}


def arrays_in_files(folder: Path) -> None:
    (folder / "in.txt").write_text("1 2\n3 4\n")
    np.save(folder / "in.npy", np.zeros((2, 3)))


def numpy_table() -> Table:
    return Table(
        "numpy",
        ["numpy", "numpy.linalg", "numpy.fft", "numpy.ma", "numpy.random", "numpy.strings", "numpy.char", "numpy.testing",
         "numpy.polynomial.polynomial", "numpy.polynomial.chebyshev", "numpy.lib.stride_tricks"],
        ARRAYS,
        ["A", "A, B", "M", "M, N", "MASKED", "[A, B]", "(A, B)", "A, I", "A, 1", "M, 1", "3", "(2, 3)", "1, 2", "0, 1, 3", "3, 0.5", "(2, 0.5), 3", "A, 0, 1",
         "M, (1, 0, 2)", "M, (9,)", "A, (2, 2)", "A, BOOL", "BOOL, A, B", "A, B, BOOL", "BOOL, A", "A, K, B", "C", "C, C", "T", "T, T", "T, 'a'", "T, 'a', 'b'", "T, 3", "'a'", "O", "IT, float", "IT, 'f8'", "F, 0, A",
         "F, A", "F, 1, 1", "F, (2, 3)", "F", "'in.npy'", "'in.txt'", "'out.npy', A", "'out.npz', A", "'in.npy', 'f4'", "'in.txt', '(.)', 'f8'", "A, 3, 1", "A, 0.5", "A, B, 2", "A, 1, 2", "M, I, I", "M, 0, 1", "I, I", "I, (2, 3)", "K, K", "K", "BOOL, BOOL",
         "'i,j', A, B", "'ij,jk', M, N", "A, OUT", "A, A, B", "A, B, OUT", "M, N, OUT2", "A, 1, 2, OUT", "b'abcdefgh'", "L", "L, L", "", "RS", "GEN", "A, F", "[BOOL], [A]", "BOOL, [A]", "M, I, 0", "M, M, I, 0", "M, I, M, 0", "3, F", "1, 2, 3, 4", "A, [0, 2]",
         "L, [1.0, 2.0], 0", "(0, 1), M", "'f8', 'f4'", "'float64'", "float", "float, float", "3, [0.2, 0.3, 0.5]", "[1.0, 2.0], M", "A, M", "[1.0, 2.0], [[1, 0], [0, 1]]", "2, 3, 3", "2, 3, 4, 2", "A, (2, 2), (8, 8)", "A, 2"],
        ["", "A", "1", "0", "0, 1", "A, B", "(2, 2)", "I", "M", "0.5", "K, A", "BOOL", "float", "'i8'", "'C'", "[A, B, A, B]", "I, 9.0", "1, 2", "'out.bin'", "3.0", "2, 3", "0.5, 3", "(2, 0.5)", "[0.5, 0.5]", "3, [0.2, 0.3, 0.5]", "A, M", "2, 3, 3", "2", "9, 'f8'"],
        {"A": "numpy.ndarray", "M": "numpy.ndarray", "GEN": "numpy.random.Generator", "RS": "numpy.random.Generator", "MASKED": "numpy.ndarray", "O": "numpy.ndarray"},
        {"numpy.test": "runs a test suite", "numpy.testing.measure": "runs text", "numpy.einsum_path": "its private switch gives operands",
         "numpy.polynomial.polynomial.polyline": "given an iterator", "numpy.polynomial.chebyshev.chebline": "given an iterator"},
        arrays_in_files,
    )  # fmt: skip


def _frame() -> Any:
    return pd.DataFrame({"a": [3.0, 1.0, np.nan, 2.0], "b": [1.0, 2.0, 3.0, 4.0], "g": [1, 1, 2, 2]})


FRAMES = {
    **ARRAYS,
    "DF": _frame,
    "DF2": lambda: pd.DataFrame({"g": [1, 2], "c": [0.5, 1.5]}),
    "NUM": lambda: pd.DataFrame({"a": [3.0, 1.0, 2.0, 5.0], "b": [1.0, 2.0, 3.0, 4.0]}),
    "TS": lambda: pd.DataFrame({"v": [1.0, 2.0, 3.0]}, index=pd.date_range("2020-01-01", periods=3)),
    "SER": lambda: pd.Series([3.0, 1.0, 2.0, 5.0], name="s"),
    "TXT": lambda: pd.Series(["a b", "c", "d"], dtype=object),
    "CAT": lambda: pd.Series(["x", "y", "x"], dtype="category"),
    "DAT": lambda: pd.Series(pd.date_range("2020-01-01", periods=3)),
    "IDX": lambda: pd.Index([3, 1, 2]),
    "DICT": lambda: {"a": [1.0, 2.0], "b": [3.0, 4.0]},
    "ROWS": lambda: [{"a": 1, "b": 2}, {"a": 3, "b": 4}],
    "DATES": lambda: ["2020-01-01", "2020-01-02"],
    "BUF": lambda: io.StringIO("a,b\n1,2\n"),
    "GRP": lambda: _frame().groupby("g"),
    "SUM": lambda: "sum",
    "FN": lambda: lambda x: x,
    "DB": lambda: sqlite3.connect(":memory:"),
    "AX": lambda: plt.figure().add_subplot(),
}


def frames_in_files(folder: Path) -> None:
    frame = pd.DataFrame({"a": [1, 2], "b": [3.0, 4.0]})
    frame.to_csv(folder / "in.csv", index=False)
    frame.to_json(folder / "in.json")
    frame.to_pickle(folder / "in.pkl")
    frame.to_stata(folder / "in.dta")
    (folder / "in.fwf").write_text("a  b\n1  2\n")
    (folder / "in.html").write_text(frame.to_html())


def pandas_table() -> Table:
    return Table(
        "pandas", ["pandas", "pandas.api.types", "pandas.testing", "pandas.offsets"], FRAMES,
        ["DF", "SER", "A", "M", "DICT", "ROWS", "IDX", "DATES", "TXT", "CAT", "DAT", "L", "[DF, DF]", "[SER, SER]", "DF, DF2", "DF, DF", "SER, SER", "DF, 'g'", "DF, 'a', 'b'", "SER, 2", "SER, [0, 2, 9]", "A, 2", "'in.csv'", "'in.json'", "'in.pkl'", "'in.dta'", "'in.fwf'", "'in.html'", "'2020-01-01'", "'2020-01-01', '2020-01-03'",
         "'display.width'", "'display.width', 70", "3", "1, 2", "", "'a'", "BUF", "'all'", "DF, 'a'", "'select 1 as x', DB", "'display.width', 70, 'display.max_rows', 9", "[IDX, IDX]", "[('a', 1), ('b', 2)]", "'out.xlsx'", "DF, values='a', index='g', columns='b'", "DF, stubnames='a', i='b', j='g'", "ROWS, 'a'", "'f8'", "['x']", "'M'", "DF, index='b', columns='g'"],
        ["", "0", "1", "DF2", "DF", "NUM", "SER", "A", "'a'", "['a', 'b']", "'g'", "SUM", "FN", "'out.csv'", "'out.json'", "'out.pkl'", "'out.dta'", "'out.xml'", "'a', A", "0, 'z', A", "{'a': 'z'}", "columns={'a': 'z'}", "'a > @x'", "'a > 1'", "'z = a + b'", "0.5", "1, 2", "'2020-01-01'", "'D'", "0.0", "2", "'t', DB", "by='a'", "columns='a'", "columns=['a']", "index=0", "float", "'int64', 1", "['x', 'y', 'z']", "['x', 'y', 'z', 'w']", "SER > 1", "DF.a > 1", "z=1", "z=A", "[0, 1]", "[1.0]", "1.0, 9.0", "DICT", "'UTC'", "'number'", "include='number'", "2, 'a'", "items=['a']", "axis=1", "2, random_state=RS", "n=2", "'a', 'b'", "0, 1", "'b', 'a', 'g'", "'index'", "'x=1'"],
        {"DF": "pandas.DataFrame", "SER": "pandas.Series", "TS": "pandas.DataFrame"},
        {"pandas.test": "runs a test suite", "pandas.read_clipboard": "needs a desktop",
         **dict.fromkeys((f"pandas.{k}.{m}" for k in ("DataFrame", "Series") for m in ("plot", "hist", "boxplot", "to_clipboard")), "plots: see matplotlib")}, frames_in_files,
        accepted={r"clip\(\): |drop\(columns=_\): ": "no bounds; columns of a series: nothing to do, and nobody calls it so", r"\.agg(regate)?\(_\): ": "a function that gives what it gets",
                  r"iterrows\(\): ": "a generator cannot travel"}, floor=70,
    )  # fmt: skip


def scipy_table() -> Table:
    modules = ["scipy.stats", "scipy.optimize", "scipy.signal", "scipy.interpolate", "scipy.integrate", "scipy.linalg", "scipy.special", "scipy.ndimage", "scipy.fft", "scipy.spatial", "scipy.spatial.distance",
               "scipy.cluster.vq", "scipy.cluster.hierarchy", "scipy.sparse", "scipy.sparse.linalg", "scipy.io"]  # fmt: skip
    makers = {
        **ARRAYS, "SQ": lambda: np.array([[4.0, 1.0, 0.5], [1.0, 3.0, 0.2], [0.5, 0.2, 2.0]], order="F"),
        "P": lambda: np.random.default_rng(1).random((8, 2)), "X": lambda: np.linspace(0.0, 1.0, 8), "Y": lambda: np.linspace(1.0, 3.0, 8) ** 2,
        "G": lambda: (lambda x: float(np.sum(np.asarray(x) ** 2))), "FX": lambda: (lambda x: x * x - 2), "LIN": lambda: (lambda x, a, b: a * x + b),
        "ODE": lambda: (lambda t, y: -y), "SP": lambda: scipy.sparse.csr_matrix(np.eye(3)), "NORM": lambda: scipy.stats.norm(), "KDE": lambda: scipy.stats.gaussian_kde([1.0, 2.0, 4.0]),
        "STAT": lambda: (lambda *a, **k: float(np.mean(a[0]))),
        "Z": lambda: scipy.cluster.hierarchy.linkage(np.arange(8.0).reshape(4, 2)),
        "CONDENSED": lambda: np.array([1.0, 2.0, 3.0]),
    }  # fmt: skip
    return Table(
        "scipy", modules, makers,
        ["A", "M", "SQ", "X", "P", "A, B", "SQ, A[:3]", "SQ, SQ", "X, Y", "X, Y, X", "P, P", "P, 2", "A, 2", "A, 'norm'", "A, 0.5", "3", "0.5", "2, 0.5", "1, 2, 0.5", "0.5, 2, 3", "G, [1.0, 1.0]", "G, [(0, 1), (0, 1)]", "FX, 0, 2", "FX, 1.0", "LIN, X, Y", "FX, 0, 1", "ODE, (0, 1), [1.0]", "ODE, 0, A[:2]", "SP", "SP, A[:3]",
         "Z", "Z, 2", "CONDENSED", "(3, 3)", "3, 3", "SP, SP", "[SP, SP]", "SQ, 2", "M, 1.0", "A, 3, 1", "3, 0.5, A", "[1.0, 0.5], [1.0], A", "X, 3", "A, A, 2", "(A, B), STAT", "(A,), STAT", "'in.mat'", "'out.mat', DICT", "'in.npz'", "'out.npz', SP", "'in.mtx'", "'out.mtx', M", "'in.wav'", "'out.wav', 8000, I", "A, B, A", "3, 4, 5", "[1, 2], [3, 4]", "[[8, 2], [1, 5]]", "M, (3, 3)", "P, Y", "M, [0, 1, 2]", "(SQ, I), A[:3]", "1, 2, 3, 4", ""],
        ["", "3", "size=3", "0.5", "A", "P", "X", "size=2, random_state=0", "[0.5, 0.5]", "2", "0.2, 0.4", "A[:3]", "SP"],
        {"NORM": "scipy.Result", "KDE": "scipy.Result"},
        {"scipy.stats.test": "runs a test suite", "scipy.cluster.hierarchy.cophenet": "crashes when what it gets makes no sense", "scipy.ndimage.affine_transform": "crashes when what it gets makes no sense", "scipy.spatial.distance.squareform": "crashes when what it gets makes no sense", "scipy.interpolate.spalde": "crashes when what it gets makes no sense"}, scipy_files,
        accepted={"gives a (list|dict), not a": "the type of all results, which has no rules that lists could meet",
                  r"changes arg:[01] \[scipy-(sparse|write)": "a sparse matrix notes, or puts, its indices in order when it is first read"}, floor=60,
    )  # fmt: skip


def scipy_files(folder: Path) -> None:
    import scipy.io
    import scipy.io.wavfile

    scipy.io.savemat(folder / "in.mat", {"a": np.eye(2)})
    scipy.io.mmwrite(folder / "in.mtx", np.eye(2))
    scipy.sparse.save_npz(folder / "in.npz", scipy.sparse.csr_matrix(np.eye(2)))
    scipy.io.wavfile.write(folder / "in.wav", 8000, np.zeros(4, "i2"))
