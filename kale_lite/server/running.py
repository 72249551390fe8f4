"""The process of a run: it reads what is wanted from stdin, says on stdout how it began, and goes on alone.

It has a session of its own, and outlives the server. What it prints later is in ``work/process.log`` of the record.
"""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from kale_lite.again import earlier_run, resumable
from kale_lite.diagnostics import Diagnostic, Location, diagnose, has_errors
from kale_lite.errors import KaleLiteError, RefusedError, UsageError
from kale_lite.graph import find_step
from kale_lite.history import Entry, History
from kale_lite.notebook import set_parameters
from kale_lite.notebook.model import Parameter
from kale_lite.project import Project, load
from kale_lite.server.answers import Problem, problem_of
from kale_lite.targets.local import Event, RunOptions, earlier_choices, run

__all__ = ["RUNS", "main"]

RUNS = "kale-lite-runs"
"""The folder beside the notebook that holds its records."""


class _Beginning:
    """Says once how the run began; from then on nobody is told anything but by the record."""

    def __init__(self) -> None:
        self._answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
        self.told = False

    def started(self, folder: Path) -> None:
        """The run is in the history and its record can be followed."""
        entry = History().entry_in(folder)
        if entry is None:
            raise Problem(422, "the run cannot be followed: the history could not be written",
                          "is the folder of KALE_LITE_HOME full or read-only?")  # fmt: skip
        self.say({"run": entry.id})
        (folder / "work").mkdir(exist_ok=True)
        log = os.open(folder / "work" / "process.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(log, 1)
        os.dup2(log, 2)
        os.close(log)

    def say(self, data: Mapping[str, Any]) -> None:
        """One line of JSON, the only one."""
        if not self.told:
            self.told = True
            with suppress(OSError):
                self._answers.write(json.dumps(data, default=repr) + "\n")
                self._answers.close()


def main() -> int:
    """Run what stdin asks for. 0 when the run was done, 1 when it failed, 2 when it was refused."""
    beginning = _Beginning()
    wanted = json.load(sys.stdin)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    try:
        status = _KINDS[wanted.pop("kind")](beginning, **wanted)
    except Exception as error:
        problem = problem_of(error)
        if beginning.told or problem.status == 500:
            traceback.print_exc()
        beginning.say({"status": problem.status, **problem.to_json()})
        return 2
    return 0 if status == "done" else 1


def _local(
    beginning: _Beginning, path: str, parameters: Mapping[str, Any], first: str | None = None, only: str | None = None,
    reuse: int | None = None, jobs: int | None = None,
) -> str:  # fmt: skip
    notebook = Path(path)
    project, values = _checked(notebook, parameters, nulls=False)
    pipeline = project.compile()
    again = earlier_run(notebook, pipeline, first, only, str(reuse) if reuse is not None else None)
    if only is not None:
        pipeline = pipeline.until(find_step(pipeline, only).name)
    return _started(beginning, project, pipeline, values, {"again": again, **_jobs(jobs)})


def _resumed(beginning: _Beginning, run_id: int, jobs: int | None = None) -> str:
    entry, notebook = resumable(str(run_id))
    given, chosen = earlier_choices(entry.folder)
    project, values = _checked(notebook, given)
    pipeline = project.compile()
    again = earlier_run(notebook, pipeline, None, None, str(run_id))
    cwd = chosen.pop("cwd")
    options = {**chosen, "cwd": cwd if cwd.is_dir() else None, "again": again, **_jobs(jobs)}
    return _started(beginning, project, pipeline, values, options)


def _jobs(jobs: int | None) -> dict[str, Any]:
    return {"jobs": jobs} if jobs is not None else {}


def _checked(notebook: Path, parameters: Mapping[str, Any], nulls: bool = True) -> tuple[Project, dict[str, Any]]:
    """The notebook and the values of its parameters. RefusedError with all findings; HistoryError."""
    History().entries(str(notebook))
    project = load(notebook)
    values, problems = project.for_local(parameters)
    if not nulls and project.notebook is not None:
        problems = (*problems, *_nulls(project.notebook.parameters, parameters))
    if has_errors(problems):
        raise RefusedError(problems)
    return project, values


def _nulls(parameters: Iterable[Parameter], given: Mapping[str, Any]) -> Iterator[Diagnostic]:
    """None for parameters whose defaults say another type: a page writes null for numbers that JSON does not have."""
    for one in parameters:
        if one.default is not None and one.type != "any" and given.get(one.name, one) is None:
            yield diagnose("KL502", f"parameter {one.name!r} wants {one.type}, and None is none",
                           Location(one.cell, one.line), hint=f"its default is {one.default!r}")  # fmt: skip


def _started(
    beginning: _Beginning, project: Project, pipeline: Any, values: Mapping[str, Any], options: Mapping[str, Any]
) -> str:
    folder = _new_folder(project.path)

    def on_event(event: Event) -> None:
        if event.type == "run-started":
            beginning.started(folder)

    try:
        assert project.notebook is not None
        return run(project.notebook, pipeline, RunOptions(folder, values, log_output=True, **options), on_event).status
    except Exception:
        if not beginning.told:
            _remove(folder)
        raise


def _new_folder(notebook: Path) -> Path:
    """A new folder for the record, made so that no other run takes it. UsageError (KL504) when it cannot be."""
    base = notebook.parent / RUNS / f"{notebook.stem}-{time.strftime('%Y%m%d-%H%M%S')}"
    for number in range(1, 1000):
        folder = base if number == 1 else base.with_name(f"{base.name}-{number}")
        try:
            folder.mkdir(parents=True)
        except FileExistsError:
            continue
        except OSError as error:
            raise UsageError(
                f"KL504: output folder {folder} cannot be made: {error.strerror}",
                hint="a run needs its notebook in a folder that can be written: move or copy it into one",
            ) from None
        return folder.resolve()
    raise UsageError(f"KL504: {base} and 1,000 more are there already", hint="delete old runs")


def _remove(folder: Path) -> None:
    """Leave nothing behind of a run that was refused."""
    shutil.rmtree(folder, ignore_errors=True)
    with suppress(OSError):
        folder.parent.rmdir()
    with suppress(KaleLiteError):
        entry = History().entry_in(folder)
        if entry is not None:
            History().remove(entry.id)


def _on_kubeflow(
    beginning: _Beginning, path: str, parameters: Mapping[str, Any], host: str = "", experiment: str = "",
    run_name: str = "",
) -> str:  # fmt: skip
    if importlib.util.find_spec("kfp") is None:
        raise UsageError("runs on Kubeflow need kfp, which is not installed", hint="run: pip install 'kale-lite[kfp]'")
    from kale_lite.history import hold
    from kale_lite.targets.kfp import CompileOptions
    from kale_lite.targets.kfp.submit import Followed, Request, find_server, follow, notebook_package, reach, submit

    History().entries(path)
    project = load(path)
    pipeline, notebook = project.compile(), project.notebook
    assert notebook is not None
    values, _ = set_parameters(notebook.parameters, parameters, notebook.mapped)
    reached = reach(find_server(host))
    package = notebook_package(project.path, notebook, pipeline, parameters, CompileOptions())
    stop = _stopped_by_signals()
    folder = _new_folder(project.path)
    try:
        held = hold(folder)
        submitted = submit(reached, package, Request(experiment, run_name), lambda said: None)
    except Exception:
        _remove(folder)
        raise
    followed = Followed(notebook, pipeline, folder, values, submitted)
    entry = Entry(folder, str(project.path.resolve()), notebook.name, "running", time.time(), parameters=values,
                  target="kfp")  # fmt: skip
    number = History().put(entry)
    followed.begin()
    beginning.started(folder)
    status = follow(followed, submitted, package, number, stop)
    if held is not None:
        held.close()
    return status


def _stopped_by_signals() -> threading.Event:
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    return stop


_KINDS: Mapping[str, Callable[..., str]] = {"local": _local, "resume": _resumed, "kfp": _on_kubeflow}

if __name__ == "__main__":
    sys.exit(main())
