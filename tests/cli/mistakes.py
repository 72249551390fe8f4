"""Ten typical mistakes, and what a user sees: ``python -m tests.cli.mistakes`` writes docs/mistakes.md."""

from __future__ import annotations

import io
import re
import shlex
import sys
import tempfile
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import nbformat
import pytest

from kale_lite.cli import main
from tests.conftest import Cells, make_notebook

DOCUMENT = Path(__file__).parents[2] / "docs" / "mistakes.md"
_CHECK = "check analysis.ipynb"
_HEAD = """\
# Ten typical mistakes

What kale-lite says about them. This page is written by `python -m tests.cli.mistakes`, and a test compares it with what
is said today. `kale-lite explain CODE` tells more about each code.
"""


@dataclass(frozen=True, slots=True)
class Mistake:
    """A mistake: its cells, the command that finds it, and what has to be in the answer."""

    title: str
    cells: Cells
    said: tuple[str, ...]
    command: str = _CHECK
    exit_code: int = 2


MISTAKES = (
    Mistake(
        "A tag with a typing error",
        [("stpe:load", "rows = [3, 1, 2]"), ("step:sort", "rows.sort()")],
        ("cell 1", "KL101", "'stpe:load'", "`step:load`"),
    ),
    Mistake(
        "Two names for one step",
        [("step:Load data", "rows = [3, 1, 2]"), ("step:load_data", "rows.sort()")],
        ("cell 2", "KL103", "'Load data' (cell 1)", "'load_data'", "the same way"),
    ),
    Mistake(
        "A predecessor that does not exist",
        [("step:load", "rows = [3, 1, 2]"), ("step:sort|prev:laod", "rows.sort()")],
        ("cell 2", "KL104", "'laod'", "'load'"),
    ),
    Mistake(
        "A parameter that is no literal",
        [("parameters", "rows = 1000\nbatch = rows // 10"), ("step:work", "print(rows, batch)")],
        ("line 2", "warning KL109", "'batch'", "'rows'", "in a step"),
        exit_code=0,
    ),
    Mistake(
        "A skipped cell that others need",
        [("step:load", "rows = [3, 1, 2]"), ("skip", "limit = 2"), ("step:use", "print(rows[:limit])")],
        ("cell 3", "line 1", "KL202", "'limit'", "cell 2", "`skip`", "print(rows[:limit])"),
    ),
    Mistake(
        "A syntax error",
        [("step:load", "rows = [3, 1, 2]\nif rows\n    print(rows)")],
        ("cell 1", "line 2", "KL201", "expected ':'", "if rows", "^"),
    ),
    Mistake(
        "A name that is never defined",
        [("step:load", "rows = [3, 1, 2]"), ("step:use", "total = sum(rows)\nprint(totl)")],
        ("cell 2", "line 2", "KL202", "'totl'", "'total'", "print(totl)"),
    ),
    Mistake(
        "A value that cannot go from step to step",
        [("step:open", "import sqlite3\ndb = sqlite3.connect(':memory:')"), ("step:query", "db.execute('select 1')")],
        ("cell 1, line 2", "KL401", "step 'open'", "'db'", "sqlite3.Connection", "as one step"),
        "run analysis.ipynb",
        exit_code=1,
    ),
    Mistake(
        "A cell of a step that stands apart",
        [("step:load", "rows = [3, 1, 2]"), ("step:sort", "rows.sort()"), ("step:load", "first = rows[0]")],
        ("cell 3", "KL106", "step 'load'", "cell 2", "'sort'", "'rows'", "name of its own"),
    ),
    Mistake(
        "A parameter on the command line that the notebook does not have",
        [("parameters", "rate = 0.5"), ("step:work", "print(rate)")],
        ("KL501", "'rte'", "'rate'"),
        "run analysis.ipynb -p rte=0.9",
    ),
)


def answer(mistake: Mistake, folder: Path) -> tuple[int, str]:
    """The exit code and all that is printed; of a run, its findings."""
    nbformat.write(make_notebook(mistake.cells), folder / "analysis.ipynb")
    out, error = io.StringIO(), io.StringIO()
    code = 0
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(error):
        patch.setattr(sys, "argv", ["kale-lite", *shlex.split(mistake.command)])
        patch.chdir(folder)
        try:
            main()
        except SystemExit as done:
            code = int(done.code or 0)
    text = out.getvalue() if mistake.command == _CHECK else error.getvalue()
    return code, text.strip()


def document() -> str:
    """The page, with what is said today."""
    return "\n".join([_HEAD, *(_section(number, mistake) for number, mistake in enumerate(MISTAKES, 1))])


def _section(number: int, mistake: Mistake) -> str:
    with tempfile.TemporaryDirectory() as folder:
        _, text = answer(mistake, Path(folder))
    code = next(iter(re.findall(r"KL\d{3}", text)))
    return (
        f"## {number}. {mistake.title}\n\n```python\n{chr(10).join(_cells(mistake.cells))}\n```\n\n"
        f"```console\n$ kale-lite {mistake.command}\n{text}\n```\n\nMore: [{code}](diagnostics/{code}.md)\n"
    )


def _cells(cells: Cells) -> Iterator[str]:
    for number, (tags, source) in enumerate(cells, 1):
        yield f"# %% cell {number}, tagged {tags.replace('|', ', ')}\n{source}"


if __name__ == "__main__":
    DOCUMENT.write_text(document(), "utf-8")
