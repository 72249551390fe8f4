"""The step notebook: load, the user's cells one by one, save."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from kale_lite.notebook.model import Cell, Notebook
from kale_lite.pipeline import Step

__all__ = ["LOAD_TAG", "SAVE_TAG", "build_step_notebook"]

LOAD_TAG = "kale-lite-load"
SAVE_TAG = "kale-lite-save"


def build_step_notebook(step: Step, cells: Sequence[Cell], notebook: Notebook, *, harness: Path, spec: Path) -> Any:
    """The notebook (nbformat 4) that runs a step of a notebook.

    ``harness`` is the shipped harness, ``spec`` the step's spec file. The load and save cells are single
    expressions: they bind no name, and the first runs before any name can have been rebound.
    """
    from nbformat import v4

    content = v4.new_notebook(metadata=_metadata(step, notebook))
    content.cells.append(_hidden(_load_source(harness, spec), LOAD_TAG))
    wanted = set(step.cells)
    for cell in cells:
        if cell.number in wanted:
            metadata = {"tags": list(cell.tags), "kale_lite": {"cell": int(cell.number)}}
            content.cells.append(v4.new_code_cell(cell.source, metadata=metadata))
    content.cells.append(_hidden("__kale_lite_finish__()", SAVE_TAG))
    return content


def _metadata(step: Step, notebook: Notebook) -> dict[str, Any]:
    kernel = notebook.kernel
    return {
        "kernelspec": {
            "name": kernel.name, "display_name": kernel.display_name or kernel.name, "language": kernel.language,
        },
        "kale_lite": {"step": step.name, "pipeline": notebook.name},
    }  # fmt: skip


def _load_source(harness: Path, spec: Path) -> str:
    boot = str(harness / "boot.py")
    return (
        f"(lambda scope: exec(compile(open({boot!r}, encoding='utf-8').read(), {boot!r}, 'exec'), scope) or "
        f"scope['boot']({str(harness)!r}, {str(spec)!r}))({{'__name__': '_kale_lite_boot'}})"
    )


def _hidden(source: str, tag: str) -> Any:
    from nbformat import v4

    return v4.new_code_cell(source, metadata={"tags": [tag], "jupyter": {"source_hidden": True}})
