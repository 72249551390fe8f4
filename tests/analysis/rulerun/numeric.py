"""NumPy, SciPy and pandas."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tests.analysis.rulerun.tables import Table

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
        ["numpy", "numpy.linalg", "numpy.fft", "numpy.ma", "numpy.random", "numpy.char", "numpy.testing",
         "numpy.polynomial.polynomial", "numpy.polynomial.chebyshev", "numpy.lib.stride_tricks"],
        ARRAYS,
        ["A", "A, B", "M", "M, N", "MASKED", "[A, B]", "(A, B)", "A, I", "A, 1", "M, 1", "3", "(2, 3)", "1, 2", "0, 1, 3", "3, 0.5", "(2, 0.5), 3", "A, 0, 1",
         "M, (1, 0, 2)", "M, (9,)", "A, (2, 2)", "A, BOOL", "BOOL, A, B", "A, B, BOOL", "BOOL, A", "A, K, B", "C", "C, C", "T", "T, T", "T, 'a'", "T, 'a', 'b'", "T, 3", "'a'", "O", "IT, float", "IT, 'f8'", "F, 0, A",
         "F, A", "F, 1, 1", "F, (2, 3)", "F", "'in.npy'", "'in.txt'", "'out.npy', A", "'out.npz', A", "'in.npy', 'f4'", "'in.txt', '(.)', 'f8'", "A, 3, 1", "A, 0.5", "A, B, 2", "A, 1, 2", "M, I, I", "M, 0, 1", "I, I", "I, (2, 3)", "K, K", "K", "BOOL, BOOL",
         "'i,j', A, B", "'ij,jk', M, N", "A, OUT", "A, A, B", "A, B, OUT", "M, N, OUT2", "A, 1, 2, OUT", "b'abcdefgh'", "L", "L, L", "", "RS", "GEN", "A, F", "[BOOL], [A]", "BOOL, [A]", "M, I, 0", "M, M, I, 0", "M, I, M, 0", "3, F", "1, 2, 3, 4", "A, [0, 2]",
         "L, [1.0, 2.0], 0", "(0, 1), M", "'f8', 'f4'", "'float64'", "float", "float, float", "3, [0.2, 0.3, 0.5]", "[1.0, 2.0], M", "A, M", "[1.0, 2.0], [[1, 0], [0, 1]]", "2, 3, 3", "2, 3, 4, 2", "A, (2, 2), (8, 8)", "A, 2"],
        ["", "A", "1", "0", "0, 1", "A, B", "(2, 2)", "I", "M", "0.5", "K, A", "BOOL", "float", "'i8'", "'C'", "[A, B, A, B]", "I, 9.0", "1, 2", "'out.bin'", "3.0", "2, 3", "0.5, 3", "(2, 0.5)", "[0.5, 0.5]", "3, [0.2, 0.3, 0.5]", "A, M", "2, 3, 3", "2", "9, 'f8'"],
        {"A": "numpy.ndarray", "M": "numpy.ndarray", "GEN": "numpy.random.Generator", "RS": "numpy.random.Generator", "MASKED": "numpy.ndarray", "O": "numpy.ndarray"},
        {"numpy.test": "runs a test suite", "numpy.testing.measure": "runs text"},
        arrays_in_files,
    )  # fmt: skip
