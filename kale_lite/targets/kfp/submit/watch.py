"""Follows a run until it ends: the states of its steps, by the notebook's names, as events."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

from kale_lite.errors import UnreachableError
from kale_lite.targets.kfp.submit.answers import first_line
from kale_lite.targets.kfp.submit.spec import Task
from kale_lite.targets.local.events import Emit, Event

__all__ = ["Ended", "watch"]

_STATES = {"PENDING": "waiting", "PAUSED": "waiting", "RUNNING": "running", "CANCELING": "running", "SUCCEEDED": "done",
           "SKIPPED": "skipped", "FAILED": "failed", "CANCELED": "cancelled"}  # fmt: skip
Pause: TypeAlias = Callable[[float], None]
_FINAL = ("done", "failed", "skipped", "cancelled")
_ATTEMPT = re.compile(r"\(\d+\)$")
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 5.0
_TRIES = 6
"""Answers in a row that may fail before a run is no longer followed: servers restart."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run ended: ``done``, ``failed``, ``cancelled`` or ``skipped``; the steps that failed, each with what KFP
    says of it (often nothing); and what it says of the run."""

    state: str
    failed: Mapping[str, str]
    message: str
    seconds: float


@dataclass(frozen=True, slots=True)
class _Seen:
    state: str
    message: str = ""
    seconds: float = 0.0


def watch(client: Any, run_id: str, tasks: Iterable[Task], emit: Emit, pause: Pause = time.sleep) -> Ended:
    """Ask for the run's state until it is final. UnreachableError when the server stops answering: the run goes on."""
    tasks, begun, wait = tuple(tasks), time.monotonic(), _FIRST_PAUSE
    told: dict[str, str] = {}
    while True:
        run = _asked(client, run_id, pause)
        state = _STATES.get(str(run.state), "waiting")
        details = getattr(run.run_details, "task_details", None) or ()
        seen = _states(details, tasks)
        for task in tasks:
            _tell(task, seen.get(task.key), told, emit)
        if state in _FINAL:
            break
        pause(wait)
        wait = min(wait * 1.3, _LONGEST_PAUSE)
    known = seen if details else {task.key for task in tasks}
    _tell_rest(tasks, told, state, known, emit)
    failed = {one.name: seen[one.key].message for one in tasks if one.key in seen and seen[one.key].state == "failed"}
    return Ended(state, failed, _message(run.error), time.monotonic() - begun)


def _asked(client: Any, run_id: str, pause: Pause) -> Any:
    for attempt in range(_TRIES):
        try:
            return client.get_run(run_id)
        except UnreachableError as error:
            if not error.passing or attempt == _TRIES - 1:
                raise
        pause(2.0**attempt / 2)
    raise AssertionError


def _states(details: Iterable[Any], tasks: tuple[Task, ...]) -> dict[str, _Seen]:
    """The states of the tasks. Beside a task itself KFP tells of its driver, which comes first and may fail, too."""
    found: dict[str, _Seen] = {}
    drivers: dict[str, _Seen] = {}
    for one in details:
        name = _ATTEMPT.sub("", str(one.display_name or ""))
        for task in tasks:
            if name in (task.key, task.name):
                found[task.key] = _seen(one)
            elif name == f"{task.key}-driver":
                drivers[task.key] = _seen(one)
    for key, driver in drivers.items():
        if driver.state == "failed" or key not in found:
            found[key] = driver if driver.state == "failed" else _Seen("waiting")
    return found


def _seen(one: Any) -> _Seen:
    begun, ended = one.start_time, one.end_time
    history = [_message(past.error) for past in one.state_history or ()]
    message = _message(one.error) or next((text for text in reversed(history) if text), "")
    seconds = 0.0
    if isinstance(begun, datetime) and isinstance(ended, datetime):
        seconds = max((ended - begun).total_seconds(), 0.0)
    return _Seen(_STATES.get(str(one.state), "waiting"), message, seconds)


def _message(error: Any) -> str:
    return first_line(str(getattr(error, "message", None) or ""))


def _tell(task: Task, seen: _Seen | None, told: dict[str, str], emit: Emit) -> None:
    """An event for each state that is new. A step that ended is not told again."""
    if seen is None or seen.state == "waiting" or told.get(task.key) in (seen.state, *_FINAL):
        return
    told[task.key] = seen.state
    if seen.state == "running":
        emit(Event("step-started", task.name, {"attempt": 1}))
    else:
        emit(Event("step-finished", task.name, {"status": seen.state, "seconds": seen.seconds}))


def _tell_rest(tasks: tuple[Task, ...], told: Mapping[str, str], state: str, known: Container[str], emit: Emit) -> None:
    """The steps whose end KFP did not tell: those that it knows of ended with the run, the others never ran."""
    for task in tasks:
        if told.get(task.key) in _FINAL:
            continue
        if state == "done":
            status = "done" if task.key in known else "skipped"
        else:
            status = "cancelled" if task.key in told else "skipped"
        emit(Event("step-finished", task.name, {"status": status, "seconds": 0.0}))
