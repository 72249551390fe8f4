"""The papermill engine that runs a step notebook: own kernel, bounded outputs, outputs told as they come."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import NBClientEngine, papermill_engines

__all__ = ["ENGINE", "OUTPUT_LIMIT"]

ENGINE = "kale-lite"
OUTPUT_LIMIT = 2_000_000
"""Characters of printed text kept for a cell."""

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
        return client.execute(cleanup_kc=True, env=options["env"], cwd=options["folder"])


papermill_engines.register(ENGINE, _Engine)
