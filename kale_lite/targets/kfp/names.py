"""Names as KFP and Python take them: ASCII identifiers, which stay apart also when case and punctuation are folded."""

from __future__ import annotations

import builtins
import keyword
import re
import unicodedata
from collections.abc import Iterable

__all__ = ["Names", "pipeline_slug"]

_RESERVED = ("self", "kubernetes", "locals", "Output", "run_step")
"""What the functions of the DSL, and KFP in calling them, use themselves."""
_MODULE = ("dsl", "kfp", "packed", "pipeline", "path")
"""What the DSL's module uses beside."""
_LONGEST = 48


class Names:
    """Gives each name of one namespace an identifier of its own; with ``shadows`` also those of Python's builtins."""

    def __init__(self, taken: Iterable[str] = (), *, shadows: bool = False) -> None:
        self._folded = {_folded(name) for name in (*_RESERVED, *taken, *(() if shadows else _MODULE))}
        self._shadows = shadows

    def give(self, name: str, fallback: str = "value") -> str:
        """An identifier for a name: the name itself where KFP takes it, and no earlier one meets it."""
        base = _identifier(name) or fallback
        found, number = base, 1
        while _folded(found) in self._folded or not self._is_free(found):
            number += 1
            found = f"{base}_{number}"
        self._folded.add(_folded(found))
        return found

    def _is_free(self, name: str) -> bool:
        return not keyword.iskeyword(name) and (self._shadows or not hasattr(builtins, name))


def _identifier(name: str) -> str:
    if re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", name):
        return name[:_LONGEST]
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    text = re.sub(r"[^A-Za-z0-9]+", "_", plain).strip("_")[:_LONGEST].strip("_")
    return f"n{text}" if text[:1].isdigit() else text


def _folded(name: str) -> str:
    """What KFP folds names to at worst: lower case, runs of punctuation as one."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def pipeline_slug(name: str) -> str:
    """A pipeline's name as KFP takes it."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:100].strip("-") or "pipeline"
