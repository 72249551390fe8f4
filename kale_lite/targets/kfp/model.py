"""A pipeline as KFP will have it: plain frozen data, from which the DSL is written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from kale_lite.notebook.model import StepOptions
from kale_lite.targets.kfp.importer import Import

__all__ = ["WORKSPACE", "CreatedVolume", "KfpParameter", "KfpPipeline", "KfpTask", "PipelineConfig"]

WORKSPACE = "/kfp-workspace"
"""Where KFP mounts the workspace of a run."""


@dataclass(frozen=True, slots=True)
class CreatedVolume:
    """A volume claim that is made for a run: its name in the notebook, size, access mode, and class (or empty)."""

    name: str
    size: str
    access: str
    storage_class: str = ""


@dataclass(frozen=True, slots=True)
class PipelineConfig:
    """What holds for a whole run. ``seconds`` maps KFP's names for times, ``workspace`` is a size, or empty."""

    seconds: Mapping[str, int] = field(default_factory=dict)
    workspace: str = ""
    workspace_patch: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class KfpParameter:
    """A parameter in KFP's terms.

    ``name`` is the notebook's, ``argument`` what KFP calls it; ``type`` is the notebook's, ``annotation`` the DSL's;
    ``default`` is the value that the DSL has. In the form ``text`` KFP has the value as a Python or JSON literal.
    """

    name: str
    argument: str
    type: str
    annotation: str
    form: str
    default: Any
    original: Any


@dataclass(frozen=True, slots=True)
class KfpTask:
    """A step as component and task.

    ``function`` is the component's name; ``parameters`` maps its arguments to the pipeline's, ``inputs`` artifact
    arguments to (function of the producing task, its output), ``outputs`` artifact arguments to their KFP type.
    ``after`` are functions of tasks it follows without data. ``spec`` is what travels with it, ``sources`` its cells,
    ``files`` what is shipped: a name in the working directory, and the content. ``workspace`` is the argument by which
    KFP knows that the task mounts the workspace; empty for one that does not.
    """

    function: str
    name: str
    about: str
    parameters: Mapping[str, KfpParameter]
    inputs: Mapping[str, tuple[str, str]]
    outputs: Mapping[str, str]
    after: tuple[str, ...]
    image: str
    packages: tuple[str, ...]
    cached: bool | None
    options: StepOptions
    spec: Mapping[str, Any]
    sources: tuple[str, ...]
    files: Mapping[str, bytes] = field(default_factory=dict)
    workspace: str = ""


@dataclass(frozen=True, slots=True)
class KfpPipeline:
    """A compiled pipeline: a task for each step in notebook order, and ``check`` after several of them.

    ``imports`` are files that tasks take, ``volumes`` are made before the first task and removed after the last one.
    """

    name: str
    display_name: str
    description: str
    source: str
    image: str
    parameters: tuple[KfpParameter, ...]
    tasks: tuple[KfpTask, ...]
    check: KfpTask | None = None
    imports: tuple[Import, ...] = ()
    volumes: tuple[CreatedVolume, ...] = ()
    config: PipelineConfig = field(default_factory=PipelineConfig)

    @property
    def all_tasks(self) -> tuple[KfpTask, ...]:
        """The tasks of steps, and the one that looks at what they all report."""
        return (*self.tasks, self.check) if self.check is not None else self.tasks
