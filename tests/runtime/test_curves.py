"""Which shapes of values are a confusion matrix or a ROC curve, and which are not."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import ConfusionMatrixDisplay, RocCurveDisplay, confusion_matrix, roc_curve

from kale_lite.runtime.curves import classified

TRUE, GUESSED, SCORES = ["a", "b", "b", "c"], ["a", "b", "a", "b"], [0.1, 0.6, 0.4, 0.9]
MATRIX = confusion_matrix(TRUE, GUESSED)
ROWS = [[1.0, 0.0, 0.0], [1.0, 1.0, 0.0], [0.0, 1.0, 0.0]]
LABELS = ["a", "b", "c"]
FPR, TPR, THRESHOLDS = roc_curve([0, 0, 1, 1], SCORES)


@pytest.mark.parametrize(
    ("value", "labels"),
    [
        (MATRIX, ["0", "1", "2"]),
        (MATRIX.tolist(), ["0", "1", "2"]),
        (pd.DataFrame(MATRIX, LABELS, LABELS), LABELS),
        (pd.crosstab(pd.Series(TRUE), pd.Series(GUESSED)), LABELS),
        ((MATRIX, LABELS), LABELS),
        ((LABELS, MATRIX), LABELS),
        ({"matrix": MATRIX, "labels": LABELS}, LABELS),
        ({"confusion_matrix": MATRIX}, ["0", "1", "2"]),
        (ConfusionMatrixDisplay(MATRIX, display_labels=np.array(LABELS)), LABELS),
    ],
    ids=["array", "list", "frame", "crosstab", "pair", "turned", "dict", "no-labels", "display"],
)
def test_matrices(value: Any, labels: list[str]) -> None:
    found = classified([value], ["cm"])
    assert (found["labels"], found["matrix"]) == (labels, ROWS)
    assert ("note" in found) is (labels[0] == "0")
    json.dumps(found, allow_nan=False)


def test_shares_count_as_a_matrix() -> None:
    assert classified([MATRIX / 4], ["cm"])["matrix"][0] == [0.25, 0, 0]


@pytest.mark.parametrize(
    ("values", "noted"),
    [
        ([(FPR, TPR, THRESHOLDS)], False),
        ([[FPR, TPR, THRESHOLDS]], False),
        ([{"fpr": FPR, "tpr": TPR, "thresholds": THRESHOLDS}], False),
        ([pd.DataFrame({"fpr": FPR, "tpr": TPR, "threshold": THRESHOLDS})], False),
        ([FPR, TPR, THRESHOLDS], False),
        ([FPR, TPR], True),
        ([RocCurveDisplay(fpr=FPR, tpr=TPR)], True),
    ],
    ids=["tuple", "list", "dict", "frame", "parts", "two-parts", "display"],
)
def test_curves(values: list[Any], noted: bool) -> None:
    found = classified(values, ["x"] * len(values))
    assert (found["fpr"], found["tpr"]) == (FPR.tolist(), TPR.tolist())
    assert found["thresholds"] == ([0.0] * len(FPR) if noted else [1.9, *THRESHOLDS[1:].tolist()])
    assert ("note" in found) is noted
    json.dumps(found, allow_nan=False)


def test_a_long_curve_is_thinned_out_and_says_so() -> None:
    points = np.linspace(0, 1, 5000)
    found = classified([(points, points, points[::-1])], ["roc"])
    assert (len(found["fpr"]), found["fpr"][0], found["fpr"][-1]) == (200, 0.0, 1.0)
    assert found["note"] == "200 of 5,000 points are shown"


@pytest.mark.parametrize(
    "value",
    [
        None, 0.5, "text", [], [[]], [1, 2, 3], [[1, 2, 3]], np.zeros((2, 3)), [[-1, 0], [0, 1]], [["a", "b"], ["c", "d"]],
        [[float("nan"), 1], [1, 1]], {"a": 1}, pd.DataFrame({"x": [1], "y": [2]}), ([0, 1, 1], [0, 2, 2]), ([1, 0, 1], [0, 1, 1]), object(),
    ],
    ids=lambda value: type(value).__name__,
)  # fmt: skip
def test_what_is_neither_is_told(value: Any) -> None:
    found = classified([value], ["cm"])
    assert list(found) == ["note"]
    assert found["note"].startswith("cm was no")


def test_too_many_classes_are_told() -> None:
    assert classified([np.eye(51)], ["cm"]) == {"note": "a confusion matrix of 51 classes: up to 50 are shown"}
