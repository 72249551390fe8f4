"""Edges made against edges needed: a sample of edges is tried out by running the later step before the earlier."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import nbformat

from benchmarks.realnb.runs import Outcome
from kale_lite.verify.outputs import canonical

Edge = tuple[str, str]


def measure(notebook: Path, outcome: Outcome, variables: Mapping[str, str], most: int) -> None:
    """Note in the outcome how many edges there are, how many were tried, and which of them nothing needs.

    Tried are at most ``most`` edges that no other path replaces, those with the smallest digests, and none where the
    outputs are random. An edge is needed when the outputs differ, or a cell fails, with the later step run first.
    """
    graph = subprocess.run([sys.executable, "-m", "kale_lite", "graph", "--format", "json", str(notebook)],
                           env=dict(variables), capture_output=True, text=True, check=True).stdout  # fmt: skip
    content = json.loads(graph)
    steps = [step["name"] for step in content["steps"]]
    edges: list[Edge] = [(before, after) for before, after in content["edges"]]
    outcome.edges, outcome.tried, outcome.needless = len(edges), 0, []
    if outcome.random or not most:
        return
    single = [edge for edge in edges if edge[1] not in _after(edge[0], [e for e in edges if e != edge])]
    single.sort(key=lambda edge: hashlib.sha256("\0".join(edge).encode()).hexdigest())
    straight = _outputs(notebook, steps, variables)
    if straight is None:
        return
    for edge in single[:most]:
        swapped = _outputs(notebook, _turned(steps, edges, edge), variables)
        outcome.tried += 1
        if swapped == straight:
            outcome.needless.append(" -> ".join(edge))


def _after(step: str, edges: Iterable[Edge]) -> set[str]:
    """All steps that come after a step."""
    every, found, todo = list(edges), set[str](), [step]
    while todo:
        one = todo.pop()
        new = {after for before, after in every if before == one} - found
        found |= new
        todo += new
    return found


def _turned(steps: Sequence[str], edges: Sequence[Edge], edge: Edge) -> list[str]:
    """An order that keeps all edges but this one, with its later step before its earlier one."""
    earlier, later = edge
    others = [e for e in edges if e != edge]
    behind = {earlier} | _after(earlier, [*others, (later, earlier)])
    first = [s for s in steps if s not in behind]
    return [*first, *(s for s in steps if s in behind)]


def _outputs(notebook: Path, order: Sequence[str], variables: Mapping[str, str]) -> Mapping[str, Any] | None:
    """The outputs by step of a run in one kernel, cells in this order; None when a cell fails."""
    content = nbformat.read(notebook, as_version=4)
    cells = {tag.removeprefix("step:"): cell for cell in content.cells for tag in cell.metadata.get("tags", ())
             if tag.startswith("step:")}  # fmt: skip
    content.cells = [cells[name] for name in order]
    folder = notebook.parent.with_name("turned")
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(notebook.parent, folder, symlinks=True)
    path, executed = folder.with_name("turned.ipynb"), folder.with_name("turned-done.ipynb")
    nbformat.write(content, path)
    done = subprocess.run([sys.executable, "-m", "papermill", "--no-progress-bar", "--cwd", str(folder), str(path),
                           str(executed)], env=dict(variables), capture_output=True)  # fmt: skip
    if done.returncode:
        return None
    ran = [c for c in nbformat.read(executed, as_version=4).cells if c.cell_type == "code"]
    return {name: canonical(cell.outputs)[0] for name, cell in zip(order, ran, strict=True)}
