"""The lines of cells, which warnings, tracebacks and ``inspect`` show: they are in no file, so they travel."""

from __future__ import annotations

import linecache
import os
from typing import List, Optional

__all__ = ["lines_of", "remember"]


def lines_of(file: str) -> Optional[List[str]]:
    """The lines of what is no file, the same list each time; None where there is a file or nothing is known."""
    known = linecache.cache.get(file)
    return known[2] if known is not None and len(known) == 4 and not os.path.exists(file) else None


def remember(file: str, lines: List[str]) -> None:
    # Without a time of change the lines are never looked for on the disk.
    linecache.cache.setdefault(file, (sum(map(len, lines)), None, lines, file))
