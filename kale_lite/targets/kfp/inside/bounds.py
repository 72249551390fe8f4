"""Papermill's engine with bounds, as in local runs: of what a cell prints, the step's notebook has the beginning."""

from __future__ import annotations

import logging
import sys
from typing import Any

__all__ = ["ENGINE", "register"]

ENGINE = "kale-lite"
LIMIT = 2_000_000
"""Characters of printed text kept for a cell. The log of the pod has them all."""


def register(manager_class: Any, truncated: Any) -> Any:
    """Make the engine known to papermill. ``truncated`` is given the number of each cell that prints more."""
    from papermill.clientwrap import PapermillNotebookClient
    from papermill.engines import NBClientEngine, papermill_engines

    class Client(PapermillNotebookClient):  # type: ignore[misc,unused-ignore]
        """Keeps the printed outputs of a cell within bounds."""

        def output(self, outs: Any, msg: Any, display_id: Any, cell_index: Any) -> Any:
            content = msg["content"]
            if msg["msg_type"] != "stream":
                return super().output(outs, msg, display_id, cell_index)
            sizes = self.__dict__.setdefault("_printed", {})
            before, text = sizes.get(cell_index, 0), content["text"]
            sizes[cell_index] = before + len(text)
            if before + len(text) < LIMIT:
                return super().output(outs, msg, display_id, cell_index)
            sys.stdout.write(text)
            sys.stdout.flush()
            if before < LIMIT:
                notice = f"\n[kale-lite: output truncated after {LIMIT:,} characters]\n"
                content["text"] = text[: LIMIT - before] + notice
                super().output(outs, msg, display_id, cell_index)
                truncated(self.nb.cells[cell_index].metadata.get("kale_lite", {}).get("cell", 0))
            return None

    class Engine(NBClientEngine):  # type: ignore[misc,unused-ignore]
        """Runs a notebook by that client."""

        @classmethod
        def execute_managed_notebook(cls, nb_man: Any, kernel_name: Any, **options: Any) -> Any:
            client = Client(
                nb_man, kernel_name=kernel_name, kernel_manager_class=manager_class, timeout=None,
                startup_timeout=options["start_timeout"], log=logging.getLogger("papermill"),
                stdout_file=sys.stdout, stderr_file=sys.stdout,
            )  # fmt: skip
            return client.execute()

    papermill_engines.register(ENGINE, Engine)
