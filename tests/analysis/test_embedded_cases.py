"""The conformance cases with their later steps in a notebook of their own: the pipeline stays what it was."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest

from kale_lite.project import load
from tests.conformance import grading
from tests.conftest import make_notebook

CASES = grading.cases()[::4]


def halves(content: Any) -> Iterator[int]:
    """Places where the cells can be cut: no step on both sides, and no ``prev:`` across; the first place always."""
    yield 0
    cells = content.cells
    for place in range(len(cells) // 2, len(cells)):
        above, below = ({t for cell in part for t in cell.metadata.tags} for part in (cells[:place], cells[place:]))
        steps = {tag.removeprefix("step:") for tag in above if tag.startswith("step:")}
        if not any(tag.partition(":")[2] in steps for tag in below) and "pipeline-parameters" not in below:
            yield place
            return


def outcome(path: Path, prefix: str = "") -> dict[str, Any]:
    """What a notebook compiles to, with names and cells as they are without the notebook around them."""
    project = load(path)
    found = {"codes": sorted((d.code, d.severity) for d in project.diagnostics)}
    pipeline = project.pipeline
    if pipeline is not None:
        steps = [
            (s.name.removeprefix(prefix), s.inputs, s.outputs, s.parameters, s.replays, s.readonly, s.effects)
            for s in pipeline.steps
        ]
        needs = {
            (d.before.removeprefix(prefix), d.after.removeprefix(prefix), d.name, d.kind, d.line, d.rule)
            for d in pipeline.dependencies
        }
        found |= {"steps": steps, "needs": needs}
    return found


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_cases_in_two_notebooks(case: grading.Case, tmp_path: Path) -> None:
    content = grading.notebook(case)
    nbformat.write(content, tmp_path / "whole.ipynb")
    expected = outcome(tmp_path / "whole.ipynb")
    for place in halves(content):
        nbformat.write(nbformat.v4.new_notebook(cells=content.cells[place:], metadata=content.metadata),
                       tmp_path / "later.ipynb")  # fmt: skip
        outer = make_notebook([("notebook:later", "%run later.ipynb")])
        outer.cells[:0] = content.cells[:place]
        nbformat.write(outer, tmp_path / "outer.ipynb")
        assert outcome(tmp_path / "outer.ipynb", "later-") == expected
