"""What is answered: JSON that every browser reads, and errors with a message, a hint and findings."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kale_lite.diagnostics import CODES, Diagnostic, diagnose
from kale_lite.errors import KaleLiteError, RefusedError, UnreachableError

__all__ = ["Answer", "Problem", "problem_of", "to_json"]

_CODED = re.compile(r"(KL\d{3}): (.*)", re.S)


class Problem(Exception):
    """What the page is told instead of an answer: a status, a message, what to do, and findings as JSON."""

    def __init__(
        self, status: int, message: str, hint: str = "", diagnostics: Sequence[Mapping[str, Any]] = ()
    ) -> None:
        super().__init__(message)
        self.status, self.message, self.hint, self.diagnostics = status, message, hint, list(diagnostics)

    def to_json(self) -> dict[str, Any]:
        """The body of the answer."""
        return {"message": self.message, "hint": self.hint, "diagnostics": self.diagnostics}


@dataclass(frozen=True, slots=True)
class Answer:
    """A status with the JSON text of the body."""

    status: int
    text: bytes


def problem_of(error: Exception) -> Problem:
    """An error as the page is told it; one that is not meant for the user says nothing of the code."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, RefusedError):
        first = next((d for d in error.diagnostics if d.is_error), None)
        message = first.message if first is not None else error.message
        return Problem(422, message, first.hint if first else "", [d.to_json() for d in error.diagnostics])
    if isinstance(error, KaleLiteError):
        finding = _coded(error)
        status = 502 if isinstance(error, UnreachableError) else 422
        message = finding.message if finding is not None else error.message
        return Problem(status, message, error.hint, [finding.to_json()] if finding is not None else [])
    return Problem(500, f"kale-lite failed: {type(error).__name__}", "the log of the Jupyter server says more")


def _coded(error: KaleLiteError) -> Diagnostic | None:
    match = _CODED.fullmatch(error.message)
    if match is None or match[1] not in CODES:
        return None
    return diagnose(match[1], match[2], hint=error.hint)


def to_json(data: Any) -> bytes:
    """JSON text; numbers that JSON does not have are the strings ``NaN``, ``Infinity`` and ``-Infinity``."""
    try:
        return json.dumps(data, ensure_ascii=False, allow_nan=False, default=repr).encode("utf-8", "replace")
    except ValueError:
        return json.dumps(_finite(data), ensure_ascii=False, default=repr).encode("utf-8", "replace")


def _finite(data: Any) -> Any:
    if isinstance(data, float) and not math.isfinite(data):
        return "NaN" if math.isnan(data) else "Infinity" if data > 0 else "-Infinity"
    if isinstance(data, Mapping):
        return {key: _finite(value) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return [_finite(value) for value in data]
    return data
