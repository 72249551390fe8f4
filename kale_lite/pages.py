"""The documented pages of the diagnostics, one a code, as they are shipped."""

from __future__ import annotations

from pathlib import Path

import kale_lite

__all__ = ["html_page", "page", "summary"]

_PACKAGE = Path(kale_lite.__file__).parent
_FOLDERS = (_PACKAGE / "docs" / "diagnostics", _PACKAGE.parent / "docs" / "diagnostics")
"""Where a wheel has the pages, and where a checkout does."""

_HTML = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{code}</title><style>
:root {{ color-scheme: light dark }}
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 46em; margin: 2em auto; padding: 0 1em }}
pre {{ padding: .8em; overflow-x: auto; border: 1px solid #8888 }}
td, th {{ padding: .2em .8em; border: 1px solid #8888 }}
table {{ border-collapse: collapse }}
</style></head><body>{text}</body></html>
"""


def page(code: str) -> str:
    """The page of a code, in Markdown."""
    folder = next((folder for folder in _FOLDERS if folder.is_dir()), _FOLDERS[0])
    return (folder / f"{code}.md").read_text("utf-8")


def html_page(code: str) -> str:
    """The page of a code as HTML, on its own."""
    from markdown_it import MarkdownIt

    text = MarkdownIt("commonmark", {"html": False}).enable("table").render(page(code))
    return _HTML.format(code=code, text=text)


def summary(code: str) -> str:
    """The page's first paragraph, on one line."""
    paragraphs = page(code).split("\n\n")
    return " ".join(next(p for p in paragraphs if not p.startswith(("#", "|"))).split())
