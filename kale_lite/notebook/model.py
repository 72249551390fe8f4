"""A notebook as kale-lite sees it: code cells with roles, steps' options, parameters. Frozen data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

__all__ = ["Cell", "Embedding", "Kernel", "Notebook", "Parameter", "Role", "StepOptions"]


class Role(StrEnum):
    """What a cell is for."""

    STEP = "step"
    IMPORTS = "imports"
    FUNCTIONS = "functions"
    PARAMETERS = "parameters"
    METRICS = "metrics"
    NOTEBOOK = "notebook"
    SKIP = "skip"


@dataclass(frozen=True, slots=True)
class StepOptions:
    """Options of a step, from its cells' tags. ``None`` and empty mean: not given.

    ``limits`` and ``requests`` map a resource (``memory``, ``nvidia.com/gpu``) to a quantity;
    ``secrets`` maps an environment variable to (secret, key); ``volumes`` a claim to a path;
    ``timeout`` is in seconds. ``backoff`` is the time between retries as ``WAIT[:FACTOR[:LONGEST]]``. ``tolerations``
    read ``KEY[=VALUE]:EFFECT[:SECONDS]``; ``affinity`` ``KEY:VALUE``, labels of nodes;
    ``config_maps`` an environment variable to (map, key); ``run_as`` has ``user``, ``group`` and ``non-root``.
    ``mounts`` maps a path to what is mounted there, as ``secret:NAME``, ``config-map:NAME``, ``empty-dir[:SIZE]``,
    ``shm:SIZE`` or ``ephemeral:SIZE[:CLASS]`` (several things are a mistake that targets tell); ``pod_fields`` an
    environment variable to a field of the pod; ``node_affinity`` is as Kubernetes writes it.
    """

    limits: Mapping[str, str] = field(default_factory=dict)
    requests: Mapping[str, str] = field(default_factory=dict)
    image: str | None = None
    cache: bool | None = None
    report: bool | None = None
    copies: bool | None = None
    retries: int | None = None
    timeout: float | None = None
    secrets: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    env: Mapping[str, str] = field(default_factory=dict)
    volumes: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    backoff: str | None = None
    config_maps: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    node_selector: Mapping[str, str] = field(default_factory=dict)
    affinity: tuple[str, ...] = ()
    tolerations: tuple[str, ...] = ()
    pull_policy: str | None = None
    pull_secrets: tuple[str, ...] = ()
    run_as: Mapping[str, str] = field(default_factory=dict)
    mounts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    pod_fields: Mapping[str, str] = field(default_factory=dict)
    node_affinity: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Embedding:
    """A notebook that stands in another one, in the place of a cell tagged ``notebook:NAME``.

    ``name`` is that name, with those of the notebooks around it, and begins the names of its steps; ``path`` is
    where it lies from the folder of the outermost notebook. Its first steps come after the steps or notebooks
    named in ``after``. ``parent`` is what it stands in, None for the outermost notebook.
    """

    name: str
    path: str
    after: tuple[str, ...] = ()
    parent: Embedding | None = None

    @property
    def chain(self) -> tuple[Embedding, ...]:
        """The embeddings around its cells, the outermost first."""
        return (*(self.parent.chain if self.parent is not None else ()), self)

    def full_name(self, name: str) -> str:
        """What a step of it is called in the whole pipeline; without a name, its only step."""
        return f"{self.name}-{name}" if name else self.name


@dataclass(frozen=True, slots=True)
class Cell:
    """A code cell with its role resolved.

    ``number`` is the cell's place among all cells of the notebook, from 1, as users count; where notebooks stand in
    one another, a ``CellNumber``. ``step`` is the step's name as written (empty for roles other than step and
    metrics; untagged cells have the name of the step they join; cells before the first tag are ``setup``); in an
    embedded notebook after the embedding's name. A cell of role notebook has the embedding's name, and as its source
    only the assignments to parameters. ``defaults`` are options of its step that the step's own cells override.
    ``within`` is the embedding that the cell is part of.
    """

    number: int
    source: str
    role: Role
    step: str = ""
    after: tuple[str, ...] = ()
    options: StepOptions = field(default_factory=StepOptions)
    tags: tuple[str, ...] = ()
    raises_exception: bool = False
    defaults: StepOptions = field(default_factory=StepOptions)
    within: Embedding | None = None


@dataclass(frozen=True, slots=True)
class Parameter:
    """A typed value the user may set for a run.

    ``type`` is one of ``int float str bool list dict none any``; ``default`` is a literal.
    """

    name: str
    default: Any
    type: str
    cell: int
    line: int


@dataclass(frozen=True, slots=True)
class Kernel:
    """The kernelspec that the notebook names."""

    name: str = "python3"
    display_name: str = ""
    language: str = "python"


@dataclass(frozen=True, slots=True)
class Notebook:
    """A notebook, read and understood; nothing of it is ever written back.

    ``cells`` are its code cells in order, skipped ones included; those of notebooks embedded in it stand where they
    run. ``content`` is the validated JSON (nbformat 4) of all these cells, for the record of a run, ``file`` that of
    the notebook's own file: the same, unless it embeds others. ``mapped`` are the parameters of embedded notebooks
    that a cell sets, with that cell. ``effects`` are the project's own effect catalogues.
    """

    name: str
    cells: tuple[Cell, ...]
    kernel: Kernel
    parameters: tuple[Parameter, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    path: Path | None = None
    content: Mapping[str, Any] = field(default_factory=dict)
    file: Mapping[str, Any] = field(default_factory=dict)
    mapped: Mapping[str, int] = field(default_factory=dict)
    effects: tuple[Path, ...] = ()
