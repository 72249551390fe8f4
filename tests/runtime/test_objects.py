"""Objects whose own way of pickling would change them, and what belongs to the process."""

from __future__ import annotations

import functools
import random
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm
from sklearn.datasets import load_iris
from sklearn.utils import check_random_state

from kale_lite.runtime import fingerprint, pickling, store


def travel(folder: Path, value: Any) -> Any:
    store.write_payload(str(folder), "p.0", {"value": value})
    return store.read_payload(str(folder), "p.0").values["value"]


@pytest.mark.parametrize(
    "generator", [np.random.mtrand._rand, check_random_state(None), random._inst], ids=["numpy", "sklearn", "random"]
)
def test_global_generators_are_those_of_the_process(generator: Any, tmp_path: Path) -> None:
    assert travel(tmp_path, generator) is generator


def test_what_draws_from_a_global_generator_still_does(tmp_path: Path) -> None:
    draw, pick, distribution = travel(tmp_path, (np.random.rand, random.random, norm))
    np.random.seed(1)
    random.seed(2)
    drawn = draw(), pick(), distribution.rvs()
    np.random.seed(1)
    random.seed(2)
    assert drawn == (np.random.rand(), random.random(), norm.rvs())


def test_an_own_generator_stays_its_own(tmp_path: Path) -> None:
    generator = np.random.RandomState(3)
    back = travel(tmp_path, generator)
    assert back is not np.random.mtrand._rand
    assert back.rand() == generator.rand()


def test_functions_of_one_call_share_its_variables(tmp_path: Path) -> None:
    def counter() -> tuple[Any, Any]:
        n = 0

        def advance() -> None:
            nonlocal n
            n += 1

        def read() -> int:
            return n

        return advance, read

    counter.__module__ = "__main__"
    made = counter()
    for function in made:
        function.__module__ = "__main__"
    advance, read = travel(tmp_path, made)
    advance()
    assert (read(), made[1]()) == (1, 0)


def test_functions_that_call_each_other_through_their_closure(tmp_path: Path) -> None:
    def make() -> tuple[Any, Any]:
        def even(n: int) -> bool:
            return n == 0 or odd(n - 1)

        def odd(n: int) -> bool:
            return n > 0 and even(n - 1)

        return even, odd

    made = make()
    for function in made:
        function.__module__ = "__main__"
    even, odd = travel(tmp_path, made)
    assert (even(10), odd(10)) == (True, False)
    cells = {c.cell_contents for f in (even, odd) for c in f.__closure__}
    assert cells == {even, odd}


def test_a_closure_over_a_variable_that_is_not_bound_yet(tmp_path: Path) -> None:
    def make() -> Any:
        def late() -> Any:
            return later

        if not callable(late):
            later = 1
        return late

    made = make()
    made.__module__ = "__main__"
    with pytest.raises(NameError):
        travel(tmp_path, made)()


def test_single_dispatch_and_cached_properties(tmp_path: Path) -> None:
    @functools.singledispatch
    def size(value: Any) -> int:
        return 1

    @size.register
    def _(value: list) -> int:  # type: ignore[type-arg]
        return len(value)

    class Track:
        @functools.cached_property
        def length(self) -> int:
            return 3

    Track.__module__ = size.__module__ = "__main__"
    for function in size.registry.values():
        function.__module__ = "__main__"
    Track.length.func.__module__ = "__main__"  # type: ignore[attr-defined]
    back_size, back_track = travel(tmp_path, (size, Track))
    assert (back_size([1, 2]), back_size(5), back_size.__name__) == (2, 1, "size")
    track = back_track()
    assert (track.length, vars(track)) == (3, {"length": 3})


class OwnDict(dict[str, Any]):
    """The usual dict with entries as attributes."""

    def __init__(self, **entries: Any) -> None:
        super().__init__(**entries)
        self.__dict__ = self


def test_a_dict_that_is_its_own_attributes(tmp_path: Path) -> None:
    value = OwnDict(a=1)
    back = travel(tmp_path, value)
    back.b = 2
    assert back == {"a": 1, "b": 2}
    assert _digest(value) == _digest(travel(tmp_path, value))
    apart = OwnDict(a=1)
    apart.__dict__ = dict(apart)
    assert _digest(apart) != _digest(value)


def test_what_a_class_drops_when_it_is_unpickled(tmp_path: Path) -> None:
    bunch = load_iris(as_frame=True)
    back = travel(tmp_path, bunch)
    assert vars(back) == vars(bunch)
    assert _digest(back) == _digest(bunch)


def test_looking_at_times_leaves_them_as_they_are() -> None:
    """pandas keeps what it found out about an array in the array."""
    series = pd.Series(range(3), pd.date_range("2026", periods=3))
    before, _ = pickling.dump(series, sharing=False)
    assert series.index.unit in ("ns", "us")
    assert series.index.array._creso is not None
    assert pickling.dump(series, sharing=False)[0] == before


def test_diagrams_are_numbered_in_each_process() -> None:
    assert _digest('<div id="sk-container-id-1">') == _digest('<div id="sk-container-id-7">')
    assert _digest('<div id="sk-container-id-1">a') != _digest('<div id="sk-container-id-1">b')


def _digest(value: Any) -> str | None:
    return fingerprint._digest(value)[0]


@pytest.mark.parametrize(
    "value",
    [
        pd.period_range("2020-03", freq="M", periods=6), pd.date_range("2020", periods=4, tz="UTC"),
        pd.timedelta_range("1h", periods=3), pd.Series(pd.Categorical(["a", "b"])), pd.Series([1, None], dtype="Int64"),
        pd.interval_range(0, 3), pd.Series(pd.arrays.SparseArray([0, 1])),
    ],
    ids=lambda value: str(value.dtype),
)  # fmt: skip
def test_arrays_of_pandas_with_and_without_notes(value: Any, tmp_path: Path) -> None:
    value.array.__dict__.pop("_cache", None)
    (tmp_path / "without").mkdir()
    assert repr(travel(tmp_path / "without", value)) == repr(value)
    vars(value.array)["_cache"] = {"noted": 1}
    assert repr(travel(tmp_path, value)) == repr(value)
    assert vars(value.array)["_cache"]["noted"] == 1


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("part", ["keys", "values", "items"])
def test_an_iterator_of_a_dict_that_has_given_all(part: str, reverse: bool, tmp_path: Path) -> None:
    view = getattr({"a": 1}, part)()
    iterator = reversed(view) if reverse else iter(view)
    list(iterator)
    back = travel(tmp_path, iterator)
    assert type(back) is type(iterator)
    assert list(back) == []
