"""JupyterLab's back end: a Jupyter Server extension. What it answers is written down in ``docs/panel.md``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jupyter_server.serverapp import ServerApp

__all__ = ["API"]

API = 1
"""The number of the interface: a page that speaks another one says so."""


def _jupyter_server_extension_points() -> list[dict[str, Any]]:
    return [{"module": "kale_lite.server"}]


def _load_jupyter_server_extension(serverapp: ServerApp) -> None:
    from kale_lite.server.extension import load

    load(serverapp)
