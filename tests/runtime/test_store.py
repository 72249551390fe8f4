"""Payloads: values, identity, sharing and functions survive; what cannot travel is refused by name."""

from __future__ import annotations

import contextvars
import datetime
import errno
import io
import os
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import pytest

from kale_lite.runtime import functions, pickling, store
from kale_lite.runtime.failures import StepFailure
from kale_lite.runtime.inputs import Inputs


@pytest.fixture
def main(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """A ``__main__`` as in a kernel: its dict is the user's namespace."""
    module = ModuleType("__main__")
    monkeypatch.setitem(sys.modules, "__main__", module)
    monkeypatch.setattr(functions, "NAMESPACE", module.__dict__)
    yield module.__dict__


def next_step(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The namespace of another step."""
    module = ModuleType("__main__")
    monkeypatch.setitem(sys.modules, "__main__", module)
    monkeypatch.setattr(functions, "NAMESPACE", module.__dict__)
    return module.__dict__


def travel(folder: Path, values: dict[str, Any]) -> dict[str, Any]:
    store.write_payload(str(folder), "p.0", values)
    return store.read_payload(str(folder), "p.0", verify=True).values


@pytest.mark.parametrize(
    "value",
    [
        np.arange(10_000.0), np.arange(10_000).reshape(100, 100).T, np.array(["a", None], dtype=object),
        np.zeros((0, 3)), np.float32(1.5), pd.DataFrame({"a": range(5000), "b": ["x"] * 5000}), pd.Series([1.5, None]),
        pd.date_range("2020", periods=3), {"k": {1, 2}}, (1, [2]), 1j, None, Ellipsis, b"x" * 10_000,
    ],
    ids=lambda v: type(v).__name__,
)  # fmt: skip
def test_values(tmp_path: Path, value: Any) -> None:
    back = travel(tmp_path, {"v": value})["v"]
    assert type(back) is type(value)
    if isinstance(value, np.ndarray):
        np.testing.assert_array_equal(back, value)
    elif hasattr(value, "equals"):
        assert back.equals(value)
    else:
        assert back == value


def test_large_arrays_are_mapped_copy_on_write(tmp_path: Path) -> None:
    back = travel(tmp_path, {"x": np.ones(100_000)})["x"]
    back += 1
    assert back[0] == 2
    assert store.read_payload(str(tmp_path), "p.0", verify=True).values["x"][0] == 1


def test_read_only_arrays_stay_so(tmp_path: Path) -> None:
    fixed = np.ones(10_000)
    fixed.flags.writeable = False
    back = travel(tmp_path, {"fixed": fixed, "free": np.ones(10_000)})
    assert (back["fixed"].flags.writeable, back["free"].flags.writeable) == (False, True)


def test_names_of_one_payload_share_objects(tmp_path: Path) -> None:
    base = np.zeros(1000)
    inner = [1]
    back = travel(tmp_path, {"base": base, "view": base[10:20], "a": [inner], "b": {"k": inner}})
    back["view"][:] = 5
    assert back["base"][10] == 5
    assert back["a"][0] is back["b"]["k"]


def test_a_small_view_does_not_drag_its_base_along(tmp_path: Path) -> None:
    meta = store.write_payload(str(tmp_path), "p.0", {"v": np.zeros(1_000_000)[:10]})
    assert meta["bytes"] < 2000


class _Signal(np.ndarray):
    """As libraries have them: an array with attributes, of which NumPy's pickling knows nothing."""

    def __array_finalize__(self, other: Any) -> None:
        self.labels = getattr(other, "labels", [])


class _Day(datetime.date):
    pass


class _Names(list[str]):
    pass


def test_attributes_of_subclasses_survive(tmp_path: Path) -> None:
    signal, day, names = np.arange(6.0).view(_Signal), _Day(2026, 1, 2), _Names(["a"])
    signal.labels, day.note, names.owner = ["x", "y"], "new year", "me"  # type: ignore[attr-defined]
    error = KeyError("k")
    error.place = 3  # type: ignore[attr-defined]
    got = travel(tmp_path, {"signal": signal, "labels": signal.labels, "day": day, "names": names, "error": error})
    assert (type(got["signal"]), got["signal"].tolist(), got["signal"].labels) == (_Signal, signal.tolist(), ["x", "y"])
    assert got["signal"].labels is got["labels"]
    assert (got["day"], got["day"].note) == (day, "new year")
    assert (got["names"], got["names"].owner, got["error"].place) == (["a"], "me", 3)


def test_standard_streams_are_those_of_the_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    held = {"write": sys.stdout, "log": [sys.stderr]}
    store.write_payload(str(tmp_path), "p.0", {"held": held})
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    got = store.read_payload(str(tmp_path), "p.0").values["held"]
    assert got["write"] is sys.stdout
    assert got["log"] == [sys.stderr]


def test_a_memory_map_arrives_as_its_values_unless_it_is_written(tmp_path: Path) -> None:
    mapped = np.memmap(tmp_path / "x.dat", "f8", "w+", shape=(3,))
    mapped[:] = [1, 2, 3]
    mapped.flush()
    with pytest.raises(StepFailure, match=r"'x' .* an array that is written to the file .*x\.dat"):
        travel(tmp_path, {"x": mapped})
    assert travel(tmp_path, {"x": np.memmap(tmp_path / "x.dat", "f8", "r")})["x"].tolist() == [1, 2, 3]


def test_absent_names(tmp_path: Path) -> None:
    assert travel(tmp_path, {"gone": pickling.ABSENT})["gone"] is pickling.ABSENT


CODE = """
import functools
k = 1
def f(x): return x + k
table = {"f": f, "partial": functools.partial(f, 1), "lambda": lambda: k}
class C:
    n = 0
    def m(self): return k
    @staticmethod
    def s(): return k
    @property
    def p(self): return k
c = C()
bound = c.m
def outer():
    y = 10
    def inner(): return y + k
    return inner
inner = outer()
def recursive(n): return 0 if n == 0 else k + recursive(n - 1)
"""


def test_functions_use_the_namespace_of_the_step(
    tmp_path: Path, main: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    exec(CODE, main)
    names = ["f", "table", "C", "c", "bound", "inner", "recursive"]
    store.write_payload(str(tmp_path), "p.0", {name: main[name] for name in names})
    there = next_step(monkeypatch)
    there.update(store.read_payload(str(tmp_path), "p.0").values)
    there["k"] = 50
    calls = (
        "f(1), table['f'](1), table['partial'](), table['lambda'](), c.m(), C.s(), c.p, bound(), inner(), recursive(2)"
    )
    assert eval(calls, there) == (51, 51, 51, 50, 50, 50, 50, 50, 60, 100)
    assert eval("type(c) is C and isinstance(c, C) and bound.__self__ is c", there)


def test_functions_inside_fitted_estimators(
    tmp_path: Path, main: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    from sklearn.preprocessing import FunctionTransformer

    exec("factor = 2\ndef scale(X): return X * factor", main)
    model = FunctionTransformer(main["scale"]).fit(np.ones((2, 1)))
    store.write_payload(str(tmp_path), "p.0", {"model": model})
    there = next_step(monkeypatch)
    there.update(store.read_payload(str(tmp_path), "p.0").values)
    there["factor"] = 7
    assert there["model"].transform(np.ones((1, 1))) == 7


def test_a_class_in_two_payloads_is_one_class(
    tmp_path: Path, main: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    exec("import enum\nclass A: pass\na = A()\nclass E(enum.Enum):\n    X = 1\ne = E.X", main)
    for name in ("A", "a", "E", "e"):
        store.write_payload(str(tmp_path), name, {name: main[name]})
    there = next_step(monkeypatch)
    for name in ("A", "a", "E", "e"):
        there.update(store.read_payload(str(tmp_path), name).values)
    assert eval("isinstance(a, A) and e is E.X", there)


def test_objects_of_a_class_and_of_its_base_pickle_alike_each_time(
    tmp_path: Path, main: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Python notes something in a class when its first instance is pickled, which is no change of an input."""
    code = "class Node:\n    pass\nclass Loud(Node):\n    pass\nroot = Loud()\nroot.parts = [Node()]"
    exec(code, main)
    store.write_payload(str(tmp_path), "p.0", {"root": main["root"]})
    namespace = next_step(monkeypatch)
    payload = store.read_payload(str(tmp_path), "p.0")
    namespace.update(payload.values)
    watched = Inputs(["root"], namespace, [payload])
    assert len(namespace["root"].parts) == 1
    assert watched.changed(namespace) == []


def test_deep_nesting(tmp_path: Path) -> None:
    deep: list[Any] = []
    for _ in range(5000):
        deep = [deep]
    back = travel(tmp_path, {"deep": deep})["deep"]
    depth = 0
    while back:
        back, depth = back[0], depth + 1
    assert depth == 5000


def _generator() -> Iterator[int]:
    yield 1


@pytest.mark.parametrize(
    "make",
    [
        lambda: open(os.devnull), threading.Lock, socket.socket, _generator, lambda: sqlite3.connect(":memory:"),
        lambda: subprocess.Popen(["true"]), lambda: memoryview(b"abc"), lambda: weakref.ref(threading.Event()),
        lambda: contextvars.ContextVar("v"), lambda: threading.Thread(target=print),
        tempfile.TemporaryDirectory, lambda: sys._getframe(),
    ],
    ids=["file", "lock", "socket", "generator", "sqlite", "child", "memoryview", "weakref", "contextvar", "thread",
         "temporary-directory", "frame"],
)  # fmt: skip
def test_refusals_name_the_variable(tmp_path: Path, make: Callable[[], Any]) -> None:
    value = make()
    with pytest.raises(StepFailure, match="cannot be serialised") as caught:
        store.write_payload(str(tmp_path), "p.0", {"fine": 1, "culprit": {"inside": [value]}})
    assert caught.value.code == "KL401"
    assert caught.value.name == "culprit"
    assert caught.value.hint
    assert not (tmp_path / "p.0").exists()
    for method in ("close", "wait", "cleanup"):
        if not isinstance(value, type) and hasattr(value, method):
            getattr(value, method)()


def test_damage_is_found_before_anything_is_loaded(tmp_path: Path) -> None:
    store.write_payload(str(tmp_path), "p.0", {"x": np.ones(10_000)})
    data = tmp_path / "p.0" / "data.pkl"
    data.write_bytes(data.read_bytes().replace(b"numpy", b"nunpy"))
    with pytest.raises(StepFailure, match="KL410"):
        store.read_payload(str(tmp_path), "p.0")
    with pytest.raises(StepFailure, match="KL410"):
        store.read_payload(str(tmp_path), "missing.0")


def test_damaged_buffers_are_found_when_asked(tmp_path: Path) -> None:
    store.write_payload(str(tmp_path), "p.0", {"x": np.ones(10_000)})
    raw = tmp_path / "p.0" / "buffers.bin"
    raw.write_bytes(b"\1" + raw.read_bytes()[1:])
    with pytest.raises(StepFailure, match="KL410"):
        store.read_payload(str(tmp_path), "p.0", verify=True)


def test_a_full_disk_leaves_nothing_half_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: str, data: bytes) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(store, "_write_file", full)
    with pytest.raises(StepFailure, match="the disk is full") as caught:
        store.write_payload(str(tmp_path), "p.0", {"x": 1})
    assert caught.value.code == "KL405"
    assert list(tmp_path.iterdir()) == []
