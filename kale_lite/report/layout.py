"""Places for the nodes and edges of a graph: ranks by what comes before, few crossings, edges around the nodes."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

__all__ = ["Layout", "lay_out"]

_SWEEPS = 8
_Item = str | tuple[str, str, int]
"""A node, or where an edge (before, after) passes a rank in between."""


@dataclass(frozen=True, slots=True)
class Layout:
    """``places`` maps a node to (rank, position in it); ``routes`` an edge to the places that it passes, ends included.

    Positions are centred: rank 0 of two nodes has them at -0.5 and 0.5. ``ranks`` and ``widest`` are counts.
    """

    places: Mapping[str, tuple[int, float]]
    routes: Mapping[tuple[str, str], tuple[tuple[int, float], ...]]
    ranks: int
    widest: int


def lay_out(nodes: Sequence[str], edges: Sequence[tuple[str, str]]) -> Layout:
    """Lay out an acyclic graph whose nodes are in topological order. Edges that others imply should be left out."""
    rank = _ranks(nodes, edges)
    rows: list[list[_Item]] = [[] for _ in range(1 + max(rank.values(), default=-1))]
    for node in nodes:
        rows[rank[node]].append(node)
    chains: dict[tuple[str, str], list[_Item]] = {}
    for before, after in edges:
        between: list[_Item] = [(before, after, r) for r in range(rank[before] + 1, rank[after])]
        for offset, item in enumerate(between, rank[before] + 1):
            rows[offset].append(item)
        chains[before, after] = [before, *between, after]
    _order(rows, chains.values())
    spots = {item: (r, i - (len(row) - 1) / 2) for r, row in enumerate(rows) for i, item in enumerate(row)}
    routes = {edge: tuple(spots[item] for item in chain) for edge, chain in chains.items()}
    return Layout({n: spots[n] for n in nodes}, routes, len(rows), max(map(len, rows), default=0))


def _ranks(nodes: Sequence[str], edges: Sequence[tuple[str, str]]) -> dict[str, int]:
    before: dict[str, list[str]] = {node: [] for node in nodes}
    for first, second in edges:
        before[second].append(first)
    rank: dict[str, int] = {}
    for node in nodes:
        rank[node] = 1 + max((rank[b] for b in before[node]), default=-1)
    return rank


def _order(rows: list[list[_Item]], chains: Collection[list[_Item]]) -> None:
    """Order each rank by where its neighbours lie, down and up in turn."""
    up: dict[_Item, list[_Item]] = {}
    down: dict[_Item, list[_Item]] = {}
    for chain in chains:
        for first, second in itertools.pairwise(chain):
            down.setdefault(first, []).append(second)
            up.setdefault(second, []).append(first)
    for sweep in range(_SWEEPS):
        neighbours = down if sweep % 2 else up
        for row in reversed(rows) if sweep % 2 else rows:
            at = {item: i - (len(line) - 1) / 2 for line in rows for i, item in enumerate(line)}
            row.sort(key=lambda item: _middle(neighbours.get(item, ()), at, at[item]))


def _middle(items: Sequence[_Item], at: Mapping[_Item, float], own: float) -> float:
    return sum(at[item] for item in items) / len(items) if items else own
