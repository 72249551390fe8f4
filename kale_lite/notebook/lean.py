"""nbformat without what reading notebooks does not need.

Where JupyterLab is installed, jsonschema, which nbformat imports, imports a checker of international web addresses
that builds its grammar at once: a second of processor time for every command, for a check that notebooks never use.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
import types
from typing import Any

__all__ = ["import_nbformat"]

_CHECKER = "rfc3987_syntax"


def import_nbformat() -> Any:
    """nbformat. The checker is imported when a schema asks for it; else it is as ``import nbformat``."""
    if "jsonschema" not in sys.modules and _CHECKER not in sys.modules and importlib.util.find_spec(_CHECKER):
        stand_in: Any = types.ModuleType(_CHECKER)
        stand_in.is_valid_syntax = _is_valid_syntax
        sys.modules[_CHECKER] = stand_in
        try:
            importlib.import_module("jsonschema")
        finally:
            del sys.modules[_CHECKER]
    return importlib.import_module("nbformat")


def _is_valid_syntax(term: str, value: str) -> Any:
    return importlib.import_module(_CHECKER).is_valid_syntax(term, value)
