"""Runs as the page sees them: rows of the history, and records that lie in the server's root folder."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from kale_lite.errors import UsageError
from kale_lite.history import Entry, History, delete_record, interrupt, is_held, read_record, refreshed
from kale_lite.server.answers import Problem
from kale_lite.server.paths import Root

__all__ = ["delete", "found", "report", "row", "rows", "run_json", "step_notebook", "stop"]

_MOST = 500
"""Runs of one notebook that are listed."""
_STEP_FIELDS = ("status", "slug", "started", "seconds", "attempts", "reused", "because", "metrics", "diagnostics",
                "traceback")  # fmt: skip


def rows(root: Root, notebook: Path) -> list[dict[str, Any]]:
    """The runs of a notebook, the newest first."""
    return [row(root, _seen(entry)) for entry in History().entries(str(notebook))[:_MOST]]


def row(root: Root, entry: Entry) -> dict[str, Any]:
    """A run row."""
    return {
        "id": entry.id, "path": root.shown(entry.notebook) if entry.notebook else None,
        "notebook": Path(entry.notebook).name, "pipeline": entry.pipeline, "target": entry.target,
        "status": entry.status, "started": entry.started, "seconds": entry.seconds,
        "parameters": dict(entry.parameters), "metrics": dict(entry.metrics), "folder": root.shown(entry.folder),
    }  # fmt: skip


def found(root: Root, number: int) -> Entry:
    """The run of this number. Problem: 404 unknown, 403 its record lies outside the root folder."""
    entry = History().entry(number)
    if entry is None:
        raise Problem(404, f"there is no run {number}", "it may have been deleted")
    if not root.holds(entry.folder):
        raise Problem(403, f"the record of run {number} is outside the server's root folder",
                      "start Jupyter in a folder above it, or use `kale-lite runs show`")  # fmt: skip
    return _seen(entry)


def _seen(entry: Entry) -> Entry:
    """The entry as its record says; a run that still writes its report is not yet over for the page."""
    known = refreshed(entry)
    return replace(known, status="running") if known.status != "running" and is_held(known.folder) else known


def run_json(root: Root, entry: Entry) -> dict[str, Any]:
    """A run: its row, and what its record tells."""
    record = read_record(entry.folder)
    known = record or {"steps": {}}
    graph = _json(entry.folder / "pipeline.json") if record is not None else None
    return {
        **row(root, entry),
        "steps": {name: _step(step) for name, step in known["steps"].items()},
        "graph": graph,
        "events": _lines(entry.folder / "events.jsonl") if record is not None else 0,
        "report": record is not None and _inside(entry, "report.html").is_file(),
        "link": known.get("link", ""),
        "message": known.get("message", ""),
        "kept": record is not None,
        "cells": known.get("cells", {}),
        "now": time.time(),
    }


def _step(step: Mapping[str, Any]) -> dict[str, Any]:
    return {key: step[key] for key in _STEP_FIELDS if key in step}


def _json(path: Path) -> Any:
    try:
        return json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return None


def _lines(path: Path) -> int:
    try:
        with path.open("rb") as file:
            return sum(part.count(b"\n") for part in iter(lambda: file.read(1 << 20), b""))
    except OSError:
        return 0


def _inside(entry: Entry, *parts: str) -> Path:
    """A file of the record. Problem (403) for one that leads out of it."""
    place = entry.folder.joinpath(*parts)
    if not place.resolve().is_relative_to(entry.folder.resolve()):
        raise Problem(403, f"{'/'.join(parts)} leads out of the record of run {entry.id}")
    return place


def step_notebook(entry: Entry, slug: str) -> Any:
    """The executed notebook of a step, as far as it is. Problem (404) when there is none yet."""
    record = _kept(entry)
    if slug not in {step.get("slug") for step in record["steps"].values()}:
        raise Problem(404, f"run {entry.id} has no step {slug!r}")
    path = _inside(entry, "steps", f"{slug}.ipynb")
    for _ in range(20):  # papermill writes in place: half of a file is met now and then
        if not path.exists():
            break
        content = _json(path)
        if content is not None:
            return content
        time.sleep(0.05)
    raise Problem(404, f"step {slug!r} of run {entry.id} has put nothing out yet")


def _kept(entry: Entry) -> dict[str, Any]:
    record = read_record(entry.folder)
    if record is None:
        raise Problem(404, f"the record of run {entry.id} was deleted", "delete the run as well")
    return record


def report(entry: Entry) -> bytes:
    """The report's HTML. Problem (404) when there is none."""
    _kept(entry)
    try:
        return _inside(entry, "report.html").read_bytes()
    except OSError:
        raise Problem(404, f"run {entry.id} has no report", "it is written when a run ends") from None


def stop(entry: Entry) -> None:
    """Ask the run's process to end. Problem (409) when it has ended, or is not on this machine."""
    if refreshed(entry).status != "running" or not is_held(entry.folder):
        raise Problem(409, f"run {entry.id} has ended already")
    if not interrupt(entry.folder) and is_held(entry.folder):
        raise Problem(409, f"the process of run {entry.id} is not found on this machine",
                      "stop it where it was started")  # fmt: skip


def delete(entry: Entry) -> None:
    """Delete the run and its record. Problem (409) while it is going, 422 when the disk refuses."""
    try:
        delete_record(entry)
    except UsageError:
        raise Problem(409, f"run {entry.id} is still going", "stop it first") from None
    except OSError as error:
        raise Problem(422, f"{error.filename or entry.folder} cannot be deleted: {error.strerror}") from None
    History().remove(entry.id)
