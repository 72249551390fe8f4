"""Notebooks in notebooks: which cells there are, what they are called, and what is refused."""

from __future__ import annotations

import copy
import json
import pickle
from pathlib import Path
from typing import Any

import nbformat
import pytest

from kale_lite.cells import CellNumber, cell_list
from kale_lite.diagnostics import Diagnostic, Location
from kale_lite.notebook import read_notebook, set_parameters
from kale_lite.notebook.model import Notebook, Role
from tests.conftest import Cells, WriteNotebook

PREPARE: Cells = [
    ("md", "# Prepare"),
    ("parameters", "rows = 10  # how many\nscale = 1.5"),
    ("step:load|retry:3", "data = list(range(rows))"),
    ("", "data.append(scale)"),
    ("skip", "data"),
    ("step:sums|prev:load", "total = sum(data)"),
    ("pipeline-metrics", "print(total)"),
]


def understood(path: Path) -> Notebook:
    notebook, found = read_notebook(path)
    assert notebook is not None, found
    return notebook


def found_in(path: Path) -> list[Diagnostic]:
    return list(read_notebook(path)[1])


def test_the_cells_stand_where_the_tag_stands(write_notebook: WriteNotebook) -> None:
    write_notebook(PREPARE, name="prepare.ipynb")
    path = write_notebook(
        [("step:a", "x = 1"), ("md", "text"), ("notebook:prep|prev:a", "# the data\n%run prepare.ipynb"),
         ("", "y = total"), ("step:z|prev:prep", "z = y")]
    )  # fmt: skip
    notebook = understood(path)
    assert [(int(c.number), str(c.number), c.role, c.step) for c in notebook.cells] == [
        (1, "1", Role.STEP, "a"),
        (3, "3", Role.NOTEBOOK, "prep"),
        (5, "2 of prepare.ipynb", Role.PARAMETERS, ""),
        (6, "3 of prepare.ipynb", Role.STEP, "prep-load"),
        (7, "4 of prepare.ipynb", Role.STEP, "prep-load"),
        (8, "5 of prepare.ipynb", Role.SKIP, ""),
        (9, "6 of prepare.ipynb", Role.STEP, "prep-sums"),
        (10, "7 of prepare.ipynb", Role.METRICS, "prep-metrics"),
        (11, "4", Role.STEP, "after-prep"),
        (12, "5", Role.STEP, "z"),
    ]
    assert notebook.cells[1].source == "# the data\n# %run prepare.ipynb"
    assert notebook.cells[6].after == ("prep-load",)
    assert [(p.name, str(p.cell)) for p in notebook.parameters] == [
        ("rows", "2 of prepare.ipynb"), ("scale", "2 of prepare.ipynb"),
    ]  # fmt: skip
    assert [cell["source"] for cell in notebook.content["cells"]][3] == "# Prepare"
    nbformat.validate(nbformat.from_dict(notebook.content))
    assert notebook.content["cells"][4]["metadata"]["kale_lite"] == {"notebook": "prepare.ipynb", "cell": 2}


@pytest.mark.parametrize(
    ("source", "metadata"),
    [
        ("%run prepare.ipynb", {}),
        ("  %run -i './prepare.ipynb'  # here", {}),
        ("'''Data.'''", {"notebook_path": "prepare.ipynb"}),
        ("", {"kale_lite": {"notebook_path": "./prepare.ipynb"}}),
        ("%run prepare.ipynb", {"notebook_path": "prepare.ipynb"}),
    ],
)
def test_ways_to_say_which_notebook(write_notebook: WriteNotebook, source: str, metadata: dict[str, Any]) -> None:
    write_notebook([("", "x = 1"), ("", "y = x")], name="prepare.ipynb")
    path = write_notebook([("notebook:prep", source)])
    content = json.loads(path.read_text())
    content["cells"][0]["metadata"] |= metadata
    path.write_text(json.dumps(content))
    assert [(str(c.number), c.step) for c in understood(path).cells[1:]] == [
        ("1 of prepare.ipynb", "prep"), ("2 of prepare.ipynb", "prep"),
    ]  # fmt: skip


def test_paths_start_from_the_notebook_that_holds_the_cell(write_notebook: WriteNotebook, tmp_path: Path) -> None:
    (tmp_path / "lib").mkdir()
    write_notebook([("step:a", "x = 1")], name="lib/inner.ipynb")
    write_notebook([("notebook:in", "%run inner.ipynb"), ("step:b|prev:in", "y = x")], name="lib/mid.ipynb")
    notebook = understood(write_notebook([("notebook:m", "%run lib/mid.ipynb")]))
    steps = [(str(c.number), c.step, c.after) for c in notebook.cells if c.role is Role.STEP]
    assert steps == [("1 of lib/inner.ipynb", "m-in-a", ()), ("2 of lib/mid.ipynb", "m-b", ("m-in",))]


def test_one_notebook_may_stand_in_several_places(write_notebook: WriteNotebook) -> None:
    write_notebook([("step:a", "x = 1")], name="p.ipynb")
    notebook = understood(write_notebook([("notebook:one", "%run p.ipynb"), ("notebook:two", "%run p.ipynb")]))
    assert [c.step for c in notebook.cells if c.role is Role.STEP] == ["one-a", "two-a"]
    nbformat.validate(nbformat.from_dict(notebook.content))


def test_a_skipped_notebook_is_not_read(write_notebook: WriteNotebook) -> None:
    notebook = understood(write_notebook([("step:a", "x = 1"), ("skip|notebook:p", "%run nowhere.ipynb")]))
    assert [c.role for c in notebook.cells] == [Role.STEP, Role.SKIP]


@pytest.mark.parametrize(
    ("cell", "code", "said"),
    [
        (("notebook:p", "x = 1"), "KL107", "which notebook"),
        (("notebook:p", "%run prepair.ipynb"), "KL107", "do you mean 'prepare.ipynb'"),
        (("notebook:p", "%run nowhere/prepare.ipynb"), "KL107", "there is no folder"),
        (("notebook:p", "%run " + "x" * 5000 + ".ipynb"), "KL107", "does not exist"),
        (("notebook:p", "%run text.ipynb"), "KL107", "text.ipynb is not JSON"),
        (("notebook:p", "%run julia.ipynb"), "KL107", "speaks julia"),
        (("notebook:p", "%run empty.ipynb"), "KL107", "no code"),
        (("notebook:p", "%run nb.ipynb"), "KL107", "part of itself: nb.ipynb → nb.ipynb"),
        (("notebook:p", "%run around.ipynb"), "KL107", "part of itself: nb.ipynb → around.ipynb → nb.ipynb"),
        (("notebook:p", "%run -n prepare.ipynb"), "KL107", "without options"),
        (("notebook:p", "%run prepare.ipynb\n%run empty.ipynb"), "KL107", "several notebooks"),
        (("notebook:p", "%run prepare.ipynb\nimport os"), "KL113", "`import os` cannot stand"),
        (("notebook:p", "%run prepare.ipynb\nrows, scale = 1, 2"), "KL113", "`rows, scale = (1, 2)`"),
        (("notebook:p", "%run prepare.ipynb\n%time rows = 1"), "KL113", "no plain Python"),
        (("notebook:p", "%run prepare.ipynb\nrow = 1"), "KL113", "do you mean 'rows'"),
        (("notebook:p", "%run early.ipynb\nn = 1"), "KL113", "cell 1 of early.ipynb uses the name above"),
        (("notebook:p", "%run early.ipynb\nm = 1"), "KL113", "cell 2 of early.ipynb uses the name above"),
        (("notebook:p", "%run prepare.ipynb\nrows = 'a'"), "KL502", "wants int, and 'a' is none"),
        (("notebook:p|step:a", "%run prepare.ipynb"), "KL112", "conflict"),
        (("notebook:p|raises-exception", "%run prepare.ipynb"), "KL112", "whole notebook"),
        (("notebook:first", "%run prepare.ipynb"), "KL103", "of a step already (cell 1)"),
        (("notebook:First", "%run prepare.ipynb"), "KL103", "meet"),
        (("notebook:first-part", "%run prepare.ipynb"), "KL103", "'first-part-load' is one of another notebook, too"),
        (("notebook:p|prev:nothing", "%run prepare.ipynb"), "KL104", "'nothing'"),
        (("notebook:p|prev:last", "%run prepare.ipynb"), "KL105", "stands below"),
        (("notebook:p\x07", "%run prepare.ipynb"), "KL102", "control characters"),
        (("notebook:" + "p" * 198, "%run prepare.ipynb"), "KL102", "203 characters"),
        (("notebook:p", "%run wrong.ipynb"), "KL104", "cell 1 of wrong.ipynb: error"),
        (("notebook:p", "%run other.ipynb"), "KL114", "cell 1 of other.ipynb, line 1: error"),
    ],
)  # fmt: skip
def test_what_is_refused(
    write_notebook: WriteNotebook, tmp_path: Path, cell: tuple[str, str], code: str, said: str
) -> None:
    write_notebook(PREPARE, name="prepare.ipynb")
    (tmp_path / "text.ipynb").write_text("no notebook")
    write_notebook(
        [("", "x = 1")], name="julia.ipynb", kernelspec={"name": "j", "display_name": "J", "language": "julia"}
    )
    write_notebook([("md", "x = 1")], name="empty.ipynb")
    write_notebook([("notebook:again", "%run nb.ipynb")], name="around.ipynb")
    write_notebook([("step:a", "n = 2"), ("parameters", "n = 3\nprint(m)\nm = 4")], name="early.ipynb")
    write_notebook([("step:a|prev:b", "n = 2")], name="wrong.ipynb")
    write_notebook([("parameters", "limit = 4"), ("step:a", "n = 2")], name="other.ipynb")
    path = write_notebook(
        [("step:first", "k = 1"), ("step:first-part-load", "l = 1"), ("parameters", "limit = 3"), cell,
         ("step:last", "print(k, l)")]
    )  # fmt: skip
    found = [d for d in found_in(path) if d.is_error]
    assert [d.code for d in found] == [code]
    assert said in str(found[0]).replace(f"{tmp_path}/", "")
    assert read_notebook(path)[0] is None


def test_what_is_found_in_a_notebook_twice_is_told_once(write_notebook: WriteNotebook) -> None:
    write_notebook([("parameters", "n = 1\nm = n + 1"), ("step:a|prev:b", "x = 1")], name="p.ipynb")
    path = write_notebook([("notebook:one", "%run p.ipynb"), ("notebook:two", "%run p.ipynb")])
    assert [(d.code, str(d.location)) for d in found_in(path)] == [
        ("KL104", "cell 2 of p.ipynb"), ("KL109", "cell 1 of p.ipynb, line 2"),
    ]  # fmt: skip


def test_notebooks_that_double_each_time_come_to_an_end(write_notebook: WriteNotebook) -> None:
    write_notebook([("step:a", "x = 1")], name="n0.ipynb")
    for i in range(1, 30):
        both: Cells = [(f"notebook:{side}", f"%run n{i - 1}.ipynb") for side in "ab"]
        write_notebook(both, name=f"n{i}.ipynb")
    found = found_in(write_notebook([("notebook:all", "%run n29.ipynb")]))
    assert "more than 500 notebooks" in found[0].message


def test_notebooks_that_go_too_deep_come_to_an_end(write_notebook: WriteNotebook) -> None:
    write_notebook([("step:a", "x = 1")], name="n0.ipynb")
    for i in range(1, 70):
        write_notebook([("notebook:n", f"%run n{i - 1}.ipynb")], name=f"n{i}.ipynb")
    (found,) = found_in(write_notebook([("notebook:all", "%run n69.ipynb")]))
    assert "more than 50 notebooks inside one another" in found.message
    notebook = understood(write_notebook([("notebook:all", "%run n40.ipynb")]))
    assert notebook.cells[-1].step.endswith("-n-a")


@pytest.mark.parametrize(("kernel", "codes"), [("python3", []), ("ml", ["KL116"]), ("", [])])
def test_kernels(write_notebook: WriteNotebook, kernel: str, codes: list[str]) -> None:
    spec = {"kernelspec": {"display_name": "x", "language": "python", "name": kernel}} if kernel else {}
    path = write_notebook([("step:a", "x = 1")], name="p.ipynb")
    path.write_text(json.dumps({**json.loads(path.read_text()), "metadata": spec}))
    assert [d.code for d in found_in(write_notebook([("notebook:p", "%run p.ipynb")]))] == codes


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("n = 1", "pass  # n is set by the cell that stands for this notebook"),
        (
            "m = 2\nn = 1  # why\nk = m",
            "m = 2\npass  # n is set by the cell that stands for this notebook  # why\nk = m",
        ),
        ("n = 1; m = 2", "pass; m = 2"),
        ("é = 'ü'; n: int = 1", "é = 'ü'; pass  # n is set by the cell that stands for this notebook"),
        ("n = (\n  1\n)\nm = 2", "pass  # n is set by the cell that stands for this notebook\n\n\nm = 2"),
        ("n = (\n  1\n); m = 2", "pass \\\n\\\n; m = 2"),
        (
            "n = 1\nprint('n')\nn = 2",
            "pass  # n is set by the cell that stands for this notebook\nprint('n')\n"
            "pass  # n is set by the cell that stands for this notebook",
        ),
        ("n = 1\nn = 2", "pass  # n is set by the cell that stands for this notebook\n" * 2),
    ],
)
def test_defaults_that_are_not_used(write_notebook: WriteNotebook, before: str, after: str) -> None:
    write_notebook([("parameters", before), ("step:a", "print(n)")], name="p.ipynb")
    notebook = understood(write_notebook([("notebook:p", "%run p.ipynb\nn = 7")]))
    cell = notebook.cells[1]
    assert cell.source == after.rstrip("\n")
    compile(cell.source, "<cell>", "exec")
    assert cell.source.count("\n") == before.count("\n")
    assert "n" not in [p.name for p in notebook.parameters]
    _, (problem,) = set_parameters(notebook.parameters, {"n": 3}, notebook.mapped)
    assert (problem.code, str(problem.location)) == ("KL501", "cell 1")


def test_a_parameter_of_several_notebooks_is_set_in_all(write_notebook: WriteNotebook) -> None:
    write_notebook([("parameters", "seed = 1"), ("step:a", "x = seed")], name="p.ipynb")
    notebook = understood(write_notebook([("parameters", "seed = 1"), ("notebook:p", "%run p.ipynb")]))
    assert [str(p.cell) for p in notebook.parameters] == ["1", "1 of p.ipynb"]
    values, problems = set_parameters(notebook.parameters, {"seed": 2})
    assert (values, problems) == ({"seed": 2}, ())


def test_the_inner_of_two_cells_that_set_a_parameter_holds(write_notebook: WriteNotebook) -> None:
    write_notebook([("parameters", "n = 1\nm = 2"), ("step:a", "x = n + m")], name="in.ipynb")
    write_notebook([("notebook:in", "%run in.ipynb\nn = 5")], name="mid.ipynb")
    said = found_in(write_notebook([("notebook:mid", "%run mid.ipynb\nn = 6\nm = 3")]))
    assert [(d.code, str(d.location)) for d in said if d.is_error] == [("KL113", "cell 1, line 2")]
    notebook = understood(write_notebook([("notebook:mid", "%run mid.ipynb\nm = 3")]))
    assert not notebook.parameters


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("%run p.ipynb\nn = 2", "'n'"),
        ("n = n\n%run p.ipynb\nm = 'a'", "'n'"),
        ("%run p.ipynb\nn = 1", ""),
        ("%run p.ipynb  # kale-lite: ignore[KL117]\nn = 2", "'n'"),
    ],
)
def test_run_lines_set_parameters_back(write_notebook: WriteNotebook, source: str, told: str) -> None:
    write_notebook([("parameters", "n = 1\nm = 'a'"), ("step:a", "x = n")], name="p.ipynb")
    found = found_in(write_notebook([("step:s", "n = 4"), ("notebook:p", source)]))
    assert [d.message.split(" sets ")[1].split(" back")[0] for d in found if d.code == "KL117"] == [told] * bool(told)


def test_numbers_of_cells() -> None:
    number = CellNumber(7, 3, "sub/p.ipynb")
    assert number == 7
    assert f"{Location(number, 2)}" == "cell 3 of sub/p.ipynb, line 2"
    assert Location(number, 2).own == Location(3, 2)
    assert json.dumps({"cell": number}) == '{"cell": 7}'
    for other in (copy.deepcopy(number), pickle.loads(pickle.dumps(number))):
        assert (other, str(other)) == (number, str(number))
    assert cell_list([1, CellNumber(2), number, CellNumber(8, 4, "sub/p.ipynb"), CellNumber(9, 3)]) == (
        "cells 1, 2, cells 3, 4 of sub/p.ipynb, cell 3"
    )
