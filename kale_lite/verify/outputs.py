"""Outputs of cells in a form that can be compared: streams joined, and a closed list of things normalised."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

__all__ = ["NORMALISED", "Output", "canonical", "repeated_warnings_removed"]

NORMALISED: tuple[tuple[str, re.Pattern[str], str], ...] = (
    ("memory addresses", re.compile(r"\b0x[0-9a-fA-F]{6,16}\b"), "0x…"),
    ("pandas Styler ids", re.compile(r"\bT_[0-9a-f]{5}(?=_|\b)"), "T_…"),
    ("scikit-learn diagram ids", re.compile(r"\bsk-(container|estimator)-id-\d+"), r"sk-\1-id-…"),
    ("UUIDs of widgets and plots", re.compile(r"\b[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}\b"),
     "uuid…"),
    ("ipykernel's names of cells",
     re.compile(r"(?<!\S)\S{0,200}?ipykernel_\d+/\d+\.py|<ipython-input-\d+-[0-9a-f]+>"), "<cell>"),
    ("execution counts", re.compile(r"\b(In|Out|Cell In|Input In) ?\[(\d+|[^\]]*)\]"), r"\1[…]"),
)  # fmt: skip
"""All that is normalised, with a name for each: nothing else is."""
_BINARY = ("image/png", "image/jpeg", "image/gif", "application/pdf")
"""Forms of a display that are bytes in base64."""
_WIDGETS = ("application/vnd.jupyter.widget-view+json",)
_WARNING = re.compile(r"^\S.*?:\d+: \w*Warning: .*\n(?:  .*\n?)?", re.MULTILINE)

Output = tuple[str, str]
"""What it is (``stdout``, ``stderr``, ``error``, or ``display text/html``) and its normalised text."""


def canonical(outputs: Sequence[Any]) -> tuple[list[Output], list[str]]:
    """A cell's outputs to compare, and what of them cannot be compared.

    Streams come first, each joined: how the two interleave depends on timing.
    """
    streams = {"stdout": "", "stderr": ""}
    found: list[Output] = []
    opaque: list[str] = []
    for output in outputs:
        kind = output["output_type"]
        if kind == "stream":
            streams[output["name"]] = streams.get(output["name"], "") + _joined(output["text"])
        elif kind == "error":
            found.append(("error", _normalised(f"{output['ename']}: {output['evalue']}")))
        else:
            for mime, data in sorted(output["data"].items()):
                if mime in _WIDGETS:
                    opaque.append("a widget")
                else:
                    text = _joined(data)
                    found.append((f"display {mime}", text if mime in _BINARY else _normalised(text)))
    texts = [(name, _normalised(_final_lines(text))) for name, text in streams.items() if text]
    return texts + found, opaque


def _joined(data: Any) -> str:
    if isinstance(data, str):
        return data
    return "".join(data) if isinstance(data, list) else json.dumps(data, sort_keys=True)


def _final_lines(text: str) -> str:
    """The text as a terminal leaves it: a carriage return starts the line anew, as progress bars do."""
    lines = text.replace("\r\n", "\n").split("\n")
    return "\n".join(line.rstrip("\r").rsplit("\r", 1)[-1] for line in lines)


def _normalised(text: str) -> str:
    for _, pattern, replacement in NORMALISED:
        text = pattern.sub(replacement, text)
    return text


def repeated_warnings_removed(text: str, shown: str) -> tuple[str, int]:
    """Text of stderr without the warnings that ``shown`` holds, and their number.

    Python shows a warning of one place once in a process: a pipeline shows it once in each step.
    """
    earlier = {_without_place(block) for block in _WARNING.findall(shown)}
    count = 0

    def replace(match: re.Match[str]) -> str:
        nonlocal count
        if _without_place(match.group()) not in earlier:
            return match.group()
        count += 1
        return ""

    return _WARNING.sub(replace, text), count


def _without_place(block: str) -> str:
    return block.split("Warning: ", 1)[1].split("\n", 1)[0]
