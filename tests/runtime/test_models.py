"""What is said of models, with stand-ins where a library is not among those of the tests."""

from __future__ import annotations

import json
import threading
from typing import Any

import numpy as np
import pytest
from sklearn.base import BaseEstimator
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import GridSearchCV, KFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from kale_lite.runtime.models import described, framework_of, is_fitted, write_model

X, Y = np.arange(20.0).reshape(10, 2), np.arange(10) % 2


class Connected(BaseEstimator):  # type: ignore[misc]
    """An estimator with a secret among its parameters."""

    def __init__(self, url: str = "http://x", api_key: str = "geheim", token: str | None = None) -> None:
        self.url, self.api_key, self.token = url, api_key, token

    def fit(self, X: Any, y: Any = None) -> Connected:
        self.fitted_ = True
        return self


class Booster:
    """As XGBoost's own boosters are: no parameters but in a configuration."""

    __module__ = "xgboost.core"

    def predict(self, data: Any) -> Any:
        return data

    def save_config(self) -> str:
        tree = {"tree_train_param": {"eta": "0.3", "max_depth": "2"}, "name": "gbtree"}
        return json.dumps({"learner": {"gradient_booster": tree}, "version": [3, 2, 0]})


@pytest.mark.parametrize(
    ("value", "framework"),
    [(LinearRegression(), "sklearn"), (make_pipeline(StandardScaler()), "sklearn"), (Connected(), "sklearn"), (Booster(), "xgboost"),
     (KFold(3), ""), (LinearRegression, ""), (1, ""), ("text", ""), (np.zeros(2), ""), (StandardScaler().fit, "")],
    ids=["estimator", "pipeline", "own", "booster", "splitter", "class", "int", "text", "array", "method"],
)  # fmt: skip
def test_which_values_are_models(value: Any, framework: str) -> None:
    assert framework_of(value) == framework


@pytest.mark.parametrize(
    "model",
    [LinearRegression(), make_pipeline(StandardScaler(), LinearRegression()), GridSearchCV(LinearRegression(), {}, cv=2),
     RandomForestClassifier(2), StandardScaler(), Connected()],
    ids=lambda model: type(model).__name__,
)  # fmt: skip
def test_fitted_or_not(model: Any) -> None:
    assert not is_fitted(model)
    assert is_fitted(model.fit(X, Y))


def test_secrets_among_parameters_are_not_shown() -> None:
    shown = described(Connected(token="geheim").fit(X))["parameters"]
    assert shown == {"api_key": "(not shown)", "token": "(not shown)", "url": "http://x"}
    assert "token_pattern" in described(TfidfVectorizer().fit(["a word"]))["parameters"]
    assert described(TfidfVectorizer().fit(["a word"]))["parameters"]["token_pattern"] == r"(?u)\b\w\w+\b"


def test_numbers_that_json_does_not_have_are_texts() -> None:
    model = LinearRegression()
    model.tol = float("nan")
    model.n_jobs = 2**70
    model.coef_ = 1
    shown = json.loads(json.dumps(described(model), allow_nan=False))["parameters"]
    assert (shown["tol"], shown["n_jobs"], shown["fit_intercept"]) == ("nan", str(2**70), True)


def test_a_booster_tells_its_configuration() -> None:
    assert described(Booster())["parameters"] == {"eta": "0.3", "max_depth": "2"}


def test_a_model_that_is_too_large_or_cannot_be_pickled_is_told(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from kale_lite.runtime import models

    model = RandomForestClassifier(5).fit(X, Y)
    monkeypatch.setattr(models, "_MOST_BYTES", 1000)
    assert write_model(model, str(tmp_path / "large"))["note"] == "without model.pkl: it takes more than 1,000 bytes"
    monkeypatch.undo()
    model.lock = threading.Lock()
    about = write_model(model, str(tmp_path / "odd"))
    assert about["note"].startswith("without model.pkl: TypeError: ")
    assert about["framework"] == "sklearn"
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]
