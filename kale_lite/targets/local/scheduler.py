"""The scheduler: steps start when what they need is done, as many at once as wanted. Knows no kernels."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Protocol

from kale_lite.diagnostics import Location, diagnose
from kale_lite.pipeline import Pipeline, Step
from kale_lite.targets.local.events import Emit, Event
from kale_lite.targets.local.options import StepResult

__all__ = ["Executor", "schedule"]


class Executor(Protocol):
    """Runs one step once. Cancelling the call ends the step's process before it returns."""

    def execute(self, step: Step) -> Awaitable[StepResult]: ...


async def schedule(
    pipeline: Pipeline,
    executor: Executor,
    emit: Emit,
    *,
    jobs: int,
    timeout: Callable[[Step], float | None],
    retries: Callable[[Step], int],
    stop: asyncio.Event,
    done: Mapping[str, StepResult] = MappingProxyType({}),
) -> Mapping[str, StepResult]:
    """Run all steps but those in ``done``. A failure skips what depends on it; setting ``stop`` cancels everything."""
    schedule = _Schedule(pipeline, executor, emit, timeout, retries)
    schedule.results.update(done)
    return await schedule.run(jobs, stop)


class _Schedule:
    def __init__(
        self,
        pipeline: Pipeline,
        executor: Executor,
        emit: Emit,
        timeout: Callable[[Step], float | None],
        retries: Callable[[Step], int],
    ) -> None:
        self.pipeline, self.executor, self.emit = pipeline, executor, emit
        self.timeout, self.retries = timeout, retries
        self.before = pipeline.predecessors()
        self.results: dict[str, StepResult] = {}
        self.running: dict[asyncio.Task[StepResult], Step] = {}

    async def run(self, jobs: int, stop: asyncio.Event) -> Mapping[str, StepResult]:
        stopping = asyncio.ensure_future(stop.wait())
        try:
            while not stop.is_set():
                self._skip()
                self._start(jobs)
                if not self.running:
                    break
                await asyncio.wait([*self.running, stopping], return_when=asyncio.FIRST_COMPLETED)
                self._collect()
            if stop.is_set():
                await self._cancel()
        finally:
            stopping.cancel()
        return {step.name: self.results[step.name] for step in self.pipeline.steps}

    def _waiting(self) -> list[Step]:
        started = {step.name for step in self.running.values()} | self.results.keys()
        return [step for step in self.pipeline.steps if step.name not in started]

    def _skip(self) -> None:
        """Steps that need a step which did not end well will never run. Notebook order is topological."""
        for step in self._waiting():
            failed = [
                b for b in sorted(self.before[step.name]) if b in self.results and self.results[b].status != "done"
            ]
            if failed:
                self._finish(step, StepResult("skipped"), because=failed[0])

    def _start(self, jobs: int) -> None:
        for step in self._waiting():
            ready = all(b in self.results for b in self.before[step.name])
            if ready and len(self.running) < jobs:
                self.running[asyncio.ensure_future(self._attempts(step))] = step

    def _collect(self) -> None:
        for task in [t for t in self.running if t.done()]:
            self._finish(self.running.pop(task), task.result())

    async def _cancel(self) -> None:
        for task in self.running:
            task.cancel()
        await asyncio.gather(*self.running, return_exceptions=True)
        for task, step in list(self.running.items()):
            done = not task.cancelled() and task.exception() is None
            self._finish(step, task.result() if done else StepResult("cancelled"))
        self.running.clear()
        for step in self._waiting():
            self._finish(step, StepResult("cancelled"))

    def _finish(self, step: Step, result: StepResult, because: str = "") -> None:
        self.results[step.name] = result
        data: dict[str, object] = {"status": result.status, "seconds": round(result.seconds, 3)}
        if because:
            data["because"] = because
        if result.diagnostics:
            data["diagnostics"] = [d.to_json() for d in result.diagnostics]
        if result.metrics:
            data["metrics"] = dict(result.metrics)
        self.emit(Event("step-finished", step.name, data))

    async def _attempts(self, step: Step) -> StepResult:
        started, clock = time.time(), time.monotonic()
        allowed = 1 + self.retries(step)
        result = StepResult("failed")
        for attempt in range(1, allowed + 1):
            self.emit(Event("step-started", step.name, {"attempt": attempt}))
            result = await self._attempt(step)
            result = replace(result, started=started, seconds=time.monotonic() - clock, attempts=attempt)
            if result.status == "done" or attempt == allowed:
                break
            reasons = [d.to_json() for d in result.diagnostics]
            self.emit(Event("step-retried", step.name, {"attempt": attempt, "diagnostics": reasons}))
        return result

    async def _attempt(self, step: Step) -> StepResult:
        limit = self.timeout(step)
        try:
            async with asyncio.timeout(limit):
                return await self.executor.execute(step)
        except TimeoutError:
            problem = diagnose(
                "KL403",
                f"step {step.name!r} failed: it was not done after {limit:g} s and its kernel was ended (time-out)",
                Location(step.cells[0]) if len(step.cells) == 1 else None,
                step=step.name,
                hint="give it more time with --timeout or the tag `timeout:SECONDS`",
            )
            return StepResult("failed", diagnostics=(problem,))
