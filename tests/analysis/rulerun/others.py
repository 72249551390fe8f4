"""Matplotlib, seaborn, joblib, polars and PyTorch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from tests.analysis.rulerun.numeric import ARRAYS, plt
from tests.analysis.rulerun.tables import Table


def matplotlib_table() -> Table:
    makers = {
        **ARRAYS, "AX": lambda: plt.figure().add_subplot(), "FIG": lambda: plt.figure(),
        "IMG": lambda: np.random.default_rng(0).random((4, 4)), "GRID": lambda: np.meshgrid(np.arange(3.0), np.arange(3.0)),
        "NAMES": lambda: ["a", "b", "c", "d"],
    }  # fmt: skip
    return Table(
        "matplotlib", ["matplotlib.pyplot"], makers,
        ["", "A", "A, B", "NAMES, A", "IMG", "A, B, A", "0.5", "0.1, 0.9", "'text'", "0.5, 0.5, 'text'", "'text', (0.5, 0.5)", "[A, B]", "1, 2", "2, 2, 1", "'out.png'", "'out.png', IMG", "'in.png'", "'ggplot'", "'lines', linewidth=2", "AX", "0.5, 0.1, 0.9", "'tight'", "'log'", "[1, 2], ['a', 'b']", "[['a', 'b']]", "'agg'", "FIG", "IMG, 'x'"],
        ["", "A", "A, B", "NAMES, A", "IMG", "A, B, A", "0.5", "0.1, 0.9", "'text'", "0.5, 0.5, 'text'", "'text', (0.5, 0.5)", "[A, B]", "'out.png'", "[1, 2]", "['a', 'b']", "'log'", "[0.1, 0.1, 0.5, 0.5]", "2, 2", "True"],
        {"AX": "matplotlib.Axes", "FIG": "matplotlib.Axes"},
        dict.fromkeys(("matplotlib.pyplot.show", "matplotlib.pyplot.pause", "matplotlib.pyplot.ginput", "matplotlib.pyplot.waitforbuttonpress", "matplotlib.pyplot.switch_backend", "matplotlib.use"), "needs a window"),
        image_file, accepted={r"gives what shares .*\[(pyplot-functions|axes-methods)\]": "what is drawn looks at its data, and ends with its cell",
                              r"afterwards \[axes-methods\]": "what is drawn looks at its data"}, floor=60,
    )  # fmt: skip


def image_file(folder: Path) -> None:
    plt.imsave(folder / "in.png", np.zeros((2, 2)))
    plt.close("all")


def seaborn_table() -> Table:
    makers = {**ARRAYS, "DF": lambda: pd.DataFrame({"a": [1.0, 2.0, 3.0, 4.0], "b": [2.0, 1.0, 4.0, 3.0], "g": ["x", "y", "x", "y"]}),
              "AX": lambda: plt.figure().add_subplot()}  # fmt: skip
    return Table("seaborn", ["seaborn"], makers, ["DF", "A", "DF, x='a', y='b'", "data=DF, x='a', y='b'", "data=DF, x='g', y='b'", "DF[['a', 'b']]", "'muted'", "", "3", "M"], [], {},
                 {"seaborn.load_dataset": "downloads", "seaborn.get_dataset_names": "downloads", "seaborn.choose_colorbrewer_palette": "needs a notebook"},
                 accepted={"gives what shares": "what is drawn looks at its data, and ends with its cell"}, floor=60)  # fmt: skip


def joblib_table() -> Table:
    return Table(
        "joblib",
        ["joblib"],
        {**ARRAYS, "D": lambda: {"a": [1]}},
        ["D, 'out.pkl'", "A, 'out.pkl'", "'in.pkl'", "F", "A", "D", "", "2"],
        files=joblib_file,
    )


def joblib_file(folder: Path) -> None:
    import joblib

    joblib.dump({"a": np.zeros(3)}, folder / "in.pkl")


def polars_table() -> Table:
    import polars as pl

    def frame() -> Any:
        return pl.DataFrame({"a": [3.0, 1.0, 2.0], "b": [1, 2, 3]})

    makers = {**ARRAYS, "DF": frame, "S": lambda: pl.Series("s", [3.0, 1.0, 2.0]), "D": lambda: {"a": [1.0, 2.0]},
              "PD": lambda: pd.DataFrame({"a": [1.0]}), "E": lambda: pl.col("a"), "FN": lambda: lambda x: x, "ROWS": lambda: [{"a": 1}]}  # fmt: skip
    return Table(
        "polars", ["polars"], makers,
        ["", "DF", "S", "A", "M", "D", "PD", "[DF, DF]", "'a'", "1", "'in.csv'", "'in.parquet'", "'in.json'", "E", "'a', 'b'", "E > 1", "ROWS", "[S, S]", "7"],
        ["", "'a'", "1", "E", "DF, 'a'", "DF", "E > 1", "'out.csv'", "'out.parquet'", "'out.json'", "{'a': 'z'}", "0, S", "S", "0.0", "0, 1", "'a', 'b'", "0"],
        {"DF": "polars.Frame", "S": "polars.Frame", "E": "polars.Expr"}, {}, polars_files, floor=60,
    )  # fmt: skip


def polars_files(folder: Path) -> None:
    import polars as pl

    frame = pl.DataFrame({"a": [1, 2]})
    frame.write_csv(folder / "in.csv")
    frame.write_parquet(folder / "in.parquet")
    frame.write_json(folder / "in.json")


def torch_table() -> Table:
    import torch

    makers = {**ARRAYS, "T": lambda: torch.tensor([3.0, 1.0, 2.0]), "U": lambda: torch.tensor([1.0, 2.0, 4.0]), "Q": lambda: torch.eye(3),
              "J": lambda: torch.tensor([0, 2, 1]), "OUT": lambda: torch.zeros(3), "OUT2": lambda: torch.zeros(3, 3), "NET": lambda: torch.nn.Linear(2, 1)}  # fmt: skip
    return Table(
        "torch", ["torch.nn", "torch.nn.init"], makers,
        ["", "T", "T, U", "Q", "Q, Q", "3", "2, 3", "(2, 3)", "A", "0, 9, (3,)", "0", "[T, U]", "T, 'out.pt'", "'in.pt'", "3, 2.0", "T, 2", "T, 0", "0.0, 1.0, 3", "L", "9, (2,)", "'cpu'", "Q, 3, 2", "NET, NET"],
        ["", "0", "1", "U", "Q", "J", "-1", "3, 1", "0, 1", "2.0", "0, J", "T > 1, U", "3", "1, 3"],
        {"T": "torch.Tensor", "Q": "torch.Tensor"}, {}, torch_file, floor=50,
    )  # fmt: skip


def torch_file(folder: Path) -> None:
    import torch

    torch.save(torch.zeros(2), folder / "in.pt")
