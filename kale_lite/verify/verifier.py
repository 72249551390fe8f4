"""Runs a notebook both ways, each in its own copy of the folder, and compares."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kale_lite.errors import RefusedError
from kale_lite.notebook.model import Notebook
from kale_lite.pipeline import Pipeline
from kale_lite.targets.local import Event, RunOptions, RunResult, run
from kale_lite.targets.local.executor import hash_seed
from kale_lite.targets.local.kernels import check_kernel
from kale_lite.verify.compare import Difference, Observed, Verification, compare
from kale_lite.verify.folders import changed_files, copy_folder, fingerprints
from kale_lite.verify.plain import PlainRun, run_plain

__all__ = ["VerifyOptions", "verify"]

Tell = Callable[[str], None]

_FURTHER = ((3, 4), (5, 6), (7, 8), (9, 10), (11, 12))
"""Plain runs beyond the two, in pairs, where a difference may be random: few runs can agree by chance, say in rounded
numbers or in how many clusters there are."""


@dataclass(frozen=True, slots=True)
class VerifyOptions:
    """``parameters`` are the values of all parameters, ``given`` those that the user set; ``timeout`` seconds
    for a cell of the plain run and for a step; ``keep`` a folder for the copies and the run's record."""

    parameters: Mapping[str, Any] = field(default_factory=dict)
    given: frozenset[str] = frozenset()
    kernel: str | None = None
    timeout: float | None = None
    keep: Path | None = None


def verify(
    notebook: Notebook,
    pipeline: Pipeline,
    options: VerifyOptions,
    *,
    emit: Callable[[Event], None] = lambda event: None,
    tell: Tell = lambda text: None,
) -> Verification:
    """Run the notebook, the pipeline and the notebook again; compare. ``tell`` hears what is being done.

    RefusedError when the kernel is not there, UsageError when the folder cannot be copied. Status ``failed``
    when the notebook or the pipeline does not come to its end.
    """
    kernel = options.kernel or notebook.kernel.name
    problems = check_kernel(kernel)
    if problems:
        raise RefusedError(problems)
    with _workplace(options.keep) as base:
        source = notebook.path.resolve().parent if notebook.path else Path.cwd()
        without = options.keep.resolve() if options.keep else base
        folders = [_folder(base, name, source) for name in ("pipeline", "plain-1", "plain-2")]
        copy_folder(source, folders, without)
        before = fingerprints(folders[0])
        seconds: dict[str, float] = {}
        given = {name: options.parameters[name] for name in options.given}

        def plain(number: int, folder: Path, names: Mapping[str, Sequence[str]] | None) -> PlainRun:
            return run_plain(notebook, pipeline, cwd=folder, scratch=base / f"fingerprints-{number}",
                             kernel=kernel, hash_seed=hash_seed(), given=given, names=names,
                             timeout=options.timeout)  # fmt: skip

        # The pipeline runs between the two: where they agree on the time of day, it was that time for the pipeline.
        tell("the notebook in one kernel")
        with _timed(seconds, "notebook"):
            first = plain(1, folders[1], None)
        tell(f"the pipeline: {len(pipeline.steps)} steps")
        with _timed(seconds, "pipeline"):
            result = run(notebook, pipeline, RunOptions(
                base / "record", options.parameters, cwd=folders[0], kernel=options.kernel, timeout=options.timeout,
                fingerprints=True, report=False, history=False), emit)  # fmt: skip
        if result.status == "interrupted":
            raise KeyboardInterrupt
        prints = _pipeline_fingerprints(pipeline, base / "record")
        tell("the notebook in one kernel, once more")
        names = {step: list(found["names"]) for step, found in prints.items()}
        with _timed(seconds, "notebook"):
            second = plain(2, folders[2], names)
        found = _failures(first, result, notebook)
        if found is None:
            one, two = _observed(first, folders[1], before), _observed(second, folders[2], before)
            files = changed_files(before, fingerprints(folders[0]))
            piped = Observed(_pipeline_outputs(base / "record"), prints, files)
            found = compare(pipeline, one, two, piped)
            for numbers in _FURTHER:
                if not (found.differences and found.random.total()):
                    break
                tell("something differs, but something is random too: the notebook twice more")
                more = [_folder(base, f"plain-{number}", source) for number in numbers]
                copy_folder(source, more, without)
                with ThreadPoolExecutor(len(more)) as threads:
                    again = threads.map(plain, numbers, more, [names] * len(more))
                for further, folder in zip(again, more, strict=True):
                    found.keep_those_of(compare(pipeline, one, _observed(further, folder, before), piped))
        found.seconds = {name: round(spent, 3) for name, spent in seconds.items()}
        return found


def _folder(base: Path, name: str, source: Path) -> Path:
    """The place of a copy of the notebook's folder, which keeps its name."""
    place = base / name / source.name
    place.parent.mkdir(parents=True)
    return place


def _observed(run: PlainRun, folder: Path, before: Mapping[str, str]) -> Observed:
    return Observed(run.outputs, run.fingerprints, changed_files(before, fingerprints(folder)))


@contextmanager
def _workplace(keep: Path | None) -> Iterator[Path]:
    if keep is not None:
        keep.mkdir(parents=True, exist_ok=True)
        yield Path(tempfile.mkdtemp(prefix="verify-", dir=keep)).resolve()
        return
    with tempfile.TemporaryDirectory(prefix="kale-lite-verify-", ignore_cleanup_errors=True) as folder:
        yield Path(folder).resolve()


@contextmanager
def _timed(seconds: dict[str, float], name: str) -> Iterator[None]:
    started = time.monotonic()
    yield
    seconds[name] = seconds.get(name, 0) + time.monotonic() - started


def _pipeline_fingerprints(pipeline: Pipeline, record: Path) -> dict[str, Mapping[str, Any]]:
    found = {}
    for step in pipeline.steps:
        path = record / "work" / f"{step.slug}.fingerprints.json"
        if path.exists():
            found[step.name] = json.loads(path.read_text("utf-8"))
    return found


def _pipeline_outputs(record: Path) -> dict[int, Any]:
    content = json.loads((record / "notebook.ipynb").read_text("utf-8"))
    return {n: c["outputs"] for n, c in enumerate(content["cells"], 1) if c["cell_type"] == "code"}


def _failures(plain: PlainRun, result: RunResult, notebook: Notebook) -> Verification | None:
    """The outcome when a run did not come to its end; None when both did."""
    failed = [(name, step) for name, step in result.steps.items() if step.status == "failed"]
    if not plain.error and not failed:
        return None
    found = Verification(status="failed")
    if plain.error:
        where = f"cell {plain.failed_cell}" if plain.failed_cell is not None else "notebook"
        found.differences.append(Difference("failure", where, f"the notebook itself fails here: {plain.error}"))
    for name, step in failed:
        texts = [str(finding) for finding in step.diagnostics]
        found.differences.append(Difference(
            "failure", f"step {name}", "the pipeline fails here" + ("" if plain.error else ", the notebook does not"),
            "\n".join(f"  {line}" for line in "\n".join(texts).splitlines())))  # fmt: skip
    return found
