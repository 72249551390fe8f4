"""What the user chooses for a run, and what a run gives."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kale_lite.diagnostics import Diagnostic

__all__ = ["Again", "RunOptions", "RunResult", "StepResult"]


@dataclass(frozen=True, slots=True)
class Again:
    """An earlier run whose steps are taken over, as far as they were done and nothing has changed.

    ``folder`` is its record. ``first`` is a step to run again with all that comes after it; with ``only`` nothing but
    that step runs, and the pipeline given should end with it.
    """

    folder: Path
    first: str | None = None
    only: bool = False


@dataclass(frozen=True, slots=True)
class RunOptions:
    """Choices for one run.

    ``parameters`` are the checked values of all parameters; ``jobs`` how many steps run at once;
    ``cwd`` the steps' working directory (the notebook's folder if None); ``timeout`` seconds for a step
    that sets none itself; ``retries`` further attempts for a step that sets none itself; ``fingerprints``
    writes those of every name that a step holds at its end to ``work/SLUG.fingerprints.json``; ``warm`` forks the
    steps' kernels from a process that has made the notebook's first imports, instead of starting each anew;
    ``report`` writes ``report.html`` when the run ends; ``history`` notes the run in the user's
    history; ``again`` is an earlier run to take steps from.
    """

    output_dir: Path
    parameters: Mapping[str, Any] = field(default_factory=dict)
    jobs: int = field(default_factory=lambda: os.cpu_count() or 1)
    cwd: Path | None = None
    kernel: str | None = None
    timeout: float | None = None
    retries: int = 0
    log_output: bool = False
    fingerprints: bool = False
    warm: bool = True
    report: bool = True
    history: bool = True
    again: Again | None = None


@dataclass(frozen=True, slots=True)
class StepResult:
    """How a step ended: ``done``, ``failed``, ``skipped`` (something it needs failed) or ``cancelled``.

    ``unchecked`` are read-only inputs that were too costly to compare; ``reused`` is the record of the
    run that the step was taken from, if it was not run.
    """

    status: str
    started: float = 0.0
    seconds: float = 0.0
    attempts: int = 0
    metrics: Mapping[str, Any] = field(default_factory=dict)
    payloads: Mapping[str, Any] = field(default_factory=dict)
    unchecked: tuple[str, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    traceback: str = ""
    reused: str = ""


@dataclass(frozen=True, slots=True)
class RunResult:
    """How a run ended: ``done``, ``failed`` or ``interrupted``, and all it reports.

    ``report`` is the report's path, None if there is none; ``problems`` are findings about the run as a whole.
    """

    status: str
    output_dir: Path
    steps: Mapping[str, StepResult]
    metrics: Mapping[str, Any]
    seconds: float
    report: Path | None = None
    problems: tuple[Diagnostic, ...] = ()

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        return (*(d for step in self.steps.values() for d in step.diagnostics), *self.problems)
