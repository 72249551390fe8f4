"""Read-only inputs: a change is seen wherever it is, at the cost of the pages that were written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from kale_lite.runtime import inputs, store
from kale_lite.runtime.inputs import Inputs
from kale_lite.runtime.mapping import Mapping


def loaded(folder: Path, values: dict[str, Any]) -> tuple[dict[str, Any], store.Loaded]:
    store.write_payload(str(folder / "store"), "p", values)
    found = store.read_payload(str(folder / "store"), "p")
    return dict(found.values), found


def watch(folder: Path, **values: Any) -> tuple[Inputs, dict[str, Any]]:
    namespace, payload = loaded(folder, values)
    return Inputs(list(values), namespace, [payload]), namespace


def big() -> Any:
    return np.arange(1_000_000.0)


CHANGES: list[tuple[str, Callable[[], Any], Callable[[Any], Any]]] = [
    ("one element of an array", big, lambda a: a.__setitem__(500_000, -1)),
    ("the last element", big, lambda a: a.__setitem__(-1, -1)),
    ("an array in a dict", lambda: {"k": [big()]}, lambda d: d["k"][0].__setitem__(7, -1)),
    ("a new column", lambda: pd.DataFrame({"a": big()}), lambda f: f.__setitem__("b", 1)),
    ("a cell of a frame", lambda: pd.DataFrame({"a": big()}), lambda f: f.iloc.__setitem__((3, 0), -1)),
    ("a list", lambda: [1, [2]], lambda x: x[1].append(3)),
    ("a small array", lambda: np.zeros(3), lambda a: a.__setitem__(0, 1)),
    ("an order in place", big, lambda a: a[::-1].sort()),
    ("an index renamed", lambda: pd.Series(big()), lambda s: s.index.__setattr__("name", "n")),
]  # fmt: skip
READS: list[tuple[str, Callable[[], Any], Callable[[Any], Any]]] = [
    ("reading", big, lambda a: a.sum()),
    ("writing what is there", big, lambda a: a.__setitem__(slice(None), a.copy())),
    ("changed and put back", big, lambda a: (a.__iadd__(1), a.__isub__(1))),
    ("statistics", lambda: pd.DataFrame({"a": big()}), lambda f: f.describe()),
    ("a copy changed", lambda: pd.DataFrame({"a": big()}), lambda f: f.copy().__setitem__("a", 0)),
]


@pytest.mark.parametrize(("value", "act"), [c[1:] for c in CHANGES], ids=[c[0] for c in CHANGES])
def test_a_change_is_seen(tmp_path: Path, value: Callable[[], Any], act: Callable[[Any], Any]) -> None:
    found, namespace = watch(tmp_path, x=value())
    assert found.changed(namespace) == []
    act(namespace["x"])
    assert found.changed(namespace) == ["x"]


@pytest.mark.parametrize(("value", "act"), [c[1:] for c in READS], ids=[c[0] for c in READS])
def test_what_leaves_the_value_as_it_was_is_not(
    tmp_path: Path, value: Callable[[], Any], act: Callable[[Any], Any]
) -> None:
    found, namespace = watch(tmp_path, x=value())
    act(namespace["x"])
    assert found.changed(namespace) == []
    assert found.unchecked == []


def test_a_neighbour_on_the_same_page_may_change(tmp_path: Path) -> None:
    namespace, payload = loaded(tmp_path, {"x": np.zeros(700), "y": np.zeros(700)})
    found = Inputs(["x"], namespace, [payload])
    namespace["y"][:] = 5
    assert found.changed(namespace) == []


def test_memory_replaced_by_equal_memory(tmp_path: Path) -> None:
    found, namespace = watch(tmp_path, x=[big()])
    namespace["x"][0] = namespace["x"][0].copy()
    assert found.changed(namespace) == []
    namespace["x"][0][3] = -1
    assert found.changed(namespace) == ["x"]


def test_only_written_pages_are_read(tmp_path: Path) -> None:
    namespace, payload = loaded(tmp_path, {"x": big()})
    array = namespace["x"]
    raw = memoryview(array).cast("B")
    assert payload.mapping is not None
    offset = payload.mapping.offset(raw)
    assert offset is not None
    assert payload.mapping._copied(offset, raw.nbytes) == []
    array[300_000] = -1
    parts = payload.mapping._copied(offset, raw.nbytes)
    assert parts is not None
    assert sum(end - start for start, end in parts) <= 2 * 4096
    assert any(start <= 8 * 300_000 < end for start, end in parts)


def test_without_a_page_table_all_is_compared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Mapping, "_copied", lambda self, offset, size: None)
    found, namespace = watch(tmp_path, x=big())
    assert found.changed(namespace) == []
    namespace["x"][12] = -1
    assert found.changed(namespace) == ["x"]


def test_what_costs_too_much_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inputs, "LARGEST_STREAM", 1000)
    found, _ = watch(tmp_path, words=[f"word {i}" for i in range(1000)])
    assert found.unchecked == ["words"]


def test_a_value_that_pickles_differently_each_time_tells_nothing(tmp_path: Path) -> None:
    class Clock:
        def __reduce__(self) -> Any:
            Clock.count += 1
            return (int, (Clock.count,))

        count = 0

    found = Inputs(["x"], {"x": Clock()}, [])
    assert found.changed({"x": Clock()}) == []


def test_a_value_that_can_no_longer_be_read_has_changed(tmp_path: Path) -> None:
    found, namespace = watch(tmp_path, x=[1])
    namespace["x"].append(i for i in "ab")
    assert found.changed(namespace) == ["x"]


def test_a_read_only_buffer(tmp_path: Path) -> None:
    array = big()
    array.flags.writeable = False
    found, namespace = watch(tmp_path, x=array)
    assert found.changed(namespace) == []
    assert found.unchecked == []
