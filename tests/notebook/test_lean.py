"""What makes reading fast changes nothing else: nbformat without the checker of web addresses, until it is asked for."""

from __future__ import annotations

import json
import subprocess
import sys

PROBE = """
import json, sys
from kale_lite.notebook.lean import import_nbformat
nbformat = import_nbformat()
early = [name for name in ("lark", "rfc3987_syntax") if name in sys.modules]
import jsonschema, nbformat as plain
checker = jsonschema.FormatChecker()
good = checker.conforms("http://größe.example/ä", "iri")
bad = checker.conforms("http://[", "iri")
print(json.dumps([early, nbformat is plain, good, bad, "lark" in sys.modules]))
"""


def test_web_addresses_are_checked_all_the_same() -> None:
    text = subprocess.run([sys.executable, "-c", PROBE], check=True, capture_output=True, text=True).stdout
    assert json.loads(text) == [[], True, True, False, True]
