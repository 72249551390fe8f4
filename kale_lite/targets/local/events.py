"""Events: what happens during a run, as data that the terminal, the record and other tools follow."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

__all__ = ["Emit", "Event"]


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened.

    ``type`` is ``run-started``, ``step-started``, ``step-output``, ``step-retried``, ``step-finished`` or
    ``run-finished``; ``time`` is in seconds since the epoch; ``data`` depends on the type.
    """

    type: str
    step: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)
    time: float = field(default_factory=time.time)

    def to_json(self) -> dict[str, Any]:
        """One line of ``events.jsonl``."""
        found: dict[str, Any] = {"type": self.type, "time": round(self.time, 3)}
        if self.step:
            found["step"] = self.step
        return {**found, **self.data}


Emit: TypeAlias = Callable[[Event], None]
