"""The compiled result: steps, dependencies, payloads, parameters, metrics. Plain frozen data.

Targets read it, ``pipeline.json`` holds it. Nothing here knows how it was made or how it runs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from kale_lite.cells import CellNumber
from kale_lite.notebook.model import Kernel, Parameter, StepOptions

__all__ = ["LIBRARY_PREFIX", "STATE_PREFIX", "Dependency", "Load", "Metric", "Payload", "Pipeline", "Step"]

STATE_PREFIX = "state:"
"""Names in payloads that start so are interpreter state (``state:numpy.random``), not variables."""
LIBRARY_PREFIX = "library:"
"""Interpreter state whose name starts so is what a package counts within itself (``library:control``)."""


@dataclass(frozen=True, slots=True)
class Dependency:
    """Step ``after`` needs step ``before``, and why.

    ``kind`` is ``data`` (a variable), ``shared`` (objects shared with a variable), ``state``,
    ``file``, ``service`` or ``declared``. ``cell`` and ``line`` are where the need arises in the
    later step (0: nowhere in particular); ``rule`` is the id of the catalogue rule behind it, if any.
    """

    before: str
    after: str
    name: str
    kind: str
    cell: int = 0
    line: int = 0
    rule: str = ""

    def to_json(self) -> dict[str, Any]:
        return {
            "before": self.before,
            "after": self.after,
            "name": self.name,
            "kind": self.kind,
            "cell": self.cell,
            "line": self.line,
            "rule": self.rule,
        }


@dataclass(frozen=True, slots=True)
class Payload:
    """What one step writes once: names that share objects travel together."""

    id: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Load:
    """The names that a step takes from a payload of an earlier step."""

    payload: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Metric:
    """A value that a step reports: ``expression`` is evaluated in the step when its cells are done."""

    name: str
    expression: str


@dataclass(frozen=True, slots=True)
class Step:
    """A node of the graph.

    ``name`` is unique and as the user wrote it, ``slug`` unique and safe in file names and URLs.
    ``cells`` are numbers of the notebook's cells, from 1. ``loads`` happen in order before the
    first cell, after ``replays`` (import statements and known settings) and ``parameters``.
    ``inputs`` and ``outputs`` are the variables a reader of the graph cares about. ``readonly`` are
    loaded names that knowledge (not syntax) holds unchanged and a later step reads: checked when
    the step ends.
    ``files_read`` and ``files_written`` hold paths as written, ``*`` when unknown. ``within`` are the names of
    the embedded notebooks that it is a step of, the outermost first. ``kinds`` has the names that it leaves with what
    people like to see: ``table``, ``model`` or ``figure``, as far as analysis knows.
    """

    name: str
    slug: str
    role: str
    cells: tuple[int, ...]
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    parameters: tuple[str, ...] = ()
    replays: tuple[str, ...] = ()
    loads: tuple[Load, ...] = ()
    saves: tuple[Payload, ...] = ()
    readonly: tuple[str, ...] = ()
    metrics: tuple[Metric, ...] = ()
    files_read: tuple[str, ...] = ()
    files_written: tuple[str, ...] = ()
    effects: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    kinds: Mapping[str, str] = field(default_factory=dict)
    options: StepOptions = field(default_factory=StepOptions)
    within: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "slug": self.slug,
            "role": self.role,
            "cells": list(self.cells),
            "inputs": list(self.inputs),
            "outputs": list(self.outputs),
            "parameters": list(self.parameters),
            "replays": list(self.replays),
            "loads": [{"payload": load.payload, "names": list(load.names)} for load in self.loads],
            "saves": [{"payload": save.id, "names": list(save.names)} for save in self.saves],
            "readonly": list(self.readonly),
            "metrics": [{"name": m.name, "expression": m.expression} for m in self.metrics],
            "files": {"read": list(self.files_read), "written": list(self.files_written)},
            "effects": list(self.effects),
            "kept": list(self.kept),
            "kinds": dict(self.kinds),
            "options": _options_json(self.options),
            "within": list(self.within),
        }


@dataclass(frozen=True, slots=True)
class Pipeline:
    """A notebook, compiled. ``steps`` are in notebook order, which is a topological order.

    ``libraries`` are the top-level packages and modules that its code imports.
    A parameter that several notebooks have is in ``parameters`` once for each.
    """

    name: str
    steps: tuple[Step, ...]
    dependencies: tuple[Dependency, ...]
    parameters: tuple[Parameter, ...] = ()
    kernel: Kernel = field(default_factory=Kernel)
    libraries: tuple[str, ...] = ()

    @property
    def edges(self) -> tuple[tuple[str, str], ...]:
        """Pairs (before, after) of step names, each once, in notebook order."""
        place = {step.name: i for i, step in enumerate(self.steps)}
        pairs = {(d.before, d.after) for d in self.dependencies}
        return tuple(sorted(pairs, key=lambda p: (place[p[1]], place[p[0]])))

    def step(self, name: str) -> Step:
        """The step of this name. KeyError when there is none."""
        for step in self.steps:
            if step.name == name:
                return step
        raise KeyError(name)

    def predecessors(self) -> Mapping[str, frozenset[str]]:
        """For each step the steps it directly depends on."""
        before: dict[str, set[str]] = {step.name: set() for step in self.steps}
        for a, b in self.edges:
            before[b].add(a)
        return {name: frozenset(names) for name, names in before.items()}

    def until(self, name: str) -> Pipeline:
        """The part of the pipeline that a step needs, itself included."""
        before, wanted, todo = self.predecessors(), {name}, [name]
        while todo:
            new = before[todo.pop()] - wanted
            wanted |= new
            todo += new
        steps = tuple(step for step in self.steps if step.name in wanted)
        needs = tuple(need for need in self.dependencies if need.after in wanted)
        return replace(self, steps=steps, dependencies=needs)

    def _moved_cells(self) -> list[CellNumber]:
        """The cells whose number is not what users count, because notebooks stand in this one."""
        named = [n for step in self.steps for n in step.cells]
        named += [p.cell for p in self.parameters] + [d.cell for d in self.dependencies]
        moved = {n for n in named if isinstance(n, CellNumber) and (n.notebook or n != n.own)}
        return sorted(moved)

    def reasons(self, before: str, after: str) -> Iterator[Dependency]:
        """The dependencies behind one edge."""
        return (d for d in self.dependencies if (d.before, d.after) == (before, after))

    def to_json(self) -> dict[str, Any]:
        """The documented JSON form (``docs/pipeline-json.md``)."""
        return {
            "format": 1,
            "name": self.name,
            "kernel": {"name": self.kernel.name, "language": self.kernel.language},
            "cells": {str(int(n)): {"notebook": n.notebook, "cell": n.own} for n in self._moved_cells()},
            "parameters": [
                {"name": p.name, "type": p.type, "default": p.default, "cell": p.cell, "line": p.line}
                for p in {p.name: p for p in reversed(self.parameters)}.values()
            ][::-1],
            "libraries": list(self.libraries),
            "steps": [step.to_json() for step in self.steps],
            "edges": [list(edge) for edge in self.edges],
            "dependencies": [d.to_json() for d in self.dependencies],
        }


def _options_json(options: StepOptions) -> dict[str, Any]:
    """The options which are given, as plain JSON."""
    found: dict[str, Any] = {}
    for key in options.__dataclass_fields__:
        value = getattr(options, key)
        if isinstance(value, Mapping):
            value = {k: list(v) if isinstance(v, tuple) else v for k, v in value.items()}
        elif isinstance(value, tuple):
            value = list(value)
        if value not in (None, {}, []):
            found[key] = value
    return found
