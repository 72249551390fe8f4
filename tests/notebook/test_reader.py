"""Notebooks that cannot be used, and what is said of them."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import Any

import nbformat
import pytest

from kale_lite.analysis.steps import segments
from kale_lite.analysis.transform import Code
from kale_lite.notebook import read_notebook, slugs
from kale_lite.notebook.model import Role
from kale_lite.project import load
from tests.conftest import Cells, WriteNotebook, make_notebook


def codes(path: Path) -> list[str]:
    return [d.code for d in read_notebook(path)[1]]


def test_missing_file_names_the_notebooks_there(tmp_path: Path, write_notebook: WriteNotebook) -> None:
    write_notebook([("", "x = 1")])
    notebook, found = read_notebook(tmp_path / "other.ipynb")
    assert notebook is None
    assert found[0].code == "KL001"
    assert "nb.ipynb" in found[0].hint


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ("not json", "KL001"),
        ('{"cells": [', "KL001"),
        ("[1, 2]", "KL002"),
        ('{"a": 1}', "KL002"),
        ('{"nbformat": 4, "nbformat_minor": 5, "cells": [{"cell_type": "code"}], "metadata": {}}', "KL002"),
        ('{"nbformat": 9, "nbformat_minor": 0, "cells": [], "metadata": {}}', "KL003"),
        ('{"nbformat": 4, "nbformat_minor": 5, "cells": [], "metadata": {}}', "KL004"),
    ],
)
def test_bad_files(tmp_path: Path, content: str, code: str) -> None:
    path = tmp_path / "bad.ipynb"
    path.write_text(content)
    notebook, found = read_notebook(path)
    assert notebook is None
    assert found[0].code == code
    assert path.read_text() == content


def test_folder_and_binary(tmp_path: Path) -> None:
    assert codes(tmp_path) == ["KL001"]
    (tmp_path / "b.ipynb").write_bytes(b"\xff\xfe\x00")
    assert codes(tmp_path / "b.ipynb") == ["KL001"]


def test_only_skipped_cells(write_notebook: WriteNotebook) -> None:
    assert codes(write_notebook([("skip", "x = 1"), ("md", "# text")])) == ["KL004"]


def test_other_language(tmp_path: Path) -> None:
    content = make_notebook([("", "x <- 1")])
    content.metadata.kernelspec = {"name": "ir", "display_name": "R", "language": "R"}
    nbformat.write(content, tmp_path / "r.ipynb")
    assert codes(tmp_path / "r.ipynb") == ["KL005"]


def test_old_format_is_upgraded_in_memory(tmp_path: Path) -> None:
    old = {
        "nbformat": 3, "nbformat_minor": 0, "metadata": {"name": "old"},
        "worksheets": [{"cells": [{"cell_type": "code", "input": "x = 1", "outputs": [], "language": "python",
                                   "collapsed": False, "metadata": {}}], "metadata": {}}],
    }  # fmt: skip
    path = tmp_path / "old.ipynb"
    path.write_text(json.dumps(old))
    notebook, found = read_notebook(path)
    assert notebook is not None
    assert not found
    assert notebook.cells[0].source == "x = 1"
    assert json.loads(path.read_text()) == old


@pytest.mark.parametrize(
    ("cells", "code", "said"),
    [
        ([("step:", "x = 1")], "KL101", "step:NAME"),
        ([("Step:a", "x = 1")], "KL101", "step:a"),
        ([("stpe:a", "x = 1")], "KL101", "step:a"),
        ([("skp", "x = 1")], "KL101", "skip"),
        ([("step:a|limit:memory:2gb", "x = 1")], "KL101", "quantity"),
        ([("step:a|cache:on", "x = 1")], "KL101", "enabled"),
        ([("step:a|retry:many", "x = 1")], "KL101", "retries"),
        ([("step:a|secret:name", "x = 1")], "KL101", "secret:secret:key:ENV"),
        ([("step:a|image:a b", "x = 1")], "KL101", "spaces"),
        ([("step:a|env:1X:v", "x = 1")], "KL101", "environment variable"),
        ([("step: ", "x = 1")], "KL101", "no name"),
        ([("step:" + "x" * 300, "x = 1")], "KL102", "300 characters"),
        ([("step:a\x07b", "x = 1")], "KL102", "control"),
        ([("step:..", "x = 1")], "KL102", "letter or digit"),
        ([("step:a b", "x = 1"), ("step:A-B", "y = 1")], "KL103", "meet"),
        ([("step:a", "x = 1"), ("step:b|prev:aa", "y = 1")], "KL104", "'a'"),
        ([("step:a|prev:b", "x = 1"), ("step:b", "y = 1")], "KL105", "cycle"),
        ([("step:a|prev:a", "x = 1")], "KL105", "cycle"),
        ([("step:a|skip-not|imports", "x = 1")], "KL112", "conflict"),
        ([("step:a|step:b", "x = 1")], "KL112", "step:b"),
        ([("notebook:other", "")], "KL107", "which notebook"),
    ],
)
def test_bad_tags(write_notebook: WriteNotebook, cells: Cells, code: str, said: str) -> None:
    notebook, found = read_notebook(write_notebook([*cells, ("", "z = 1")]))
    assert notebook is None
    errors = [d for d in found if d.is_error]
    assert errors[0].code == code
    assert said in str(errors[0])
    assert errors[0].location
    assert errors[0].location.cell >= 1


def test_a_notebook_tag_gives_no_further_errors(write_notebook: WriteNotebook) -> None:
    cells = [("step:a", "x = 1"), ("notebook:b|prev:a", "y = x"), ("step:c|prev:b", "z = 1")]
    notebook, found = read_notebook(write_notebook(cells))
    assert notebook is None
    assert [(d.code, d.location and d.location.cell) for d in found] == [("KL107", 2)]


def test_a_notebook_tag_beside_a_step_is_a_conflict(write_notebook: WriteNotebook) -> None:
    _, found = read_notebook(write_notebook([("step:a|notebook:a", "x = 1")]))
    assert [d.code for d in found] == ["KL107", "KL112"]
    assert "step:a, notebook:a" in found[1].message


def test_defaults_that_are_no_list(write_notebook: WriteNotebook) -> None:
    assert codes(write_notebook([("step:a", "x = 1")], kale_lite={"steps_defaults": 5})) == ["KL110"]


def test_defaults_give_way_to_the_tags_of_any_cell_of_the_step(write_notebook: WriteNotebook) -> None:
    kale: dict[str, Any] = {"steps_defaults": ["retry:2"]}
    cells = [("step:a|retry:5", "x = 1"), ("", "y = 1"), ("step:b", "z = 1")]
    pipeline = load(write_notebook(cells, kubeflow_notebook=kale)).compile()
    assert [step.options.retries for step in pipeline.steps] == [5, 2]


@pytest.mark.parametrize("name", ["schön gemacht", "データ", "a/b", "../up", 'say "hi"', "it's", "a.b"])
def test_any_sensible_name(write_notebook: WriteNotebook, name: str) -> None:
    notebook, found = read_notebook(write_notebook([(f"step:{name}", "x = 1")]))
    assert notebook is not None
    assert not found
    assert notebook.cells[0].step == name
    assert all(c.isascii() and (c.isalnum() or c == "-") for c in slugs([name])[name])


def test_slugs_are_unique() -> None:
    names = ["データ", "変数", "a", "A!", "..a"]
    assert len(set(slugs(names).values())) == len(names)


def roles(path: Path) -> list[tuple[Role, str]]:
    notebook, _ = read_notebook(path)
    assert notebook is not None
    return [(cell.role, cell.step) for cell in notebook.cells]


def test_untagged_cells_join_the_step_above(write_notebook: WriteNotebook) -> None:
    path = write_notebook(
        [("", "a = 1"), ("step:one", "b = 1"), ("md", "text"), ("skip", "peek"), ("", "c = 1"), ("block:two", "d = 1"),
         ("pipeline-metrics", "print(d)"), ("foreign", "print(d)")]
    )  # fmt: skip
    assert roles(path) == [
        (Role.STEP, "setup"), (Role.STEP, "one"), (Role.SKIP, ""), (Role.STEP, "one"), (Role.STEP, "two"),
        (Role.METRICS, "metrics"), (Role.METRICS, "metrics"),
    ]  # fmt: skip


def test_a_notebook_without_tags_is_one_step(write_notebook: WriteNotebook) -> None:
    assert roles(write_notebook([("", "a = 1"), ("", "b = a")])) == [(Role.STEP, "setup")] * 2


def test_options_and_kale_settings(write_notebook: WriteNotebook) -> None:
    kale: dict[str, Any] = {"pipeline_name": "p", "steps_defaults": ["retry:2", "label:a:b:c"], "nonsense": 1}
    path = write_notebook(
        [("step:a|limit:nvidia.com/gpu:1|secret:s:k:TOKEN|annotation:url:http://x:1|timeout:5|prev:zero", "x = 1")],
        kubeflow_notebook=kale,
    )
    assert codes(path) == ["KL110", "KL104"]
    path = write_notebook([("step:a|limit:nvidia.com/gpu:1|secret:s:k:TOKEN|annotation:url:http://x:1|timeout:5", "x = 1")],
                          kubeflow_notebook=kale)  # fmt: skip
    notebook, _ = read_notebook(path)
    assert notebook is not None
    options = segments([Code(notebook.cells[0], ast.Module([], []), "")])[0].options
    assert notebook.name == "p"
    assert options.limits == {"nvidia.com/gpu": "1"}
    assert options.secrets == {"TOKEN": ("s", "k")}
    assert options.annotations == {"url": "http://x:1"}
    assert options.labels == {"a": "b:c"}
    assert (options.timeout, options.retries) == (5.0, 2)
