"""Generated programs give as pipelines what they give top to bottom; and the means to see it do see it."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace

import pytest

from tests.generated import counting, running, templates
from tests.generated.minimal import minimal
from tests.generated.programs import Cell, Program

_HEADER = Cell("", (templates.HEADER,), role="imports")


@pytest.fixture(scope="module")
def worker() -> Iterator[ProcessPoolExecutor]:
    with ProcessPoolExecutor(1, initializer=running.prepare) as pool:
        yield pool


@pytest.mark.parametrize("seed", range(8))
def test_programs_mean_the_same_as_pipelines(seed: int, worker: ProcessPoolExecutor) -> None:
    found = worker.submit(counting.batch, seed).result()
    assert not [text for text in found.bad if not text.startswith("#")]
    assert found.kinds["same"] >= counting.BATCH * 0.8
    assert found.sums["branched"]
    assert found.sums["parallel"]


def _program(*steps: str) -> Program:
    return Program((_HEADER, *(Cell(f"s{i}", tuple(text.split("\n\n"))) for i, text in enumerate(steps))))


def test_a_missing_order_is_seen(worker: ProcessPoolExecutor) -> None:
    """A library may well do what analysis cannot know: here through the names of its module."""
    hidden = "import builtins\nrows = [1]\nkeep = {}\nexec('def f(): rows.append(2)', {'rows': rows}, keep)"
    program = _program(hidden, "keep['f']()", "print(rows)")
    found = worker.submit(running.examine, program).result()
    assert found.kind in ("same", "refused")
    broken = worker.submit(_without_edges, program).result()
    assert broken.kind == "differs"
    assert "[1]" in broken.detail


def _without_edges(program: Program) -> running.Outcome:
    """As if analysis had missed that a function changes a list."""
    from kale_lite.analysis.machine import Machine

    whole, Machine.mutate = Machine.mutate, lambda *_, **__: None  # type: ignore[method-assign]
    try:
        return running.examine(program)
    finally:
        Machine.mutate = whole  # type: ignore[method-assign]


def test_needless_order_between_branches_is_seen(worker: ProcessPoolExecutor) -> None:
    program = replace(_program("a = [1]", "a.append(2)", "print(a)"), branches={"s1": "0", "s2": "1"})
    found = worker.submit(running.examine, program).result()
    assert found.kind == "same"
    assert [text.split(":")[0] for text in found.needless] == ["s1 > s2"]


def test_statements_that_fail_are_left_out(worker: ProcessPoolExecutor) -> None:
    program = _program("a = 1", "a.nothing()\n\nb = 2", "c = b / 0\n\nd = b")
    found = worker.submit(running.working, program).result()
    assert found is not None
    assert [cell.statements for cell in found.cells[1:4]] == [("a = 1",), ("b = 2",), ("d = b",)]


def test_minimal_keeps_what_is_needed() -> None:
    program = _program("a = 1\n\nb = 2", "c = 3", "print(a)\n\nprint(c)")
    least = minimal(program, lambda p: "a = 1" in str(p) and "print(a)" in str(p))
    assert [cell.statements for cell in least.cells] == [("a = 1",), ("print(a)",)]
