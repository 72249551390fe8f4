"""The findings of ``check`` in the forms that people, CI and code scanners read."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from kale_lite.cli.findings import as_json, github, sarif, text
from kale_lite.cli.findings.checked import Checked, check_notebook

__all__ = ["FORMATS", "Checked", "check_notebook"]

FORMATS: dict[str, Callable[[Sequence[Checked]], None]] = {
    "text": text.show,
    "json": as_json.show,
    "github": github.show,
    "sarif": sarif.show,
}
"""Each prints the findings of all notebooks of one call to standard output."""
