"""A notebook as kale-lite sees it: code cells with roles, steps' options, parameters. Frozen data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

__all__ = ["Cell", "Kernel", "Notebook", "Parameter", "Role", "StepOptions"]


class Role(StrEnum):
    """What a cell is for."""

    STEP = "step"
    IMPORTS = "imports"
    FUNCTIONS = "functions"
    PARAMETERS = "parameters"
    METRICS = "metrics"
    SKIP = "skip"


@dataclass(frozen=True, slots=True)
class StepOptions:
    """Options of a step, from its cells' tags. ``None`` and empty mean: not given.

    ``limits`` and ``requests`` map a resource (``memory``, ``nvidia.com/gpu``) to a quantity;
    ``secrets`` maps an environment variable to (secret, key); ``volumes`` a claim to a path;
    ``timeout`` is in seconds.
    """

    limits: Mapping[str, str] = field(default_factory=dict)
    requests: Mapping[str, str] = field(default_factory=dict)
    image: str | None = None
    cache: bool | None = None
    report: bool | None = None
    retries: int | None = None
    timeout: float | None = None
    secrets: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    env: Mapping[str, str] = field(default_factory=dict)
    volumes: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Cell:
    """A code cell with its role resolved.

    ``number`` is the cell's place among all cells of the notebook, from 1, as users count.
    ``step`` is the step's name as written (empty for roles other than step and metrics; untagged
    cells have the name of the step they join; cells before the first tag are ``setup``).
    """

    number: int
    source: str
    role: Role
    step: str = ""
    after: tuple[str, ...] = ()
    options: StepOptions = field(default_factory=StepOptions)
    tags: tuple[str, ...] = ()
    raises_exception: bool = False


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

    ``cells`` are its code cells in order, skipped ones included. ``content`` is the notebook's
    validated JSON (nbformat 4), for the record of a run. ``effects`` are the project's own effect catalogues.
    """

    name: str
    cells: tuple[Cell, ...]
    kernel: Kernel
    parameters: tuple[Parameter, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    path: Path | None = None
    content: Mapping[str, Any] = field(default_factory=dict)
    effects: tuple[Path, ...] = ()
