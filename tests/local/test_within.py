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
    assert "what 'things' keeps within itself" in next(d.message for d in project.diagnostics if d.code == "KL301")
    result = project.run(output_dir=tmp_path / "out")
    assert result.status == "done", result.diagnostics
    assert [o for cell in shown(tmp_path / "out") for o in cell] == ["thing 1\n", "thing 2\n", "thing 3\n", "no. 4\n"]


KEEPING = """
_registered = []
seen = {"n": []}
_memo = {}
def register(text):
    _registered.append(text)
def everything():
    _memo[len(_memo)] = 1
    return list(_registered)
def note():
    seen["n"].append(1)
class Thing:
    made = []
    def __init__(self):
        Thing.made.append(self)
mode, size, _open, _table, _ready, _lazy = "a", 1, None, object(), False, None
def choose(text):
    global mode, size, _open, _ready, _lazy
    mode, size, _open, _ready, _lazy = text, 2, [text], True, object()
def chosen():
    return mode, size, _open
def replace():
    global _table
    _table = object()
def prepare():
    global _ready, _lazy
    _ready, _lazy = True, object()
"""
KEEPERS: Cells = [
    ("imports", "import keeping\nfrom keeping import seen, note, Thing"),
    ("step:one", "keeping.register('a')"), ("step:two", "keeping.register('b')"), ("step:three", "note()"),
    ("step:four", "note()\nprint(seen)"), ("step:five", "t = Thing()"),
    ("step:set", "keeping.choose('b')"),
    ("step:six", "print(keeping.everything(), len(Thing.made), keeping.chosen())"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("change", "look", "name"),
    [
        ("keeping.register('a')", "print(keeping.everything())", "_registered"),
        ("keeping.note()", "print(keeping.seen)", "seen"),
        ("t = keeping.Thing()", "print(len(keeping.Thing.made))", "Thing.made"),
        ("keeping.choose('b')", "print(keeping.chosen())", "_open"),
        ("keeping.replace()", "print(keeping.chosen())", "_table"),
    ],
)
def test_what_a_module_of_the_author_keeps_is_told(
    write_notebook: WriteNotebook, tmp_path: Path, change: str, look: str, name: str
) -> None:
    (tmp_path / "keeping.py").write_text(KEEPING)
    cells = [("imports", "import keeping"), ("step:a", change), ("step:b", look)]
    result = load(write_notebook(cells)).run(output_dir=tmp_path / "out", jobs=1)
    (found,) = result.diagnostics
    assert (found.code, found.location and found.location.cell) == ("KL412", 3)
    assert f"step 'a' changes what is kept in `{name}` of module 'keeping'" in found.message


def test_what_changes_nothing_or_a_cache_is_not_told(write_notebook: WriteNotebook, tmp_path: Path) -> None:
    (tmp_path / "keeping.py").write_text(KEEPING)
    cells = [("imports", "import keeping"), ("step:a", "keeping.everything()\nkeeping.prepare()"),
             ("step:b", "keeping.everything()")]  # fmt: skip
    result = load(write_notebook(cells)).run(output_dir=tmp_path / "out", jobs=1)
    assert (result.status, result.diagnostics) == ("done", ())


def test_what_a_module_keeps_is_carried_if_the_project_says_so(write_notebook: WriteNotebook, tmp_path: Path) -> None:
    (tmp_path / "keeping.py").write_text(KEEPING)
    (tmp_path / "keeping.yml").write_text("library: keeping\ncounts: true\nrules: []\n")
    (tmp_path / "pyproject.toml").write_text('[tool.kale-lite]\neffects = ["keeping.yml"]\n')
    result = load(write_notebook(KEEPERS)).run(output_dir=tmp_path / "out")
    assert result.status == "done", result.diagnostics
    shown_texts = [o for cell in shown(tmp_path / "out") for o in cell]
    assert shown_texts == ["{'n': [1, 1]}\n", "['a', 'b'] 1 ('b', 2, ['b'])\n"]
