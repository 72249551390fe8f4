"""What the analysis makes of small notebooks, beyond the conformance cases."""

from __future__ import annotations

import pytest

from kale_lite.analysis import compile_notebook
from kale_lite.diagnostics import Diagnostic
from kale_lite.notebook import read_notebook
from kale_lite.pipeline import Pipeline
from tests.conftest import Cells, WriteNotebook


def compiled(write: WriteNotebook, cells: Cells) -> tuple[Pipeline | None, tuple[Diagnostic, ...]]:
    notebook, found = read_notebook(write(cells))
    assert notebook is not None, found
    return compile_notebook(notebook)


def pipeline(write: WriteNotebook, cells: Cells) -> Pipeline:
    result, found = compiled(write, cells)
    assert result is not None, "\n".join(map(str, found))
    return result


def edges(write: WriteNotebook, *steps: str) -> set[tuple[str, str]]:
    """The edges between steps a, b, c, … with these sources."""
    return set(pipeline(write, [(f"step:{name}", code) for name, code in zip("abcdefgh", steps, strict=False)]).edges)


@pytest.mark.parametrize(
    ("steps", "wanted"),
    [
        (("x = 1", "y = x", "z = x"), {("a", "b"), ("a", "c")}),
        (
            ("import numpy as np\nX = np.ones((9, 2))\ny = X[:, 0]",
             "from sklearn.linear_model import Ridge\nm1 = Ridge().fit(X, y)",
             "from sklearn.svm import SVR\nm2 = SVR().fit(X, y)",
             "best = max([m1, m2], key=lambda m: m.score(X, y))"),
            {("a", "b"), ("a", "c"), ("a", "d"), ("b", "d"), ("c", "d")},
        ),
        (("import pandas as pd\ndf = pd.DataFrame({'a': [1]})", "df['b'] = 2", "s = df.sum()"), {("a", "b"), ("b", "c")}),
        (("import pandas as pd\ndf = pd.DataFrame({'a': [1]})", "t = df.describe()", "df.plot()", "df.to_csv('o.csv')"),
         {("a", "b"), ("a", "c"), ("a", "d")}),
        (("import pandas as pd\ndf = pd.DataFrame({'a': [1]})", "d2 = df[df.a > 0]\nd2['b'] = 1", "n = len(df)"),
         {("a", "b"), ("a", "c")}),
        (("import pandas as pd\ndf = pd.DataFrame({'a': [1]})", "df.drop(columns='a', inplace=True)", "n = len(df)"),
         {("a", "b"), ("b", "c")}),
        (("import numpy as np\nx = np.zeros(3)", "np.add(x, 1, out=x)", "s = x.sum()"), {("a", "b"), ("b", "c")}),
        (("def f(n):\n    return n + k\n", "k = 1", "f(1)"), {("a", "c"), ("b", "c")}),
        (("def fact(n):\n    return 1 if n < 2 else n * fact(n - 1)", "x = fact(3)", "y = fact(4)"),
         {("a", "b"), ("a", "c")}),
        (("\n".join(f"def f{i}(): f{i + 1}()" for i in range(30)) + "\ndef f30(): kept.append(1)", "kept = []", "f0()",
          "print(kept)"), {("a", "c"), ("b", "c"), ("c", "d")}),
        (("import unheard_of\nx = [1]", "unheard_of.work(x)", "y = x"), {("a", "b"), ("b", "c")}),
        (("import numpy as np", "a1 = np.random.rand()", "b1 = np.random.rand()"), set()),
        (("import numpy as np\nnp.random.seed(1)", "a1 = np.random.rand()", "b1 = np.random.rand()"),
         {("a", "b"), ("b", "c")}),
        (("import requests", "r = requests.get('http://x')", "s = requests.post('http://x')"), {("b", "c")}),
        (("open('a.txt', 'w').write('x')", "open('b.txt', 'w').write('x')", "t = open('a.txt').read()"), {("a", "c")}),
        (("import subprocess\nsubprocess.run(['x'])", "t = open('a.txt').read()"), {("a", "b")}),
    ],
)  # fmt: skip
def test_edges(write_notebook: WriteNotebook, steps: tuple[str, ...], wanted: set[tuple[str, str]]) -> None:
    assert edges(write_notebook, *steps) == wanted


def test_imports_are_replayed_only_where_needed(write_notebook: WriteNotebook) -> None:
    found = pipeline(
        write_notebook,
        [("imports", "import math\nimport json as js\nimport warnings\nwarnings.filterwarnings('ignore')"),
         ("step:a", "x = math.pi"), ("step:b", "y = js.dumps(1)"), ("step:c", "z = 1")],
    )  # fmt: skip
    assert [step.name for step in found.steps] == ["a", "b", "c"]
    setting = ("import warnings", "warnings.filterwarnings('ignore')")
    assert found.step("a").replays == ("import math",)
    assert found.step("b").replays == ("import json as js", *setting)
    assert found.step("c").replays == ()
    assert not found.edges


def test_functions_cell_is_a_step(write_notebook: WriteNotebook) -> None:
    found = pipeline(write_notebook, [("functions", "def f(x):\n    return x"), ("step:a", "y = f(1)")])
    assert found.edges == (("functions", "a"),)


def test_parameters_go_where_they_are_used(write_notebook: WriteNotebook) -> None:
    found = pipeline(
        write_notebook,
        [
            ("parameters", "n = 1\nm = 2\nunused = 3"),
            ("step:a", "x = n"),
            ("step:b", "def f():\n    return m\ny = f()"),
        ],
    )
    assert [step.parameters for step in found.steps] == [("n",), ("m",)]


def test_undefined_name_of_a_skipped_cell(write_notebook: WriteNotebook) -> None:
    result, found = compiled(write_notebook, [("skip", "limit = 3"), ("step:a", "x = 1\ny = limit")])
    assert result is None
    (problem,) = [d for d in found if d.is_error]
    assert (problem.code, problem.location and problem.location.line) == ("KL202", 2)
    assert "cell 1" in problem.hint


def test_skipped_cell_that_changes_what_others_read(write_notebook: WriteNotebook) -> None:
    _, found = compiled(write_notebook, [("step:a", "x = 1"), ("skip", "x = 2"), ("step:b", "y = x")])
    assert [d.code for d in found] == ["KL108"]


def test_a_split_step_is_joined_when_nothing_changes(write_notebook: WriteNotebook) -> None:
    found = pipeline(
        write_notebook, [("step:a", "x = 1"), ("step:b", "z = 5"), ("step:a", "y = x + 1"), ("step:c", "y, z")]
    )
    assert [(step.name, step.cells) for step in found.steps] == [("a", (1, 3)), ("b", (2,)), ("c", (4,))]


@pytest.mark.parametrize(
    ("source", "code", "line"),
    [
        ("x = 1\nfor", "KL201", 2),
        ("x = 1\n\n%run other.py", "KL209", 3),
        ("ns = globals()\nns['a'] = 1", "KL209", 1),
        ("x = 1\n%unheard_of_magic x", "KL205", 2),
        ("%%time\nx = 1\ny = = 2", "KL201", 3),
        ("!ls \\\n  -l\nz = undefined_name", "KL202", 3),
        ("y = Out[1]", "KL204", 1),
    ],
)
def test_findings_have_their_place(write_notebook: WriteNotebook, source: str, code: str, line: int) -> None:
    result, found = compiled(write_notebook, [("step:a", "ok = 1"), ("step:b", source)])
    assert result is None
    problem = next(d for d in found if d.is_error)
    assert (problem.code, problem.location and problem.location.cell) == (code, 2)
    assert problem.location is not None
    assert problem.location.line == line


def test_order_by_seed_is_explained(write_notebook: WriteNotebook) -> None:
    steps = ["import random\nrandom.seed(1)", "a1 = random.random()", "b1 = random.random()"]
    _, found = compiled(write_notebook, [(f"step:s{i}", code) for i, code in enumerate(steps)])
    assert [d.code for d in found] == ["KL301"]
    assert "steps s1 and s2 run" in found[0].message


def test_declared_branch_gets_what_it_reads(write_notebook: WriteNotebook) -> None:
    _, found = compiled(
        write_notebook,
        [("step:a", "x = 1"), ("step:b|prev:a", "x = 2"), ("step:c|prev:a", "y = x")],
    )
    assert [d.code for d in found] == ["KL302"]
    assert "'b'" in found[0].message


def test_analysis_runs_nothing(write_notebook: WriteNotebook) -> None:
    cells = [("step:a", "import antigravity_not_there, os\nos.makedirs('made_by_analysis')\nraise SystemExit")]
    pipeline(write_notebook, cells)
    from pathlib import Path

    assert not Path("made_by_analysis").exists()


MODEL = """
class Trend(sm.tsa.statespace.MLEModel):
    def __init__(self, data):
        super().__init__(data, k_states=2, loglikelihood_burn=2)
        self.ssm['design'] = np.array([1, 0])
        self._at = ('state_cov',) + np.diag_indices(2)

    @property
    def start_params(self):
        return [np.std(self.endog)] * 3

    def transform_params(self, free):
        return free**2

    def untransform_params(self, bound):
        return bound**.5

    def update(self, params, *args, **kwargs):
        params = super().update(params, *args, **kwargs)
        self.ssm['obs_cov', 0, 0] = params[0]
        self.ssm[self._at] = params[1:]
"""


def test_a_class_that_a_library_calls_back_into(write_notebook: WriteNotebook) -> None:
    """The library may call the methods in any order: they are followed together, not once for each order."""
    found = edges(
        write_notebook,
        "import numpy as np, pandas as pd\nimport statsmodels.api as sm\ndf = pd.DataFrame({'a': [1]})",
        MODEL,
        "fitted = Trend(df).fit(disp=False)\nprint(fitted.summary())",
        "forecast = fitted.get_forecast('2014')",
    )
    assert found == {("a", "c"), ("b", "c"), ("c", "d")}


PLOT = "fig, ax = plt.subplots()\nax.plot(x)"


def test_another_backend_is_chosen_in_each_step(write_notebook: WriteNotebook) -> None:
    found = pipeline(
        write_notebook,
        [("imports", "%matplotlib notebook\nimport matplotlib.pyplot as plt\nx = [1, 2]"),
         ("step:a", PLOT), ("step:b", "%matplotlib inline"), ("step:c", PLOT)],
    )  # fmt: skip
    chosen, back = (f"get_ipython().run_line_magic('matplotlib', '{name}')" for name in ("notebook", "inline"))
    assert [chosen in found.step(name).replays for name in "ac"] == [True, True]
    assert [back in found.step(name).replays for name in "ac"] == [False, True]


def test_inline_is_how_figures_are_shown_from_the_start(write_notebook: WriteNotebook) -> None:
    cells = [("imports", "%matplotlib inline\nimport matplotlib.pyplot as plt"), ("step:a", "print(1)")]
    assert not any("matplotlib" in line for line in pipeline(write_notebook, cells).step("a").replays)


@pytest.mark.parametrize("backend", ["notebook", "widget", "nbagg", "agg"])
def test_a_figure_that_a_backend_keeps_is_not_carried(write_notebook: WriteNotebook, backend: str) -> None:
    cells = [("imports", f"%matplotlib {backend}\nimport matplotlib.pyplot as plt"),
             ("step:a", "plt.plot([1])"), ("step:b", "plt.plot([2])")]  # fmt: skip
    _, found = compiled(write_notebook, cells)
    assert [(d.code, d.step) for d in found if d.is_error] == [("KL207", "b")]


@pytest.mark.parametrize("magic", ["%who", "%whos DataFrame", "names = %who_ls"])
def test_a_listing_of_variables_needs_them_all(write_notebook: WriteNotebook, magic: str) -> None:
    assert edges(write_notebook, "x = 1", "y = 2", magic) == {("a", "c"), ("b", "c")}


def test_the_history_of_a_session_is_not_that_of_a_step(write_notebook: WriteNotebook) -> None:
    _, found = compiled(write_notebook, [("step:a", "x = 1"), ("step:b", "%history")])
    assert [d.code for d in found if d.is_error] == ["KL205"]
