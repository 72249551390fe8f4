"""The documented pages of the diagnostics, one a code, as they are shipped."""

from __future__ import annotations

from pathlib import Path

import kale_lite

__all__ = ["page", "summary"]

_PACKAGE = Path(kale_lite.__file__).parent
_FOLDERS = (_PACKAGE / "docs" / "diagnostics", _PACKAGE.parent / "docs" / "diagnostics")
"""Where a wheel has the pages, and where a checkout does."""


def page(code: str) -> str:
    """The page of a code, in Markdown."""
    folder = next((folder for folder in _FOLDERS if folder.is_dir()), _FOLDERS[0])
    return (folder / f"{code}.md").read_text("utf-8")


def summary(code: str) -> str:
    """The page's first paragraph, on one line."""
    paragraphs = page(code).split("\n\n")
    return " ".join(next(p for p in paragraphs if not p.startswith(("#", "|"))).split())
