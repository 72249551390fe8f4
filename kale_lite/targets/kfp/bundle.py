"""What travels with a step, as files for people beside the DSL, and read back when the DSL is compiled.

``NAME.py`` holds the step's cells as they stand in the notebook, each under a line of its own that names it;
``NAME.json`` what the harness is told; ``files/`` the files that are shipped.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from kale_lite.errors import UsageError
from kale_lite.targets.kfp.model import KfpTask

__all__ = ["BundleError", "read_bundle", "write_bundle"]


class BundleError(UsageError):
    """The files of a step are missing, or no longer fit together."""


def write_bundle(task: KfpTask, folder: Path) -> None:
    """Write a task's cells, spec and files into a folder."""
    marker = _marker(task.sources)
    about = {**task.spec, "marker": marker, "files": sorted(task.files)}
    parts = [f"{_head(marker, cell)}\n{source}\n"
             for cell, source in zip(about["cells"], task.sources, strict=True)]  # fmt: skip
    _write(folder / f"{task.function}.py", "".join(parts).encode())
    text = json.dumps(about, indent=1, ensure_ascii=False) + "\n"
    _write(folder / f"{task.function}.json", text.encode())
    for name, content in task.files.items():
        _write(folder / "files" / name, content)


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def _marker(sources: Sequence[str]) -> str:
    """The beginning of the lines between cells: one that no line of the cells begins with."""
    marker = "# %% cell"
    while any(line.startswith(marker) for source in sources for line in source.split("\n")):
        marker = marker.replace("%", "%%", 1)
    return marker


def _head(marker: str, cell: Mapping[str, Any]) -> str:
    """The line above a cell."""
    return f"{marker} {''.join(c if c.isprintable() else '?' for c in cell['label'])}"


def read_bundle(path: Path) -> dict[str, Any]:
    """What travels with the step whose files are ``path`` with ``.py`` and ``.json``. BundleError for damaged ones."""
    step = _read_spec(path)
    sources = _read_cells(path, step)
    files = {name: _read_file(path.parent / "files" / name) for name in step.pop("files")}
    del step["marker"]
    return {"step": step, "cells": sources, "files": files}


def _read_spec(path: Path) -> dict[str, Any]:
    try:
        step = json.loads(path.with_name(f"{path.name}.json").read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise BundleError(f"{path}.json cannot be read: {error}", hint=_AGAIN) from None
    if not isinstance(step, dict) or step.get("format") != 1:
        raise BundleError(f"{path}.json is of no format that this kale-lite knows", hint=_AGAIN)
    return step


def _read_cells(path: Path, step: dict[str, Any]) -> list[str]:
    try:
        text = path.with_name(f"{path.name}.py").read_bytes().decode()
    except (OSError, UnicodeDecodeError) as error:
        raise BundleError(f"{path}.py cannot be read: {error}", hint=_AGAIN) from None
    heads = [_head(step["marker"], cell) for cell in step["cells"]]
    found: list[list[str]] = []
    for line in text.split("\n"):
        if len(found) < len(heads) and line == heads[len(found)]:
            found.append([])
        elif found:
            found[-1].append(line)
    if len(found) != len(heads):
        raise BundleError(
            f"{path}.py has no line {heads[len(found)]!r}", hint="keep the lines that begin the cells, or compile again"
        )
    if found and found[-1][-1:] == [""]:
        found[-1].pop()
    return ["\n".join(lines) for lines in found]


def _read_file(path: Path) -> str:
    try:
        return base64.b64encode(path.read_bytes()).decode()
    except OSError as error:
        raise BundleError(f"{path} cannot be read: {error.strerror}", hint=_AGAIN) from None


_AGAIN = "compile the notebook again with: kale-lite compile NB --format python"
