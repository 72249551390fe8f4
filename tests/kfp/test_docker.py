"""Real containers, without a network and without kale-lite: an example and two cases; the rest by ``python -m tests.kfp.docker``."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.kfp.docker.containers import Containers, containers
from tests.kfp.docker.debian import Unavailable


@pytest.fixture(scope="module")
def ready() -> Iterator[Containers]:
    try:
        with containers() as found:
            yield found
    except Unavailable as reason:
        pytest.skip(f"no containers here: {reason}")


def test_an_example_in_containers_is_as_it_is_locally(ready: Containers) -> None:
    assert ready.example("diabetes") == ""


@pytest.mark.parametrize("case", ["file-overwrite-after-read", "unser-file-handle"])
def test_a_case_in_containers_is_as_it_is_locally(ready: Containers, case: str) -> None:
    assert ready.case(case) == ""
