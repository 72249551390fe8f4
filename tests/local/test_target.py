"""Targets are found by their entry points."""

from __future__ import annotations

import pytest

from kale_lite.errors import UsageError
from kale_lite.targets import target
from kale_lite.targets.local import TARGET


def test_the_local_target_is_registered() -> None:
    assert target("local") is TARGET


def test_unknown_target_names_those_installed() -> None:
    with pytest.raises(UsageError, match="local"):
        target("cloud")
