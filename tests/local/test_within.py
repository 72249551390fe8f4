"""Modules that count what they make or have settings: told where steps begin anew, carried if the project says so."""

from __future__ import annotations

from pathlib import Path

import pytest

from kale_lite.project import load
from tests.conftest import Cells, WriteNotebook
from tests.local.test_warm import shown

MODULE = """
import itertools
_numbers = itertools.count(1)
defaults = {"prefix": "thing"}
def set_prefix(text):
    defaults["prefix"] = text
class Thing:
    def __init__(self):
        self.name = f"{defaults['prefix']} {next(_numbers)}"
    def other(self):
        return Thing()
"""

CELLS: Cells = [
    ("imports", "import things"),
    ("step:first", "a = things.Thing()\nprint(a.name)"),
    ("step:second", "b = things.Thing()\nprint(b.name)"),
    ("step:beside", "c = 1"),
    ("step:object", "print(a.other().name)\nthings.set_prefix('no.')"),
    ("step:last", "print(things.Thing().name)"),
]


@pytest.fixture
def counting(tmp_path: Path) -> None:
    (tmp_path / "things.py").write_text(MODULE)


@pytest.mark.usefixtures("counting")
def test_two_steps_that_count_from_the_same_number_are_told(write_notebook: WriteNotebook, tmp_path: Path) -> None:
    result = load(write_notebook(CELLS)).run(output_dir=tmp_path / "out", jobs=1)
    assert result.status == "failed"
    assert {d.code for d in result.diagnostics} == {"KL412"}
    assert "`_numbers` of module 'things'" in result.diagnostics[0].message
    assert "library: things" in result.diagnostics[0].hint


@pytest.mark.usefixtures("counting")
def test_settings_that_a_later_step_would_have_seen_are_told(write_notebook: WriteNotebook, tmp_path: Path) -> None:
    cells = [("imports", "import things"), ("step:before", "print(things.defaults['prefix'])"),
             ("step:set", "things.set_prefix('no.')"), ("step:use", "print(things.defaults['prefix'])")]  # fmt: skip
    result = load(write_notebook(cells)).run(output_dir=tmp_path / "out", jobs=1)
    (found,) = result.diagnostics
    assert (found.code, found.location and found.location.cell) == ("KL412", 4)
    assert "step 'set' changes settings in `defaults` of module 'things'" in found.message
    assert result.steps["before"].status == "done"


@pytest.mark.usefixtures("counting")
def test_counters_of_a_library_that_counts_are_carried(write_notebook: WriteNotebook, tmp_path: Path) -> None:
    (tmp_path / "things.yml").write_text("library: things\ncounts: true\nrules: []\n")
    (tmp_path / "pyproject.toml").write_text('[tool.kale-lite]\neffects = ["things.yml"]\n')
    project = load(write_notebook(CELLS))
    pipeline = project.compile()
    assert pipeline.edges == (
        ("first", "second"), ("first", "object"), ("second", "object"), ("object", "last"),
    )  # fmt: skip
    assert "'things' numbers what it makes" in next(d.message for d in project.diagnostics if d.code == "KL301")
    result = project.run(output_dir=tmp_path / "out")
    assert result.status == "done", result.diagnostics
    assert [o for cell in shown(tmp_path / "out") for o in cell] == ["thing 1\n", "thing 2\n", "thing 3\n", "no. 4\n"]
