"""A submitted run as a record on this disk: of the same form as a local one, so that all who read those read it."""

from __future__ import annotations

import json
import platform
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kale_lite import __version__
from kale_lite.diagnostics import Location, diagnose
from kale_lite.errors import KaleLiteError
from kale_lite.history import History
from kale_lite.notebook.model import Notebook
from kale_lite.pipeline import Pipeline
from kale_lite.targets.kfp.submit.package import Package
from kale_lite.targets.kfp.submit.submission import Submitted
from kale_lite.targets.kfp.submit.watch import Ended, watch
from kale_lite.targets.local.events import Event
from kale_lite.targets.local.record import write_json

__all__ = ["Followed", "follow"]

_STATUS = {"done": "done", "failed": "failed", "cancelled": "interrupted", "skipped": "interrupted"}


class Followed:
    """Writes what a server tells of a run. ``link`` is the server's page of it."""

    def __init__(
        self, notebook: Notebook, pipeline: Pipeline, folder: Path, values: Mapping[str, Any], submitted: Submitted
    ) -> None:
        self.folder, self.pipeline, self.link = folder, pipeline, submitted.url
        self._begun = time.monotonic()
        self._steps: dict[str, dict[str, Any]] = {s.name: {"status": "waiting", "slug": s.slug} for s in pipeline.steps}
        self._run: dict[str, Any] = {
            "format": 1, "status": "running", "target": "kfp", "pipeline": pipeline.name,
            "notebook": str(notebook.path.resolve()) if notebook.path else None, "started": time.time(),
            "parameters": dict(values), "metrics": {}, "steps": self._steps, "cells": {},
            "link": submitted.url, "experiment": submitted.experiment, "run_name": submitted.run_name,
            "run_id": submitted.run_id,
            "environment": {
                "kale_lite": __version__, "python": platform.python_version(), "platform": platform.platform(),
                "kernel": notebook.kernel.name, "executable": sys.executable,
            },
        }  # fmt: skip
        write_json(folder / "pipeline.json", pipeline.to_json())
        (folder / "events.jsonl").write_text("", "utf-8")
        self._write()

    def _write(self) -> None:
        write_json(self.folder / "run.json", self._run)

    def begin(self) -> None:
        """Tell that the run has started."""
        steps, edges = [step.name for step in self.pipeline.steps], [list(edge) for edge in self.pipeline.edges]
        self._tell(Event("run-started", data={
            "pipeline": self.pipeline.name, "steps": steps, "edges": edges, "output_dir": str(self.folder),
            "link": self.link,
        }))  # fmt: skip

    def on_event(self, event: Event) -> None:
        """Note what happened to a step; tasks that are no steps of the notebook are left out."""
        if event.step not in self._steps:
            return
        self._tell(event)
        step = self._steps[event.step]
        if event.type == "step-started":
            step.update(status="running", started=event.time, attempts=event.data.get("attempt", 1))
        elif event.type == "step-finished":
            step.update(event.data)
        self._write()

    def _tell(self, event: Event) -> None:
        with (self.folder / "events.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(event.to_json(), ensure_ascii=False, default=repr) + "\n")

    def finish(self, status: str, failed: Mapping[str, str], message: str = "") -> float:
        """Write the end of the run; gives how long it was followed, in seconds."""
        seconds = round(time.monotonic() - self._begun, 3)
        known = {step.name: step for step in self.pipeline.steps}
        for name in failed.keys() & known.keys():
            said = f": {failed[name]}" if failed[name] else ""
            self._steps[name]["diagnostics"] = [diagnose(
                "KL402", f"step {name!r} failed on Kubeflow{said}", Location(known[name].cells[0]), step=name,
                hint=f"its log says more: {self.link}",
            ).to_json()]  # fmt: skip
        others = [f"{name}: {text}" if text else name for name, text in failed.items() if name not in known]
        message = message or "; ".join(others)
        data: dict[str, Any] = {"status": status, "seconds": seconds, "metrics": {}, "message": message}
        self._run.update(status=status, seconds=seconds, finished=time.time(), message=message)
        self._write()
        self._tell(Event("run-finished", data={**data, "output_dir": str(self.folder), "report": None}))
        return seconds


def follow(run: Followed, submitted: Submitted, package: Package, number: int, stop: threading.Event) -> str:
    """Follow the run until it ends; gives its status. When ``stop`` is set the server is asked to end it."""
    terminated = False

    def pause(seconds: float) -> None:
        nonlocal terminated
        if terminated:
            time.sleep(seconds)
        elif stop.wait(seconds):
            terminated = True
            submitted.client.terminate_run(submitted.run_id)

    try:
        ended = watch(submitted.client, submitted.run_id, package.spec.tasks, run.on_event, pause)
    except KaleLiteError as error:
        ended = Ended("cancelled", {}, f"no longer followed, the run may go on: {error.message}", 0.0)
    status = _STATUS[ended.state]
    seconds = run.finish(status, ended.failed, ended.message)
    History().finish(number, status, seconds, {})
    return status
