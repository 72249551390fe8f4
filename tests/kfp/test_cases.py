"""Dataflow cases of all groups on Kubeflow: right, or refused with the diagnostic that the case allows."""

from __future__ import annotations

from collections import defaultdict

import pytest

from tests.conformance import grading
from tests.conformance.test_conformance import expected_failures
from tests.kfp.cases import run_case

GIVEN = 240
_PART = 3


def sample() -> list[grading.Case]:
    """The first of each three cases of a group; ``python -m tests.kfp`` runs all."""
    groups: dict[str, list[grading.Case]] = defaultdict(list)
    for case in grading.cases()[:GIVEN]:
        groups[case["group"]].append(case)
    return [case for cases in groups.values() for case in cases[::_PART] if case["id"] not in expected_failures()]


def test_the_sample_is_of_all_groups() -> None:
    assert len(sample()) >= 80


@pytest.mark.parametrize("case", sample(), ids=[case["id"] for case in sample()])
def test_case(case: grading.Case) -> None:
    result = run_case(case)
    assert result["grade"] in ("pass", "flagged"), f"{result['grade']}: {result['detail']}"
