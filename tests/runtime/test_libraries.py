"""Counters and settings inside libraries: seen when they change, also in modules that a step imports; carried."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from kale_lite.runtime import state
from kale_lite.runtime.libraries import Libraries

MODULE = """
import itertools
LIMIT = 3
initialised = 0
made = 0
_tickets = itertools.count(1)
_next = itertools.count(10, 5).__next__
defaults = {"dB": False, "widths": [1, 2], "style": None}
registry = {"a": object()}
class System:
    _made = 0
    def __init__(self):
        type(self)._made += 1
class Special(System):
    pass
System()
"""


@pytest.fixture
def counting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    (tmp_path / "counting_lib.py").write_text(MODULE)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield tmp_path
    sys.modules.pop("counting_lib", None)


@pytest.mark.parametrize("imported", ["before", "while watched"])
@pytest.mark.parametrize(
    ("code", "changed"),
    [
        ("", {}),
        ("lib.made += 2", {":made": [0, 2]}),
        ("lib.System(), lib.System()", {":System._made": [1, 3]}),
        ("lib.Special()", {":Special._made": [1, 2]}),
        ("next(lib._tickets)", {":_tickets": [1, 2]}),
        ("lib._next()", {":_next": [10, 15]}),
        ("lib.initialised = 1", {}),
    ],
    ids=["nothing", "module", "class", "subclass", "count", "next", "flag"],
)
def test_what_changes_is_seen(counting: Path, imported: str, code: str, changed: dict[str, list[int]]) -> None:
    if imported == "before":
        __import__("counting_lib")
    finders = list(sys.meta_path)
    libraries = Libraries(["counting_lib"])
    exec(f"import counting_lib as lib\n{code}", {})
    found = libraries.stop()
    assert found["counters"] == {f"counting_lib{name}": change for name, change in changed.items()}
    assert found["settings"] == []
    assert "counting_lib" in found["loaded"]
    assert sys.meta_path == finders


def test_counters_go_on_where_another_step_stopped(counting: Path) -> None:
    lib = __import__("counting_lib")
    lib.System()
    next(lib._tickets)
    lib._next()
    kept = state.capture("library:counting_lib")

    del sys.modules["counting_lib"]  # another process
    state.restore("library:counting_lib", {**kept, "counting_lib.part:n": 7})
    lib = __import__("counting_lib")
    assert (lib.System._made, next(lib._tickets), lib._next(), lib._next()) == (2, 2, 15, 20)
    assert lib.LIMIT == 3
    # Of a module that this step does not load, but a later one may.
    assert state.capture("library:counting_lib")["counting_lib.part:n"] == 7


def test_changed_settings_are_seen_and_carried(counting: Path) -> None:
    libraries = Libraries(["counting_lib"])
    lib = __import__("counting_lib")
    lib.registry["b"] = 1
    lib.defaults.update(dB=True, more="x")
    assert libraries.stop()["settings"] == ["counting_lib:defaults"]
    kept = state.capture("library:counting_lib")

    del sys.modules["counting_lib"]
    held = __import__("counting_lib").defaults
    state.restore("library:counting_lib", kept)
    assert held == {"dB": True, "widths": [1, 2], "style": None, "more": "x"}


def test_a_count_is_not_advanced_by_a_look() -> None:
    count = itertools.count(4)
    module = type(sys)("counting_lib_too")
    module.numbers = count  # type: ignore[attr-defined]
    sys.modules["counting_lib_too"] = module
    try:
        assert state.capture("library:counting_lib_too") == {"counting_lib_too:numbers": 4}
    finally:
        del sys.modules["counting_lib_too"]
    assert next(count) == 4


def test_parameters_of_matplotlib_are_not_those_of_a_module_that_hands_them_on(counting: Path) -> None:
    (counting / "counting_lib.py").write_text("from matplotlib import rcParams\n")
    import counting_lib as lib

    libraries = Libraries(["counting_lib"])
    before = lib.rcParams["figure.dpi"]
    try:
        lib.rcParams["figure.dpi"] = before + 1
        assert libraries.stop()["settings"] == []
    finally:
        lib.rcParams["figure.dpi"] = before
