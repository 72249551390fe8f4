"""Failures of the harness: each becomes a diagnostic in the step's result file."""

from __future__ import annotations

from typing import Any, Dict

__all__ = ["StepFailure"]


class StepFailure(Exception):
    """A step cannot begin or end: ``code`` is a diagnostic's, ``name`` the variable concerned.

    ``ran`` says during which of the user's cells that were run (from 1) it came about; 0 when that is not known.
    """

    def __init__(self, code: str, message: str, hint: str = "", name: str = "", ran: int = 0) -> None:
        super().__init__(f"{code}: {message}")
        self.code, self.message, self.hint, self.name, self.ran = code, message, hint, name, ran

    def to_json(self) -> Dict[str, Any]:
        return {"code": self.code, "message": self.message, "hint": self.hint, "name": self.name, "ran": self.ran}
