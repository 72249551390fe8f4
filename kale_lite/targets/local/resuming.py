"""A run that goes on from an earlier one: what it may take is found before it starts, and taken when it does."""

from __future__ import annotations

import json
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

from kale_lite import __version__
from kale_lite.errors import UsageError
from kale_lite.history import read_record
from kale_lite.notebook.model import Notebook
from kale_lite.pipeline import Pipeline, Step
from kale_lite.targets.local.events import Emit, Event
from kale_lite.targets.local.executor import PapermillExecutor, hash_seed
from kale_lite.targets.local.options import RunOptions, StepResult
from kale_lite.targets.local.record import write_json
from kale_lite.targets.local.reuse import Reuse, earlier_parameters, plan_reuse, take_over, to_run
from kale_lite.targets.local.rollback import put_back
from kale_lite.targets.local.surroundings import environment, look_around

__all__ = ["earlier_choices", "note_surroundings", "reuse_for", "taken_over", "working_directory"]


def earlier_choices(folder: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """The parameters of an earlier run, and the options that decide what its steps are worth.

    UsageError when its record is not whole.
    """
    record = read_record(folder)
    try:
        then = json.loads((folder / "work" / "surroundings.json").read_text("utf-8"))
    except (OSError, ValueError):
        then = None
    if record is None or then is None:
        raise UsageError(f"the record in {folder} is not whole", hint="run the notebook from the start")
    return earlier_parameters(folder, record), {"kernel": then["kernel"], "cwd": Path(then["cwd"])}


def working_directory(notebook: Notebook, options: RunOptions) -> Path:
    """Where the steps run: the folder that the user names, else the notebook's."""
    return options.cwd or (notebook.path.resolve().parent if notebook.path else Path.cwd())


def _surroundings(notebook: Notebook, pipeline: Pipeline, kernel: str, cwd: Path) -> dict[str, Any]:
    return {
        "kernel": kernel, "hash_seed": hash_seed(), "cwd": str(cwd.resolve()), "kale_lite": __version__,
        "environment": environment(cell.source for cell in notebook.cells),
        "look": look_around(kernel, pipeline.libraries, cwd),
    }  # fmt: skip


def note_surroundings(notebook: Notebook, pipeline: Pipeline, kernel: str, cwd: Path, folder: Path) -> threading.Thread:
    """Write what the run depends on beside the notebook into its record, while the first steps already run."""

    def note() -> None:
        found = _surroundings(notebook, pipeline, kernel, cwd)
        with suppress(OSError):  # the record is gone, or the disk full: then no later run can take steps over
            write_json(folder / "work" / "surroundings.json", found)

    thread = threading.Thread(target=note, name="surroundings", daemon=True)
    thread.start()
    return thread


def reuse_for(notebook: Notebook, pipeline: Pipeline, options: RunOptions, kernel: str) -> Reuse:
    """What the run may take from the earlier one. UsageError or RefusedError (KL508) when that is not to be had."""
    again = options.again
    assert again is not None
    record = read_record(again.folder)
    if record is None:
        raise UsageError(f"KL506: {again.folder} holds no record of a run", hint="`kale-lite runs list` shows the runs")
    if record["status"] == "running":
        raise UsageError(f"the run in {again.folder} is still going", hint="wait for it, or stop it first")
    if again.folder.resolve() == options.output_dir.resolve():
        raise UsageError(
            f"KL504: output folder {options.output_dir} is the record of the run to take steps from",
            hint="choose another with --output-dir",
        )
    chosen = frozenset({again.first}) if again.only and again.first else to_run(pipeline, record, again.first)
    now = _surroundings(notebook, pipeline, kernel, working_directory(notebook, options))
    return plan_reuse(notebook, pipeline, options.parameters, now, again.folder.resolve(), record, chosen)


def _described(folder: Path, step: Step) -> dict[str, Any]:
    """The payloads of a step as its record tells them."""
    found = {}
    for save in step.saves:
        meta = json.loads((folder / "store" / save.id / "meta.json").read_text("utf-8"))
        found[save.id] = {"bytes": meta["bytes"], "names": meta["names"]}
    return found


def taken_over(
    reuse: Reuse, pipeline: Pipeline, folder: Path, executor: PapermillExecutor, tell: Emit
) -> dict[str, StepResult]:
    """Take the steps over: their payloads, notebooks and results; files of the other steps are put back."""
    put_back(reuse.undo)
    take_over(reuse, pipeline, folder)
    results: dict[str, StepResult] = {}
    for step in pipeline.steps:
        if step.name not in reuse.steps:
            continue
        report = json.loads((folder / "work" / f"{step.slug}.result.json").read_text("utf-8"))
        executor.races.add(step, report["files"])
        executor.within.add(step, report["libraries"])
        source = reuse.run["steps"][step.name].get("reused") or str(reuse.folder)
        data = {"status": "done", "seconds": 0.0, "reused": source}
        if report["metrics"]:
            data["metrics"] = report["metrics"]
        tell(Event("step-finished", step.name, data))
        results[step.name] = StepResult(
            "done", metrics=report["metrics"], payloads=_described(folder, step), unchecked=tuple(report["unchecked"]),
            reused=source,
        )  # fmt: skip
    return results
