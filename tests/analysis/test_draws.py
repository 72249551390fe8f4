"""Draws from seeded generators by libraries that no rule is about: an order only where a seed is, and may matter."""

from __future__ import annotations

from pathlib import Path

import pytest

from kale_lite.project import load
from tests.analysis.test_compile import edges, pipeline
from tests.conftest import WriteNotebook

SEED = "import numpy as np, lab\nnp.random.seed(0)\nX = 1"


@pytest.mark.parametrize(
    ("steps", "wanted"),
    [
        # Nothing is seeded: in whatever order they draw, the numbers are random.
        (("import lab\nX = 1", "a = lab.fit(X)", "b = lab.fit(X)"), {("a", "b"), ("a", "c")}),
        ((SEED, "a = lab.fit(X)", "b = lab.fit(X)"), {("a", "b"), ("b", "c"), ("a", "c")}),
        # The state is what is seeded, and not another one.
        (("import random, lab\nrandom.seed(0)", "a = lab.fit(1)", "b = lab.fit(2)"), {("a", "b"), ("b", "c")}),
        # Methods of objects of which nothing is known.
        ((SEED, "m = lab.Model()", "m.a()", "m.b()"),
         {("a", "b"), ("b", "c"), ("c", "d")}),
        # NumPy, pandas, the standard library and builtins are known to leave it alone.
        ((SEED + "\nimport json, pandas as pd", "a = np.unpackbits(np.array([X], dtype='u1'))", "b = json.dumps(X)",
          "c = pd.unique([X])", "d = max(X, 2)"),
         {("a", "b"), ("a", "c"), ("a", "d"), ("a", "e")}),
    ],
    ids=["unseeded", "seeded", "python's", "methods", "known"],
)  # fmt: skip
def test_edges(write_notebook: WriteNotebook, steps: tuple[str, ...], wanted: set[tuple[str, str]]) -> None:
    assert edges(write_notebook, *steps) == wanted


def test_a_rule_takes_the_order_away(write_notebook: WriteNotebook, tmp_path: Path) -> None:
    (tmp_path / "lab.yml").write_text("rules: [{id: lab-fit, functions: lab.fit}]\n")
    (tmp_path / "pyproject.toml").write_text('[tool.kale-lite]\neffects = ["lab.yml"]\n')
    assert edges(write_notebook, SEED, "a = lab.fit(X)", "b = lab.fit(X)") == {("a", "b"), ("a", "c")}


def test_the_order_is_explained(write_notebook: WriteNotebook) -> None:
    path = write_notebook([("step:a", SEED), ("step:b", "a = lab.fit(X)"), ("step:c", "b = lab.fit(X)")])
    (told,) = [d for d in load(path).diagnostics if d.code == "KL301"]
    assert told.message == (
        "steps b and c run one after another because they may draw from NumPy's global random generator, which "
        "cell 1 seeds"
    )
    assert "effect rule" in told.hint


def test_a_draw_that_is_missed_is_told(write_notebook: WriteNotebook, tmp_path: Path) -> None:
    """Also where no step is seen to read the seeded generator, so that nothing of it travels."""
    (tmp_path / "lab.py").write_text("import numpy as np\ndef fit(x):\n    return float(np.random.rand())\n")
    (tmp_path / "lab.yml").write_text("rules: [{id: lab-fit, functions: lab.fit}]\n")
    (tmp_path / "pyproject.toml").write_text('[tool.kale-lite]\neffects = ["lab.yml"]\n')
    cells = [("step:before", "import lab, numpy as np\nx = lab.fit(1)"), ("step:seed", "np.random.seed(0)"),
             ("step:fit", "y = lab.fit(1)")]  # fmt: skip
    path = write_notebook(cells)
    assert pipeline(lambda _: path, []).edges == ()
    result = load(path).run(output_dir=tmp_path / "out")
    assert {name: one.status for name, one in result.steps.items()} == {
        "before": "done",
        "seed": "done",
        "fit": "failed",
    }
    (found,) = result.diagnostics
    assert (found.code, found.location and found.location.cell) == ("KL408", 3)
    assert "'numpy.random'" in found.message
