"""Fingerprints: equal for equal values however they came to be, other for values that differ anywhere."""

from __future__ import annotations

import collections
import datetime
import decimal
import pickle
import sqlite3
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import RandomForestClassifier

from kale_lite.runtime.fingerprint import snapshot


def digest(value: Any) -> str | None:
    found = snapshot({"x": value})["names"]["x"]["digest"]
    assert found is None or isinstance(found, str)
    return found


def forest() -> Any:
    return RandomForestClassifier(3, random_state=0).fit(np.arange(20).reshape(10, 2), [0, 1] * 5)


def cyclic() -> list[Any]:
    made: list[Any] = [1]
    made.append(made)
    return made


VALUES = [
    1, 1.5, float("nan"), "text", b"bytes", None, [1, [2, {"a": {3, 4}}]], (1, 2), range(3), slice(1), Ellipsis,
    collections.Counter("aab"), collections.defaultdict(list, {1: [2]}), collections.deque([1, 2], maxlen=3),
    decimal.Decimal("1.20"), datetime.datetime(2026, 1, 2), np.arange(6).reshape(2, 3), np.array([None, "a"]),
    np.float32(1), np.ma.masked_array([1, 2], [0, 1]), np.array([(1, 2.0)], [("a", "i1"), ("b", "f8")]),
    np.random.default_rng(3), np.random.RandomState(3), pd.DataFrame({"a": [1, 2], "b": ["x", None]}),
    pd.Series([1.0, None], name="s"), pd.Categorical(["a", "b"]), pd.MultiIndex.from_product([[1], [2, 3]]),
    pd.date_range("2026", periods=3, tz="UTC"), pd.array([1, None], dtype="Int64"), forest(), cyclic(), list(range(999)),
]  # fmt: skip
CHANGES: list[tuple[Any, Any]] = [
    (1, 1.0), (1, True), (0.0, -0.0), ("a", b"a"), ([1, 2], (1, 2)), ({1: 2, 3: 4}, {3: 4, 1: 2}), ([1], [1, 2]),
    (np.zeros(3), np.zeros(3, dtype="float32")), (np.zeros((2, 3)), np.zeros((3, 2))), (np.zeros(2), np.array([0, 1.0])),
    (pd.DataFrame({"a": [1]}), pd.DataFrame({"b": [1]})), (pd.DataFrame({"a": [1]}), pd.DataFrame({"a": [1.0]})),
    (pd.Series([1], index=[0]), pd.Series([1], index=[1])), (pd.Series([1], name="a"), pd.Series([1])),
    (np.random.default_rng(3), np.random.default_rng(4)), (lambda x: x + 1, lambda x: x + 2),
    (collections.defaultdict(list), collections.defaultdict(dict)), (list(range(999)), [*range(998), 0]),
    (pd.Categorical(["a"], ["a", "b"]), pd.Categorical(["a"])), (iter([1, 2]), iter([1])),
]  # fmt: skip


@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
def test_a_copy_has_the_same(value: Any) -> None:
    assert digest(value) is not None
    assert digest(value) == digest(pickle.loads(pickle.dumps(value)))


@pytest.mark.parametrize(("one", "other"), CHANGES, ids=lambda value: type(value).__name__)
def test_another_value_has_another(one: Any, other: Any) -> None:
    assert digest(one) != digest(other)


def test_a_change_deep_inside_shows() -> None:
    model = forest()
    before = digest(model)
    model.estimators_[1].tree_.value[0] += 1
    assert digest(model) != before


def test_parts_tell_where() -> None:
    one = snapshot({"d": {"a": [1], "b": [2]}})["names"]["d"]["parts"]
    other = snapshot({"d": {"a": [1], "b": [3]}})["names"]["d"]["parts"]
    assert [part for part in one if one[part] != other[part]] == ["['b']"]


def test_what_cannot_be_looked_into_is_named() -> None:
    found = snapshot({"x": [1, (i for i in "ab")], "c": sqlite3.connect(":memory:")})["names"]
    assert found["x"]["opaque"] == ["generator"]
    assert found["c"]["opaque"] == ["sqlite3.Connection"]


def test_a_value_too_deep_is_not_called_anything() -> None:
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    found = snapshot({"x": deep})["names"]["x"]
    assert found["digest"] is None
    assert found["opaque"]


def test_sharing_by_object_and_by_memory() -> None:
    inner: list[int] = []
    array = np.arange(10.0)
    names = {"a": [inner], "b": {"k": inner}, "c": [[]], "v": array[2:5], "w": array[4:], "u": array[5:].copy()}
    assert snapshot(names)["shares"] == [["a", "b"], ["v", "w"]]
    frame = pd.DataFrame({"x": array})
    assert snapshot({"f": frame, "s": frame["x"]})["shares"] == [["f", "s"]]


def test_ipythons_own_names_are_left_out() -> None:
    assert list(snapshot({"In": [], "_": 1, "_3": 2, "__doc__": 3, "_mine": 4, "x": 5})["names"]) == ["_mine", "x"]
