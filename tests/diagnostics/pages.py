"""The pages of the diagnostics: their form, and their examples run for real.

A page has an example that gives its code, what is then said, and how to settle it::

    ## Example

    ```python
    # %% step:load, retry:2
    rows = [1, 2]
    # %% file: helper.py
    ...
    ```

    ```console
    $ kale-lite run nb.ipynb --kernel no-such-kernel
    ```

    ```text
    cell 2, line 1: error ...
    ```

    ## Settled

A cell's header has its tags. `# notebook: {...}` is metadata of the notebook; a `json` block stands for the
whole file; `# %% of prepare.ipynb: step:load` begins a cell of another notebook (`of prepare.ipynb (kernel ml)` names
its kernel). Without a command the notebook is checked. The settled form repeats only the blocks that are different.
"""

from __future__ import annotations

import io
import json
import re
import shlex
import sys
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import pytest

from kale_lite.artifacts import ship_harness, step_spec
from kale_lite.artifacts.step_notebook import build_step_notebook
from kale_lite.cli import main
from kale_lite.diagnostics import Diagnostic
from kale_lite.notebook import set_parameters
from kale_lite.project import load
from kale_lite.targets.local import TARGET
from kale_lite.targets.local.failure import failed_step
from tests.conformance import forked
from tests.conftest import make_notebook

FOLDER = Path(__file__).parents[2] / "docs" / "diagnostics"
_FORKED = frozenset({"KL401", "KL406", "KL407", "KL408", "KL410"})
"""What the harness in a step says: these steps run in forked processes, as the conformance cases do."""
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.M | re.S)
_OTHER = re.compile(r"of (?P<name>\S+\.ipynb)(?: \(kernel (?P<kernel>\S+)\))?:(?P<tags>.*)")
_CELL = re.compile(r"^# %%(?P<head>[^\n]*)\n(?P<body>.*?)(?=^# %%|\Z)", re.M | re.S)


@dataclass(frozen=True, slots=True)
class Example:
    """A notebook (cells with tags, or a file's text), other files, and the command, if any."""

    cells: tuple[tuple[str, str], ...] = ()
    metadata: dict[str, Any] | None = None
    text: str = ""
    files: tuple[tuple[str, str], ...] = ()
    command: str = ""
    forked: bool = False

    def write(self, folder: Path) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / "nb.ipynb"
        for name, source in self.files:
            (folder / name).write_text(source, "utf-8")
        if self.text:
            path.write_text(self.text, "utf-8")
        else:
            nbformat.write(make_notebook(self.cells, **(self.metadata or {})), path)
        return path


@dataclass(frozen=True, slots=True)
class Page:
    """A page, read. ``settled`` is None for pages whose example cannot be run."""

    code: str
    text: str
    example: Example | None
    output: str
    settled: Example | None


def read_page(code: str) -> Page:
    """Read a page of ``docs/diagnostics``."""
    text = (FOLDER / f"{code}.md").read_text("utf-8")
    sections = dict(_sections(text))
    if "Example" not in sections:
        return Page(code, text, None, "", None)
    before = _blocks(sections["Example"])
    after = {**before, **_blocks(sections["Settled"])}
    if "json" in before and "python" in after:
        del after["json"]
    forked = code in _FORKED
    return Page(code, text, _example(before, forked), before["text"], _example(after, forked))


def _sections(text: str) -> Iterator[tuple[str, str]]:
    parts = re.split(r"^## (.+)$", text, flags=re.M)
    yield from zip(parts[1::2], parts[2::2], strict=True)


def _blocks(section: str) -> dict[str, str]:
    return dict(_BLOCK.findall(section))


def _example(blocks: dict[str, str], forked: bool) -> Example:
    source = blocks.get("python", "")
    given = re.match(r"# notebook: (.*)\n", source)
    cells, files = [], []
    others: dict[str, list[tuple[str, str]]] = {}
    kernels: dict[str, str] = {}
    for match in _CELL.finditer(source):
        head, body = match["head"].strip(), match["body"].rstrip("\n")
        if head.startswith("file: "):
            files.append((head.removeprefix("file: "), body + "\n"))
        elif other := _OTHER.fullmatch(head):
            others.setdefault(other["name"], []).append((other["tags"].strip().replace(", ", "|"), body))
            kernels[other["name"]] = other["kernel"] or kernels.get(other["name"], "python3")
        else:
            cells.append(("md" if head == "[markdown]" else head.replace(", ", "|"), body))
    for name, mine in others.items():
        kernel = {"name": kernels[name], "display_name": kernels[name], "language": "python"}
        files.append((name, nbformat.writes(make_notebook(mine, kernelspec=kernel))))
    command = blocks.get("console", "").strip().removeprefix("$ kale-lite ")
    metadata = json.loads(given[1]) if given else None
    return Example(tuple(cells), metadata, blocks.get("json", ""), tuple(files), command, forked)


def outcome(example: Example, folder: Path) -> str:
    """What is said about an example, in the form of the command line."""
    path = example.write(folder)
    if not example.command:
        project = load(path)
        found = (*project.diagnostics, *(TARGET.check(project.pipeline) if project.pipeline else ()))
        text = "\n".join(map(str, found))
    elif example.forked:
        text = "\n".join(map(str, _run_steps(path, folder)))
    else:
        text = _by_command(example.command, folder)
    return text.replace(f"{path}", "nb.ipynb").replace(f"{folder}/", "")


def _by_command(command: str, folder: Path) -> str:
    said = io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stderr(said), redirect_stdout(io.StringIO()):
        patch.setattr(sys, "argv", ["kale-lite", *shlex.split(command)])
        patch.chdir(folder)
        with suppress(SystemExit):
            main()
    return said.getvalue().strip()


def _run_steps(path: Path, folder: Path) -> tuple[Diagnostic, ...]:
    """Run the steps in forked processes, one after the other; what the first one that fails says."""
    project = load(path)
    assert project.notebook is not None
    assert project.pipeline is not None, project.diagnostics
    harness = ship_harness(folder)
    (folder / "run").mkdir()
    values, _ = set_parameters(project.notebook.parameters, {})
    for step in project.pipeline.steps:
        result = folder / "run" / "work" / f"{step.slug}.result.json"
        result.parent.mkdir(exist_ok=True)
        spec = result.with_name(f"{step.slug}.spec.json")
        store = folder / "run" / "store"
        spec.write_text(json.dumps(step_spec(step, project.pipeline, store=store, result=result, parameters=values)))
        content = build_step_notebook(step, project.notebook.cells, project.notebook, harness=harness, spec=spec)
        if forked._fork([cell.source for cell in content.cells], folder, folder / "out.json"):
            report = json.loads(result.read_text())
            return failed_step(step, project.notebook, None, spec, report, None, ()).diagnostics
    return ()
