"""What is told about ordinary notebooks is worth reading: no errors, no warnings, few infos."""

from __future__ import annotations

from pathlib import Path

import pytest

from kale_lite.project import load
from tests.conftest import WriteNotebook
from tests.diagnostics.ordinary import ORDINARY

EXPLAINED = {
    "eda-titanic": ["KL303"],
    "grid": ["KL301"],  # a seed, and models without a random state
    "magics": ["KL303"],
    "prev": ["KL302"],
    "timeseries": ["KL303"],
}
EXAMPLES = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))


@pytest.mark.parametrize("name", ORDINARY)
def test_ordinary_notebook(write_notebook: WriteNotebook, name: str) -> None:
    assert [d.code for d in load(write_notebook(ORDINARY[name])).check()] == EXPLAINED.get(name, [])


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_example_notebook(path: Path) -> None:
    assert {d.severity.value for d in load(path).check()} <= {"info"}
