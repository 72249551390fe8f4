"""Findings as JSON: a list with one object a finding."""

from __future__ import annotations

import json
from collections.abc import Sequence

from kale_lite.cli.findings.checked import Checked

__all__ = ["show"]


def show(notebooks: Sequence[Checked]) -> None:
    """Print the findings of all notebooks as one document."""
    rows = [
        {**finding.to_json(), "notebook": str(one.file(finding))} for one in notebooks for finding in one.diagnostics
    ]
    print(json.dumps(rows, indent=1))
