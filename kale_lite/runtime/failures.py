"""Failures of the harness: each becomes a diagnostic in the step's result file."""

from __future__ import annotations

from typing import Any, Dict

__all__ = ["StepFailure"]


class StepFailure(Exception):
    """A step cannot begin or end: ``code`` is a diagnostic's, ``name`` the variable concerned."""

    def __init__(self, code: str, message: str, hint: str = "", name: str = "") -> None:
        super().__init__(f"{code}: {message}")
        self.code, self.message, self.hint, self.name = code, message, hint, name

    def to_json(self) -> Dict[str, Any]:
        return {"code": self.code, "message": self.message, "hint": self.hint, "name": self.name}
