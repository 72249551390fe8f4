"""The errors kale-lite raises: each says what happened, where, and what to do."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kale_lite.diagnostics import Diagnostic


class ExitCode(IntEnum):
    """What the command line ends with; a contract that scripts rely on."""

    DONE = 0
    FAILED = 1
    REFUSED = 2
    UNREACHABLE = 3
    INTERRUPTED = 130


class KaleLiteError(Exception):
    """Root of all errors that are meant for the user.

    ``message`` says what happened, ``hint`` what to do about it. ``exit_code`` is what the command
    line ends with when nothing handles the error.
    """

    exit_code = ExitCode.REFUSED

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message, hint)
        self.message = message
        self.hint = hint

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild, (type(self), self.message, self.hint))

    def __str__(self) -> str:
        return f"{self.message}\n  hint: {self.hint}" if self.hint else self.message


def _rebuild(kind: type[KaleLiteError], message: str, hint: str) -> KaleLiteError:
    return kind(message, hint=hint)


class RefusedError(KaleLiteError):
    """Nothing was run: the notebook, the parameters or the call have errors.

    ``diagnostics`` holds every finding, also the warnings beside the errors.
    """

    def __init__(self, diagnostics: tuple[Diagnostic, ...]) -> None:
        self.diagnostics = diagnostics
        errors = [d for d in diagnostics if d.is_error] or list(diagnostics)
        super().__init__("\n".join(str(d) for d in errors))

    def __reduce__(self) -> tuple[object, ...]:
        return (RefusedError, (self.diagnostics,))


class UsageError(KaleLiteError):
    """The call itself is wrong: an unknown step, a folder that cannot be written, …"""


class UnreachableError(KaleLiteError):
    """The target cannot be reached, or does not answer as it should. ``passing`` errors may be gone a moment later."""

    exit_code = ExitCode.UNREACHABLE

    def __init__(self, message: str, *, hint: str = "", passing: bool = False) -> None:
        super().__init__(message, hint=hint)
        self.passing = passing
