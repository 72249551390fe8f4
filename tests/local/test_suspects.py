"""Which line of a step's cells most likely did what was seen at its end."""

from __future__ import annotations

import pytest

from kale_lite.notebook.model import Cell, Role
from kale_lite.targets.local.suspects import binding_of, change_of

CELLS = [
    "import lib\nrows = lib.load()\nlib.scale(2 * rows)",
    "lib.clean(rows[1:], deep=True)\nrows.first.sort(key=len); print(len('rows'))",
    "%time lib.other(rows)",
    "def rows():\n    pass\nother = [rows]",
]


@pytest.mark.parametrize(
    ("count", "place", "code"),
    [
        (1, "cell 1, line 3", ""),
        (2, "cell 2, line 2", "rows.first.sort(key=len)"),
        (3, "cell 2, line 2", "rows.first.sort(key=len)"),
        (4, "cell 2, line 2", "rows.first.sort(key=len)"),
    ],
)
def test_last_call_that_is_given_a_name(count: int, place: str, code: str) -> None:
    found = change_of("rows", [Cell(i, s, Role.STEP, "a") for i, s in enumerate(CELLS[:count], 1)])
    assert found is not None
    assert (str(found.place), found.code) == (place, code)


@pytest.mark.parametrize(
    ("name", "count", "place"),
    [("rows", 3, "cell 1, line 2"), ("rows", 4, "cell 4, line 1"), ("lib", 4, "cell 1, line 1"), ("absent", 4, "None")],
)
def test_last_binding(name: str, count: int, place: str) -> None:
    found = binding_of(name, [Cell(i, s, Role.STEP, "a") for i, s in enumerate(CELLS[:count], 1)])
    assert str(found and found.place) == place
