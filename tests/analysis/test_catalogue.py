"""What the catalogue's knowledge comes to: rules of each group, and the order of steps that follows."""

from __future__ import annotations

import inspect
from typing import Any

import numpy
import pytest

from kale_lite.analysis.effects import load_catalogue
from tests.analysis.test_compile import edges
from tests.conftest import WriteNotebook

SK = """import numpy as np
from sklearn.base import clone
from sklearn.ensemble import RandomForestClassifier as Forest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
X = np.ones((9, 2)); y = X[:, 0]; base = Forest()
"""
SEED = "np.random.seed(0)\n"
CHAIN = {("a", "b"), ("a", "c"), ("b", "c")}
FORK = {("a", "b"), ("a", "c")}


@pytest.mark.parametrize(
    ("steps", "wanted"),
    [
        ((SK + SEED, "p = Forest().fit(X, y)", "q = Forest().fit(X, y)"), CHAIN),
        ((SK + SEED, "p = make_pipeline(Forest()).fit(X, y)", "q = cross_val_score(Forest(), X, y)"), CHAIN),
        ((SK + SEED, "p = clone(base).fit(X, y)", "q = clone(base).fit(X, y)"), CHAIN),
        ((SK + SEED, "p = Forest(random_state=1).fit(X, y)", "q = LogisticRegression().fit(X, y)"), FORK),
        ((SK, "p = Forest().fit(X, y)", "q = clone(base).fit(X, y)"), FORK),
        (("it = iter([1, 2, 3])", "u = list(it)", "v = sum(it)"), {("a", "b"), ("b", "c")}),
        (("import numpy as np\nx = abs(np.ones(3))", "x.sort()", "print(x)"), {("a", "b"), ("b", "c")}),
        (
            ("import pandas as pd\ndf = pd.DataFrame({'a': [1]})\nv = df.to_numpy()", "v[0] = 3", "print(df)"),
            {("a", "b"), ("b", "c")},
        ),
        (
            ("class A:\n    def __repr__(self):\n        return str(unit)\nitems = [A()]", "unit = 3", "print(items)"),
            {("a", "c"), ("b", "c")},
        ),
        (
            ("import numpy as np, pandas as pd\nrng = np.random.RandomState(0)\ndf = pd.DataFrame({'a': [1]})",
             "s = df.sample(1, random_state=rng)", "t = df.sample(1, random_state=rng)"),
            CHAIN,
        ),
        (("from pathlib import Path", "Path('x').replace('y')", "open('y').read()"), {("b", "c")}),
        (("words = 'a b'.split()", "u = [w.strip().upper() for w in words]", "v = ' '.join(words)"), FORK),
    ],
    ids=["unseeded", "unseeded-inside", "unseeded-clone", "seeded", "nothing-seeded", "iterator", "abs", "array-of-frame",
         "repr-reads", "random-state-object", "path-replace", "text"],
)  # fmt: skip
def test_order(write_notebook: WriteNotebook, steps: tuple[str, ...], wanted: set[tuple[str, str]]) -> None:
    assert edges(write_notebook, *steps) == wanted


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("open('a', encoding='u')", {"writes_files": ()}),
        ("_.upper()", {"returns": "scalar", "type": "builtins.str"}),
        ("print(_, file=_)", {"mutates": ("kw:file",)}),
        ("numpy.random.zipf(2)", {"draws": ("numpy.random",)}),
        ("numpy.add(_, _, _)", {"mutates": ("arg:2",)}),
        ("numpy.sqrt(_, _)", {"mutates": ("arg:1",)}),
        ("numpy.multiply.at(_, _, _)", {"mutates": ("arg:0",)}),
        ("numpy.nan_to_num(_, copy=False)", {"mutates": ("arg:0", "kw:x")}),
        ("_.head()", {"returns": "receiver"}),
        ("_.astype(float, copy=False)", {"returns": "receiver"}),
        ("scipy.stats.norm.rvs(3)", {"draws": ("numpy.random",)}),
        ("scipy.stats.norm.rvs(3, random_state=0)", {"draws": ()}),
        ("scipy.stats.ttest_ind(_, _)", {"draws": (), "holds": ()}),
        ("sklearn.decomposition.PCA()", {"type": "sklearn.BaseEstimator"}),
        ("sklearn.decomposition.PCA(2)", {"type": "sklearn.UnseededEstimator"}),
        ("sklearn.model_selection.KFold(5, shuffle=True)", {"type": "sklearn.UnseededSplitter"}),
        ("sklearn.linear_model.LogisticRegression(solver='saga')", {"type": "sklearn.UnseededEstimator"}),
        ("sklearn.preprocessing.StandardScaler(copy=False)", {"type": "sklearn.InPlace"}),
    ],
)
def test_rules(line: str, expected: dict[str, Any]) -> None:
    effects = load_catalogue().match([line])[0]
    assert any({name: getattr(e, name) for name in expected} == expected for e in effects), effects


def test_every_legacy_random_function_is_known() -> None:
    names = [n for n, f in vars(numpy.random).items() if getattr(f, "__self__", None) is numpy.random.mtrand._rand]
    assert len(names) > 40
    silent = [n for n in names if not any(e.draws or e.seeds or e.reads_state
                                          for e in load_catalogue().match([f"numpy.random.{n}(_)"])[0])]  # fmt: skip
    assert silent == []


def test_estimators_that_take_a_random_state_are_known() -> None:
    """Of the estimators with a random state, only those known to draw nothing by default count as such."""
    from sklearn.utils import all_estimators

    quiet = {"DummyClassifier", "FactorAnalysis", "Lars", "LassoLars", "LogisticRegression", "LogisticRegressionCV",
             "PCA", "Perceptron", "Ridge", "RidgeClassifier"}  # fmt: skip
    with_state = [(n, c) for n, c in all_estimators() if "random_state" in inspect.signature(c).parameters]
    lines = [f"{c.__module__}.{n}()" for n, c in with_state]
    catalogue = load_catalogue()
    types = [effects[0].type for effects in catalogue.match(lines)]
    unseeded = "sklearn.UnseededEstimator"
    draws = {n for (n, _), t in zip(with_state, types, strict=True) if unseeded in {t, *catalogue.bases(t)}}
    assert {n for n, _ in with_state} - draws == quiet


def test_guard_of_known_types_only() -> None:
    rules = {rule.effect.rule: rule.effect for rule in load_catalogue().rules}
    assert rules["path-replace"].only_known
    assert rules["http-session-methods"].only_known
