"""The papermill engine that runs a step notebook: own kernel, bounded outputs, outputs told as they come."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import NBClientEngine, papermill_engines

__all__ = ["ENGINE", "OUTPUT_LIMIT"]

ENGINE = "kale-lite"
OUTPUT_LIMIT = 2_000_000
"""Characters of printed text kept for a cell."""
_SHUTDOWN_POLL = 0.02
"""Seconds between two looks whether a kernel has ended."""
_SHUTDOWN_POLLS = 250

OnOutput = Callable[[int, str, str], None]


class _Client(PapermillNotebookClient):  # type: ignore[misc,unused-ignore]
    """Keeps the outputs of a cell within bounds."""

    def __init__(self, nb_man: Any, on_output: OnOutput, on_truncated: Callable[[int], None], **options: Any) -> None:
        super().__init__(nb_man, **options)
        self._on_output, self._on_truncated = on_output, on_truncated
        self._sizes: dict[int, int] = {}

    def output(self, outs: list[Any], msg: dict[str, Any], display_id: str | None, cell_index: int) -> Any:
        content = msg["content"]
        if msg["msg_type"] != "stream":
            return super().output(outs, msg, display_id, cell_index)
        text = content["text"]
        number = self._cell_number(cell_index)
        before = self._sizes.get(cell_index, 0)
        self._sizes[cell_index] = before + len(text)
        if before >= OUTPUT_LIMIT:
            return None
        if before + len(text) >= OUTPUT_LIMIT:
            notice = f"\n[kale-lite: output truncated after {OUTPUT_LIMIT:,} characters]\n"
            content["text"] = text[: OUTPUT_LIMIT - before] + notice
            self._on_truncated(number)
        self._on_output(number, content["name"], content["text"])
        return super().output(outs, msg, display_id, cell_index)

    async def _async_cleanup_kernel(self) -> None:
        """Ask the kernel to end, so that what it holds open is written; then see to it that it has.

        The manager's own way interrupts the kernel first, which now and then loses the request.
        """
        manager, client = self.km, self.kc
        if client is not None and manager.has_kernel:
            client.shutdown()
            for _ in range(_SHUTDOWN_POLLS):
                if not await manager.is_alive():
                    break
                await asyncio.sleep(_SHUTDOWN_POLL)
        if manager.has_kernel:
            await manager.shutdown_kernel(now=True)
        await super()._async_cleanup_kernel()

    def _cell_number(self, index: int) -> int:
        """The cell's number in the user's notebook; 0 for the harness's own cells."""
        return int(self.nb.cells[index].metadata.get("kale_lite", {}).get("cell", 0))


class _Engine(NBClientEngine):  # type: ignore[misc,unused-ignore]
    @classmethod
    def execute_managed_notebook(cls, nb_man: Any, kernel_name: str, **options: Any) -> Any:
        client = _Client(
            nb_man,
            options["on_output"],
            options["on_truncated"],
            km=options["manager"],
            kernel_name=kernel_name,
            timeout=None,
            startup_timeout=options["start_timeout"],
            store_widget_state=True,
        )
        with open(options["log"], "wb") as log:
            return client.execute(
                cleanup_kc=True, env=options["env"], cwd=options["folder"], stdout=log, stderr=log
            )  # fmt: skip


papermill_engines.register(ENGINE, _Engine)
