"""What is written for the examples changes only on purpose."""

from __future__ import annotations

import pytest

from tests.kfp.golden import EXAMPLES, FOLDER, golden_files


@pytest.mark.parametrize("name", EXAMPLES)
def test_golden(name: str) -> None:
    """When a change is meant: ``python -m tests.kfp.golden``, and read the difference."""
    for file, text in golden_files(name).items():
        assert text == (FOLDER / f"{file}.txt").read_text(), file
