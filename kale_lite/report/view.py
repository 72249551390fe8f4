"""The record of a run, read back for its report. Frozen data; what is missing in the record is empty here."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["RunView", "StepView", "place", "read_run", "spent"]


@dataclass(frozen=True, slots=True)
class StepView:
    """A step as its report shows it.

    ``begins`` and ``lasts`` are seconds, the first from the start of the run, None for a step that never started.
    ``cells`` are their numbers in the whole notebook; ``findings`` are diagnostics as JSON.
    """

    name: str
    slug: str
    status: str
    begins: float | None
    lasts: float
    attempts: int
    cells: tuple[int, ...]
    because: str
    findings: tuple[Mapping[str, Any], ...]
    metrics: Mapping[str, Any]
    traceback: str
    shown: bool
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    unchecked: tuple[str, ...]
    reused: str


@dataclass(frozen=True, slots=True)
class RunView:
    """A run: the record's own data, its steps in notebook order, and edges with the names that flow along them."""

    record: Mapping[str, Any]
    steps: tuple[StepView, ...]
    edges: Mapping[tuple[str, str], tuple[str, ...]]
    numbers: Mapping[int, str]
    folder: Path

    @property
    def findings(self) -> tuple[Mapping[str, Any], ...]:
        return tuple(finding for step in self.steps for finding in step.findings)

    @property
    def seconds(self) -> float:
        return float(self.record.get("seconds", 0.0))

    @property
    def times(self) -> float:
        """Seconds that the picture of times spans; never 0."""
        ends = [step.begins + step.lasts for step in self.steps if step.begins is not None]
        return max([self.seconds, *ends, 0.001])


def read_run(folder: Path) -> RunView:
    """Read the record in a folder. OSError or ValueError when there is none."""
    record = json.loads((folder / "run.json").read_text("utf-8"))
    pipeline = json.loads((folder / "pipeline.json").read_text("utf-8"))
    cells = pipeline.get("cells", {}).items()
    numbers = {int(n): place({"notebook": one["notebook"], "cell": one["cell"]}) for n, one in cells}
    return RunView(record, tuple(_steps(record, pipeline)), _edges(pipeline), numbers, folder)


def _steps(record: Mapping[str, Any], pipeline: Mapping[str, Any]) -> Iterator[StepView]:
    for step in pipeline["steps"]:
        found = record["steps"].get(step["name"], {})
        started = found.get("started")
        yield StepView(
            step["name"], step["slug"], found.get("status", "waiting"),
            None if started is None else max(started - record["started"], 0.0),
            float(found.get("seconds", 0.0)), int(found.get("attempts", 0)), tuple(step["cells"]),
            found.get("because", ""), tuple(found.get("diagnostics", ())), found.get("metrics", {}),
            found.get("traceback", ""), step["options"].get("report") is not False,
            tuple(step["inputs"]), tuple(step["outputs"]), tuple(found.get("unchecked", ())), found.get("reused", ""),
        )  # fmt: skip


def _edges(pipeline: Mapping[str, Any]) -> Mapping[tuple[str, str], tuple[str, ...]]:
    labels: dict[tuple[str, str], dict[str, None]] = {(a, b): {} for a, b in pipeline["edges"]}
    for need in pipeline["dependencies"]:
        known = labels.get((need["before"], need["after"]))
        if known is not None:
            known[need["name"] or "declared"] = None
    return {edge: tuple(names) for edge, names in labels.items()}


def place(finding: Mapping[str, Any]) -> str:
    """Where a finding is, as users count: ``7``, ``7, line 2``, ``3 of prepare.ipynb``."""
    if not finding.get("cell"):
        return ""
    notebook = f" of {finding['notebook']}" if finding.get("notebook") else ""
    line = f", line {finding['line']}" if finding.get("line") else ""
    return f"{finding['cell']}{notebook}{line}"


def spent(seconds: float) -> str:
    """A time for people: ``0.4 s``, ``3 min 20 s``, ``2 h 5 min``."""
    if seconds < 60:
        return f"{seconds:.2f} s" if seconds < 1 else f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"


def names(values: Sequence[str], most: int = 4) -> str:
    """Names in short: the first ones, and how many more."""
    return ", ".join(values[:most]) + (f" +{len(values) - most}" if len(values) > most else "")
