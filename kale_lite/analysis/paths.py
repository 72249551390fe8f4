"""Whether two paths, known in part, may be the same file or lie in one another."""

from __future__ import annotations

import posixpath
import re
from functools import lru_cache

from kale_lite.analysis.heap import UNKNOWN_TEXT
from kale_lite.analysis.machine import FileEffect

__all__ = ["conflict", "may_meet", "shown"]


def conflict(earlier: FileEffect, later: FileEffect) -> bool:
    """Whether the order of two effects on files can matter."""
    if not (earlier.writes or later.writes):
        return False
    for soft, other in ((earlier, later), (later, earlier)):
        # Imports read a module's file: only a writer that is known to write it counts.
        if soft.soft and other.path.startswith(UNKNOWN_TEXT):
            return False
    return may_meet(earlier.path, later.path)


def may_meet(one: str, other: str) -> bool:
    """Whether two paths may name one file, or a folder and a file in it."""
    first, second = _pattern(one), _pattern(other)
    return any(_overlap(a, b) for a in _with_parents(first) for b in (second,)) or any(
        _overlap(first, b) for b in _with_parents(second)
    )


@lru_cache(maxsize=65536)
def _pattern(path: str) -> str:
    path = re.sub(r"[*?]+|\[[^\]]*\]", UNKNOWN_TEXT, path)
    normal = posixpath.normpath(path.replace("\\", "/")) if path else UNKNOWN_TEXT
    return re.sub(f"{UNKNOWN_TEXT}+", UNKNOWN_TEXT, normal)


@lru_cache(maxsize=65536)
def _with_parents(path: str) -> tuple[str, ...]:
    """The path and the folders that hold it; ``.`` holds every relative path."""
    found = [path]
    while UNKNOWN_TEXT not in posixpath.basename(path) or "/" in path:
        parent = posixpath.dirname(path)
        if parent in ("", path):
            break
        found.append(parent)
        path = parent
    if not found[0].startswith("/"):
        found.append(".")
    return tuple(found)


@lru_cache(maxsize=65536)
def _overlap(one: str, other: str) -> bool:
    if UNKNOWN_TEXT not in one:
        one, other = other, one
    if UNKNOWN_TEXT not in one:
        return one == other
    if UNKNOWN_TEXT not in other:
        return re.fullmatch(".*".join(map(re.escape, one.split(UNKNOWN_TEXT))), other, re.S) is not None
    heads = one.split(UNKNOWN_TEXT)[0], other.split(UNKNOWN_TEXT)[0]
    tails = one.rsplit(UNKNOWN_TEXT)[-1], other.rsplit(UNKNOWN_TEXT)[-1]
    starts = heads[0].startswith(heads[1]) or heads[1].startswith(heads[0])
    return starts and (tails[0].endswith(tails[1]) or tails[1].endswith(tails[0]))


def shown(path: str) -> str:
    """The path for people: ``*`` where it is not known."""
    return path.replace(UNKNOWN_TEXT, "*")
