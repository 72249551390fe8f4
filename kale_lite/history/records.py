"""The records behind the history: read, found again, deleted."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from kale_lite.errors import UsageError
from kale_lite.history.database import Entry, History
from kale_lite.history.holding import is_held

__all__ = ["add_records", "delete_record", "find_entry", "read_record", "refreshed"]

_FILES = ("run.json", "pipeline.json", "events.jsonl", "notebook.ipynb", "report.html", ".running")
_FOLDERS = ("steps", "store", "work")


def read_record(folder: Path) -> dict[str, Any] | None:
    """The ``run.json`` of a folder, its status as it is now; None when there is no record of a run.

    A run that is written as running, but that no process has any more, was interrupted: its process was killed, or
    the machine went down.
    """
    try:
        data = json.loads((folder / "run.json").read_text("utf-8"))
    except (OSError, ValueError):
        return None
    if not isinstance(data, dict) or data.get("format") != 1 or "steps" not in data:
        return None
    if data["status"] == "running" and not is_held(folder):
        data["status"] = "interrupted"
        for step in data["steps"].values():
            if step["status"] in ("running", "waiting"):
                step["status"] = "interrupted" if step["status"] == "running" else "cancelled"
    return data


def refreshed(entry: Entry) -> Entry:
    """The entry with what its record says now; as it is when the record is gone."""
    if entry.status != "running":
        return entry
    record = read_record(entry.folder)
    if record is None:
        return replace(entry, status="interrupted")
    return replace(entry, status=record["status"], seconds=record.get("seconds", 0.0), metrics=record["metrics"])


def find_entry(history: History, name: str) -> Entry:
    """The run of this number, folder or folder's name; ``last`` is the newest. UsageError (KL506) if there is none.

    A folder with a record need not be in the history.
    """
    entries = history.entries()
    if name == "last" and entries:
        return refreshed(entries[0])
    folder = Path(name).resolve()
    for entry in entries:
        if name == str(entry.id) or entry.folder == folder:
            return refreshed(entry)
    record = read_record(folder)
    if record is not None:
        return _entry(folder, record)
    named = [entry for entry in entries if entry.folder.name == name]
    if len(named) == 1:
        return refreshed(named[0])
    if named:
        numbers = ", ".join(str(entry.id) for entry in named)
        raise UsageError(f"KL506: {len(named)} runs are called {name!r}", hint=f"their numbers are {numbers}")
    raise UsageError(f"KL506: there is no run {name!r}", hint="`kale-lite runs list` shows them, with their numbers")


def add_records(history: History, folders: Iterable[Path]) -> list[Entry]:
    """Put the records in and below folders into the history, the oldest first; those that are in there stay."""
    known = {entry.folder for entry in history.entries()}
    found = {place: record for folder in folders for place, record in _records(folder.resolve())}
    new = [_entry(place, record) for place, record in found.items() if place not in known]
    new.sort(key=lambda entry: entry.started)
    return [replace(entry, id=history.put(entry)) for entry in new]


def _records(folder: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    for path in (folder / "run.json", *folder.glob("*/run.json"), *folder.glob("*/*/run.json")):
        record = read_record(path.parent)
        if record is not None:
            yield path.parent, record


def _entry(folder: Path, record: dict[str, Any]) -> Entry:
    return Entry(
        folder, record["notebook"] or "", record["pipeline"], record["status"], record["started"],
        record.get("seconds", 0.0), record["parameters"], record["metrics"], target=record.get("target", "local"),
    )  # fmt: skip


def delete_record(entry: Entry) -> list[str]:
    """Delete the record of a run; gives the names of what else is in its folder, which stays.

    UsageError when the run is still going. OSError when something cannot be deleted.
    """
    if is_held(entry.folder):
        raise UsageError(f"run {entry.id} is still running", hint="stop it first, with Ctrl-C where it was started")
    if read_record(entry.folder) is None:
        return []
    for name in _FOLDERS:
        if (entry.folder / name).is_dir():
            shutil.rmtree(entry.folder / name)
    for name in _FILES:
        (entry.folder / name).unlink(missing_ok=True)
    left = sorted(path.name for path in entry.folder.iterdir())
    if not left:
        entry.folder.rmdir()
    return left
