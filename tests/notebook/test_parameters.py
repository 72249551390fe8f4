"""Parameters: found, typed, set."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kale_lite.notebook import parse_value, read_notebook, read_params_file, set_parameters
from kale_lite.notebook.model import Parameter
from tests.conftest import WriteNotebook

SOURCE = """\
import math
n = 3
lr: float = 1
name = "a"
flag = True
neg = -2.5
items = [1, 2]
table = {"a": 1}
nothing = None
pair = (1, 2)
derived = n * 2
"""


@pytest.fixture
def parameters(write_notebook: WriteNotebook) -> tuple[Parameter, ...]:
    notebook, found = read_notebook(write_notebook([("parameters", SOURCE), ("step:a", "x = n")]))
    assert notebook is not None
    assert [(d.code, d.location.line if d.location else 0) for d in found] == [("KL109", 11)]
    return notebook.parameters


def test_types(parameters: tuple[Parameter, ...]) -> None:
    assert {p.name: p.type for p in parameters} == {
        "n": "int", "lr": "float", "name": "str", "flag": "bool", "neg": "float", "items": "list", "table": "dict",
        "nothing": "none", "pair": "tuple",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("n", "5", 5), ("n", "none", None), ("lr", "1", 1.0), ("lr", "1e-3", 0.001), ("name", "1", "1"),
        ("name", "with = sign", "with = sign"), ("flag", "false", False), ("items", "[3]", [3]),
        ("table", '{"b": [1]}', {"b": [1]}), ("nothing", "text", "text"), ("pair", "[1, 2]", (1, 2)), ("neg", "-1", -1.0),
    ],
)  # fmt: skip
def test_values_that_fit(parameters: tuple[Parameter, ...], name: str, text: str, value: Any) -> None:
    values, problems = set_parameters(parameters, {name: parse_value(text)})
    assert not problems
    assert values[name] == value
    assert type(values[name]) is type(value)


@pytest.mark.parametrize(
    ("name", "text"),
    [("n", "0.5"), ("n", "true"), ("n", "five"), ("lr", "fast"), ("flag", "1"), ("items", "3"), ("table", "[1]")],
)
def test_values_that_do_not(parameters: tuple[Parameter, ...], name: str, text: str) -> None:
    values, (problem,) = set_parameters(parameters, {name: parse_value(text)})
    assert problem.code == "KL502"
    assert problem.location is not None
    assert values[name] == next(p.default for p in parameters if p.name == name)


def test_unknown_name_tells_the_near_one(parameters: tuple[Parameter, ...]) -> None:
    _, (problem,) = set_parameters(parameters, {"nmae": 1})
    assert problem.code == "KL501"
    assert "'name'" in problem.hint


def test_files(tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    path.write_text("n: 4\nitems: [1]\n")
    assert read_params_file(path) == ({"n": 4, "items": [1]}, ())
    for text in ("- 1\n", "a: [", "1: 2"):
        path.write_text(text)
        values, (problem,) = read_params_file(path)
        assert (values, problem.code) == ({}, "KL503")
    assert read_params_file(tmp_path / "none.yaml")[1][0].code == "KL503"
