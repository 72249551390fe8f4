"""Proposals: a sensible graph, for any way in which notebooks are written, that gives what the notebook gives."""

from __future__ import annotations

import importlib
import json
import tempfile
from collections.abc import Mapping
from pathlib import Path

import nbformat
import pytest

from kale_lite.analysis.propose import Proposal, propose
from kale_lite.notebook import read_notebook
from kale_lite.notebook.model import Notebook, Role
from tests.analysis import untagged
from tests.conformance import forked
from tests.conftest import Cells, make_notebook

EXAMPLES = Path(__file__).parents[2] / "notebooks"


def read(cells: Cells) -> Notebook:
    with tempfile.TemporaryDirectory() as tmp:
        path = Path(tmp) / "nb.ipynb"
        nbformat.write(make_notebook(cells), path)
        notebook, found = read_notebook(path)
    assert notebook is not None, found
    return notebook


def proposed(cells: Cells) -> Proposal:
    proposal = propose(read(cells))
    assert proposal.compiles, "\n".join(map(str, proposal.diagnostics))
    return proposal


def cells_of(proposal: Proposal) -> dict[str, tuple[int, ...]]:
    """The cells of each role or step."""
    found: dict[str, tuple[int, ...]] = {}
    for choice in proposal.choices:
        name = choice.step if choice.role is Role.STEP else f"({choice.role})"
        found[name] = (*found.get(name, ()), choice.cell)
    return found


def edges(proposal: Proposal) -> set[tuple[str, str]]:
    assert proposal.pipeline is not None
    return set(proposal.pipeline.edges)


# What comes out is what the notebook gives.


@pytest.mark.parametrize("name", untagged.NOTEBOOKS)
def test_proposed_pipeline_gives_what_the_notebook_gives(name: str, tmp_path: Path) -> None:
    """Straight through in one shell, and as the proposed pipeline in an order that differs wherever it may."""
    cells, names = untagged.NOTEBOOKS[name]
    body = ", ".join(f"'{n}': repr({n})" for n in names)
    probe = f"import os as _os, json as _json\nopen(_os.environ['CONFORMANCE_OUT'], 'w').write(_json.dumps({{{body}}}))"
    proposal = proposed([*cells, ("md", "## Probe"), ("", probe)])
    assert values_of_pipeline(proposal, tmp_path) == values_of_notebook(
        [s for t, s in cells if t not in ("md", "skip")], probe, tmp_path
    )


def values_of_pipeline(proposal: Proposal, tmp_path: Path) -> Mapping[str, str] | None:
    assert proposal.pipeline is not None
    forked.preload()
    for module in ("linear_model", "tree", "neighbors", "naive_bayes", "model_selection", "datasets"):
        importlib.import_module(f"sklearn.{module}")
    folder = tmp_path / "pipeline"
    folder.mkdir()
    code, output, values = forked._run(proposal.notebook, proposal.pipeline, folder)
    assert code == 0, output
    return values


def values_of_notebook(sources: list[str], probe: str, tmp_path: Path) -> Mapping[str, str] | None:
    folder = tmp_path / "plain"
    (folder / "work").mkdir(parents=True)
    failure = forked._fork([*sources, probe], folder / "work", folder / "final.json")
    assert not failure
    values: Mapping[str, str] = json.loads((folder / "final.json").read_text())
    return values


# The graph is one that a data scientist would draw.


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("comparison", {"(imports)": (2,), "(parameters)": (3,), "data": (5, 8), "(skip)": (6, 7), "ridge": (10, 11),
                        "decision-tree": (13,), "knn": (14,), "results": (16,), "(metrics)": (17,)}),
        ("no-headings", {"(imports)": (1, 2), "load-data": (3,), "(skip)": (4, 5), "prepare": (6, 7), "logistic": (8,),
                         "gaussian-nb": (9,), "compare-them": (10,)}),
        ("kaggle", {"(skip)": (2, 4, 9), "(imports)": (3,), "create-data": (6,), "read-it-back": (8, 10),
                    "plots": (12, 13), "submission": (15, 16, 17)}),
        ("exploration", {"(imports)": (1,), "analysis": (2, 3, 4, 6, 7, 8, 9, 10), "(skip)": (5,)}),
        ("functions", {"(imports)": (3,), "(functions)": (4, 5, 6), "(parameters)": (8,), "calm": (9,), "busy": (10,),
                       "full": (11,), "report": (13, 14)}),
        ("magics", {"(imports)": (2,), "set-up": (3, 5), "(skip)": (4, 11), "count": (7, 8, 9, 10), "write": (13, 14)}),
        ("classes", {"(imports)": (1,), "(functions)": (2, 3), "customers": (5, 6, 7), "audit": (9, 10)}),
        ("stuck", {"database": (2, 3, 4), "lazy": (6, 7, 8), "file": (10, 11), "check": (13,)}),
        ("partly-tagged", {"(imports)": (1,), "load": (3, 4), "even": (6,), "two-sums": (7,), "odd": (9,),
                           "(skip)": (10,), "after": (12,)}),
        ("one-state", {"(imports)": (1,), "setup": (2, 3), "walk": (4, 5, 6)}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_steps(name: str, wanted: dict[str, tuple[int, ...]]) -> None:
    assert cells_of(proposed(untagged.NOTEBOOKS[name][0])) == wanted


@pytest.mark.parametrize(
    ("name", "same", "side_by_side"),
    [
        ("tumours", {"load", "validate", "preprocess", "features", "logistic", "forest", "boosting", "svm", "compare"},
         ("logistic", "forest", "boosting", "svm")),
        ("diabetes", {"ridge", "lasso"}, ("ridge", "lasso")),
        ("digits", {"setup", "export", "report"}, ("knn", "kmeans")),
    ],
    ids=["tumours", "diabetes", "digits"],
)  # fmt: skip
def test_examples_without_their_tags(name: str, same: set[str], side_by_side: tuple[str, ...]) -> None:
    """The proposal is close to the tags that we gave: same roles, same names of steps, same parallel models."""
    tagged, _ = read_notebook(EXAMPLES / f"{name}.ipynb")
    assert tagged is not None
    content = nbformat.from_dict(tagged.content)
    proposal = proposed([("md" if c.cell_type != "code" else "", c.source) for c in content.cells])
    roles = {cell.number: cell.role for cell in tagged.cells if cell.role is not Role.STEP}
    assert {c.cell: c.role for c in proposal.choices if c.cell in roles} == roles
    ours = {cell.number: cell.step for cell in tagged.cells if cell.step in same}
    assert {c.cell: c.step for c in proposal.choices if c.cell in ours and c.role is Role.STEP} == {
        n: step for n, step in ours.items() if next(c for c in proposal.choices if c.cell == n).role is Role.STEP
    }
    assert not {(a, b) for a, b in edges(proposal) if a in side_by_side and b in side_by_side}
    assert set(side_by_side) <= {c.step for c in proposal.choices}


def test_models_of_one_cell_each_do_not_wait_for_plots_between_them() -> None:
    proposal = proposed([
        ("md", "# Title\n## Fit"),
        ("", "from sklearn.svm import SVC\nfrom sklearn.tree import DecisionTreeClassifier as Tree\nX, y = [[0], [1]] * 9, [0, 1] * 9"),
        ("", "svc = SVC().fit(X, y)"),
        ("", "print(svc.score(X, y))"),
        ("", "tree = Tree().fit(X, y)"),
        ("", "both = svc.score(X, y) + tree.score(X, y)"),
    ])  # fmt: skip
    assert cells_of(proposal) == {"fit": (2,), "svc": (3, 4), "tree": (5,), "both": (6,)}
    assert edges(proposal) == {("fit", "svc"), ("fit", "tree"), ("svc", "both"), ("tree", "both"), ("fit", "both")}


@pytest.mark.parametrize(
    ("source", "skipped"),
    [
        ("df.head()", True), ("df.head(20)", True), ("df['a'].tail()", True), ("df.info()", True), ("df.shape", True),
        ("type(df)", True), ("len(df)", True), ("df.columns[:3]", False), ("print(df.shape)", True), ("!ls -l", True),
        ("!nvidia-smi", True), ("df.head?", True), ("help(len)", True), ("df.shape, df.dtypes", True),
        ("print('rows', df.shape[0])", True), ("display(df.head())", True), ("%whos", True),
        ("df", False), ("df.describe()", False), ("df.plot()", False), ("print(df.a.mean())", False),
        ("df.sample(3)", False), ("log.info('text')", False), ("requests.head('http://a')", False), ("df.info(verbose=True)", True), ("df.groupby('a').sum().head()", False), ("!ls > files.txt", False),
        ("x = df.shape", False), ("df.head(n := 3)", False), ("df.pop('a')", False), ("!rm -r data", False),
        ("!head -1 a.txt | tee b.txt", False), ("df.head(print(1))", False), ("%%html\n<b>x</b>", False),
    ],
)  # fmt: skip
def test_only_looks_are_skipped(source: str, skipped: bool) -> None:
    """Nobody loses a result or an effect: tables, figures and printed results stay."""
    proposal = proposed(
        [
            (
                "",
                "import logging, requests\nimport pandas as pd\nlog = logging.getLogger('a')\ndf = pd.DataFrame({'a': [1, 2]})",
            ),
            ("", source),
            ("", "print('end')"),
        ]
    )
    assert [c.role is Role.SKIP for c in proposal.choices] == [False, skipped, False]


@pytest.mark.parametrize("look", ["box.head()", "box.size", "len(box)"])
def test_a_look_through_code_of_the_notebook_is_none(look: str) -> None:
    """What looks like a look may change something, when the notebook says what it does."""
    box = """class Box:
    n = 0
    def head(self):
        Box.n += 1
    @property
    def size(self):
        return self.head()
    def __len__(self):
        return self.head() or 1"""
    proposal = proposed([("", box), ("", "box = Box()"), ("", look), ("", "print(Box.n)")])
    assert proposal.choices[2].role is Role.STEP


def test_last_cell_is_never_skipped() -> None:
    proposal = proposed([("", "import pandas as pd\ndf = pd.DataFrame({'a': [1, 2]})"), ("", "df.head()")])
    assert [c.role for c in proposal.choices] == [Role.STEP, Role.STEP]


@pytest.mark.parametrize(
    ("source", "later", "is_parameters"),
    [
        ("n = 3\nlr: float = 0.1\nnames = ['a', 'b']", "print(n, lr, names)", True),
        ("n = -1\nmode = None", "y = n if mode else 0", True),
        ("n = 3\nm = n * 2", "print(n, m)", False),
        ("n = 3", "print('unused')", False),
        ("n = 3", "n = n + 1\nprint(n)", False),
        ("n = 3", "n += 1", False),
        ("found = []", "found.append(1)", False),
        ("table = {'a': 1}", "table['b'] = 2", False),
        ("count = 0", "def f():\n    global count\n    count += 1\nf()", False),
        ("n = 3\nprint(n)", "y = n", False),
        ("rows = [[1, 2], [3, 4]]", "print(rows)", False),
        ("rows = [1, 2]", "print(rows)", False),
    ],
)
def test_parameters(source: str, later: str, is_parameters: bool) -> None:
    """Literals that are used as settings; nothing derived, nothing that is changed later."""
    proposal = proposed([("", "import math"), ("", source), ("", later)])
    assert (proposal.choices[1].role is Role.PARAMETERS) == is_parameters
    assert bool(proposal.notebook.parameters) == is_parameters


def test_only_the_first_settings_cell_is_parameters() -> None:
    proposal = proposed([("", "a = 1"), ("", "b = 2"), ("", "c = a + b"), ("", "d = 4"), ("", "print(a + b + c + d)")])
    assert [c.role for c in proposal.choices].count(Role.PARAMETERS) == 1
    assert proposal.choices[0].role is Role.PARAMETERS


@pytest.mark.parametrize(
    ("source", "is_metrics"),
    [("print(score)", True), ("score", True), ("print(score)\nmean_error", True), ("rmse = score ** 0.5\nprint(rmse)", True),
     ("print(f'{score:.2f}')", False), ("print(table)", False), ("print(score)\nplot(score)", False), ("rmse = 1", False)],
)  # fmt: skip
def test_metrics(source: str, is_metrics: bool) -> None:
    cells = [("", "plot = print\nscore = mean_error = table = 1"), ("", "double = score * 2"), ("", source)]
    assert (proposed(cells).choices[-1].role is Role.METRICS) == is_metrics


# Whatever stands in the notebook, the proposal compiles or says why not.


def test_cells_that_cannot_run_are_left_out_with_the_reason() -> None:
    proposal = proposed(untagged.WITH_ERROR)
    assert [c.cell for c in proposal.choices if c.role is Role.SKIP] == [5, 7]
    assert "syntax error" in proposal.choices[2].why
    assert "undefined_thing" in proposal.choices[3].why


def test_a_broken_cell_that_others_need_is_no_proposal() -> None:
    proposal = propose(read([("", "a = missing + 1"), ("", "b = a + 1"), ("", "print(b)")]))
    assert not proposal.compiles
    assert {d.code for d in proposal.diagnostics} == {"KL202"}
    assert [c.role for c in proposal.choices] == [Role.STEP] * 3


@pytest.mark.parametrize(
    "cells",
    [
        [("", "import math\nmath.tau = 6"), ("", "x = math.tau"), ("", "%%time\ny = math.tau")],
        [("", "2 + 2"), ("", "x = _ + 1"), ("", "y = x")],
        [("", "import matplotlib\nmatplotlib.use('Agg')\nimport matplotlib.pyplot as plt\nplt.plot([1])"), ("", "plt.title('t')")],
        [("", "import sys\nsys.setswitchinterval(0.1)\nx = 1"), ("", "y = sys.getswitchinterval()")],
    ],
    ids=["patched", "history", "figure", "state"],
)  # fmt: skip
def test_steps_are_merged_until_they_compile(cells: Cells) -> None:
    proposal = proposed([pair for cell in cells for pair in (("md", f"# {cell[1][:9]}"), cell)])
    assert proposal.pipeline is not None


def test_notebook_with_nothing_to_run() -> None:
    proposal = propose(read([("", "# nothing yet"), ("", "import math")]))
    assert all(choice.role is not Role.SKIP for choice in proposal.choices)


def test_tags_that_stand_are_kept() -> None:
    cells = untagged.PARTLY_TAGGED
    proposal = proposed(cells)
    for number, (tags, _) in enumerate(cells, 1):
        if tags not in ("", "md"):
            now = proposal.tags.get(number, tuple(tags.split("|")))
            assert set(tags.split("|")) <= set(now)
    assert 4 not in proposal.tags
    again = propose(proposal.notebook)
    assert again.tags == {}
    assert again.notebook.cells == proposal.notebook.cells


def test_names_are_unique_and_readable() -> None:
    headings = ["## Results", "## Results", "# 2.1) The   *Big* `model` & its fit, as we know it", "## Über uns", "## 模型",
                "## !!!", "Results\n-------", "```\n# no heading\n```", "## results"]  # fmt: skip
    cells: list[tuple[str, str]] = [("md", "# One"), ("", "x0 = [0]")]
    for i, heading in enumerate(headings, 1):
        cells += [("md", heading), ("", f"x{i} = x{i - 1} + [{i}]")]
    steps = list(dict.fromkeys(c.step for c in proposed(cells).choices))
    assert steps == [
        "one",
        "results",
        "one-results",
        "big-model-fit-know",
        "über-uns",
        "模型",
        "results-2",
        "results-3",
    ]


def test_large_notebook() -> None:
    """Hundreds of cells under headings, each section with models of its own."""
    cells: list[tuple[str, str]] = [("", "import math"), ("", "base = list('abc')")]
    for i in range(25):
        cells += [("md", f"## Part {i} x{i}"), ("", f"a{i} = [v * {i} for v in base]"), ("", f"%%time\nm{i} = sum(a{i})"),
                  ("", f"%%time\nk{i} = max(a{i})"), ("", f"print(m{i} + k{i})")]  # fmt: skip
    proposal = proposed(cells)
    assert proposal.pipeline is not None
    assert len(proposal.pipeline.steps) == 1 + 25 * 4
