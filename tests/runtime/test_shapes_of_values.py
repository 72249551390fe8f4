"""Values that pickle alone would change: the order of sets, iterators, slots, memory that frames share."""

from __future__ import annotations

import copy
import random
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from kale_lite.runtime import pickling, sets

_WORDS = "some words that make a set of several texts"


def _again(value: Any) -> Any:
    data, buffers = pickling.dump(value)
    return pickling.load(data, [bytearray(buffer.raw()) for buffer in buffers])


def _shrunk(items: list[Any]) -> set[Any]:
    made = set(items)
    for item in sorted(made)[::3] + sorted(made)[1::3]:
        made.discard(item)
    return made


HISTORIES: dict[str, Callable[[list[Any]], Any]] = {
    "at once": set,
    "one by one": lambda items: {*items[:3], *items[3:]},
    "joined": lambda items: set(items[::2]) | set(items[1::2]),
    "copied": lambda items: set(items).copy(),
    "made smaller": _shrunk,
    "difference": lambda items: set(items) - set(items[: len(items) // 2]),
    "frozen": frozenset,
    "frozen set": lambda items: frozenset(set(items)),
}


@pytest.mark.parametrize("kind", ["texts", "numbers", "pairs"])
@pytest.mark.parametrize("history", HISTORIES)
def test_sets_iterate_in_their_order(history: str, kind: str) -> None:
    draw = random.Random(f"{history} {kind}")
    make: dict[str, Callable[[], Any]] = {
        "texts": lambda: "".join(draw.choices("abcdefghij", k=6)),
        "numbers": lambda: draw.randrange(10**6),
        "pairs": lambda: (draw.randrange(9), draw.random()),
    }
    for size in (0, 1, 3, 5, 6, 10, 20, 33, 80, 100, 500, 2000):
        for _ in range(3):
            value = HISTORIES[history]([make[kind]() for _ in range(size)])
            again = _again(value)
            assert type(again) is type(value)
            assert list(again) == list(value)
            assert again == value
            assert all(item in again for item in value)


def test_a_set_can_be_changed_after_its_journey() -> None:
    value = {939078, 756531, 745738, 525126, 981929}
    again = _again(value)
    for number in range(200):
        value.add(number)
        again.add(number)
        value.discard(number - 3)
        again.discard(number - 3)
    assert again == value
    assert list(again) == list(value)


def test_sets_are_shared_and_may_hold_themselves() -> None:
    class Node:
        pass

    node = Node()
    node.all = {node, 1}  # type: ignore[attr-defined]
    one, other = {"a", "b"}, frozenset({1, 2})
    again = _again([one, one, other, other, node])
    assert again[0] is again[1]
    assert again[2] is again[3]
    assert again[4] in again[4].all


def test_a_set_from_another_hash_seed_finds_its_elements() -> None:
    source = (
        "import sys, pickle; from kale_lite.runtime import pickling\n"
        "sys.stdout.buffer.write(pickling.dump(set(sys.argv[1].split()))[0])"
    )
    environment = {"PYTHONHASHSEED": "77", "PYTHONPATH": ":".join(sys.path)}
    data = subprocess.run(
        [sys.executable, "-c", source, _WORDS], capture_output=True, check=True, env=environment
    ).stdout
    again = pickling.load(data, [])
    assert again == set(_WORDS.split())
    assert all(word in again for word in list(again))


def test_a_recipe_for_every_small_set() -> None:
    draw = random.Random(1)
    assert all(sets.recipe({draw.randrange(10**6) for _ in range(draw.randrange(60))}) for _ in range(500))


ITERATORS: dict[str, Callable[[Any], Any]] = {
    "keys": iter,
    "values": lambda d: iter(d.values()),
    "items": lambda d: iter(d.items()),
    "keys backward": reversed,
    "items backward": lambda d: reversed(d.items()),
}


@pytest.mark.parametrize("kind", ITERATORS)
def test_iterators_of_dicts_go_on_with_the_dict(kind: str) -> None:
    owner = {"a": 1, "b": 2, "c": 3}
    iterator = ITERATORS[kind](owner)
    next(iterator)
    owner_again, again = _again((owner, iterator))
    for one in (owner, owner_again):
        one["b"] = 20
    assert type(again) is type(iterator)
    assert list(again) == list(iterator)


def test_iterators_of_lists_stand_where_they_stood() -> None:
    rows = [1, 2, 3]
    behind, backward = iter(rows), reversed(rows)
    for _ in range(3):
        next(behind)
    rows.pop()
    rows_again, behind_again, backward_again = _again((rows, behind, backward))
    for one in (rows, rows_again):
        one.extend([7, 8])
    assert list(behind_again) == list(behind) == [8]
    assert list(backward_again) == list(backward)


def test_an_iterator_of_a_dict_that_grew_is_refused() -> None:
    owner = {"a": 1}
    iterator = iter(owner)
    owner["b"] = 2
    with pytest.raises(pickling.Unserialisable, match="changed size"):
        pickling.dump(iterator)


def test_columns_that_share_memory_are_written_apart() -> None:
    df = pd.DataFrame({"u": [1, 2, 3], "w": [3, 1, 2]})
    values = {"df": df, "s": df["u"], "flat": df.copy(deep=False), "index": pd.Index(df["w"])}
    for one in (values, again := _again(values)):
        one["s"].iloc[0] = 9
        one["flat"].loc[1, "w"] = 7
        one["df"].loc[2, "w"] = 8
    for name in values:
        assert again[name].equals(values[name])


def test_an_array_still_sees_its_frame() -> None:
    frame = pd.DataFrame({"w": np.arange(5000)})
    values = (frame, frame["w"].to_numpy())
    for one, view in (values, _again(values)):
        one.loc[1, "w"] = 3
        assert view[1] == values[1][1]


def test_what_is_only_compared_does_not_depend_on_who_shares() -> None:
    df = pd.DataFrame({"u": [1, 2, 3]})
    before = pickling.dump(df, sharing=False)[0]
    column = df["u"]
    assert pickling.dump(df, sharing=False)[0] == before
    assert copy.copy(column) is not column
