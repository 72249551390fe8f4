"""The local target: steps in parallel on this machine, each in a fresh kernel through papermill."""

from __future__ import annotations

from kale_lite.targets.local.events import Event
from kale_lite.targets.local.options import Again, RunOptions, RunResult, StepResult
from kale_lite.targets.local.resuming import earlier_choices
from kale_lite.targets.local.runner import TARGET, run

__all__ = ["TARGET", "Again", "Event", "RunOptions", "RunResult", "StepResult", "earlier_choices", "run"]
