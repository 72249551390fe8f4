"""What the steps of an earlier run depend on, compared with what is there now."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from kale_lite.artifacts import step_spec
from kale_lite.diagnostics import Diagnostic, Location, diagnose
from kale_lite.notebook.model import Notebook
from kale_lite.pipeline import Pipeline, Step
from kale_lite.targets.local.rollback import Undo
from kale_lite.targets.local.surroundings import digest, file_states, is_for_libraries, words_of

__all__ = ["Unchanged", "read_json"]


class Unchanged:
    """Compares an earlier run with the one to come; finds what is not as it was."""

    def __init__(
        self, notebook: Notebook, pipeline: Pipeline, parameters: Mapping[str, Any], now: Mapping[str, Any],
        folder: Path, run: Mapping[str, Any], again: frozenset[str],
    ) -> None:  # fmt: skip
        self.pipeline, self.parameters, self.now = pipeline, parameters, now
        self.folder, self.run, self.again = folder, run, again
        self.sources = {cell.number: cell.source for cell in notebook.cells}
        self.then = read_json(folder / "work" / "surroundings.json") or {}
        earlier = read_json(folder / "pipeline.json") or {"steps": []}
        self.earlier = {step["name"]: step for step in earlier["steps"]}
        self.owners = {save["payload"]: step["name"] for step in earlier["steps"] for save in step["saves"]}

    def problems(self, kept: Sequence[Step]) -> Iterator[Diagnostic]:
        """What is not as it was, the nearest to the user first."""
        for step in kept:
            yield from self._step(step)
        yield from self._order(kept)
        yield from self._surroundings()
        yield from self._environment(kept)
        for step in kept:
            for ident in self.payloads(step).values():
                if not (self.folder / "store" / ident / "meta.json").exists():
                    yield _refused(step, f"what step {step.name!r} gave is no longer in {self.folder}")

    def _step(self, step: Step) -> Iterator[Diagnostic]:
        record = self.earlier.get(step.name)
        if record is None or self.run["steps"].get(step.name, {}).get("status") != "done":
            yield _refused(step, f"step {step.name!r} is needed and was not done in that run")
            return
        digests = [self.run.get("cells", {}).get(str(number)) for number in record["cells"]]
        for i, number in enumerate(step.cells):
            if i >= len(digests) or digests[i] != digest(self.sources[number]):
                yield _refused(step, f"cell {number}, of step {step.name!r}, was changed since that run", number)
        if len(digests) > len(step.cells):
            yield _refused(step, f"step {step.name!r} had more cells in that run")
        if dict(record["options"].get("env", {})) != dict(step.options.env):
            yield _refused(step, f"the `env:` tags of step {step.name!r} were changed since that run")
        for name in sorted(self.pipeline.predecessors()[step.name] & self.again):
            yield _refused(step, f"step {step.name!r} comes after {name!r}, which runs again")
        yield from self._spec(step)

    def _spec(self, step: Step) -> Iterator[Diagnostic]:
        """What the harness was told then and would be told now."""
        old = read_json(self.folder / "work" / f"{step.slug}.spec.json")
        if old is None:
            yield _refused(step, f"the record of step {step.name!r} is not whole")
            return
        spec = step_spec(step, self.pipeline, store=Path(), result=Path(), parameters=self.parameters)
        new = json.loads(json.dumps(spec, default=repr))
        for name, value in new["parameters"].items():
            if old["parameters"].get(name) != value:
                yield _refused(
                    step,
                    f"parameter {name!r}, which step {step.name!r} uses, has another value in that run",
                    rerun=True,
                )
        for source in new["replays"]:
            if source not in old["replays"]:
                yield _refused(step, f"`{source}`, which step {step.name!r} needs, was not there in that run")
        for save in step.saves:
            if save.id not in self.payloads(step):
                names = ", ".join(map(repr, save.names))
                yield _refused(step, f"step {step.name!r} did not save {names} in that run, which others need now")
        if self._taken(new, _owners_now(self.pipeline)) != self._taken(old, self.owners):
            yield _refused(step, f"step {step.name!r} took other values from earlier steps in that run")
        unchecked = set(new["readonly"]) - set(old["readonly"]) or new["watch"]["kept"] != old["watch"]["kept"]
        if unchecked or new["replays"] != old["replays"] or new["metrics"] != old["metrics"]:
            yield _refused(step, f"step {step.name!r} ran with other imports or checks in that run")

    @staticmethod
    def _taken(spec: Mapping[str, Any], owners: Mapping[str, str]) -> set[tuple[str, str]]:
        """Which names a step takes, and from which step."""
        return {(owners[load["payload"]], name) for load in spec["loads"] for name in load["names"]}

    def payloads(self, step: Step) -> dict[str, str]:
        """The payloads that a step should have written, with those of the earlier run that hold them.

        An earlier one may hold more: then a later step needed more.
        """
        old = [(one["payload"], set(one["names"])) for one in self.earlier[step.name]["saves"]]
        holding = ((save.id, [ident for ident, names in old if names >= set(save.names)]) for save in step.saves)
        return {ident: found[0] for ident, found in holding if found}

    def _order(self, kept: Sequence[Step]) -> Iterator[Diagnostic]:
        then = [name for name in self.earlier if name not in self.again]
        now = [step.name for step in kept]
        if [name for name in then if name in now] != now:
            yield _refused(kept[0], "the steps stand in another order than in that run")

    def _surroundings(self) -> Iterator[Diagnostic]:
        for key, words in (("kernel", "kernel"), ("hash_seed", "PYTHONHASHSEED"), ("cwd", "working directory"),
                           ("kale_lite", "kale-lite")):  # fmt: skip
            if self.then.get(key) != self.now[key]:
                yield _refused(None, f"the {words} is {self.now[key]}, and was {self.then.get(key)} in that run")
        then, now = self.then.get("look"), self.now["look"]
        if not then or not now:
            yield _refused(None, "which packages the kernel has cannot be found out")
            return
        if (then["python"], then["executable"]) != (now["python"], now["executable"]):
            yield _refused(None, "the kernel has another Python than in that run")
        for name, version in sorted(then["packages"].items()):
            if now["packages"].get(name) != version:
                is_now = now["packages"].get(name, "not installed")
                yield _refused(None, f"package {name} was {version} in that run, and is now {is_now}")
        for name, source in sorted(then["modules"].items()):
            if now["modules"].get(name, source) != source:
                yield _refused(None, f"module {name!r}, which the notebook imports, was changed since that run")

    def _environment(self, kept: Sequence[Step]) -> Iterator[Diagnostic]:
        """Environment variables that the cells of these steps name, but for those that their tags set."""
        for name in self._variables():
            for step in kept:
                cell = next((n for n in step.cells if name in words_of(self.sources[n])), 0)
                if cell and name not in step.options.env:
                    said = f"environment variable {name!r}, which cell {cell} names, is not as it was in that run"
                    yield _refused(step, said, cell)

    def _variables(self) -> list[str]:
        """The environment variables that are not as they were, of those that were noted."""
        then, now = self.then.get("environment", {}), self.now["environment"]
        return sorted(name for name in then.keys() | now.keys() if then.get(name) != now.get(name))

    def unsure(self) -> Iterator[Diagnostic]:
        """Variables, packages that were installed since (most often what a step failed for), modules not compared."""
        if not self.then.get("look"):
            return
        changed = ", ".join(filter(is_for_libraries, self._variables()))
        if changed:
            said = f"environment variables that libraries may go by are not as they were in that run: {changed}"
            yield diagnose(
                "KL509", said, hint="if a step that is reused depends on one, run the notebook from the start"
            )
        for name in self.now["look"]["unfound"]:
            yield diagnose("KL509", f"module {name!r} cannot be found before the notebook runs, and is not compared",
                           hint="if it was changed since that run, run the notebook from the start")  # fmt: skip
        new = sorted(set(self.now["look"]["packages"]) - set(self.then["look"]["packages"]))
        if new:
            names = ", ".join(new[:5]) + (f" and {len(new) - 5} more" if len(new) > 5 else "")
            yield diagnose("KL509", f"installed since that run, and not seen by the steps that are reused: {names}",
                           hint="if a library uses one of these, run the notebook from the start")  # fmt: skip

    def files(self, kept: Sequence[Step], undo: Sequence[Undo]) -> Iterator[Diagnostic]:
        """Files that the kept steps read or wrote, where they are not as these steps left them."""
        expected: dict[str, tuple[Step, Any]] = {}
        for step in kept:
            for path, state in (read_json(self.folder / "work" / f"{step.slug}.files.json") or {}).items():
                expected[path] = (step, state)
        back = {str(one.path): one for one in undo}
        yield from (_half_way(one) for one in undo if not one.possible)
        for path, (step, state) in expected.items():
            if path in back:
                source = back[path].copy
                found = file_states([str(source)], Path("/"))[str(source)] if source is not None else None
            else:
                found = file_states([path], Path("/")).get(path)
            if found != state:
                what = "is gone" if found is None else "was changed"
                yield _refused(step, f"file {path}, which step {step.name!r} uses, {what} since")


def _owners_now(pipeline: Pipeline) -> dict[str, str]:
    return {save.id: step.name for step in pipeline.steps for save in step.saves}


def _half_way(one: Undo) -> Diagnostic:
    """A file of a step that runs again, which nobody can tell to be as that step left it."""
    how = "was changed after it" if one.ended else "may be half written, as that run was killed"
    hint = (
        f"put back what it was before: {one.copy}"
        if one.copy is not None
        else f"remove it, as before step {one.step!r}"
    )
    return diagnose(
        "KL508", f"no steps can be reused: {one.path}, of step {one.step!r}, {how}", hint=hint, step=one.step
    )


def _refused(step: Step | None, what: str, cell: int = 0, *, rerun: bool = False) -> Diagnostic:
    place = Location(cell) if cell else None
    hint = (
        f"run from step {step.name!r} (`--from {step.name}`)"
        if step is not None and (cell or rerun)
        else "run the notebook from the start"
    )
    return diagnose("KL508", f"no steps can be reused: {what}", place, hint=hint, step=step.name if step else "")


def read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return None
