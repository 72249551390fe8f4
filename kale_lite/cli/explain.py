"""The ``explain`` command: what a diagnostic means, and how to settle it."""

from __future__ import annotations

import difflib
import sys
from typing import Annotated

import typer

from kale_lite.diagnostics import CODES, THEMES
from kale_lite.errors import UsageError

__all__ = ["explain_command"]


def explain_command(
    code: Annotated[str | None, typer.Argument(metavar="[CODE]", help="Such as KL203; none lists all.")] = None,
) -> None:
    """Explain a diagnostic: what it means, an example, how to settle it.

    Example:

        kale-lite explain KL203
    """
    if code is None:
        _list()
    else:
        _show(code)


def _show(code: str) -> None:
    from kale_lite.pages import page

    known = CODES.get(code.strip().upper())
    if known is None:
        near = difflib.get_close_matches(code.upper(), CODES, 3, 0.6)
        hint = f"do you mean {' or '.join(near)}?" if near else "`kale-lite explain` lists all codes"
        raise UsageError(f"there is no diagnostic {code!r}", hint=hint)
    if sys.stdout.isatty():
        from rich.console import Console
        from rich.markdown import Markdown

        Console().print(Markdown(page(known.number)))
    else:
        print(page(known.number), end="")


def _list() -> None:
    for prefix, theme in THEMES.items():
        print(theme)
        for code in CODES.values():
            if code.number.startswith(prefix):
                print(f"  {code.number}  {code.severity:<7}  {code.title}")
