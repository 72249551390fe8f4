"""Notebooks in notebooks: what flows across their borders, and what is declared for them as a whole."""

from __future__ import annotations

import json

import pytest

from kale_lite.pipeline import Pipeline
from kale_lite.project import load
from tests.conftest import Cells, WriteNotebook

PREPARE: Cells = [
    ("imports", "import math"),
    ("parameters", "rows = 10\nscale = 1.5"),
    ("step:load", "data = list(range(rows))"),
    ("step:left", "low = [x * scale for x in data]"),
    ("step:right", "high = [math.sqrt(x) for x in data]"),
    ("pipeline-metrics", "print(sum(low))\nsize = len(high)"),
]


def compiled(write: WriteNotebook, cells: Cells, prepare: Cells = PREPARE) -> Pipeline:
    write(prepare, name="prepare.ipynb")
    project = load(write(cells))
    assert project.pipeline is not None, project.diagnostics
    return project.pipeline


def edges(pipeline: Pipeline) -> set[str]:
    return {f"{before} > {after}" for before, after in pipeline.edges}


def test_data_flows_into_the_notebook_and_out_of_it(write_notebook: WriteNotebook) -> None:
    inner: Cells = [("step:use", "table = [offset + i for i in range(3)]"), ("step:count", "n = len(table)")]
    pipeline = compiled(
        write_notebook,
        [("step:first", "offset = 2"), ("step:other", "print('beside')"), ("notebook:p", "%run prepare.ipynb"),
         ("step:change", "table.append(9)"), ("step:late", "print(table, n)")],
        inner,
    )  # fmt: skip
    assert edges(pipeline) == {
        "first > p-use", "p-use > p-count", "p-use > change", "change > late", "p-count > late",
    }  # fmt: skip
    assert [(s.name, s.within) for s in pipeline.steps][2:4] == [("p-use", ("p",)), ("p-count", ("p",))]


def test_constants_for_parameters_cost_no_step(write_notebook: WriteNotebook) -> None:
    """The notebook stands there twice, with other values: each of its steps has those of its own."""
    cells: Cells = [
        ("notebook:a", "rows = 3\n%run prepare.ipynb"),
        ("notebook:b", "rows = 4\nscale = -2.5\n%run prepare.ipynb"),
    ]
    pipeline = compiled(write_notebook, cells)
    assert [s.name for s in pipeline.steps] == [
        f"{name}-{step}" for name in "ab" for step in ("load", "left", "right", "metrics")
    ]
    assert pipeline.step("a-load").replays == ("rows = 3",)
    assert pipeline.step("b-load").replays == ("rows = 4",)
    assert pipeline.step("b-left").replays == ("scale = -2.5",)
    assert pipeline.step("a-left").parameters == ("scale",)
    assert edges(pipeline) == {
        f"{n}-{a} > {n}-{b}" for n in "ab"
        for a, b in (("load", "left"), ("load", "right"), ("left", "metrics"), ("right", "metrics"))
    }  # fmt: skip
    assert [p.name for p in pipeline.parameters] == ["scale"]


def test_expressions_for_parameters_are_a_step(write_notebook: WriteNotebook) -> None:
    cells: Cells = [
        ("parameters", "factor = 2"),
        ("step:first", "base = 3"),
        ("notebook:p|env:A:b", "rows = base * factor\nscale = 0.5\n%run prepare.ipynb"),
    ]
    pipeline = compiled(write_notebook, cells)
    step = pipeline.step("p-parameters")
    assert (step.role, step.parameters, step.outputs, step.within) == ("notebook", ("factor",), ("rows",), ("p",))
    assert edges(pipeline) >= {"first > p-parameters", "p-parameters > p-load"}
    assert "p-parameters > p-left" not in edges(pipeline)
    assert {s.name: s.options.env for s in pipeline.steps if s.within} == {
        f"p-{n}": {"A": "b"} for n in ("parameters", "load", "left", "right", "metrics")
    }


def test_handing_on_a_value_costs_no_step(write_notebook: WriteNotebook) -> None:
    cells: Cells = [("parameters", "rows = 7"), ("notebook:p", "rows = rows\n%run prepare.ipynb")]
    pipeline = compiled(write_notebook, cells)
    assert "p-parameters" not in {s.name for s in pipeline.steps}
    assert pipeline.step("p-load").parameters == ("rows",)
    assert [(p.name, p.default) for p in pipeline.parameters] == [("rows", 7), ("scale", 1.5)]


def test_handing_on_a_name_that_is_not_there(write_notebook: WriteNotebook) -> None:
    write_notebook(PREPARE, name="prepare.ipynb")
    found = load(write_notebook([("notebook:p", "%run prepare.ipynb\nrows = rows")])).diagnostics
    assert [(d.code, str(d.location)) for d in found if d.is_error] == [("KL202", "cell 1, line 2")]


def test_order_of_whole_notebooks(write_notebook: WriteNotebook) -> None:
    """Before a notebook are its first steps' predecessors, after it comes what follows its last steps."""
    inner: Cells = [
        ("step:one", "a = 1"), ("step:two", "b = a"), ("step:alone", "c = 1"), ("step:last|prev:alone", "d = 1"),
    ]  # fmt: skip
    cells: Cells = [
        ("step:before", "x = 1"), ("step:beside", "y = 1"), ("notebook:p|prev:before", "%run prepare.ipynb"),
        ("step:after|prev:p", "print(y, a)"), ("step:free", "z = 1"),
    ]  # fmt: skip
    write_notebook(inner, name="prepare.ipynb")
    project = load(write_notebook(cells))
    pipeline = project.compile()
    assert {(d.before, d.after) for d in pipeline.dependencies if d.kind == "declared"} == {
        ("before", "p-one"), ("before", "p-alone"), ("p-alone", "p-last"), ("p-two", "after"), ("p-last", "after"),
    }  # fmt: skip
    told = [d.message for d in project.diagnostics if d.code == "KL302"]
    assert [text.split(",")[0] for text in told] == ["step 'after' also runs after 'beside'"]


def test_order_of_notebooks_in_notebooks(write_notebook: WriteNotebook) -> None:
    write_notebook([("step:a", "a = 1"), ("step:b", "b = 1")], name="inner.ipynb")
    inner: Cells = [("step:s", "s = 1"), ("notebook:in|prev:s", "%run inner.ipynb"), ("step:t|prev:in", "t = 1")]
    cells: Cells = [
        ("step:x", "x = 1"), ("notebook:p|prev:x", "%run prepare.ipynb"), ("notebook:q|prev:p", "%run inner.ipynb"),
    ]  # fmt: skip
    pipeline = compiled(write_notebook, cells, inner)
    assert edges(pipeline) == {
        "x > p-s", "p-s > p-in-a", "p-s > p-in-b", "p-in-a > p-t", "p-in-b > p-t", "p-t > q-a", "p-t > q-b",
    }  # fmt: skip
    assert pipeline.step("p-in-a").within == ("p", "p-in")


def test_options_for_all_steps_of_a_notebook(write_notebook: WriteNotebook) -> None:
    inner: Cells = [("step:a|retry:5|limit:cpu:2", "a = 1"), ("", "b = 1"), ("step:c", "c = 1")]
    write_notebook(inner, name="prepare.ipynb", kale_lite={"steps_defaults": ["timeout:7", "image:inner"]})
    cells: Cells = [("notebook:p|retry:1|timeout:3|limit:gpu:1", "%run prepare.ipynb"), ("step:z", "z = 1")]
    pipeline = load(write_notebook(cells, kale_lite={"steps_defaults": ["image:outer", "report:enabled"]})).compile()
    a, c, z = (pipeline.step(name).options for name in ("p-a", "p-c", "z"))
    assert (a.retries, a.limits, a.timeout, a.image, a.report) == (5, {"gpu": "1", "cpu": "2"}, 7.0, "inner", True)
    assert (c.retries, c.limits, c.timeout) == (1, {"gpu": "1"}, 7.0)
    assert (z.retries, z.limits, z.timeout, z.image) == (None, {}, None, "outer")


def test_metrics_of_two_notebooks_do_not_meet(write_notebook: WriteNotebook) -> None:
    cells: Cells = [
        ("notebook:a", "%run prepare.ipynb"), ("notebook:b", "%run prepare.ipynb"), ("pipeline-metrics", "size"),
    ]  # fmt: skip
    found = [m.name for s in compiled(write_notebook, cells).steps for m in s.metrics]
    assert found == ["a-sum(low)", "a-size", "b-sum(low)", "b-size", "size"]


@pytest.mark.parametrize(
    ("before", "said"),
    [
        ([("step:s", "rows = 3")], ["cell 1 binds"]),
        ([("step:s", "def rows(): pass")], ["cell 1 binds"]),
        ([("parameters", "rows = 10")], []),
        ([("parameters", "rows = 10"), ("step:s", "rows += 1")], ["cell 2 binds"]),
        ([("step:s", "row = 3")], []),
        ([("step:s", "rows = 3  # kale-lite: ignore[KL115]")], ["cell 1 binds"]),
    ],
)
def test_defaults_that_replace_variables(write_notebook: WriteNotebook, before: Cells, said: list[str]) -> None:
    write_notebook(PREPARE, name="prepare.ipynb")
    project = load(write_notebook([*before, ("notebook:p", "%run prepare.ipynb"), ("step:z", "print(low)")]))
    found = [d for d in project.diagnostics if d.code == "KL115"]
    assert [d.message[-len(text) :] for d, text in zip(found, said, strict=True)] == said
    assert all(str(d.location) == "cell 2 of prepare.ipynb, line 1" for d in found)


def test_findings_name_the_notebook_of_a_cell(write_notebook: WriteNotebook) -> None:
    inner: Cells = [
        ("skip", "late = 1"), ("step:a", "import random\nrandom.seed(1)\nx = random.random()"),
        ("step:b", "y = random.random()\nprint(late)"),
    ]  # fmt: skip
    write_notebook(inner, name="prepare.ipynb")
    said = [str(d) for d in load(write_notebook([("notebook:p", "%run prepare.ipynb")])).diagnostics]
    assert [line.split("\n")[0] for line in said] == [
        "cell 3 of prepare.ipynb, line 2: error KL202: name 'late' is undefined: no earlier step defines it"
    ]
    assert "cell 1 of prepare.ipynb would define it" in said[0]
    inner = [*inner[1:2], ("step:b", "y = random.random()  # kale-lite: ignore[KL301]")]
    write_notebook(inner, name="prepare.ipynb")
    project = load(write_notebook([("notebook:p", "%run prepare.ipynb"), ("step:c", "z = random.random()")]))
    assert not [d for d in project.diagnostics if d.code in ("KL301", "KL603")]
    assert project.pipeline is not None


def test_json_says_where_cells_come_from(write_notebook: WriteNotebook) -> None:
    cells: Cells = [("step:a", "x = 1"), ("notebook:p", "%run prepare.ipynb"), ("step:z", "print(low, x)")]
    data = json.loads(json.dumps(compiled(write_notebook, cells).to_json()))
    step = next(s for s in data["steps"] if s["name"] == "p-load")
    assert (step["cells"], step["within"]) == ([5], ["p"])
    assert data["cells"]["5"] == {"notebook": "prepare.ipynb", "cell": 3}
    assert data["cells"]["9"] == {"notebook": "", "cell": 3}
    assert "1" not in data["cells"]
    assert [(p["name"], p["cell"]) for p in data["parameters"]] == [("rows", 4), ("scale", 4)]


def test_run_line_of_a_notebook_says_how_to_tag_it(write_notebook: WriteNotebook) -> None:
    (found,) = load(write_notebook([("step:a", "x = 1\n%run prepare.ipynb")])).diagnostics
    assert (found.code, str(found.location)) == ("KL209", "cell 1, line 2")
    assert "`notebook:NAME`" in found.hint
