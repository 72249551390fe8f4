"""scikit-learn: every estimator made, fitted and used; and the functions beside them."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import sklearn.base
import sklearn.datasets
import sklearn.model_selection
from sklearn.utils import all_estimators

from kale_lite.analysis.effects import load_catalogue
from tests.analysis.rulerun.checking import Report
from tests.analysis.rulerun.judging import Call, run, works
from tests.analysis.rulerun.tables import Table

_METHODS = ("fit", "partial_fit", "fit_transform", "fit_predict", "predict", "predict_proba", "predict_log_proba",
            "decision_function", "transform", "inverse_transform", "score", "score_samples", "kneighbors", "apply",
            "get_feature_names_out", "get_params", "get_n_leaves", "get_depth", "staged_predict", "sample", "sample_y",
            "split", "get_n_splits", "cost_complexity_pruning_path")  # fmt: skip
_ARGUMENTS = [
    "X, Y",
    "X, R",
    "X",
    "Y",
    "",
    "XPOS, Y",
    "XY, Y",
    "TEXT, Y",
    "TEXT",
    "NUMBERS, R",
    "ROWS",
    "2",
    "X, Y2",
    "XSQ",
    "2, 0",
]
_NESTED = {"estimator": "sklearn.linear_model.Ridge", "base_estimator": "sklearn.linear_model.Ridge"}


def data() -> dict[str, Any]:
    numbers = np.random.RandomState(0)
    features = numbers.rand(30, 3)
    return {
        "X": lambda: features.copy(),
        "XF": lambda: np.asfortranarray(features),
        "XPOS": lambda: np.abs(features) + 1,
        "XSQ": lambda: features @ features.T,
        "XY": lambda: (features * 3).round(),
        "Y": lambda: (features[:, 0] > 0.5).astype(int),
        "R": lambda: features[:, 0] * 2,
        "Y2": lambda: (features[:, :2] > 0.5).astype(int),
        "NUMBERS": lambda: features[:, 0].copy(),
        "TEXT": lambda: ["a b", "b c", "c d"] * 10,
        "ROWS": lambda: [{"a": 1.0}, {"b": 2.0}] * 15,
        "P": lambda: np.clip(features[:, 1], 0.1, 0.9),
        "EST": lambda: sklearn.linear_model.Ridge(),
        "CLF": lambda: sklearn.linear_model.LogisticRegression(),
        "FITTED": lambda: sklearn.linear_model.LogisticRegression().fit(features, (features[:, 0] > 0.5).astype(int)),
        "TREE": lambda: sklearn.tree.DecisionTreeClassifier(random_state=0).fit(features, (features[:, 0] > 0.5).astype(int)),
        "KF": lambda: sklearn.model_selection.KFold(3),
        "RS": lambda: np.random.RandomState(0),
        "GRID": lambda: {"alpha": [0.1, 1.0]},
    }  # fmt: skip


def sklearn_table() -> Table:
    return Table(
        "sklearn", ["sklearn.metrics", "sklearn.metrics.pairwise", "sklearn.utils.class_weight", "sklearn.datasets", "sklearn.model_selection"], data(),
        ["Y, Y", "R, R", "Y, P", "X", "X, X", "X, Y", "X, R", "Y", "CLF, X, Y", "EST, X, R", "FITTED, X, Y", "EST", "FITTED", "TREE", "X, 2", "P, P", "", "'balanced', classes=[0, 1], y=Y", "'balanced', Y", "X, Y, Y", "CLF, EST", "Y, classes=[0, 1]", "0", "EST, X, R, param_name='alpha', param_range=[0.1, 1.0]", "TREE, X, [0]", "XPOS, Y", "Y2, Y2", "Y2, X[:, :2]", "KF", "None", "3", "FITTED, X", "'in.svm'", "EST, CLF", "max"],
        [], {}, dict.fromkeys((f"sklearn.datasets.{n}" for n in dir(sklearn.datasets) if n.startswith("fetch")), "downloads")
        | dict.fromkeys((f"sklearn.metrics.pairwise.{n}" for n in ("Hidden", "MissingValues", "check_array", "check_paired_arrays", "check_pairwise_arrays", "pairwise_distances_chunked")), "of other modules"), svm_file, floor=60,
    )  # fmt: skip


def svm_file(folder: Path) -> None:
    sklearn.datasets.dump_svmlight_file(np.eye(2), [0, 1], str(folder / "in.svm"))


def estimators() -> Iterator[tuple[str, str, type]]:
    """Each estimator and splitter: its full name, the arguments that it needs, and its class."""
    for name, klass in all_estimators():
        yield f"{klass.__module__}.{name}", _needed(name), klass
    for name in (
        "KFold",
        "StratifiedKFold",
        "ShuffleSplit",
        "TimeSeriesSplit",
        "RepeatedKFold",
        "StratifiedShuffleSplit",
    ):
        yield f"sklearn.model_selection.{name}", "", getattr(sklearn.model_selection, name)


def _needed(name: str) -> str:
    if name in ("GridSearchCV", "HalvingGridSearchCV", "RandomizedSearchCV", "HalvingRandomSearchCV"):
        return "EST, GRID, cv=KF"
    return {
        "ClassifierChain": "CLF", "RegressorChain": "EST", "MultiOutputClassifier": "CLF", "MultiOutputRegressor": "EST",
        "OneVsOneClassifier": "CLF", "OneVsRestClassifier": "CLF", "OutputCodeClassifier": "CLF", "RFE": "EST", "RFECV": "EST",
        "SelectFromModel": "EST", "SequentialFeatureSelector": "EST, cv=KF", "FixedThresholdClassifier": "CLF",
        "TunedThresholdClassifierCV": "CLF", "SelfTrainingClassifier": "CLF", "StackingClassifier": "[('c', CLF)]",
        "StackingRegressor": "[('e', EST)]", "VotingClassifier": "[('c', CLF)]", "VotingRegressor": "[('e', EST)]",
        "Pipeline": "[('e', EST)]", "FeatureUnion": "[]", "ColumnTransformer": "[]", "DictVectorizer": "", "SparseCoder": "XSQ",
        "FrozenEstimator": "FITTED", "MultiTaskLasso": "", "TimeSeriesSplit": "",
    }.get(name, "")  # fmt: skip


def check_estimators(report: Report) -> None:
    """Make each estimator, fit it, use it: what the receiver's type is comes from the constructor's rule."""
    catalogue = load_catalogue()
    every = list(estimators())
    texts = [Call(name, arguments, klass).text for name, arguments, klass in every]
    for (name, arguments, klass), found in zip(every, catalogue.match(texts), strict=True):
        making = Call(name, arguments, klass)
        known = making.effects(found)
        report.names.add(name)
        if not known or not works(making, known, data()):
            continue
        _note(report, making, known, run(making, known, data()).problems)
        _use(report, making, known[0].type)


def _use(report: Report, making: Call, kind: str) -> None:
    plain = data()

    def new() -> Any:
        return eval(f"K({making.arguments})", {"K": making.function, **{n: m() for n, m in plain.items()}})

    def fitted() -> Any:
        model = new()
        for arguments in _ARGUMENTS:
            try:
                return model.fit(*eval(f"({arguments},)" if arguments else "()", {n: m() for n, m in plain.items()}))
            except Exception:
                model = new()
        return model

    model = fitted()
    makers = plain | {"NEW": new, "MODEL": lambda: copy.deepcopy(model)}
    for method in _METHODS:
        if not hasattr(model, method):
            continue
        receiver = "NEW" if "fit" in method else "MODEL"
        done = 0
        for arguments in _ARGUMENTS:
            call = Call(method, arguments, None, receiver, kind)
            (found,) = load_catalogue().match([call.text])
            effects = call.effects(found)
            if effects and works(call, effects, makers):
                _note(report, making, effects, run(call, effects, makers).problems, f".{method}({arguments})")
                done += 1
            if done >= 1:
                break


def _note(report: Report, making: Call, effects: Any, problems: list[str], then: str = "") -> None:
    report.calls += 1
    report.ran.add(making.name)
    report.run_rules |= {e.rule for e in effects}
    counts = "trait.uncompared" in load_catalogue().bases(_type_of(making))
    for problem in problems:
        if problem.startswith("gives what shares") and then.startswith(".split("):
            continue  # a generator cannot travel, and within its step nothing is apart
        if problem.startswith("gives a list") and "MultiOutputClassifier" in making.name:
            continue  # of fresh arrays
        if counts and problem == "changes receiver":
            continue  # it counts its calls, or fills a cache: `trait.uncompared` says so
        text = f"{making.text}{then}: {problem} [{', '.join(e.rule for e in effects)}]"
        report.problems.setdefault(making.name, []).append(text)


def _type_of(making: Call) -> str:
    (found,) = load_catalogue().match([making.text])
    return next((e.type for e in making.effects(found)), "")
