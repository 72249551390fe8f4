"""Step names: as users write them, and as safe unique slugs for files and URLs."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

__all__ = ["LONGEST_NAME", "folded", "name_problem", "slugs"]

LONGEST_NAME = 200
_LONGEST_SLUG = 60


def name_problem(name: str) -> str:
    """Why a text cannot be a step's name; empty when it can."""
    if not name.strip():
        return "the name is empty"
    if len(name) > LONGEST_NAME:
        return f"the name has {len(name)} characters, at most {LONGEST_NAME} are allowed"
    if any(unicodedata.category(c).startswith("C") for c in name):
        return "the name holds control characters"
    if not any(c.isalnum() for c in name):
        return "the name has no letter or digit"
    return ""


def folded(name: str) -> str:
    """What two names have in common when targets cannot tell them apart."""
    text = unicodedata.normalize("NFKC", name).casefold()
    return re.sub(r"[\W_]+", "-", text).strip("-")


def slugs(names: Iterable[str]) -> dict[str, str]:
    """A name for files and URLs for each step: lower-case ASCII, never empty, each different."""
    found: dict[str, str] = {}
    for name in names:
        plain = unicodedata.normalize("NFKD", folded(name)).encode("ascii", "ignore").decode()
        base = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:_LONGEST_SLUG].strip("-") or "step"
        slug, number = base, 1
        while slug in found.values():
            number += 1
            slug = f"{base}-{number}"
        found[name] = slug
    return found
