"""Python text: literals whatever they hold, and calls that are broken into lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

__all__ = ["call", "literal"]

_WIDTH = 110


def literal(value: Any) -> str:
    """A Python literal in ASCII, whatever the value holds; texts in double quotes."""
    if isinstance(value, str):
        text = ascii(value)
        if text[0] == "'" and '"' not in text:
            text = f'"{text[1:-1]}"'
        return text
    if isinstance(value, list):
        return f"[{', '.join(map(literal, value))}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{literal(k)}: {literal(v)}' for k, v in value.items())}}}"
    return ascii(value)


def call(name: str, arguments: Sequence[str], indent: str = "") -> Iterator[str]:
    """A call, on one line where it fits."""
    line = f"{indent}{name}({', '.join(arguments)})"
    if len(line) <= _WIDTH:
        yield line
        return
    yield f"{indent}{name}("
    yield from (f"{indent}    {argument}," for argument in arguments)
    yield f"{indent})"
