"""The notebook top to bottom in one kernel, with fingerprints of names where the pipeline's steps end."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kale_lite.notebook.model import Notebook, Role
from kale_lite.pipeline import Pipeline, Step

__all__ = ["PlainRun", "run_plain"]

_START_TIMEOUT = 120


@dataclass(frozen=True, slots=True)
class PlainRun:
    """One run in one kernel: outputs by cell number, fingerprints by step, and how it failed, if it did."""

    outputs: Mapping[int, Sequence[Any]]
    fingerprints: Mapping[str, Mapping[str, Any]]
    failed_cell: int | None = None
    error: str = ""


def run_plain(
    notebook: Notebook,
    pipeline: Pipeline,
    *,
    cwd: Path,
    scratch: Path,
    kernel: str,
    hash_seed: str,
    given: Mapping[str, Any],
    names: Mapping[str, Sequence[str]] | None,
    timeout: float | None,
) -> PlainRun:
    """Run all cells that are not skipped.

    ``given`` are the parameters that the user set, which replace the defaults after their cell; ``names`` the
    names to fingerprint when the last cell of a step has run (None: all); ``timeout`` seconds for one cell.
    """
    from jupyter_client.manager import AsyncKernelManager
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
    from nbformat import v4

    scratch.mkdir(parents=True)
    content = v4.new_notebook(cells=_cells(notebook, pipeline, given, names, scratch))
    sockets = tempfile.TemporaryDirectory(prefix="kl-")
    manager = AsyncKernelManager(
        kernel_name=kernel, transport="ipc", connection_file=str(Path(sockets.name) / "k.json")
    )  # fmt: skip
    client = NotebookClient(content, km=manager, timeout=timeout, startup_timeout=_START_TIMEOUT)
    failed, error = None, ""
    numbers = {int(cell.number): cell.number for cell in notebook.cells}
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    with (
        sockets,
        (scratch / "kernel.log").open("wb") as log,
        client.setup_kernel(env=environment, cwd=str(cwd), stdout=log, stderr=log),
    ):
        for index, cell in enumerate(content.cells):
            number = numbers.get(cell.metadata.kale_lite.cell)
            try:
                client.execute_cell(cell, index, store_history=number is not None)
            except CellExecutionError as raised:
                failed, error = number, f"{raised.ename}: {raised.evalue}"
            except CellTimeoutError:
                failed, error = number, f"took longer than {timeout:g} s"
            except DeadKernelError:
                failed, error = number, "the kernel died"
            if error:
                break
    outputs = {
        numbers[c.metadata.kale_lite.cell]: c.outputs for c in content.cells if c.metadata.kale_lite.cell is not None
    }
    return PlainRun(outputs, _read(pipeline, scratch), failed, error)


def _cells(
    notebook: Notebook,
    pipeline: Pipeline,
    given: Mapping[str, Any],
    names: Mapping[str, Sequence[str]] | None,
    scratch: Path,
) -> list[Any]:
    from nbformat import v4

    ending = {s.cells[-1]: s for s in pipeline.steps if s.cells and (names is None or s.name in names)}
    cells = []
    for cell in notebook.cells:
        if cell.role is Role.SKIP:
            continue
        metadata = {"tags": list(cell.tags), "kale_lite": {"cell": int(cell.number)}}
        cells.append(v4.new_code_cell(cell.source, metadata=metadata))
        hidden = [f"{p.name} = {given[p.name]!r}" for p in notebook.parameters
                  if p.cell == cell.number and p.name in given]  # fmt: skip
        if cell.number in ending:
            step = ending[cell.number]
            hidden.append(_fingerprint_source(_path(scratch, step), None if names is None else names[step.name]))
        cells += [v4.new_code_cell(source, metadata={"kale_lite": {"cell": None}}) for source in hidden]
    return cells


def _path(scratch: Path, step: Step) -> Path:
    return scratch / f"{step.slug}.json"


def _fingerprint_source(path: Path, names: Sequence[str] | None) -> str:
    """One expression that binds no name and does not depend on names that the user may have bound."""
    import kale_lite.runtime.fingerprint as fingerprint

    code = str(fingerprint.__file__)
    chosen = None if names is None else list(names)
    return (
        f"(lambda scope, opened: exec(compile(opened.read(), {code!r}, 'exec'), scope) or opened.close() or "
        f"scope['write_snapshot'](__import__('IPython').get_ipython().user_ns, {str(path)!r}, {chosen!r}))"
        f"({{'__name__': '_kale_lite_fingerprint'}}, __import__('io').open({code!r}, encoding='utf-8'))"
    )


def _read(pipeline: Pipeline, scratch: Path) -> dict[str, Mapping[str, Any]]:
    found = {}
    for step in pipeline.steps:
        path = _path(scratch, step)
        if path.exists():
            found[step.name] = json.loads(path.read_text("utf-8"))
    return found
