"""The ``run`` command: parameters, progress, and what is said at the end."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from rich.console import Console

from kale_lite.again import earlier_run
from kale_lite.cli.assignments import given_parameters
from kale_lite.cli.junit import write_junit
from kale_lite.cli.progress import Reporter, json_reporter, reporter
from kale_lite.diagnostics import Diagnostic, Severity, has_errors
from kale_lite.errors import ExitCode, KaleLiteError, RefusedError
from kale_lite.graph import find_step
from kale_lite.project import default_output_dir, load
from kale_lite.targets.local import RunOptions, RunResult, earlier_choices, run

__all__ = ["RunRequest", "resume", "run_notebooks"]

_STATUS_CODES = {"done": ExitCode.DONE, "failed": ExitCode.FAILED, "interrupted": ExitCode.INTERRUPTED}


@dataclass(frozen=True, slots=True)
class RunRequest:
    """What the user asked for on the command line. ``options`` are those of ``RunOptions``."""

    notebooks: Sequence[Path]
    assignments: Sequence[str] = ()
    params_file: Path | None = None
    output_dir: Path | None = None
    until: str | None = None
    first: str | None = None
    only: str | None = None
    reuse: str | None = None
    junit: Path | None = None
    as_json: bool = False
    strict: bool = False
    options: Mapping[str, Any] = field(default_factory=dict)


def run_notebooks(request: RunRequest) -> ExitCode:
    """Run notebooks one after another. The worst exit code counts; an interrupt stops the rest."""
    return _run_all(request, given_parameters(request.assignments, request.params_file))


def resume(request: RunRequest, folder: Path) -> ExitCode:
    """Go on with the run whose record is in a folder: with its parameters, kernel and working directory."""
    given, chosen = earlier_choices(folder)
    return _run_all(replace(request, options={**chosen, **request.options}), given)


def _run_all(request: RunRequest, given: Mapping[str, Any]) -> ExitCode:
    worst = ExitCode.DONE
    finished: list[tuple[str, RunResult]] = []
    for path in request.notebooks:
        try:
            result = _run_one(path, given, request)
            finished.append((path.stem, result))
            code = _STATUS_CODES[result.status]
        except KaleLiteError as error:
            if not isinstance(error, RefusedError):
                print(f"{path}: error: {error}", file=sys.stderr)
            code = error.exit_code
        worst = max(worst, code, key=_badness)
        if code is ExitCode.INTERRUPTED:
            break
    if request.junit is not None:
        write_junit(request.junit, finished)
    return worst


def _badness(code: ExitCode) -> int:
    return [ExitCode.DONE, ExitCode.REFUSED, ExitCode.UNREACHABLE, ExitCode.FAILED, ExitCode.INTERRUPTED].index(code)


def _run_one(path: Path, given: Mapping[str, Any], request: RunRequest) -> RunResult:
    show = json_reporter() if request.as_json else reporter(Console(highlight=False))
    project = load(path)
    values, problems = project.for_local(given)
    _refuse(show, path, problems, strict=request.strict)
    assert project.notebook is not None
    assert project.pipeline is not None
    pipeline = project.pipeline
    if request.until is not None:
        pipeline = pipeline.until(find_step(pipeline, request.until).name)
    again = earlier_run(path, pipeline, request.first, request.only, request.reuse)
    if request.only is not None:
        pipeline = pipeline.until(find_step(pipeline, request.only).name)
    folder = request.output_dir or default_output_dir(path.stem)
    options = RunOptions(folder, values, again=again, **request.options)
    try:
        with show.following(pipeline):
            result = run(project.notebook, pipeline, options, show.on_event)
    except RefusedError as error:
        show.findings(path, error.diagnostics)
        raise
    show.summary(path, result)
    return result


def _refuse(show: Reporter, path: Path, problems: tuple[Diagnostic, ...], *, strict: bool) -> None:
    """Show what needs attention (infos are for ``check``); stop for errors, or warnings that count as such."""
    show.findings(path, tuple(d for d in problems if d.severity is not Severity.INFO))
    if has_errors(problems) or (strict and any(d.severity is Severity.WARNING for d in problems)):
        raise RefusedError(problems)
