"""Parameters as the command line gives them: ``-p NAME=VALUE`` and a file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from kale_lite.errors import RefusedError, UsageError
from kale_lite.notebook import parse_value, read_params_file

__all__ = ["given_parameters"]


def given_parameters(assignments: Sequence[str], params_file: Path | None) -> dict[str, Any]:
    """The parameters of ``-p`` and a file, unchecked. UsageError or RefusedError for what cannot be read."""
    given: dict[str, Any] = {}
    if params_file is not None:
        given, problems = read_params_file(params_file)
        if problems:
            raise RefusedError(problems)
    for text in assignments:
        name, equals, value = text.partition("=")
        if not equals or not name.strip():
            raise UsageError(f"-p {text!r} is not NAME=VALUE", hint="write for example -p lr=0.1")
        given[name.strip()] = parse_value(value)
    return given
