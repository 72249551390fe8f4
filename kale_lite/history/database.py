"""The database: a row a run. The record on disk is the truth; a lost database loses no run."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kale_lite.errors import KaleLiteError

__all__ = ["Entry", "History", "HistoryError", "home"]

_VERSION = 2
_PATIENCE = 30.0
"""Seconds to wait for other processes that are writing."""
_COLUMNS = "id, folder, notebook, pipeline, status, started, seconds, parameters, metrics, target"
_SCHEMA = """
CREATE TABLE IF NOT EXISTS runs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    folder TEXT NOT NULL UNIQUE,
    notebook TEXT NOT NULL,
    pipeline TEXT NOT NULL,
    status TEXT NOT NULL,
    started REAL NOT NULL,
    seconds REAL NOT NULL,
    parameters TEXT NOT NULL,
    metrics TEXT NOT NULL,
    target TEXT NOT NULL DEFAULT 'local'
)
"""
_UPGRADE = "ALTER TABLE runs ADD COLUMN target TEXT NOT NULL DEFAULT 'local'"
"""From version 1, which knew local runs only."""


class HistoryError(KaleLiteError):
    """The history cannot be read or written."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A run in the history.

    ``status`` is ``running``, ``done``, ``failed`` or ``interrupted``; ``started`` in seconds since the epoch,
    ``seconds`` how long it took; ``id`` 0 before it is in the database. ``notebook`` is empty when it has no file.
    ``target`` is where it ran: ``local`` or ``kfp``.
    """

    folder: Path
    notebook: str
    pipeline: str
    status: str
    started: float
    seconds: float = 0.0
    parameters: Mapping[str, Any] = field(default_factory=dict)
    metrics: Mapping[str, Any] = field(default_factory=dict)
    id: int = 0
    target: str = "local"

    def to_json(self) -> dict[str, Any]:
        """The form of ``runs list --json``."""
        return {
            "run": self.id, "notebook": self.notebook, "pipeline": self.pipeline, "status": self.status,
            "started": self.started, "seconds": self.seconds, "parameters": dict(self.parameters),
            "metrics": dict(self.metrics), "folder": str(self.folder), "target": self.target,
        }  # fmt: skip


def home() -> Path:
    """Where kale-lite keeps things for this user: ``KALE_LITE_HOME``, else the user's folder for data."""
    given = os.environ.get("KALE_LITE_HOME")
    if given:
        return Path(given)
    from platformdirs import user_data_path

    return user_data_path("kale-lite", appauthor=False)


class History:
    """The history in a database file, by default the user's. Opened for each call, so that no process holds it."""

    def __init__(self, path: Path | None = None) -> None:
        self.path = path if path is not None else home() / "history.sqlite"

    def put(self, entry: Entry) -> int:
        """Add a run, in place of an earlier one in the same folder; gives its number. HistoryError when it cannot."""
        values = (
            str(entry.folder), entry.notebook, entry.pipeline, entry.status, entry.started, entry.seconds,
            _text(entry.parameters), _text(entry.metrics), entry.target,
        )  # fmt: skip
        with self._open(writes=True) as database:
            database.execute("DELETE FROM runs WHERE folder = ?", values[:1])
            columns = _COLUMNS.removeprefix("id, ")
            cursor = database.execute(f"INSERT INTO runs ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", values)
            return int(cursor.lastrowid or 0)

    def finish(self, number: int, status: str, seconds: float, metrics: Mapping[str, Any]) -> None:
        """Note the end of a run. HistoryError when that cannot be written."""
        with self._open(writes=True) as database:
            database.execute(
                "UPDATE runs SET status = ?, seconds = ?, metrics = ? WHERE id = ?",
                (status, seconds, _text(metrics), number),
            )

    def entries(self, notebook: str | None = None) -> list[Entry]:
        """All runs, or those of a notebook (a full path), the newest first, with the states that were written.

        HistoryError when they cannot be read.
        """
        return self._select("WHERE notebook = ?", notebook) if notebook is not None else self._select("")

    def entry(self, number: int) -> Entry | None:
        """The run of this number. HistoryError when the history cannot be read."""
        return next(iter(self._select("WHERE id = ?", number)), None)

    def entry_in(self, folder: Path) -> Entry | None:
        """The run whose record is in this folder (a full path). HistoryError when the history cannot be read."""
        return next(iter(self._select("WHERE folder = ?", str(folder))), None)

    def _select(self, where: str, *values: object) -> list[Entry]:
        if not self.path.exists():
            return []
        with self._open() as database:
            query = f"SELECT {_COLUMNS} FROM runs {where} ORDER BY started DESC, id DESC"
            return [_entry(row) for row in database.execute(query, values)]

    def moved(self, old: Path, new: Path) -> int:
        """Take the runs along with a notebook, or with a folder, that was moved (full paths); gives how many.

        HistoryError when that cannot be written.
        """
        changed = 0
        for entry in self.entries():
            notebook, folder = (_after_move(Path(text), old, new) for text in (entry.notebook or "/", entry.folder))
            if (notebook, folder) != (Path(entry.notebook or "/"), entry.folder):
                name = str(notebook) if entry.notebook else ""
                with self._open(writes=True) as database:
                    database.execute("DELETE FROM runs WHERE folder = ? AND id != ?", (str(folder), entry.id))
                    database.execute("UPDATE runs SET notebook = ?, folder = ? WHERE id = ?",
                                     (name, str(folder), entry.id))  # fmt: skip
                changed += 1
        return changed

    def remove(self, number: int) -> None:
        """Take a run out of the history; its record stays. HistoryError when that cannot be written."""
        with self._open(writes=True) as database:
            database.execute("DELETE FROM runs WHERE id = ?", (number,))

    @contextmanager
    def _open(self, *, writes: bool = False) -> Iterator[sqlite3.Connection]:
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            database = sqlite3.connect(self.path, timeout=_PATIENCE, isolation_level=None)
            try:
                self._prepare(database)
                database.execute("BEGIN IMMEDIATE" if writes else "BEGIN")
                yield database
                database.execute("COMMIT")
            finally:
                database.close()
        except (sqlite3.Error, OSError) as error:
            raise self._refusal(error) from error

    def _prepare(self, database: sqlite3.Connection) -> None:
        version = database.execute("PRAGMA user_version").fetchone()[0]
        if version > _VERSION:
            raise HistoryError(
                f"KL507: the history {self.path} was written by a newer kale-lite",
                hint="update kale-lite, or set KALE_LITE_HOME to another folder",
            )
        if version < _VERSION:
            self._make(database)

    def _make(self, database: sqlite3.Connection) -> None:
        """Make the table, or bring it up to date; of several processes one does it."""
        database.execute("BEGIN IMMEDIATE")
        version = database.execute("PRAGMA user_version").fetchone()[0]
        if version < _VERSION:
            database.execute(_UPGRADE if version else _SCHEMA)
            database.execute(f"PRAGMA user_version = {_VERSION}")
        database.execute("COMMIT")

    def _refusal(self, error: Exception) -> HistoryError:
        damaged = isinstance(error, sqlite3.DatabaseError) and not isinstance(error, sqlite3.OperationalError)
        if damaged or "no such" in str(error):
            return HistoryError(
                f"KL507: the history {self.path} is damaged: {error}",
                hint="no run is lost: move that file away; `kale-lite runs add FOLDER` finds the records again",
            )
        reason = error.strerror if isinstance(error, OSError) else str(error)
        return HistoryError(
            f"KL507: the history {self.path} cannot be used: {reason}",
            hint="KALE_LITE_HOME names another folder for it",
        )


def _entry(row: tuple[Any, ...]) -> Entry:
    number, folder, notebook, pipeline, status, started, seconds, parameters, metrics, target = row
    given = _data(parameters)
    return Entry(Path(folder), notebook, pipeline, status, started, seconds, given, _data(metrics), number, target)


def _after_move(path: Path, old: Path, new: Path) -> Path:
    return new / path.relative_to(old) if path.is_relative_to(old) else path


def _text(values: Mapping[str, Any]) -> str:
    return json.dumps(dict(values), ensure_ascii=False, default=repr)


def _data(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
