"""Steps of an earlier run that a new one takes over: only where nothing that they depend on has changed."""

from __future__ import annotations

import ast
import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kale_lite.diagnostics import Diagnostic, Location, diagnose
from kale_lite.errors import RefusedError
from kale_lite.notebook.model import Notebook
from kale_lite.pipeline import Pipeline, Step
from kale_lite.targets.local.rollback import Undo, is_pattern, undo_plan
from kale_lite.targets.local.unchanged import Unchanged, read_json

__all__ = ["Reuse", "earlier_parameters", "plan_reuse", "take_over", "to_run"]


@dataclass(frozen=True, slots=True)
class Reuse:
    """What a run takes from an earlier one.

    ``folder`` is the earlier record, ``run`` its ``run.json``, ``steps`` the names of the steps that are not run
    again; ``undo`` the files to put back before the others run, ``warnings`` what could not be made sure, ``payloads``
    those of the new run with those of the earlier one that hold them.
    """

    folder: Path
    run: Mapping[str, Any]
    steps: frozenset[str]
    undo: tuple[Undo, ...] = ()
    warnings: tuple[Diagnostic, ...] = ()
    payloads: Mapping[str, str] = field(default_factory=dict)


def to_run(pipeline: Pipeline, run: Mapping[str, Any], first: str | None = None) -> frozenset[str]:
    """The steps to run: those that were not done, the step ``first`` if given, and all that come after any of them."""
    before = pipeline.predecessors()
    chosen: set[str] = set()
    for step in pipeline.steps:
        done = run["steps"].get(step.name, {}).get("status") == "done"
        if not done or step.name == first or before[step.name] & chosen:
            chosen.add(step.name)
    return frozenset(chosen)


def earlier_parameters(folder: Path, run: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters of an earlier run, as exactly as its record has them."""
    literals = read_json(folder / "work" / "parameters.json") or {}
    found = dict(run["parameters"])
    for name, text in literals.items():
        with suppress(ValueError, SyntaxError):
            found[name] = ast.literal_eval(text)
    return found


def plan_reuse(
    notebook: Notebook,
    pipeline: Pipeline,
    parameters: Mapping[str, Any],
    surroundings: Mapping[str, Any],
    folder: Path,
    run: Mapping[str, Any],
    again: frozenset[str],
) -> Reuse:
    """Make sure that all steps but those in ``again`` are as they were. RefusedError (KL508) that says what is not.

    ``surroundings`` are ``kernel``, ``hash_seed``, ``cwd`` and ``look`` (of ``look_around``) of the run to come.
    """
    check = Unchanged(notebook, pipeline, parameters, surroundings, folder, run, again)
    kept = [step for step in pipeline.steps if step.name not in again]
    if not kept:
        return Reuse(folder, run, frozenset())
    problem = next(check.problems(kept), None)
    if problem is not None:
        raise RefusedError((problem,))
    began = [s for s in pipeline.steps if s.name in again and _began(run["steps"].get(s.name, {}))]
    undo, unknown = undo_plan(folder / "work", began)
    changed = next(check.files(kept, undo), None)
    if changed is not None:
        raise RefusedError((changed,))
    warnings = (*check.unsure(), *_unseen(kept, surroundings["cwd"]), *(_unknown(step) for step in unknown))
    payloads = {new: old for step in kept for new, old in check.payloads(step).items()}
    return Reuse(folder, run, frozenset(step.name for step in kept), undo, warnings, payloads)


def _began(step: Mapping[str, Any]) -> bool:
    return bool(step.get("started") or step.get("reused"))


def take_over(reuse: Reuse, pipeline: Pipeline, folder: Path) -> None:
    """Bring the payloads and executed notebooks of the steps into the record of a new run. OSError as the disk says."""
    for step in pipeline.steps:
        if step.name not in reuse.steps:
            continue
        for save in step.saves:
            source = reuse.folder / "store" / reuse.payloads[save.id]
            shutil.copytree(source, folder / "store" / save.id, copy_function=_linked)
        spec = read_json(reuse.folder / "work" / f"{step.slug}.spec.json")
        spec["loads"] = [{"payload": load.payload, "names": list(load.names)} for load in step.loads]
        spec["saves"] = [{"id": save.id, "names": list(save.names)} for save in step.saves]
        (folder / "work" / f"{step.slug}.spec.json").write_text(json.dumps(spec), "utf-8")
        names = [f"{step.slug}.{kind}.json" for kind in ("result", "files")]
        for part, name in [("steps", f"{step.slug}.ipynb"), *(("work", name) for name in names)]:
            if (reuse.folder / part / name).exists():
                shutil.copy2(reuse.folder / part / name, folder / part / name)
        _take_copies(reuse.folder / "work" / "before", folder / "work" / "before", step)


def _take_copies(source: Path, target: Path, step: Step) -> None:
    """What the files of a step were before it, for a later run that begins at this step."""
    kept = read_json(source / f"{step.slug}.json")
    if kept:
        target.mkdir(parents=True, exist_ok=True)
        for name in (f"{step.slug}.json", *filter(None, kept.values())):
            shutil.copy2(source / name, target / name)


def _linked(source: str, target: str) -> None:
    """Payloads are never written again, so that two records can share one file."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def _unseen(kept: Sequence[Step], cwd: str) -> Iterator[Diagnostic]:
    """Below the working directory the harness has seen which files were read, elsewhere it has not looked."""
    for step in kept:
        if any(path.startswith(("*", "/", "~")) and is_pattern(path) for path in step.files_read):
            yield diagnose(
                "KL509", f"step {step.name!r} is reused, and read files at paths known only when it runs: those that "
                f"are not below {cwd} are not compared", Location(step.cells[0]), step=step.name,
                hint=f"if one of them was changed, run from there: --from {step.name}",
            )  # fmt: skip


def _unknown(step: Step) -> Diagnostic:
    return diagnose(
        "KL509", f"step {step.name!r} runs again, and files that it wrote at paths known only then are not put back",
        Location(step.cells[0]), step=step.name,
        hint="if it adds to files rather than writing them anew, remove them first",
    )  # fmt: skip
