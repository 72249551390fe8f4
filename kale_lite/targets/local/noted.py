"""A run noted in the history. What goes wrong there is a warning: the record is what counts."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kale_lite.diagnostics import Diagnostic, diagnose
from kale_lite.history import Entry, History, HistoryError
from kale_lite.notebook.model import Notebook

__all__ = ["Noted"]


class Noted:
    """The row of one run. ``problems`` are the warnings of what could not be noted."""

    def __init__(self, notebook: Notebook, folder: Path, parameters: Mapping[str, Any], *, wanted: bool) -> None:
        self.problems: tuple[Diagnostic, ...] = ()
        self._number = 0
        if not wanted:
            return
        path = str(notebook.path.resolve()) if notebook.path else ""
        entry = Entry(folder, path, notebook.name, "running", time.time(), parameters=parameters)
        try:
            self._number = History().put(entry)
        except HistoryError as error:
            self._fail(error, folder)

    def finish(self, status: str, seconds: float, metrics: Mapping[str, Any], folder: Path) -> None:
        """Note how the run ended."""
        if not self._number:
            return
        try:
            History().finish(self._number, status, round(seconds, 3), metrics)
        except HistoryError as error:
            self._fail(error, folder)

    def _fail(self, error: HistoryError, folder: Path) -> None:
        reason = error.message.removeprefix("KL507: ")
        self.problems = (
            diagnose("KL414", f"the run is not in the history: {reason}",
                     hint=f"its record is whole; later, `kale-lite runs add {folder}` puts it there"),
        )  # fmt: skip
