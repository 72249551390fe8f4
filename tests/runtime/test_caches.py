"""Cached functions travel with what they remember."""

from __future__ import annotations

import contextlib
import functools
from typing import Any

import pytest

from kale_lite.runtime import caches
from kale_lite.runtime.refusals import Unserialisable

CALLS: list[tuple[tuple[Any, ...], dict[str, Any]]] = [
    ((1,), {}), (("x",), {}), ((1.0,), {}), ((), {}), ((1, 2), {}), ((1,), {"b": 2, "c": 3}), ((), {"q": 1}),
    (((1,),), {}), ((True,), {}), ((1,), {}), ((1,), {"c": 3, "b": 2}),
]  # fmt: skip


def again(wrapper: Any) -> Any:
    """The function as it is when it was pickled and loaded."""
    make, arguments, state, _items, _pairs, fill = caches.reduce_cached(wrapper)
    made = make(*arguments)
    fill(made, state)
    return made


@pytest.mark.parametrize("typed", [False, True])
@pytest.mark.parametrize("maxsize", [None, 0, 3, 128])
def test_results_order_and_counts_are_kept(maxsize: int | None, typed: bool) -> None:
    calls = 0

    @functools.lru_cache(maxsize=maxsize, typed=typed)
    def f(*args: Any, **kwargs: Any) -> Any:
        nonlocal calls
        calls += 1
        return [args, kwargs]

    for args, kwargs in CALLS:
        f(*args, **kwargs)
    with contextlib.suppress(TypeError):
        f([])  # no key, unless there is no cache
    f.note = "mine"  # type: ignore[attr-defined]
    before = calls
    back = again(f)
    assert calls == before
    assert back.cache_info() == f.cache_info()
    assert back.cache_parameters() == f.cache_parameters()
    assert back.note == "mine"
    # The same calls find what they find in the original, and drop the same.
    for args, kwargs in reversed(CALLS):
        assert back(*args, **kwargs) == f(*args, **kwargs)
        assert back.cache_info() == f.cache_info(), args


def test_calls_that_raised_are_counted() -> None:
    @functools.cache
    def f(n: int) -> float:
        return 1 / n

    f(1)
    with pytest.raises(ZeroDivisionError):
        f(0)
    back = again(f)
    assert back.cache_info() == (0, 2, None, 1)
    assert back(4) == 0.25


def test_a_cache_that_cannot_be_read_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    @functools.lru_cache
    def f(n: int) -> int:
        return n

    f(1)
    monkeypatch.setattr(caches.gc, "get_referents", lambda wrapper: [type(wrapper), f.__wrapped__])
    with pytest.raises(Unserialisable, match="the cached function 'f'"):
        caches.reduce_cached(f)
