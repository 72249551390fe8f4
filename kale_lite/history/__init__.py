"""The history of runs: an SQLite index of the records on disk, one a user, written by many processes."""

from __future__ import annotations

from kale_lite.history.database import Entry, History, HistoryError, home
from kale_lite.history.holding import Held, hold, interrupt, is_held
from kale_lite.history.records import add_records, delete_record, find_entry, read_record, refreshed

__all__ = [
    "Entry", "Held", "History", "HistoryError", "add_records", "delete_record", "find_entry", "hold", "home",
    "interrupt", "is_held", "read_record", "refreshed",
]  # fmt: skip
