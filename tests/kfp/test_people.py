"""What people find in KFP of a step's values: typed artifacts, made by the harness, read back as users would."""

from __future__ import annotations

import base64
import hashlib
import json
import pickle
import re
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from tests.conftest import Cells, WriteNotebook
from tests.kfp.conftest import RunCells
from tests.kfp.running import Ran, compiled, run_yaml
from tests.kfp.test_compile import documents

IMPORTS = (
    "import numpy as np\nimport pandas as pd\nimport matplotlib.pyplot as plt\n"
    "from sklearn.linear_model import LogisticRegression\nfrom sklearn.pipeline import make_pipeline\n"
    "from sklearn.preprocessing import StandardScaler\nfrom sklearn.metrics import confusion_matrix, roc_curve"
)
FRAME = "df = pd.DataFrame({'a': [0.0, 1, 2, 3], 'b': [0, 0, 1, 1], 'word': ['x' * 100, 'é', '', None]})"


def artifacts(text: str, task: str) -> dict[str, str]:
    """The outputs of a component with their types."""
    found = documents(text)[0]["components"][f"comp-{task}"]["outputDefinitions"]["artifacts"]
    return {name: one["artifactType"]["schemaTitle"].removeprefix("system.") for name, one in found.items()}


def read_table(ran: Ran, task: str, name: str) -> pd.DataFrame:
    path = ran.output(task, name)
    if ran.metadata(task, name)["format"] == "parquet":
        return pd.read_parquet(path)
    return pd.read_csv(path, index_col=0)


def test_types_are_those_that_analysis_knows(write_notebook: WriteNotebook) -> None:
    cells: Cells = [
        ("imports", IMPORTS),
        (
            "step:load",
            f"{FRAME}\nmean = df['a'].mean()\ngroups = df.groupby('b').mean()\nrows = len(df)\n_hidden = df.copy()",
        ),
        ("step:fit", "unfitted = LogisticRegression()\nmodel = LogisticRegression().fit(df[['a']], df['b'])"),
        ("step:later", "unfitted.fit(df[['a']], df['b'])"),
        ("step:plot", "fig, ax = plt.subplots()\nax.plot([1, 2])"),
        ("step:quiet|copies:disabled", "twice = pd.concat([df, df])"),
    ]
    _, text = compiled(write_notebook(cells))
    people = {task: {n: t for n, t in artifacts(text, task).items() if t not in ("Artifact",) and n != "report"}
              for task in ("load", "fit", "later", "plot", "quiet")}  # fmt: skip
    assert people == {
        "load": {"dataset_df": "Dataset", "dataset_groups": "Dataset"},
        "fit": {"model_model": "Model"},
        "later": {"model_unfitted": "Model"},
        "plot": {"figures": "HTML"},
        "quiet": {},
    }


def test_a_frame_is_a_data_set(run_cells: RunCells) -> None:
    ran = run_cells([("imports", IMPORTS), ("step:a", FRAME), ("step:b", "print(df.shape)")])
    assert ran.ok, ran.log
    about = ran.metadata("a", "dataset_df")
    assert about["shape"] == [4, 3]
    assert about["columns"][:2] == ["a: float64", "b: int64"]
    assert about["preview"][1] == {"index": "1", "a": "1.0", "b": "0", "word": "é"}
    assert about["preview"][0]["word"] == "x" * 60
    assert (about["copied_rows"], about["of"]) == (4, "df")
    again = read_table(ran, "a", "dataset_df")
    assert again["a"].tolist() == [0, 1, 2, 3]
    # The payload says the same, and is what later steps load.
    assert ran.metadata("a", "df")["about"]["df"]["shape"] == [4, 3]


def test_without_pyarrow_it_is_csv_and_says_so(run_cells: RunCells) -> None:
    hide = "import sys\nsys.modules['pyarrow'] = None"
    ran = run_cells([("imports", IMPORTS), ("step:a", f"{hide}\ndf = pd.DataFrame({{'b': [0, 0, 1, 1]}})")])
    assert ran.ok, ran.log
    about = ran.metadata("a", "dataset_df")
    assert (about["format"], about["note"]) == ("csv", "CSV, not Parquet: pyarrow is not installed")
    assert pd.read_csv(ran.output("a", "dataset_df"), index_col=0)["b"].tolist() == [0, 0, 1, 1]
    assert "kale-lite: dataset_df: CSV, not Parquet: pyarrow is not installed" in ran.log


def test_with_pyarrow_it_is_parquet(
    write_notebook: WriteNotebook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """pyarrow lies in a folder of its own (see the Makefile): where it is installed, pandas keeps texts another way."""
    arrow = Path(sys.prefix) / "arrow"
    if not (arrow / "pyarrow").is_dir():
        pytest.importorskip("pyarrow", reason=f"there is no pyarrow in {arrow}: `make test` puts it there")
    monkeypatch.setenv("PYTHONPATH", str(arrow))
    cells = [("imports", IMPORTS), ("step:a", f"{FRAME}\ndf.index = pd.Index(list('wxyz'), name='key')")]
    ran = run_yaml(compiled(write_notebook(cells))[1], tmp_path / "root")
    assert ran.ok, ran.log
    assert ran.metadata("a", "dataset_df")["format"] == "parquet"
    assert "note" not in ran.metadata("a", "dataset_df")
    read = "import pandas as pd, sys; df = pd.read_parquet(sys.argv[1]); print([*df.index], df['b'].dtype)"
    command = [sys.executable, "-c", read, str(ran.output("a", "dataset_df"))]
    assert subprocess.check_output(command, text=True) == "['w', 'x', 'y', 'z'] int64\n"


def test_a_large_frame_is_cut_off_and_says_so(run_cells: RunCells) -> None:
    ran = run_cells([
        ("imports", IMPORTS), ("step:long", "long = pd.DataFrame({'i': range(150_000)})"),
        ("step:heavy", "heavy = pd.DataFrame({'text': ['x' * 50_000] * 3000})"),
        ("step:wide", "wide = pd.DataFrame(np.zeros((2, 1500)))"),
    ])  # fmt: skip
    assert ran.ok, ran.log
    about = ran.metadata("long", "dataset_long")
    assert about["shape"] == [150_000, 1]
    assert "the copy holds the first 100,000 of 150,000 rows" in about["note"]
    assert len(read_table(ran, "long", "dataset_long")) == about["copied_rows"] == 100_000
    assert 1000 < ran.metadata("heavy", "dataset_heavy")["copied_rows"] < 1300
    assert ran.output("heavy", "dataset_heavy").stat().st_size < 70_000_000
    wide = ran.metadata("wide", "dataset_wide")
    assert "the first 1,000 of 1,500 columns" in wide["note"]
    assert (len(wide["columns"]), wide["more_columns"]) == (20, 1480)


def test_odd_frames_are_copied_or_told(run_cells: RunCells) -> None:
    odd = """\
class Rude:
    def __str__(self): raise RuntimeError("rude")
    __repr__ = __str__
empty = pd.DataFrame()
doubled = pd.DataFrame([[1, 2]], columns=["a", "a"])
series = pd.Series([1, 2], name=("x", 1))
levels = pd.DataFrame({("a", 1): [1], ("a", 2): [2]})
mixed = pd.DataFrame({"o": [1, "one", None]})
nan = pd.DataFrame({"v": [float("nan"), float("inf")]})
rude = pd.DataFrame({"r": [Rude()]})
"""
    ran = run_cells([("imports", IMPORTS), ("step:a", odd)])
    assert ran.ok, ran.log
    text = (ran.folder / "a" / "executor_output.json").read_text()
    json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
    for name in ("empty", "doubled", "series", "levels", "mixed", "nan"):
        assert ran.output("a", f"dataset_{name}").exists(), ran.metadata("a", f"dataset_{name}")
    assert ran.metadata("a", "dataset_rude")["note"] == "not made: RuntimeError: rude"
    assert "kale-lite: dataset_rude: not made: RuntimeError: rude" in ran.log


def test_a_fitted_model_has_its_parameters(run_cells: RunCells) -> None:
    ran = run_cells([
        ("imports", IMPORTS), ("step:load", FRAME),
        ("step:fit", "model = LogisticRegression(C=2.5).fit(df[['a']], df['b'])\n"
                     "pipe = make_pipeline(StandardScaler(), LogisticRegression(C=3)).fit(df[['a']], df['b'])"),
        ("step:own", "class Own(LogisticRegression):\n    pass\nown = Own().fit(df[['a']], df['b'])"),
    ])  # fmt: skip
    assert ran.ok, ran.log
    about = ran.metadata("fit", "model_model")
    assert about["framework"] == "sklearn"
    assert about["class"] == "sklearn.linear_model._logistic.LogisticRegression"
    assert (about["parameters"]["C"], about["parameters"]["fit_intercept"]) == (2.5, True)
    assert (about["features"], about["classes"]) == (1, ["0", "1"])
    assert ran.metadata("fit", "model_pipe")["parameters"]["logisticregression__C"] == 3
    model = pickle.loads((ran.output("fit", "model_model") / "model.pkl").read_bytes())
    assert model.predict(pd.DataFrame({"a": [3.0]})).tolist() == [1]
    own = pickle.loads((ran.output("own", "model_own") / "model.pkl").read_bytes())
    assert type(own).__name__ == "Own"


def test_what_is_no_model_after_all_is_told(run_cells: RunCells) -> None:
    ran = run_cells([
        ("imports", IMPORTS), ("parameters", "fit = False"),
        ("step:a", f"{FRAME}\nmodel = LogisticRegression()\nif fit:\n    model.fit(df[['a']], df['b'])"),
        ("step:b", "table = df.head(2)\ntable = table.groupby('b')\nif fit:\n    table = df"),
    ])  # fmt: skip
    assert ran.ok, ran.log
    assert ran.metadata("a", "model_model")["note"] == "the model was not fitted when the step ended"
    assert "'table' was no frame or column" in ran.metadata("b", "dataset_table")["note"]


def test_figures_are_a_page(run_cells: RunCells) -> None:
    ran = run_cells([
        ("imports", IMPORTS), ("step:a", "first, ax = plt.subplots()\nax.plot([1, 2])\nplt.show()\nsecond, grid = plt.subplots(2)"),
        ("step:b", "print('other')"),
    ])  # fmt: skip
    assert ran.ok, ran.log
    assert ran.metadata("a", "figures")["figures"] == ["first", "second"]
    page = ran.output("a", "figures").read_text()
    pictures = re.findall(r'<img alt="(\w+)" src="data:image/png;base64,([^"]+)"', page)
    assert [name for name, _ in pictures] == ["first", "second"]
    assert all(base64.b64decode(data).startswith(b"\x89PNG") for _, data in pictures)


def test_metrics_of_classifiers_are_drawn(run_cells: RunCells) -> None:
    ran = run_cells([
        ("imports", IMPORTS + "\nfrom sklearn.metrics import accuracy_score"),
        ("step:a", "y, p = [0, 0, 1, 1], [0.1, 0.6, 0.4, 0.9]\ncm = confusion_matrix(y, [0, 1, 0, 1])\n"
                   "table = pd.DataFrame(cm, index=['cat', 'dog'], columns=['cat', 'dog'])\n"
                   "fpr, tpr, thresholds = roc_curve(y, p)\naccuracy = accuracy_score(y, [0, 1, 0, 1])"),
        ("pipeline-metrics", "print(accuracy)\nprint(cm)\ntable\nprint(fpr, tpr, thresholds)\nprint(roc_curve(y, p))"),
    ])  # fmt: skip
    assert ran.ok, ran.log
    assert ran.metadata("metrics", "metrics") == {"accuracy": 0.5}
    about = ran.metadata("metrics", "classification_cm")
    assert about["confusionMatrix"]["rows"] == [{"row": [1.0, 1.0]}, {"row": [1.0, 1.0]}]
    assert [one["displayName"] for one in about["confusionMatrix"]["annotationSpecs"]] == ["0", "1"]
    assert "no labels" in about["note"]
    labels = ran.metadata("metrics", "classification_table")["confusionMatrix"]["annotationSpecs"]
    assert [one["displayName"] for one in labels] == ["cat", "dog"]
    curve = ran.metadata("metrics", "classification_roc")["confidenceMetrics"]
    assert curve[0] == {"confidenceThreshold": 1.9, "recall": 0.0, "falsePositiveRate": 0.0}
    assert curve[-1]["recall"] == 1.0
    # KFP must read what is written: no infinity.
    json.loads(
        (ran.folder / "metrics" / "executor_output.json").read_text(), parse_constant=lambda name: pytest.fail(name)
    )


def test_copies_can_neither_fail_a_step_nor_change_it(run_cells: RunCells) -> None:
    """A value whose copy ends the process: the step was done before, and its payload is what it was."""
    cells: Cells = [
        ("imports", IMPORTS),
        ("step:a", f"import os\nclass Deadly:\n    def __str__(self):\n        os._exit(3)\n{FRAME}\ndf['d'] = [Deadly()] * 4\n"
                   "after = pd.DataFrame({'x': [1]})"),
        ("step:b", "print(df['a'].sum(), after.shape)"),
    ]  # fmt: skip
    ran = run_cells(cells)
    assert ran.ok, ran.log
    assert "the step's process ended before" in ran.metadata("a", "dataset_after")["note"]
    assert ran.output("b", "notebook").exists()


def test_a_copy_has_its_time(run_cells: RunCells, monkeypatch: pytest.MonkeyPatch) -> None:
    from kale_lite.targets.kfp import packing

    text, _ = packing._code_text("people")
    changed = text.replace("_SECONDS = 60.0", "_SECONDS = 0.5")
    assert changed != text
    # What is patched is what is kept: below it, the code that an earlier test compiled would be taken.
    digest = hashlib.sha256(changed.encode()).hexdigest()
    monkeypatch.setattr(packing, "_code_text", lambda kind: (changed, digest))
    slow = "import time\nclass Slow:\n    def __str__(self):\n        time.sleep(30)\n"
    ran = run_cells(
        [
            ("imports", IMPORTS),
            ("step:a", f"{slow}slow = pd.DataFrame({{'s': [Slow()]}})\nquick = pd.DataFrame({{'x': [1]}})"),
        ]
    )
    assert ran.ok, ran.log
    assert ran.metadata("a", "dataset_slow")["note"] == "not made: the copies of a step have 0.5 seconds together"
    assert not ran.output("a", "dataset_slow").exists()
