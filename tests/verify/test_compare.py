"""The comparison itself, on outputs and fingerprints written by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from kale_lite.pipeline import Pipeline, Step
from kale_lite.verify.compare import Observed, Verification, compare
from kale_lite.verify.outputs import canonical, repeated_warnings_removed

PIPELINE = Pipeline("p", (Step("a", "a", "step", (1,)),), ())


def stream(text: str, name: str = "stdout") -> dict[str, Any]:
    return {"output_type": "stream", "name": name, "text": text}


def result(text: str) -> dict[str, Any]:
    return {"output_type": "execute_result", "data": {"text/plain": text}, "metadata": {}, "execution_count": 1}


def of_outputs(first: list[Any], second: list[Any], run: list[Any]) -> Verification:
    return compare(PIPELINE, *(Observed({1: outputs}, {}, {}) for outputs in (first, second, run)))


def value(digest: str | None, kind: str = "list", opaque: tuple[str, ...] = ()) -> dict[str, Any]:
    return {"type": kind, "digest": digest, "opaque": list(opaque), "shown": kind, "parts": {}}


def of_values(*names: Mapping[str, Any], shares: tuple[list[list[str]], ...] = ([], [], [])) -> Verification:
    prints = [{"names": found, "shares": shared} for found, shared in zip(names, shares, strict=True)]
    return compare(PIPELINE, *(Observed({}, {"a": one}, {}) for one in prints))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (result("<object at 0x7f12aabbccdd>"), result("<object at 0x7f0000000010>")),
        (result('<style>#T_0a1b2_row0</style>'), result('<style>#T_ffeed_row0</style>')),
        (result("sk-container-id-1"), result("sk-container-id-12")),
        (stream("/tmp/ipykernel_12/345.py:1: UserWarning: x\n", "stderr"),
         stream("/tmp/ipykernel_99/777.py:1: UserWarning: x\n", "stderr")),
        (stream("10%\r50%\r100%\n"), stream("100%\n")),
    ],
)  # fmt: skip
def test_the_closed_list_is_normalised(one: Any, other: Any) -> None:
    assert canonical([one]) == canonical([other])


@pytest.mark.parametrize(
    ("one", "other"), [(result("1.0"), result("1.00")), (stream("a b"), stream("a  b")), (stream("1"), result("1"))]
)
def test_nothing_else_is(one: Any, other: Any) -> None:
    assert canonical([one]) != canonical([other])
    assert of_outputs([one], [one], [other]).status == "differs"


def test_a_large_picture_takes_no_time() -> None:
    picture = {"output_type": "display_data", "data": {"image/png": "A" * 2_000_000}, "metadata": {}}
    assert of_outputs([picture], [picture], [picture]).status == "same"
    assert (
        of_outputs([stream("A" * 300_000)] * 2, [stream("A" * 300_000)] * 2, [stream("A" * 600_000)]).status == "same"
    )


def test_streams_may_come_in_pieces_and_interleave() -> None:
    one = [stream("a"), stream("w", "stderr"), stream("b")]
    assert of_outputs(one, one, [stream("ab"), stream("w", "stderr")]).status == "same"


def test_a_line_that_varies_does_not_hide_one_that_is_wrong() -> None:
    first, second = [stream("time 1\nsum 5\n")], [stream("time 2\nsum 5\n")]
    assert of_outputs(first, second, [stream("time 3\nsum 5\n")]).status == "same"
    assert of_outputs(first, second, [stream("time 3\nsum 6\n")]).status == "differs"


def test_a_missing_output_is_a_difference() -> None:
    assert of_outputs([stream("x")], [stream("x")], []).status == "differs"


def test_warnings_shown_once_in_a_process() -> None:
    block = "<cell>:3: UserWarning: careful\n  warnings.warn('careful')\n"
    assert repeated_warnings_removed("before\n" + block + "after\n", block) == ("before\nafter\n", 1)
    assert repeated_warnings_removed(block, "<cell>:3: UserWarning: other\n") == (block, 0)


def test_values_random_and_different() -> None:
    assert of_values({"x": value("1")}, {"x": value("1")}, {"x": value("1")}).status == "same"
    assert of_values({"x": value("1")}, {"x": value("1")}, {"x": value("2")}).status == "differs"
    varied = of_values({"x": value("1")}, {"x": value("2")}, {"x": value("3")})
    assert (varied.status, varied.random["values"]) == ("same", 1)
    other_type = of_values({"x": value("1")}, {"x": value("2")}, {"x": value("3", "tuple")})
    assert other_type.status == "differs"


def test_a_value_that_could_not_be_read_is_never_called_the_same() -> None:
    found = of_values(*({"x": value(None, opaque=("too large or too deep",))} for _ in range(3)))
    assert found.uncompared["values"] == 1
    assert "'x'" in found.not_compared[0]


def test_sharing() -> None:
    names = {"x": value("1"), "y": value("1")}
    made = of_values(names, names, names, shares=([], [], [["x", "y"]]))
    assert [d.kind for d in made.differences] == ["sharing"]
    lost = of_values(names, names, names, shares=([["x", "y"]], [["x", "y"]], []))
    assert (lost.status, lost.uncompared["sharing"]) == ("same", 1)
