"""The events of a run as they come: ``events.jsonl`` read on and on, until the run or its process has ended."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from kale_lite.history import is_held

__all__ = ["Tail"]

_MOST = 1_000_000
"""Bytes that are read at a time: a page that is slow does not make the server hold a whole file."""


class Tail:
    """The whole lines of a file that grows, from line number ``first`` on."""

    def __init__(self, folder: Path, first: int) -> None:
        self._folder, self._first = folder, first
        self._number = self._offset = 0
        self._rest = b""
        self.ended = False

    def read(self) -> list[dict[str, Any]]:
        """What has come, as ``{"n", "event"}``; ``ended`` is true when nothing will come any more."""
        going = is_held(self._folder)
        found: list[dict[str, Any]] = []
        data = self._read()
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            if self._number >= self._first:
                found.append({"n": self._number, "event": _event(line)})
            self._number += 1
        # Asked before the file was read: what was written until then has been seen.
        self.ended = not going and not data
        return found

    def _read(self) -> bytes:
        try:
            with (self._folder / "events.jsonl").open("rb") as file:
                file.seek(self._offset)
                data = file.read(_MOST)
        except OSError:
            return b""
        self._offset += len(data)
        return data


def _event(line: bytes) -> Any:
    try:
        return json.loads(line)
    except ValueError:
        return {"type": "unreadable"}
