"""Findings as workflow commands of GitHub Actions, which shows them in the changed files of a pull request."""

from __future__ import annotations

from collections.abc import Sequence

from kale_lite.cli.findings.checked import Checked, count, relative_uri
from kale_lite.diagnostics import CODES, Diagnostic, Severity

__all__ = ["show"]

_COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}


def show(notebooks: Sequence[Checked]) -> None:
    """Print a command for each finding. ``line`` and ``col`` are those of the notebook's file, the JSON."""
    for one in notebooks:
        for finding in one.diagnostics:
            print(_command(one, finding))
        print(f"{relative_uri(one.path)}: {count(one.diagnostics)}")


def _command(one: Checked, finding: Diagnostic) -> str:
    line, column = one.position(finding.location)
    place = {"file": relative_uri(one.file(finding)), "line": str(line), "col": str(column)}
    properties = {**place, "title": f"{finding.code}: {CODES[finding.code].title}"}
    where = f"{finding.location}: " if finding.location else ""
    hint = f"\nhint: {finding.hint}" if finding.hint else ""
    given = ",".join(f"{key}={_property(value)}" for key, value in properties.items())
    return f"::{_COMMANDS[finding.severity]} {given}::{_data(f'{where}{finding.message}{hint}')}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
