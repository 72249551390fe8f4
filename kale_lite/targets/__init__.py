"""Targets: what a pipeline is turned into. Found by the entry points of the group ``kale_lite.targets``."""

from __future__ import annotations

from importlib.metadata import entry_points
from typing import Protocol

from kale_lite.diagnostics import Diagnostic
from kale_lite.errors import UsageError
from kale_lite.pipeline import Pipeline

__all__ = ["Target", "target"]


class Target(Protocol):
    """What every target can say before anything is run or written."""

    name: str

    def check(self, pipeline: Pipeline) -> tuple[Diagnostic, ...]:
        """What of the pipeline this target cannot honour."""


def target(name: str) -> Target:
    """The target of this name. UsageError when none is installed."""
    found = {point.name: point for point in entry_points(group="kale_lite.targets")}
    if name not in found:
        raise UsageError(f"there is no target {name!r}", hint=f"installed are: {', '.join(sorted(found))}")
    loaded: Target = found[name].load()
    return loaded
