"""Comments that switch findings off."""

from __future__ import annotations

import pytest

from kale_lite.diagnostics import CODES
from kale_lite.notebook import read_ignores
from kale_lite.notebook.model import Cell, Role
from kale_lite.project import load
from tests.conftest import Cells, WriteNotebook


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("x = 1  # kale-lite: ignore[KL301]", [(("KL301",), range(1, 2))]),
        ("x = 1\n# kale-lite: ignore[KL301]\ny = 2", [(("KL301",), None)]),
        ("    \n  # kale-lite: ignore[KL108, KL301] because", [(("KL108", "KL301"), None)]),
        ("x = f(1,\n  2)  # kale-lite: ignore[KL301]\ny = 1", [(("KL301",), range(1, 3))]),
        ("x = f(1,  # kale-lite: ignore[KL301]\n  2)", [(("KL301",), range(1, 3))]),
        ("def f():  # kale-lite: ignore[KL301]\n    return 1", [(("KL301",), range(1, 2))]),
        ("x = 1  # noqa # kale-lite:ignore[KL301]", [(("KL301",), range(1, 2))]),
        ("!echo hi\n%time x = 'a\nz = 1  # kale-lite: ignore[KL301]", [(("KL301",), range(3, 4))]),
        ("text = '# kale-lite: ignore[KL301]'", []),
        ("# see the docs of kale-lite\nx = 1", []),
    ],
)
def test_comments(source: str, found: list[tuple[tuple[str, ...], range | None]]) -> None:
    ignores, problems = read_ignores([Cell(1, source, Role.STEP, "a")])
    assert [(i.codes, i.lines) for i in ignores] == found
    assert not problems


@pytest.mark.parametrize(
    ("comment", "said"),
    [
        ("# kale-lite: ignore", "does not parse"),
        ("# kale-lite: ingore[KL301]", "does not parse"),
        ("# kale-lite: ignore[]", "names no code"),
        ("# kale-lite: ignore[kl301]", "no code 'kl301'"),
        ("# kale-lite: ignore[KL999]", "no code 'KL999'"),
    ],
)
def test_comments_that_do_not_parse(comment: str, said: str) -> None:
    ignores, (problem,) = read_ignores([Cell(1, f"x = 1\n{comment}", Role.STEP, "a")])
    assert not ignores
    assert (problem.code, said in problem.message) == ("KL601", True)
    assert problem.location is not None
    assert problem.location.line == 2


SKIPPED: Cells = [("step:a", "x = 1"), ("skip", "x = 2"), ("step:b", "print(x)\nprint(x){}")]
SEEDED: Cells = [
    ("step:a", "import random\nrandom.seed(1)"),
    ("step:b", "a = random.random(){}"),
    ("step:c", "{}\nb = random.random()"),
]


@pytest.mark.parametrize(
    ("cells", "comment", "left"),
    [
        (SKIPPED, "", ["KL108"]),
        (SKIPPED, "\n# kale-lite: ignore[KL108]", []),
        (SKIPPED, "  # kale-lite: ignore[KL108]", ["KL108", "KL603"]),
        (SKIPPED, "\n# kale-lite: ignore[KL108, KL301]", ["KL603"]),
        (SEEDED, "", ["KL301"]),
        (SEEDED, "# kale-lite: ignore[KL301]", ["KL603"]),
        ([("step:a", "print(y)"), ("step:b", "{}")], "# kale-lite: ignore[KL202]", ["KL202", "KL602"]),
        ([("step:a", "print(y)  {}")], "# kale-lite: ignore[KL202]", ["KL202", "KL602"]),
        ([("step:a", "x = 1"), ("skip", "# kale-lite: what")], "", []),
    ],
)
def test_ignored(write_notebook: WriteNotebook, cells: Cells, comment: str, left: list[str]) -> None:
    path = write_notebook([(tags, source.replace("{}", comment)) for tags, source in cells])
    assert [d.code for d in load(path).check()] == left


def test_no_error_can_be_ignored_but_dynamic_code() -> None:
    assert [c.number for c in CODES.values() if c.ignorable and c.severity == "error"] == ["KL203"]


DYNAMIC: Cells = [
    ("step:a", "x = 1\nrows = [1]"),
    ("step:b", "code = ''.join({code!r})\nexec(code){comment}"),
    ("step:c", "print(rows, x)"),
]


def dynamic(code: str, comment: str) -> Cells:
    return [(tags, source.format(code=list(code), comment=comment) if tags == "step:b" else source)
            for tags, source in DYNAMIC]  # fmt: skip


def test_ignored_dynamic_code_is_taken_to_use_every_variable(write_notebook: WriteNotebook) -> None:
    assert load(write_notebook(dynamic("rows.append(2)", ""))).pipeline is None
    project = load(write_notebook(dynamic("rows.append(2)", "  # kale-lite: ignore[KL203]")))
    assert project.check() == ()
    assert project.pipeline is not None
    assert project.pipeline.step("b").inputs == ("rows", "x")
    assert ("b", "c") in project.pipeline.edges


@pytest.mark.parametrize(("code", "status"), [("rows.append(2)", "done"), ("x = 2", "failed"), ("del rows", "failed")])
def test_ignored_dynamic_code_that_rebinds_names_is_told_at_run_time(
    write_notebook: WriteNotebook, code: str, status: str
) -> None:
    path = write_notebook(dynamic(code, "  # kale-lite: ignore[KL203]"))
    result = load(path).run(output_dir=path.parent / "out")
    assert result.status == status
    if status == "failed":
        (problem,) = result.steps["b"].diagnostics
        assert problem.code == "KL408"
        assert str(problem.location) == "cell 2"
        return
    assert "[1, 2] 1" in (path.parent / "out" / "notebook.ipynb").read_text()
