"""From pipeline to KFP pipeline: tasks with typed arguments, artifacts, packages, and what must be told before."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from kale_lite.artifacts import step_spec
from kale_lite.cells import cell_list, notebook_of
from kale_lite.diagnostics import Diagnostic, diagnose
from kale_lite.notebook.model import Notebook, StepOptions
from kale_lite.pipeline import Pipeline, Step
from kale_lite.targets.kfp.arguments import Arguments
from kale_lite.targets.kfp.caching import from_cluster, surroundings, uncacheable
from kale_lite.targets.kfp.environment import Environment
from kale_lite.targets.kfp.files import Files, plan_files
from kale_lite.targets.kfp.importer import check_imports, imports_of
from kale_lite.targets.kfp.imports import without_installs
from kale_lite.targets.kfp.model import WORKSPACE, KfpParameter, KfpPipeline, KfpTask
from kale_lite.targets.kfp.names import Names, pipeline_slug
from kale_lite.targets.kfp.options import CompileOptions
from kale_lite.targets.kfp.packages import Needs, needs_of_steps
from kale_lite.targets.kfp.parameters import as_literal, kfp_parameters
from kale_lite.targets.kfp.people import copies_of
from kale_lite.targets.kfp.placement import placement_only
from kale_lite.targets.kfp.resources import check_options, is_image
from kale_lite.targets.kfp.settings import (
    created_volumes,
    pipeline_config,
    setting_image,
    setting_problems,
    setting_volumes,
)

__all__ = ["plan_pipeline"]

_SEED = "0"
_SHARED_FROM = 12
"""Steps from which on the harness is an artifact of the first ones: brought by each, it is most of the YAML."""
_CHECK = "check of all steps"


def plan_pipeline(
    notebook: Notebook, pipeline: Pipeline, options: CompileOptions, environment: Environment
) -> tuple[KfpPipeline, tuple[Diagnostic, ...]]:
    """The KFP pipeline and everything that is to be said about it; with errors it must not be used."""
    folder = (notebook.path or Path(".")).resolve().parent
    pipeline = _with_volumes(pipeline, setting_volumes(notebook))
    needs, problems = needs_of_steps(notebook, pipeline, environment, install=options.install)
    modules = {name: sorted(one.modules) for name, one in needs.items()}
    config = pipeline_config(notebook)
    mounts = (WORKSPACE,) if config.workspace else ()
    imports, wrong = imports_of(notebook, options.imports)
    files, more = plan_files(pipeline, folder, modules, options.include, mounts, imports)
    problems += (*more, *wrong, *check_imports(pipeline, imports), *setting_problems(notebook))
    problems += tuple(one for step in pipeline.steps for one in check_options(step))
    image = options.image or setting_image(notebook) or f"python:{environment.python[0]}.{environment.python[1]}-slim"
    if not is_image(image):
        problems += (diagnose("KL702", f"{image!r} is no image reference",
                              hint="write it like `python:3.11-slim` or `HOST/PATH:TAG`"),)  # fmt: skip
    parameters = kfp_parameters(pipeline.parameters)
    planner = _Planner(notebook, pipeline, options, environment, image, parameters, needs, files, bool(mounts))
    tasks = tuple(planner.tasks())
    return (
        KfpPipeline(
            name=pipeline_slug(pipeline.name),
            display_name=pipeline.name,
            description=_description(notebook),
            source=notebook.path.name if notebook.path else notebook.name,
            image=image,
            parameters=parameters,
            tasks=tasks,
            check=planner.check(tasks) if len(tasks) > 1 else None,
            imports=imports,
            volumes=created_volumes(notebook),
            config=config,
        ),
        problems,
    )


def _with_volumes(pipeline: Pipeline, volumes: Mapping[str, str]) -> Pipeline:
    """The pipeline with volumes that every step mounts; those of a step's own tags win."""
    steps = [replace(one, options=replace(one.options, volumes={**volumes, **one.options.volumes}))
             for one in pipeline.steps]  # fmt: skip
    return replace(pipeline, steps=tuple(steps)) if volumes else pipeline


def _description(notebook: Notebook) -> str:
    text = str(notebook.settings.get("pipeline_description") or "")
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


@dataclass(slots=True)
class _Planner:
    notebook: Notebook
    pipeline: Pipeline
    options: CompileOptions
    environment: Environment
    image: str
    parameters: tuple[KfpParameter, ...]
    needs: Mapping[str, Needs]
    files: Mapping[str, Files]
    workspace: bool = False

    def tasks(self) -> Iterator[KfpTask]:
        """The tasks, in notebook order."""
        names = Names(one.argument for one in self.parameters)
        functions = {step.name: names.give(step.slug, "step") for step in self.pipeline.steps}
        outputs: dict[str, tuple[str, str]] = {}
        given: dict[str, tuple[str, str]] = {}
        known = {one.name: one for one in self.parameters}
        harness = _harness_sources(self.pipeline) if len(self.pipeline.steps) >= _SHARED_FROM else {}
        for step in self.pipeline.steps:
            mine = Arguments(step, {known[name].argument: known[name] for name in step.parameters})
            mine.take(step, outputs, {name: given[name] for name in self.files[step.name].sources})
            mine.import_(self.files[step.name].imported)
            mine.give(step, self.files[step.name].gives)
            mine.show(*copies_of(step, self.notebook))
            if self.workspace:
                mine.mount_workspace()
            if harness:
                mine.share_harness({name: functions[name] for name in harness[step.name]})
            outputs.update({ident: (functions[step.name], one) for one, ident in mine.saves.items()})
            if mine.files_out:
                given[step.name] = (functions[step.name], mine.files_out)
            yield self._task(step, functions, mine)

    @property
    def _for_all(self) -> StepOptions:
        """The options that the settings give to every step."""
        return next((cell.defaults for cell in self.notebook.cells if cell.step and cell.within is None), StepOptions())

    @property
    def people(self) -> bool:
        """Whether any step can hold a value that people get a copy or a description of."""
        foreign = set(self.pipeline.libraries) - self.environment.standard
        return bool(foreign) or any(copies_of(step, self.notebook)[0] for step in self.pipeline.steps)

    def check(self, tasks: Sequence[KfpTask]) -> KfpTask:
        """The last task: it looks at the reports of all steps for what none of them can see alone."""
        taken = [*(task.function for task in tasks), *(one.argument for one in self.parameters)]
        arguments = Names()
        inputs = {arguments.give(f"notebook_of_{task.function}"): (task.function, task.spec["notebook_out"])
                  for task in tasks}  # fmt: skip
        steps = [{"argument": argument, "name": step.name, "cells": task.spec["cells"], "effects": list(step.effects),
                  "files_read": list(step.files_read), "files_written": list(step.files_written)}
                 for argument, step, task in zip(inputs, self.pipeline.steps, tasks, strict=True)]  # fmt: skip
        shared = ("format", "pipeline", "notebook", "python")
        spec = {**{key: tasks[0].spec[key] for key in shared}, "kind": "check", "step": _CHECK, "cells": [],
                "steps": steps, "edges": [list(edge) for edge in self.pipeline.edges]}  # fmt: skip
        about = "Looks at what all steps report for what no step can see alone."
        packages = Needs().packages(self.environment) if self.options.install else ()
        return KfpTask(Names(taken).give("check"), _CHECK, about, {}, inputs, {}, (), self.image, packages, False,
                       placement_only(self._for_all), spec, ())  # fmt: skip

    def _task(self, step: Step, functions: Mapping[str, str], mine: Arguments) -> KfpTask:
        linked = {producer for producer, _ in mine.inputs.values()}
        before = [functions[one] for one in self.pipeline.predecessors()[step.name]]
        order = list(functions.values())
        cells = [cell for cell in self.notebook.cells if cell.number in set(step.cells)]
        source = self.notebook.path.name if self.notebook.path else self.notebook.name
        return KfpTask(
            function=functions[step.name],
            name=step.name,
            about=f"Step {step.name!r}: {_about(step, source)}.",
            parameters=mine.parameters,
            inputs=mine.inputs,
            outputs=mine.outputs,
            after=tuple(sorted(set(before) - linked, key=order.index)),
            image=step.options.image or self.image,
            packages=self.needs[step.name].packages(self.environment) if self.options.install else (),
            cached=self._cached(step),
            options=step.options,
            spec=self._spec(step, mine),
            sources=tuple(without_installs(cell.source)[0] for cell in cells),
            files=self.files[step.name].shipped,
            workspace=mine.workspace,
        )

    def _cached(self, step: Step) -> bool | None:
        """Whether KFP may reuse an earlier run of the step; None leaves it to KFP."""
        if step.options.cache is not None:
            return step.options.cache
        if uncacheable(step, self.pipeline) or from_cluster(step.options) or self.options.cache is False:
            return False
        if self.options.cache is None and self.notebook.settings.get("enable_caching") is False:
            return False
        return None

    def _spec(self, step: Step, mine: Arguments) -> dict[str, Any]:
        defaults = {one.name: one.default for one in self.pipeline.parameters}
        spec = step_spec(step, self.pipeline, store=Path("."), result=Path("."), parameters=defaults)
        for key in ("store", "result", "fingerprints", "parameters"):
            del spec[key]
        cells = [cell for cell in self.notebook.cells if cell.number in set(step.cells)]
        seed = os.environ.get("PYTHONHASHSEED", "")
        return {
            "format": 1,
            "step": step.name,
            "pipeline": self.pipeline.name,
            "notebook": self.notebook.path.name if self.notebook.path else self.notebook.name,
            "python": list(self.environment.python),
            "hash_seed": seed if seed.isdigit() else _SEED,
            "cells": [{"number": int(c.number), "label": str(c.number), "tags": list(c.tags)} for c in cells],
            "parameters": {argument: _parameter(one) for argument, one in mine.parameters.items()},
            "loads": dict(mine.loads),
            "saves": dict(mine.saves),
            "files_in": list(mine.files_in),
            "imported": dict(mine.imported),
            "files_out": mine.files_out,
            "files_matter": self.files[step.name].matter,
            "harness_in": mine.harness_in,
            "harness_out": mine.harness_out,
            "notebook_out": mine.notebook_out,
            "report_out": mine.report_out,
            "metrics_out": mine.metrics_out,
            "people": self.people,
            "about": self.people and step.options.copies is not False,
            "copies": list(mine.copies),
            "not_copied": list(mine.not_copied),
            "surroundings": surroundings(step.options),
            "spec": spec,
        }  # fmt: skip


def _parameter(one: KfpParameter) -> dict[str, str]:
    return {"name": one.name, "type": one.type, "form": one.form, "default": as_literal(one.original)}


def _about(step: Step, source: str) -> str:
    """Where a step's cells stand."""
    text = cell_list(step.cells)
    return text if any(notebook_of(cell) for cell in step.cells) else f"{text} of {source}"


def _harness_sources(pipeline: Pipeline) -> Mapping[str, tuple[str, ...]]:
    """For each step a first step that it comes after anyway; none for those that come after nothing."""
    before = pipeline.predecessors()
    found: dict[str, tuple[str, ...]] = {}
    for step in pipeline.steps:
        direct = sorted(before[step.name])
        found[step.name] = (found[direct[0]] or (direct[0],)) if direct else ()
    return found
