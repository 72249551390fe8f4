"""Findings as SARIF 2.1.0 (OASIS), which code scanners and editors read."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from kale_lite import __version__
from kale_lite.cli.findings.checked import Checked, relative_uri
from kale_lite.diagnostics import CODES, Diagnostic, Severity
from kale_lite.pages import page, summary

__all__ = ["show"]

_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}
_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


def show(notebooks: Sequence[Checked]) -> None:
    """Print one document with one run, for all notebooks."""
    print(json.dumps(document(notebooks), indent=1))


def document(notebooks: Sequence[Checked]) -> dict[str, Any]:
    """The SARIF log. Columns count code points."""
    codes = sorted({finding.code for one in notebooks for finding in one.diagnostics})
    driver = {"name": "kale-lite", "version": __version__, "rules": [_rule(code) for code in codes]}
    results = [_result(one, finding, codes) for one in notebooks for finding in one.diagnostics]
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    return {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}


def _rule(code: str) -> dict[str, Any]:
    known = CODES[code]
    return {
        "id": code,
        "name": "".join(word.capitalize() for word in known.title.replace("-", " ").split()),
        "shortDescription": {"text": known.title},
        "fullDescription": {"text": summary(code)},
        "help": {"text": f"kale-lite explain {code}", "markdown": page(code)},
        "defaultConfiguration": {"level": _LEVELS[known.severity]},
        "properties": {"tags": ["notebook", known.theme]},
    }


def _result(one: Checked, finding: Diagnostic, codes: Sequence[str]) -> dict[str, Any]:
    hint = f"\nHint: {finding.hint}" if finding.hint else ""
    where = f"{finding.location}: " if finding.location else ""
    return {
        "ruleId": finding.code,
        "ruleIndex": codes.index(finding.code),
        "level": _LEVELS[finding.severity],
        "message": {"text": f"{where}{finding.message}{hint}"},
        "locations": [_location(one, finding)],
        "partialFingerprints": {"kaleLite/v1": _fingerprint(one, finding)},
    }


def _location(one: Checked, finding: Diagnostic) -> dict[str, Any]:
    line, column = one.position(finding.location)
    uri = quote(relative_uri(one.file(finding)))
    region: dict[str, Any] = {"startLine": line, "startColumn": column}
    found: dict[str, Any] = {"physicalLocation": {"artifactLocation": {"uri": uri}, "region": region}}
    if finding.location is not None:
        cell = f"cell {finding.location.own.cell}"
        found["logicalLocations"] = [{"name": cell, "fullyQualifiedName": f"{uri}/{cell}", "kind": "module"}]
    return found


def _fingerprint(one: Checked, finding: Diagnostic) -> str:
    """The same for the same finding when cells above it come and go."""
    code = one.line(finding.location) if finding.location is not None else ""
    return hashlib.sha256(repr((finding.code, finding.message, code.strip())).encode()).hexdigest()[:32]
