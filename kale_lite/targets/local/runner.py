"""A local run, whole: folder, kernel check, steps, record."""

from __future__ import annotations

import asyncio
import signal
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

from kale_lite.artifacts import ship_harness
from kale_lite.diagnostics import Diagnostic, Location, diagnose
from kale_lite.errors import ExitCode, KaleLiteError, RefusedError
from kale_lite.notebook.model import Notebook
from kale_lite.pipeline import Pipeline
from kale_lite.targets.local.events import Emit, Event
from kale_lite.targets.local.executor import PapermillExecutor, hash_seed
from kale_lite.targets.local.kernels import check_kernel
from kale_lite.targets.local.leading import leading_imports
from kale_lite.targets.local.noted import Noted
from kale_lite.targets.local.options import RunOptions, RunResult, StepResult
from kale_lite.targets.local.races import Races
from kale_lite.targets.local.record import Record, prepare_folder
from kale_lite.targets.local.resuming import note_surroundings, reuse_for, taken_over, working_directory
from kale_lite.targets.local.reuse import Reuse
from kale_lite.targets.local.rollback import Rollback
from kale_lite.targets.local.scheduler import schedule
from kale_lite.targets.local.warm import WarmKernels, supported
from kale_lite.targets.local.within import WithinLibraries

__all__ = ["TARGET", "RecordError", "run"]

_UNHONOURED = (
    "limits", "requests", "image", "secrets", "config_maps", "volumes", "labels", "annotations", "cache",
    "copies", "backoff", "node_selector", "affinity", "tolerations", "pull_policy", "pull_secrets", "run_as",
    "mounts", "pod_fields", "node_affinity",
)  # fmt: skip

_UNHONOURED_SETTINGS = (
    "volumes", "workspace", "active_deadline_seconds", "ttl_seconds_after_finished", "ttl_seconds_after_success",
    "ttl_seconds_after_failure",
)  # fmt: skip


class RecordError(KaleLiteError):
    """The record of a run cannot be written: the disk is full, or the folder went away."""

    exit_code = ExitCode.FAILED


class LocalTarget:
    """This machine as a target."""

    name = "local"

    def check(self, pipeline: Pipeline) -> tuple[Diagnostic, ...]:
        """The step options that mean nothing here, each told once."""
        found = []
        for option in _UNHONOURED:
            steps = [s for s in pipeline.steps if getattr(s.options, option) not in (None, {}, ())]
            if steps:
                names = ", ".join(s.name for s in steps)
                paths = dict.fromkeys(path for step in steps for path in step.options.mounts)
                absent = f": nothing is mounted at {', '.join(paths)}" if option == "mounts" else ""
                found.append(diagnose(
                    "KL111", f"option {option!r} (step {names}) has no effect in a local run{absent}",
                    Location(steps[0].cells[0]),
                    hint="it is for pipelines compiled for Kubeflow", step=steps[0].name,
                ))  # fmt: skip
        return tuple(found)

    def check_settings(self, notebook: Notebook) -> tuple[Diagnostic, ...]:
        """The notebook's settings that mean nothing here, in one finding."""
        found = [name for name in _UNHONOURED_SETTINGS if notebook.settings.get(name)]
        if not found:
            return ()
        return (diagnose("KL111", f"notebook settings have no effect in a local run: {', '.join(found)}",
                         hint="they are for pipelines compiled for Kubeflow"),)  # fmt: skip


TARGET = LocalTarget()


def run(notebook: Notebook, pipeline: Pipeline, options: RunOptions, emit: Emit) -> RunResult:
    """Run a pipeline. RefusedError or UsageError before anything runs; RecordError when the disk refuses."""
    kernel = options.kernel or notebook.kernel.name
    problems = check_kernel(kernel)
    if problems:
        raise RefusedError(problems)
    reuse = reuse_for(notebook, pipeline, options, kernel) if options.again is not None else None
    held = prepare_folder(options.output_dir)
    try:
        return _run(notebook, pipeline, options, emit, kernel, reuse)
    except OSError as error:
        raise RecordError(
            f"KL405: the record in {options.output_dir} cannot be written: {error.strerror or error}",
            hint="free some space, or choose another place with --output-dir",
        ) from error
    finally:
        held.close()


def _run(
    notebook: Notebook, pipeline: Pipeline, options: RunOptions, emit: Emit, kernel: str, reuse: Reuse | None
) -> RunResult:
    started = time.monotonic()
    folder = options.output_dir.resolve()
    record = Record(notebook, pipeline, options, kernel, hash_seed())
    noted = Noted(notebook, folder, options.parameters, wanted=options.history)

    def tell(event: Event) -> None:
        record.on_event(event)
        emit(event)

    steps = [step.name for step in pipeline.steps]
    edges = [list(edge) for edge in pipeline.edges]
    data = {"pipeline": pipeline.name, "steps": steps, "edges": edges, "output_dir": str(folder)}
    tell(Event("run-started", data=data))
    cwd = working_directory(notebook, options)
    looking = note_surroundings(notebook, pipeline, kernel, cwd, folder)
    harness = ship_harness(folder / "work")
    kernels = WarmKernels(
        harness / "template.py", folder / "work" / "template.log", leading_imports(notebook),
        cold=supported() if options.warm else "--no-warm",
    )  # fmt: skip
    with closing(kernels), ThreadPoolExecutor(options.jobs, thread_name_prefix="step") as threads:
        executor = PapermillExecutor(
            notebook, pipeline, folder, harness, cwd, kernel, options.parameters, tell, threads,
            Races(pipeline), WithinLibraries(pipeline), Rollback(folder / "work" / "before", cwd), kernels,
            options.log_output, options.fingerprints,
        )  # fmt: skip
        done = taken_over(reuse, pipeline, folder, executor, tell) if reuse is not None else {}
        results, interrupted = asyncio.run(_steps(pipeline, executor, tell, options, done))
    looking.join()
    record.kernels = kernels.to_json()
    seconds = time.monotonic() - started
    return _finish(
        record,
        results,
        interrupted,
        seconds,
        folder,
        tell,
        noted,
        options.report,
        reuse.warnings if reuse is not None else (),
    )


async def _steps(
    pipeline: Pipeline, executor: PapermillExecutor, tell: Emit, options: RunOptions, done: Mapping[str, StepResult]
) -> tuple[Mapping[str, StepResult], bool]:
    stop = asyncio.Event()
    with _signals(stop):
        results = await schedule(
            pipeline, executor, tell, jobs=options.jobs, stop=stop, done=done,
            timeout=lambda step: step.options.timeout or options.timeout,
            retries=lambda step: options.retries if step.options.retries is None else step.options.retries,
        )  # fmt: skip
    return results, stop.is_set()


@contextmanager
def _signals(stop: asyncio.Event) -> Iterator[None]:
    """Ctrl-C and SIGTERM end the run in order. Only a main thread may handle signals."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    try:
        yield
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            with suppress(ValueError):
                loop.remove_signal_handler(number)


def _finish(
    record: Record, results: Mapping[str, StepResult], interrupted: bool, seconds: float, folder: Path, tell: Emit,
    noted: Noted, wants_report: bool, warnings: tuple[Diagnostic, ...],
) -> RunResult:  # fmt: skip
    metrics: dict[str, Any] = {}
    for result in results.values():
        metrics.update(result.metrics)
    good = all(result.status == "done" for result in results.values())
    status = "interrupted" if interrupted else "done" if good else "failed"
    record.finish(status, results, metrics, seconds)
    noted.finish(status, seconds, metrics, folder)
    report, problems = _report(folder) if wants_report else (None, ())
    problems = (*warnings, *noted.problems, *problems)
    data: dict[str, Any] = {"status": status, "seconds": round(seconds, 3), "metrics": metrics}
    data |= {"output_dir": str(folder), "report": str(report) if report is not None else None}
    if problems:
        data["diagnostics"] = [problem.to_json() for problem in problems]
    tell(Event("run-finished", data=data))
    return RunResult(status, folder, results, metrics, seconds, report, problems)


def _report(folder: Path) -> tuple[Path | None, tuple[Diagnostic, ...]]:
    """Write the report; a page that cannot be made is a warning, as the run itself is over and recorded."""
    from kale_lite.report import write_report

    try:
        return write_report(folder), ()
    except Exception as error:  # nbconvert, Jinja and the disk raise as they like
        reason = error.strerror if isinstance(error, OSError) else f"{type(error).__name__}: {error}"
        return None, (diagnose("KL413", f"the report of the run cannot be written: {reason}",
                               hint="the record has everything; --no-report leaves the report out"),)  # fmt: skip
