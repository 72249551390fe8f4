"""The graph of a run as SVG: a box a step with its state and time, curves with what flows as their tooltips."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from html import escape

from kale_lite.report.layout import Layout, lay_out
from kale_lite.report.view import RunView, StepView, names, spent

__all__ = ["SYMBOLS", "draw_graph"]

SYMBOLS = {"done": "✓", "failed": "✗", "skipped": "–", "cancelled": "–", "running": "▶", "waiting": "·",
           "reused": "↺", "interrupted": "–"}  # fmt: skip
_WIDTH, _HEIGHT = 148, 44
_ACROSS, _ALONG = 24, 44
"""Space between the boxes of a rank, and between ranks."""
_MARGIN = 6
_TALL = 5
"""Most boxes of a rank for which ranks go down the page; with more they go across, so that boxes stay readable."""
_LONGEST = 17


def draw_graph(run: RunView) -> str:
    """The graph as an SVG element. Edges that follow from others are left out, as the reasons stay in the record."""
    edges = _reduced([step.name for step in run.steps], list(run.edges))
    layout = lay_out([step.name for step in run.steps], edges)
    canvas = _Canvas(layout)
    width, height = canvas.size
    parts = [
        f'<svg class="graph" role="img" aria-label="Graph of the steps" viewBox="0 0 {width:g} {height:g}" '
        f'width="{width:g}" height="{height:g}">',
        '<defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        '<path d="M0 0 8 4 0 8z"/></marker></defs>',
    ]
    for edge in edges:
        label = f"{edge[0]} → {edge[1]}: {names(run.edges[edge], 12)}"
        parts.append(f'<path class="edge" d="{canvas.route(edge)}" marker-end="url(#arrow)">'
                     f"<title>{escape(label)}</title></path>")  # fmt: skip
    parts += [part for step in run.steps for part in _node(step, *canvas.corner(step.name))]
    return "".join([*parts, "</svg>"])


def _reduced(nodes: list[str], edges: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """The edges without those that a longer way implies."""
    before: dict[str, set[str]] = {node: set() for node in nodes}
    for first, second in edges:
        before[second].add(first)
    above: dict[str, set[str]] = {}
    for node in nodes:
        above[node] = before[node].union(*(above[b] for b in before[node]))
    return [(a, b) for a, b in edges if not any(a in above[other] for other in before[b] - {a})]


def _node(step: StepView, x: float, y: float) -> Iterator[str]:
    state = "reused" if step.reused else step.status
    shown = step.name if len(step.name) <= _LONGEST else f"{step.name[: _LONGEST - 1]}…"
    time = f"{SYMBOLS[state]} {state}" + (f" · {spent(step.lasts)}" if step.lasts else "")
    yield f'<a href="#step-{escape(step.slug)}"><g class="node is-{state}"><title>{escape(step.name)}: {state}</title>'
    yield f'<rect x="{x:g}" y="{y:g}" width="{_WIDTH}" height="{_HEIGHT}" rx="6"/>'
    yield f'<text class="name" x="{x + 12:g}" y="{y + 18:g}">{escape(shown)}</text>'
    yield f'<text class="time" x="{x + 12:g}" y="{y + 34:g}">{escape(time)}</text></g></a>'


class _Canvas:
    """Turns ranks and positions into points. ``size`` is (width, height)."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.down = layout.widest <= _TALL
        across, along = (_WIDTH + _ACROSS, _HEIGHT + _ALONG) if self.down else (_HEIGHT + _ACROSS / 2, _WIDTH + _ALONG)
        self.across, self.along = across, along
        self._half: Mapping[bool, float] = {True: _WIDTH / 2, False: _HEIGHT / 2}
        wide = max(layout.widest, 1) * across - (across - 2 * self._half[self.down])
        deep = max(layout.ranks, 1) * along - (along - 2 * self._half[not self.down])
        self._centre = wide / 2 + _MARGIN
        pair = (wide + 2 * _MARGIN, deep + 2 * _MARGIN)
        self.size = pair if self.down else (pair[1], pair[0])

    def _point(self, rank: int, position: float) -> tuple[float, float]:
        """The middle of a place, as (across, along)."""
        return self._centre + position * self.across, _MARGIN + self._half[not self.down] + rank * self.along

    def corner(self, node: str) -> tuple[float, float]:
        """The top left corner of a node's box."""
        across, along = self._point(*self.layout.places[node])
        x, y = (across, along) if self.down else (along, across)
        return x - _WIDTH / 2, y - _HEIGHT / 2

    def route(self, edge: tuple[str, str]) -> str:
        """The path of an edge: curves from rank to rank, straight where it passes one."""
        half = self._half[not self.down]
        points = [self._point(*place) for place in self.layout.routes[edge]]
        path = [f"M{self._xy(points[0][0], points[0][1] + half)}"]
        for number, ((a, b), (c, d)) in enumerate(itertools.pairwise(points), 2):
            end, middle = d - half, (b + d) / 2
            path.append(f"C{self._xy(a, middle)} {self._xy(c, middle)} {self._xy(c, end)}")
            if number < len(points):
                path.append(f"L{self._xy(c, d + half)}")
        return "".join(path)

    def _xy(self, across: float, along: float) -> str:
        x, y = (across, along) if self.down else (along, across)
        return f"{x:.1f} {y:.1f}"
