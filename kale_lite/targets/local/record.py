"""The record of a run on disk: consistent at any moment, each file written whole."""

from __future__ import annotations

import copy
import json
import os
import platform
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from kale_lite import __version__
from kale_lite.errors import UsageError
from kale_lite.history import Held, hold
from kale_lite.notebook.model import Notebook, Role
from kale_lite.pipeline import Pipeline
from kale_lite.targets.local.events import Event
from kale_lite.targets.local.options import RunOptions, StepResult
from kale_lite.targets.local.surroundings import digest

__all__ = ["TOLD_LIMIT", "Record", "prepare_folder", "write_json"]

TOLD_LIMIT = 100_000
"""Characters of what one cell prints that the events hold; the step's notebook holds more."""


def prepare_folder(folder: Path) -> Held:
    """Make the run's folder, and hold it. UsageError (KL504) when it cannot be written or holds something else."""
    held = None
    try:
        folder.mkdir(parents=True, exist_ok=True)
        entries = sorted(entry.name for entry in folder.iterdir() if entry.name != ".running")
        if entries and not _is_ours(folder):
            raise UsageError(
                f"KL504: output folder {folder} is not empty and holds no run: {', '.join(entries[:4])}",
                hint="choose an empty or new folder with --output-dir",
            )
        held = hold(folder)
        if held is None:
            raise UsageError(
                f"KL504: output folder {folder} belongs to a run that is still going",
                hint="wait for it, or choose another with --output-dir",
            )
        for name in ("steps", "store", "work"):
            _emptied(folder / name)
        (folder / "report.html").unlink(missing_ok=True)
        (folder / "store").chmod(0o700)
        probe = folder / ".probe"
        probe.write_text("")
        probe.unlink()
        return held
    except OSError as error:
        if held is not None:
            held.close()
        raise UsageError(
            f"KL504: output folder {folder} cannot be used: {error.strerror}", hint="choose another with --output-dir"
        ) from None


def _is_ours(folder: Path) -> bool:
    """Whether an earlier run of kale-lite left this folder: only such a one is written over."""
    try:
        data = json.loads((folder / "run.json").read_text("utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(data, dict) and data.get("format") == 1 and "kale_lite" in data.get("environment", {})


def _emptied(folder: Path) -> None:
    import shutil

    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir()


def write_json(path: Path, data: object) -> None:
    """Write a JSON file whole: readers see the old one or the new one."""
    part = path.with_name(f".{path.name}.part")
    part.write_text(json.dumps(data, indent=1, ensure_ascii=False, default=repr) + "\n", "utf-8")
    os.replace(part, path)


class Record:
    """Writes what happens in a run. ``on_event`` is called for each event, in order."""

    def __init__(self, notebook: Notebook, pipeline: Pipeline, options: RunOptions, kernel: str, seed: str) -> None:
        self.notebook, self.pipeline, self.folder = notebook, pipeline, options.output_dir
        self.kernels: dict[str, Any] = {}
        self._writing = threading.Lock()
        self._told: dict[tuple[str, int], int] = {}
        self._steps: dict[str, dict[str, Any]] = {s.name: {"status": "waiting", "slug": s.slug} for s in pipeline.steps}
        self._run: dict[str, Any] = {
            "format": 1,
            "status": "running",
            "target": "local",
            "pipeline": pipeline.name,
            "notebook": str(notebook.path.resolve()) if notebook.path else None,
            "started": time.time(),
            "parameters": dict(options.parameters),
            "metrics": {},
            "steps": self._steps,
            "cells": {str(int(c.number)): digest(c.source) for c in notebook.cells if c.role is not Role.SKIP},
            "environment": {
                "kale_lite": __version__, "python": platform.python_version(), "platform": platform.platform(),
                "kernel": kernel, "hash_seed": seed, "executable": sys.executable,
            },
        }  # fmt: skip
        write_json(self.folder / "pipeline.json", pipeline.to_json())
        literals = {name: repr(value) for name, value in options.parameters.items()}
        write_json(self.folder / "work" / "parameters.json", literals)
        (self.folder / "events.jsonl").write_text("", "utf-8")
        self._write()

    def _write(self) -> None:
        write_json(self.folder / "run.json", self._run)

    def on_event(self, event: Event) -> None:
        """Append the event, and keep run.json in step. Outputs come from the threads of their steps."""
        with self._writing:
            if event.type == "step-started":
                self._told = {key: size for key, size in self._told.items() if key[0] != event.step}
            kept = self._bounded(event) if event.type == "step-output" else event
            if kept is None:
                return
            with (self.folder / "events.jsonl").open("a", encoding="utf-8") as file:
                file.write(json.dumps(kept.to_json(), ensure_ascii=False, default=repr) + "\n")
        if event.type == "step-started":
            self._steps[event.step].update(status="running", started=event.time, attempts=event.data["attempt"])
        elif event.type == "step-finished":
            self._steps[event.step].update(event.data)
        else:
            return
        self._write()

    def _bounded(self, event: Event) -> Event | None:
        """An output as it is told: at most so much of a cell, the last with ``truncated``; None for the rest."""
        key = (event.step, event.data["cell"])
        before, text = self._told.get(key, 0), event.data["text"]
        self._told[key] = before + len(text)
        if before > TOLD_LIMIT:
            return None
        if before + len(text) <= TOLD_LIMIT:
            return event
        return replace(event, data={**event.data, "text": text[: TOLD_LIMIT - before], "truncated": True})

    def finish(
        self, status: str, results: Mapping[str, StepResult], metrics: Mapping[str, Any], seconds: float
    ) -> None:
        """Write the end of the run: run.json and the notebook with all outputs."""
        for name, result in results.items():
            step = self._steps[name]
            step["payloads"] = dict(result.payloads)
            step["unchecked"] = list(result.unchecked)
            if result.traceback:
                step["traceback"] = result.traceback
        self._run.update(
            kernels=self.kernels, status=status, metrics=dict(metrics), finished=time.time(), seconds=round(seconds, 3)
        )
        self._write()
        self._write_notebook()

    def _write_notebook(self) -> None:
        """The user's notebook with the outputs of all steps, in its own order, as one run of it."""
        import nbformat

        executed = _executed_cells(self.folder / "steps")
        content = copy.deepcopy(self.notebook.content)
        mine = {cell.number for cell in self.notebook.cells}
        count = 0
        for number, cell in enumerate(content["cells"], 1):
            if number not in mine:
                continue
            cell["outputs"], cell["execution_count"] = [], None
            if number in executed and executed[number].get("execution_count") is not None:
                count += 1
                cell["outputs"] = [_renumbered(output, count) for output in executed[number]["outputs"]]
                cell["execution_count"] = count
        part = self.folder / ".notebook.ipynb.part"
        nbformat.write(nbformat.from_dict(content), part)
        os.replace(part, self.folder / "notebook.ipynb")


def _executed_cells(folder: Path) -> dict[int, Any]:
    """The user's cells in the executed step notebooks, by their number."""
    found: dict[int, Any] = {}
    for path in folder.glob("*.ipynb"):
        try:
            content = json.loads(path.read_text("utf-8"))
        except (OSError, ValueError):
            continue
        for cell in content.get("cells", []):
            number = cell.get("metadata", {}).get("kale_lite", {}).get("cell")
            if number:
                found[int(number)] = cell
    return found


def _renumbered(output: Any, count: int) -> Any:
    if output.get("output_type") == "execute_result":
        output["execution_count"] = count
    return output
