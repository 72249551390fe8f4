"""Step options from tags."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from kale_lite.notebook.model import StepOptions
from kale_lite.notebook.tags import OptionTag, Tag

__all__ = ["options_from"]


def options_from(tags: Iterable[Tag]) -> StepOptions:
    """The options that tags give; later tags win."""
    found: dict[str, Any] = {}
    for tag in tags:
        if isinstance(tag, OptionTag) and tag.kind != "notebook":
            _add(found, tag)
    return StepOptions(**found)


def _add(found: dict[str, Any], tag: OptionTag) -> None:
    tables = {"limit": "limits", "request": "requests", "env": "env", "volume": "volumes", "label": "labels",
              "annotation": "annotations"}  # fmt: skip
    if tag.kind in tables:
        _put(found, tables[tag.kind], tag.parts[0], tag.parts[1])
    elif tag.kind == "secret":
        _put(found, "secrets", tag.parts[2], (tag.parts[0], tag.parts[1]))
    elif tag.kind in ("cache", "report", "copies"):
        found[tag.kind] = tag.parts[0] == "enabled"
    elif tag.kind == "retry":
        found["retries"] = int(tag.parts[0])
    elif tag.kind == "timeout":
        found["timeout"] = float(tag.parts[0])
    elif tag.kind == "image":
        found["image"] = tag.parts[0]


def _put(found: dict[str, Any], table: str, key: str, value: object) -> None:
    before: Mapping[str, object] = found.get(table, {})
    found[table] = {**before, key: value}
