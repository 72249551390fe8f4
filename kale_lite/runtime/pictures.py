"""Figures of matplotlib for people: one HTML page with the pictures of a step."""

from __future__ import annotations

import base64
import html
import io
import sys
from typing import Any, Dict, Iterator, List, Tuple

__all__ = ["write_page"]

_MOST, _MOST_BYTES, _DPI = 20, 16_000_000, 100


def write_page(values: Dict[str, Any], path: str) -> Dict[str, Any]:
    """Write a page with each figure that the values are or belong to, once, under their names."""
    parts: List[str] = []
    shown: List[str] = []
    left: List[str] = []
    size = 0
    for names, figure in _figures(values):
        title = ", ".join(names)
        try:
            picture = _png(figure)
        except Exception as error:
            left.append(f"{title} cannot be drawn: {type(error).__name__}: {str(error)[:200]}")
            continue
        size += len(picture)
        if len(shown) >= _MOST or size > _MOST_BYTES:
            left.append(f"{title} is left out: a page has up to {_MOST} pictures and {_MOST_BYTES:,} bytes")
            continue
        shown.append(title)
        data = base64.b64encode(picture).decode()
        label = html.escape(title)
        parts.append(
            f'<figure><img alt="{label}" src="data:image/png;base64,{data}"><figcaption>{label}</figcaption></figure>'
        )
    if not parts:
        left.append(f"no figure when the step ran: {', '.join(values)}")
    parts += [f"<p>{html.escape(one)}</p>" for one in left]
    with open(path, "w", encoding="utf-8") as file:
        file.write("<!doctype html><meta charset=utf-8><title>figures</title>\n" + "\n".join(parts))
    return {"figures": shown, **({"note": "; ".join(left)} if left else {})}


def _figures(values: Dict[str, Any]) -> Iterator[Tuple[List[str], Any]]:
    """Each figure once, with the names by which it was found: those that are the figure itself, else all."""
    found: Dict[int, Tuple[Any, List[str], List[str]]] = {}
    for name, value in values.items():
        figure = _figure_of(value)
        if figure is not None:
            _, own, other = found.setdefault(id(figure), (figure, [], []))
            (own if value is figure else other).append(name)
    yield from ((own or other, figure) for figure, own, other in found.values())


def _figure_of(value: Any) -> Any:
    """The figure that a value is or is drawn in: axes, arrays of axes, grids of seaborn."""
    module = sys.modules.get("matplotlib.figure")
    if module is None:
        return None
    if isinstance(value, module.FigureBase):
        return value
    if hasattr(value, "flat"):  # the array of axes that subplots gives
        value = next(iter(value.flat), None)
    elif isinstance(value, (list, tuple)) and value:
        value = value[0]
    elif isinstance(value, dict) and value:
        value = next(iter(value.values()))
    figure = getattr(value, "figure", None)
    return figure if isinstance(figure, module.FigureBase) else None


def _png(figure: Any) -> bytes:
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=_DPI, bbox_inches="tight")
    return file.getvalue()
