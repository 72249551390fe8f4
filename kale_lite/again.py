"""Running again: from a step, only a step, or where an earlier run failed."""

from __future__ import annotations

from pathlib import Path

from kale_lite.errors import UsageError
from kale_lite.graph import find_step
from kale_lite.history import Entry, History, find_entry, read_record, refreshed
from kale_lite.pipeline import Pipeline
from kale_lite.targets.local import Again

__all__ = ["earlier_run", "resumable"]


def earlier_run(
    notebook: Path, pipeline: Pipeline, first: str | None, only: str | None, reuse: str | None
) -> Again | None:
    """The run to take steps from, as ``--from``, ``--only`` and ``--reuse`` ask for; None when they do not."""
    chosen = first if first is not None else only
    if chosen is None and reuse is None:
        return None
    step = find_step(pipeline, chosen).name if chosen is not None else None
    entry = find_entry(History(), reuse) if reuse is not None else _last(notebook)
    return Again(entry.folder, step, only=only is not None)


def _last(notebook: Path) -> Entry:
    path = str(notebook.resolve())
    for entry in History().entries(path):
        if entry.target == "local" and read_record(entry.folder) is not None and refreshed(entry).status != "running":
            return entry
    raise UsageError(
        f"KL506: there is no earlier run of {notebook} to take steps from",
        hint="run the notebook from the start; `--reuse RUN` names a run or the folder of its record",
    )


def resumable(name: str) -> tuple[Entry, Path]:
    """A run that can be gone on with, and its notebook. UsageError when it was done, is going, or has no notebook."""
    entry = find_entry(History(), name)
    if entry.target != "local":
        raise UsageError(f"run {name} was not made on this machine: it cannot be resumed here",
                         hint="KFP's own page can run it again, with the steps that it has cached")  # fmt: skip
    if entry.status == "done":
        raise UsageError(f"run {name} was done: there is nothing to resume", hint="`run NB --from STEP` runs again")
    if entry.status == "running":
        raise UsageError(f"run {name} is still going", hint="stop it first, with Ctrl-C where it was started")
    if not entry.notebook or not Path(entry.notebook).is_file():
        raise UsageError(
            f"the notebook of run {name} is gone: {entry.notebook or entry.pipeline}",
            hint="`kale-lite run NB --reuse RUN` takes steps of a run for a notebook that was moved",
        )
    return entry, Path(entry.notebook)
