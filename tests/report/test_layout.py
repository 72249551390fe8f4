"""Layouts of graphs: ranks, no box on another, edges around boxes."""

from __future__ import annotations

import itertools
import random

import pytest

from kale_lite.report.layout import lay_out


def test_ranks_follow_the_longest_way() -> None:
    layout = lay_out("abcd", [("a", "b"), ("b", "c"), ("a", "d")])
    assert {node: rank for node, (rank, _) in layout.places.items()} == {"a": 0, "b": 1, "c": 2, "d": 1}
    assert (layout.ranks, layout.widest) == (3, 2)


def test_no_steps_and_no_edges() -> None:
    assert lay_out("", []).ranks == 0
    assert lay_out("ab", []).places == {"a": (0, -0.5), "b": (0, 0.5)}


def test_an_edge_over_ranks_passes_beside_the_boxes_between() -> None:
    layout = lay_out("abc", [("a", "b"), ("b", "c"), ("a", "c")])
    assert layout.routes["a", "c"][1] != layout.places["b"]


def test_parallel_chains_do_not_cross() -> None:
    edges = [("a", "c"), ("b", "d"), ("c", "f"), ("d", "e")]
    at = {node: position for node, (_, position) in lay_out("abcdef", edges).places.items()}
    assert (at["a"] < at["b"]) == (at["c"] < at["d"]) == (at["f"] < at["e"])


@pytest.mark.parametrize("seed", range(20))
def test_random_graphs(seed: int) -> None:
    draw = random.Random(seed)
    nodes = [f"n{i}" for i in range(30)]
    edges = [pair for pair in itertools.combinations(nodes, 2) if draw.random() < 0.07]
    layout = lay_out(nodes, edges)
    spots = [place for node, place in layout.places.items()]
    spots += [place for route in layout.routes.values() for place in route[1:-1]]
    assert len(set(spots)) == len(spots)
    for (before, after), route in layout.routes.items():
        assert [rank for rank, _ in route] == list(range(layout.places[before][0], layout.places[after][0] + 1))
