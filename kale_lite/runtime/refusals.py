"""What the serialiser raises for a value that it will not take along."""

from __future__ import annotations

__all__ = ["Unserialisable"]


class Unserialisable(Exception):
    """A value, or something inside it, cannot travel."""
