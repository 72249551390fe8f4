"""kfp without what compiling does not need: its client, which imports Kubernetes' and Google's, and its loader."""

from __future__ import annotations

import importlib
import sys
import types
from typing import Any

__all__ = ["import_kfp"]

_LATER = {"client": "kfp.client", "Client": "kfp.client", "components": "kfp.components"}
"""Names of kfp, and the modules that they need."""


def import_kfp() -> None:
    """Import kfp; ``kfp.Client``, ``kfp.client`` and ``kfp.components`` are imported when somebody asks for them.

    Nothing but the time differs from ``import kfp``. ImportError when kfp is not installed.
    """
    modules = set(_LATER.values())
    if not modules.isdisjoint(sys.modules) or "kfp" in sys.modules:
        return
    for name in modules:
        stand_in: Any = types.ModuleType(name)
        stand_in.Client = None
        sys.modules[name] = stand_in
    try:
        kfp: Any = importlib.import_module("kfp")
    finally:
        for name in modules:
            del sys.modules[name]
    for name in _LATER:
        vars(kfp).pop(name, None)

    def later(name: str) -> Any:
        if name not in _LATER:
            raise AttributeError(f"module 'kfp' has no attribute {name!r}")
        module = importlib.import_module(_LATER[name])
        value = module.Client if name == "Client" else module
        setattr(kfp, name, value)
        return value

    kfp.__getattr__ = later
