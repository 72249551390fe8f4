"""A compiled pipeline as read from its YAML: is it one, does it fit, which parameters and tasks has it?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from kale_lite.diagnostics import Diagnostic, diagnose
from kale_lite.errors import RefusedError
from kale_lite.notebook import set_parameters
from kale_lite.notebook.model import Parameter
from kale_lite.pipeline import Dependency, Pipeline, Step

__all__ = ["LARGEST_PIPELINE", "Spec", "Task", "check_size", "read_spec", "shown_pipeline", "spec_arguments"]

LARGEST_PIPELINE = 1_572_864
"""Bytes of YAML that no cluster takes by default: a workflow is kept as one object, and etcd bounds its requests."""
_LONGEST_ARGUMENT = 131_071
"""Bytes of one argument of a process, on Linux."""
_TYPES = {"NUMBER_INTEGER": "int", "NUMBER_DOUBLE": "float", "BOOLEAN": "bool", "STRING": "str", "LIST": "list",
          "STRUCT": "dict"}  # fmt: skip
_COMPILE = "give a notebook (.ipynb), or YAML that kale-lite or `kfp dsl compile` wrote"


@dataclass(frozen=True, slots=True)
class Task:
    """A task of the pipeline: ``key`` is KFP's name for it, ``name`` what people call it: the notebook's step."""

    key: str
    name: str
    before: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Spec:
    """A pipeline's spec. ``required`` are the parameters without a default."""

    name: str
    display_name: str
    parameters: tuple[Parameter, ...]
    required: frozenset[str]
    tasks: tuple[Task, ...]


def check_size(size: int) -> None:
    """RefusedError for a pipeline that is too large for a cluster."""
    if size > LARGEST_PIPELINE:
        raise RefusedError((diagnose(
            "KL720", f"the pipeline takes {size:,} bytes, and clusters take {LARGEST_PIPELINE:,} at most: "
            "nothing was sent", hint="join steps that always run one after another, or make two pipelines",
        ),))  # fmt: skip


def read_spec(text: str, path: Path) -> Spec:
    """The spec in a pipeline's YAML. RefusedError for what is no pipeline of KFP v2, or can never run."""
    check_size(len(text.encode()))
    spec = _document(text, path)
    info, root = spec["pipelineInfo"], spec["root"]
    if problems := tuple(_long_arguments(spec)):
        raise RefusedError(problems)
    inputs = (root.get("inputDefinitions") or {}).get("parameters") or {}
    required = {name for name, one in inputs.items() if "defaultValue" not in one and not one.get("isOptional")}
    return Spec(
        info["name"], info.get("displayName") or info["name"],
        tuple(_parameter(name, one) for name, one in inputs.items()), frozenset(required),
        tuple(_tasks((root.get("dag") or {}).get("tasks") or {})),
    )  # fmt: skip


def _document(text: str, path: Path) -> dict[str, Any]:
    import yaml

    try:
        found = next(iter(yaml.load_all(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))), None)
    except (yaml.YAMLError, RecursionError) as error:
        raise _no_pipeline(path, f"is no YAML: {' '.join(str(error).split())[:200]}") from None
    if not isinstance(found, dict):
        raise _no_pipeline(path, "holds no pipeline")
    if not isinstance(found.get("pipelineInfo"), dict) or not isinstance(found.get("root"), dict):
        raise _no_pipeline(path, _kind(found))
    if not isinstance(found["pipelineInfo"].get("name"), str):
        raise _no_pipeline(path, "is a pipeline without a name")
    return found


def _kind(found: Mapping[str, Any]) -> str:
    """What a YAML of another tool is, as far as one can tell."""
    kind = found.get("kind")
    if kind in ("Workflow", "WorkflowTemplate") and "argoproj" in str(found.get("apiVersion")):
        return "is an Argo workflow, as KFP v1 made them, and no pipeline of KFP v2"
    if kind and found.get("apiVersion"):
        return f"is an object of Kubernetes ({kind}), and no pipeline of KFP v2"
    if "implementation" in found and "name" in found:
        return "is a component of KFP, and no pipeline"
    if "services" in found:
        return "is a file of Docker Compose, and no pipeline of KFP v2"
    return "is no pipeline of KFP v2: it has no pipelineInfo and root"


def _no_pipeline(path: Path, what: str) -> RefusedError:
    return RefusedError((diagnose("KL721", f"{path} {what}", hint=_COMPILE),))


def _long_arguments(spec: Mapping[str, Any]) -> Iterator[Diagnostic]:
    executors = (spec.get("deploymentSpec") or {}).get("executors") or {}
    for name, executor in executors.items():
        container = executor.get("container") or {}
        sizes = [len(str(one).encode()) for one in (*(container.get("command") or ()), *(container.get("args") or ()))]
        if max(sizes, default=0) > _LONGEST_ARGUMENT:
            yield diagnose(
                "KL707", f"step {name.removeprefix('exec-')!r} has an argument of {max(sizes):,} bytes, and a "
                f"container can be started with {_LONGEST_ARGUMENT:,}: nothing was sent",
                hint="move long texts and tables into files or modules of the image, or split the step",
            )  # fmt: skip


def _parameter(name: str, one: Mapping[str, Any]) -> Parameter:
    kind, default = _TYPES.get(one.get("parameterType", ""), "any"), one.get("defaultValue")
    return Parameter(name, int(default) if kind == "int" and isinstance(default, float) else default, kind, 0, 0)


def _tasks(found: Mapping[str, Any]) -> Iterator[Task]:
    """The tasks, each after those it depends on; names that two tasks have are KFP's instead."""
    names = {key: str((task.get("taskInfo") or {}).get("name") or key) for key, task in found.items()}
    counts = list(names.values())
    after = {key: [one for one in task.get("dependentTasks") or () if one in found] for key, task in found.items()}
    done: list[str] = []
    while len(done) < len(found):
        ready = [key for key in found if key not in done and all(one in done for one in after[key])]
        done += ready or [key for key in found if key not in done]
    for key in done:
        yield Task(key, names[key] if counts.count(names[key]) == 1 else key, tuple(after[key]))


def shown_pipeline(spec: Spec) -> Pipeline:
    """The tasks and their order, for those who show a run."""
    names = {one.key: one.name for one in spec.tasks}
    needs = (Dependency(names[key], one.name, "", "declared") for one in spec.tasks for key in one.before)
    return Pipeline(spec.name, tuple(Step(one.name, one.key, "step", ()) for one in spec.tasks), tuple(needs))


def spec_arguments(spec: Spec, given: Mapping[str, Any]) -> dict[str, Any]:
    """The given parameters in the types that the pipeline declares. RefusedError for unknown, unfit, missing ones."""
    values, problems = set_parameters(spec.parameters, given)
    problems = tuple(_without_cell(one, spec) for one in problems)
    missing = sorted(spec.required - set(given))
    if missing:
        problems += (diagnose(
            "KL502", f"the pipeline needs a value for {', '.join(map(repr, missing))}: there is no default",
            hint=f"add -p {missing[0]}=VALUE",
        ),)  # fmt: skip
    if problems:
        raise RefusedError(problems)
    return {name: values[name] for name in given}


def _without_cell(one: Diagnostic, spec: Spec) -> Diagnostic:
    """A finding in words of a pipeline instead of a notebook."""
    hint = one.hint if spec.parameters else "the pipeline has no parameters"
    return replace(one, location=None, hint="" if hint == "its default is None" else hint)
