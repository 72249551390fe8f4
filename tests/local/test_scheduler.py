"""The scheduler alone, with steps that only pretend to run."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import pytest

from kale_lite.pipeline import Dependency, Pipeline, Step
from kale_lite.targets.local import Event, StepResult
from kale_lite.targets.local.scheduler import schedule


def graph(*edges: str) -> Pipeline:
    """A pipeline of edges such as ``ab``: steps in alphabetical order."""
    names = sorted(set("".join(edges)))
    steps = tuple(Step(name, name, "step", (i,)) for i, name in enumerate(names, 1))
    return Pipeline("p", steps, tuple(Dependency(e[0], e[1], "x", "data") for e in edges if len(e) == 2))


class Pretend:
    """Runs nothing; fails the steps it is told to, and records what ran together."""

    def __init__(self, failing: str = "", endless: str = "") -> None:
        self.failing, self.endless = failing, endless
        self.running: set[str] = set()
        self.together: list[frozenset[str]] = []

    async def execute(self, step: Step) -> StepResult:
        self.running.add(step.name)
        self.together.append(frozenset(self.running))
        try:
            await asyncio.sleep(100 if step.name in self.endless else 0.01)
        finally:
            self.running.discard(step.name)
        return StepResult("failed" if step.name in self.failing else "done")


def play(
    pipeline: Pipeline,
    executor: Pretend,
    *,
    jobs: int = 4,
    retries: int = 0,
    timeout: float | None = None,
    stop_at: str = "",
) -> tuple[Mapping[str, StepResult], list[Event]]:
    events: list[Event] = []

    async def main() -> Mapping[str, StepResult]:
        stop = asyncio.Event()

        def emit(event: Event) -> None:
            events.append(event)
            if event.type == "step-started" and event.step == stop_at:
                stop.set()

        return await schedule(
            pipeline, executor, emit, jobs=jobs, stop=stop, timeout=lambda step: timeout, retries=lambda step: retries
        )

    return asyncio.run(main()), events


def statuses(results: Mapping[str, StepResult]) -> str:
    return " ".join(f"{name}:{result.status}" for name, result in results.items())


def test_independent_steps_run_together() -> None:
    executor = Pretend()
    results, _ = play(graph("ab", "ac", "ad", "be", "ce", "de"), executor)
    assert statuses(results) == "a:done b:done c:done d:done e:done"
    assert frozenset("bcd") in executor.together


@pytest.mark.parametrize("jobs", [1, 2])
def test_no_more_than_jobs(jobs: int) -> None:
    executor = Pretend()
    play(graph("ab", "ac", "ad", "ae"), executor, jobs=jobs)
    assert max(map(len, executor.together)) == jobs


def test_failure_skips_what_needs_it() -> None:
    results, events = play(graph("ab", "bc", "ad", "cd", "ae"), Pretend(failing="b"))
    assert statuses(results) == "a:done b:failed c:skipped d:skipped e:done"
    skipped = {e.step: e.data["because"] for e in events if "because" in e.data}
    assert skipped == {"c": "b", "d": "c"}


def test_retries() -> None:
    results, events = play(graph("ab"), Pretend(failing="a"), retries=2)
    assert results["a"].attempts == 3
    assert [e.type for e in events if e.step == "a"].count("step-retried") == 2


def test_timeout() -> None:
    results, _ = play(graph("ab", "ac"), Pretend(endless="b"), timeout=0.2)
    assert statuses(results) == "a:done b:failed c:done"
    assert results["b"].diagnostics[0].code == "KL403"


def test_stop() -> None:
    results, _ = play(graph("ab", "ac", "bd"), Pretend(endless="bc"), stop_at="c")
    assert statuses(results) == "a:done b:cancelled c:cancelled d:cancelled"
