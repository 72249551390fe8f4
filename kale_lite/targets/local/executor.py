"""Runs one step: its notebook through papermill, in a fresh kernel that can be ended at any moment."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import tempfile
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kale_lite.artifacts import build_step_notebook, step_spec
from kale_lite.diagnostics import Diagnostic, Location, diagnose
from kale_lite.notebook.model import Notebook
from kale_lite.pipeline import Pipeline, Step
from kale_lite.targets.local import failure
from kale_lite.targets.local.events import Emit, Event
from kale_lite.targets.local.options import StepResult
from kale_lite.targets.local.races import Races
from kale_lite.targets.local.rollback import Rollback
from kale_lite.targets.local.surroundings import file_states
from kale_lite.targets.local.warm import WarmKernels
from kale_lite.targets.local.within import WithinLibraries

__all__ = ["PapermillExecutor", "hash_seed"]

_START_TIMEOUT = 120


def hash_seed() -> str:
    """The hash seed of every step: the environment's if it is a number, else 0, so that sets iterate alike."""
    given = os.environ.get("PYTHONHASHSEED", "")
    return given if given.isdigit() else "0"


@dataclass(slots=True)
class PapermillExecutor:
    """Executes steps of one run. ``folder`` is the run's; ``harness`` the shipped harness."""

    notebook: Notebook
    pipeline: Pipeline
    folder: Path
    harness: Path
    cwd: Path
    kernel: str
    parameters: Mapping[str, Any]
    emit: Emit
    threads: ThreadPoolExecutor
    races: Races
    within: WithinLibraries
    rollback: Rollback
    kernels: WarmKernels
    log_output: bool = False
    fingerprints: bool = False
    truncated: dict[str, set[int]] = field(default_factory=dict)

    async def execute(self, step: Step) -> StepResult:
        """Run the step once. Cancelling ends the kernel, waits for it, and keeps what it had put out."""
        from jupyter_client.manager import AsyncKernelManager

        from kale_lite.targets.local.provisioner import provide

        sockets = tempfile.TemporaryDirectory(prefix="kl-")
        manager = AsyncKernelManager(
            kernel_name=self.kernel, transport="ipc", connection_file=str(Path(sockets.name) / "k.json")
        )
        provide(manager, self.kernels, step)
        loop = asyncio.get_running_loop()
        work = loop.run_in_executor(self.threads, self._run, step, manager)
        try:
            return await asyncio.shield(work)
        except asyncio.CancelledError:
            while not work.done():
                _kill(manager)
                await asyncio.wait([work], timeout=0.5)
            raise
        finally:
            with suppress(OSError):
                sockets.cleanup()

    def _run(self, step: Step, manager: Any) -> StepResult:
        """The blocking part, in a thread of its own."""
        import papermill

        from kale_lite.targets.local.engine import ENGINE

        logging.getLogger("papermill").setLevel(logging.CRITICAL)
        result = self.folder / "work" / f"{step.slug}.result.json"
        result.unlink(missing_ok=True)
        executed = self.folder / "steps" / f"{step.slug}.ipynb"
        error: Exception | None = None
        try:
            self.rollback.before_attempt(step)
            content = self._prepare(step, result)
            papermill.execute_notebook(
                content, str(executed), engine_name=ENGINE, kernel_name=self.kernel, progress_bar=False,
                start_timeout=_START_TIMEOUT, manager=manager, env=self._environment(step), folder=str(self.cwd),
                log=str(self.folder / "work" / f"{step.slug}.kernel.log"),
                on_output=lambda cell, stream, text: self._output(step, cell, stream, text),
                on_truncated=lambda cell: self.truncated.setdefault(step.name, set()).add(cell),
            )  # fmt: skip
        except Exception as raised:  # papermill, nbclient, zmq and the disk raise as they like
            error = raised
        self._note_files(step, report := _read(result))
        # The harness has the last word: papermill also raises for cells that are tagged `raises-exception`.
        if report is None or report["status"] != "ok":
            warnings = self._warnings(step)
            return failure.failed_step(step, self.notebook, error, executed, report, manager, warnings)
        race = self.races.add(step, report.get("files", {})) or self.within.add(step, report.get("libraries", {}))
        if race is not None:
            return StepResult("failed", diagnostics=(race, *self._warnings(step)))
        missed = self.races.outside(step, report.get("outside", []))
        return StepResult(
            "done", metrics=report["metrics"], payloads=report["payloads"],
            diagnostics=(*missed, *self._warnings(step)), unchecked=tuple(report["unchecked"]),
        )  # fmt: skip

    def _prepare(self, step: Step, result: Path) -> Any:
        spec = result.with_name(f"{step.slug}.spec.json")
        values = result.with_name(f"{step.slug}.fingerprints.json") if self.fingerprints else None
        data = step_spec(
            step, self.pipeline, store=self.folder / "store", result=result, parameters=self.parameters,
            fingerprints=values,
        )  # fmt: skip
        spec.write_text(json.dumps(data, default=repr), "utf-8")
        return build_step_notebook(step, self.notebook.cells, self.notebook, harness=self.harness, spec=spec)

    def _note_files(self, step: Step, report: Mapping[str, Any] | None) -> None:
        """How the step leaves the files that it is known or seen to use, for a run that takes it over."""
        seen = report.get("files", {}) if report is not None else {}
        names = {*step.files_read, *step.files_written, *seen.get("read", ()), *seen.get("written", ())}
        states = file_states(sorted(names), self.cwd.absolute())
        with suppress(OSError):
            (self.folder / "work" / f"{step.slug}.files.json").write_text(json.dumps(states), "utf-8")

    def _environment(self, step: Step) -> dict[str, str]:
        return {**os.environ, "PYTHONHASHSEED": hash_seed(), **step.options.env}

    def _output(self, step: Step, cell: int, stream: str, text: str) -> None:
        if self.log_output and cell:
            self.emit(Event("step-output", step.name, {"cell": cell, "stream": stream, "text": text}))

    def _warnings(self, step: Step) -> tuple[Diagnostic, ...]:
        return tuple(
            diagnose("KL409", f"the output of cell {cell} was truncated in the record", Location(cell), step=step.name,
                     hint="print less, or write to a file")
            for cell in step.cells if cell in self.truncated.get(step.name, ())
        )  # fmt: skip


def _read(path: Path) -> dict[str, Any] | None:
    try:
        data: dict[str, Any] = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return data


def _kill(manager: Any) -> None:
    """End the kernel and what it started, now."""
    pid = getattr(manager.provisioner, "pid", None)
    if pid is None:
        return
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(os.getpgid(pid), signal.SIGKILL)
    with suppress(ProcessLookupError, PermissionError):
        os.kill(pid, signal.SIGKILL)
