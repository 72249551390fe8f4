"""Notebooks and folders that are renamed or moved in Lab take the history of their runs along."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from kale_lite.errors import KaleLiteError
from kale_lite.history import History
from kale_lite.server.paths import Root
from kale_lite.server.pool import in_thread

__all__ = ["CONTENTS", "Renames"]

CONTENTS = "https://events.jupyter.org/jupyter_server/contents_service/v1"
"""The events of the server's contents manager."""


class Renames:
    """Listens to the contents manager. What goes wrong is a line in the log: the notebook was renamed all the same."""

    def __init__(self, root: Root, log: logging.Logger) -> None:
        self._root, self._log = root, log

    async def __call__(self, logger: Any, schema_id: str, data: dict[str, Any]) -> None:
        if data.get("action") != "rename" or not data.get("source_path"):
            return
        # The old path is no longer there: only the folder around it can have symbolic links.
        old, new = (self._place(data[key]) for key in ("source_path", "path"))
        try:
            moved = await in_thread(History().moved, old, new)
        except KaleLiteError as error:
            self._log.warning("kale-lite: the runs of %s are not in the history of %s: %s", old, new, error)
            return
        if moved:
            self._log.info("kale-lite: %d run(s) go with %s", moved, new)

    def _place(self, path: str) -> Path:
        whole = self._root.folder / path.strip("/")
        return whole.parent.resolve() / whole.name
