"""The command line."""

from __future__ import annotations

from kale_lite.cli.app import main

__all__ = ["main"]
