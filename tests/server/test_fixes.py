"""Quick fixes: each, done to the notebook, takes its finding away, and makes no error that was not there."""

from __future__ import annotations

import copy
import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import nbformat
import pytest

from kale_lite.diagnostics import CODES
from kale_lite.server.tasks import analyse
from tests.conftest import Cells, make_notebook
from tests.diagnostics.pages import read_page
from tests.diagnostics.test_pages import CANNOT_BE_SHOWN


def found(notebook: Any, folder: Path, target: str = "") -> list[dict[str, Any]]:
    """What an analysis finds."""
    return list(analyse(str(folder / "nb.ipynb"), copy.deepcopy(notebook), "tests", target)["diagnostics"])


def fixed(notebook: Any, fix: Mapping[str, Any]) -> Any:
    """The notebook after a fix, as the page does it."""
    changed = copy.deepcopy(notebook)
    for edit in fix["edits"]:
        cell = changed["cells"][edit["cell"] - 1]
        if "append" in edit:
            lines = cell["source"].split("\n")
            lines[edit["line"] - 1] += edit["append"]
            cell["source"] = "\n".join(lines)
            continue
        tags = cell["metadata"].get("tags", [])
        assert set(edit["remove"]) <= set(tags), "what is removed is there"
        kept = [one for one in tags if one not in edit["remove"]]
        cell["metadata"]["tags"] = [*kept, *(one for one in edit["add"] if one not in kept)]
    return changed


def key(finding: Mapping[str, Any]) -> tuple[str, int, str]:
    return finding["code"], finding["cell"], finding["message"]


def errors(findings: list[dict[str, Any]]) -> Counter[str]:
    return Counter(one["code"] for one in findings if one["severity"] == "error")


def titles_that_work(notebook: Any, folder: Path, target: str = "") -> dict[str, list[str]]:
    """The titles of all fixes by code; each has been tried."""
    before, titles = found(notebook, folder, target), {}
    for finding in before:
        for fix in finding["fixes"]:
            after = found(fixed(notebook, fix), folder, target)
            assert key(finding) not in set(map(key, after)), (fix, after)
            own = Counter({finding["code"]: 1})
            # An error of a later phase shows when one of an earlier phase is gone; no more of the same kind do.
            assert errors(after)[finding["code"]] <= (errors(before) - own)[finding["code"]], (fix, after)
            titles.setdefault(finding["code"], []).append(fix["title"])
    return titles


IGNORE = ["Ignore KL108 on this line", "Ignore KL108 in this cell"]


@pytest.mark.parametrize(
    ("cells", "titles"),
    [
        ([("stpe:a", "x = 1")], {"KL101": ["Write step:a", "Remove the tag stpe:a"]}),
        ([("step:a|limit:memory", "x = 1")], {"KL101": ["Remove the tag limit:memory"]}),
        ([("step:a|mine|retry:x", "x = 1"), ("step:b|prev:zz", "x")],
         {"KL101": ["Remove the tag retry:x"], "KL104": ["Remove the tag prev:zz"]}),
        ([("step:load", "x = 1"), ("step:b|prev:laod", "x")], {"KL104": ["Write prev:load", "Remove the tag prev:laod"]}),
        ([("step:Load data", "x = 1"), ("block:load-data", "y = 1"), ("block:load-data|retry:1", "z = x")],
         {"KL103": ["Write step:Load data"]}),
        ([("step:a|prev:a", "x = 1")], {"KL105": ["Remove the tag prev:a"]}),
        ([("step:a|prev:b", "x = 1"), ("step:b", "y = 1")], {"KL105": ["Remove the tag prev:b"]}),
        ([("step:a", "x = 1"), ("skip", "x = 2"), ("step:b", "print(x)")],
         {"KL108": ["Remove the tag skip from cell 2", *IGNORE]}),
        ([("imports|retry:2", "import math"), ("step:a", "math.pi")], {"KL111": ["Remove retry:2"]}),
        ([("step:a|imports", "import math")], {"KL112": ["Keep only step:a", "Keep only imports"]}),
        ([("step:z", "y = 1"), ("step:a|imports|prev:z|retry:2", "import math")],
         {"KL112": ["Keep only step:a", "Keep only imports"]}),
        ([("step:z", "y = 1"), ("imports|prev:z", "import math"), ("step:a", "math.pi")],
         {"KL112": ["Remove the tag prev:z"]}),
        ([("skip", "x = 2"), ("step:b", "print(x)")], {"KL202": ["Remove the tag skip from cell 1"]}),
        ([("step:b", "print(x)")], {}),
    ],
    ids=lambda value: "+".join(value) or "none" if isinstance(value, dict) else None,
)  # fmt: skip
def test_what_is_offered_and_that_it_works(cells: Cells, titles: dict[str, list[str]], tmp_path: Path) -> None:
    assert titles_that_work(dict(make_notebook(cells)), tmp_path) == titles


def test_foreign_tags_and_their_order_stay(tmp_path: Path) -> None:
    notebook = dict(make_notebook([("mine|stpe:a|yours", "x = 1")]))
    (finding,) = found(notebook, tmp_path)
    assert fixed(notebook, finding["fixes"][0])["cells"][0]["metadata"]["tags"] == ["mine", "yours", "step:a"]


@pytest.mark.parametrize(
    ("source", "titles"),
    [
        ("print(x)", IGNORE),
        ("print(x)\n", IGNORE),
        ("print(x)  # so", IGNORE),
        ("text = '''\n{}\n'''.format(x)", IGNORE),
        ("text = f'''\n{x}\n'''", IGNORE[1:]),
        ("y = x + \\\n  x", IGNORE),
        ("%time print(x)", IGNORE[1:]),
        ("%%time\nprint(x)", IGNORE),
    ],
    ids=["plain", "empty last line", "comment", "after a text", "in a text", "continued line", "line magic", "cell magic"],
)  # fmt: skip
def test_a_comment_switches_a_finding_off_where_one_can_stand(source: str, titles: list[str], tmp_path: Path) -> None:
    notebook = dict(make_notebook([("step:a", "x = 1"), ("skip", "x = 2"), ("step:b", source)]))
    assert titles_that_work(notebook, tmp_path)["KL108"][1:] == titles


@pytest.mark.parametrize("code", sorted({one for one in CODES if one < "KL4"} - CANNOT_BE_SHOWN))
def test_the_fixes_of_every_example_work(code: str, tmp_path: Path) -> None:
    """The notebooks of the pages of all findings, in which no fix may do harm."""
    example = read_page(code).example
    assert example is not None
    path = example.write(tmp_path)
    try:
        notebook = nbformat.from_dict(json.loads(path.read_text("utf-8")))
        assert all(isinstance(cell["metadata"], dict) for cell in notebook["cells"])
    except (ValueError, KeyError, TypeError):
        notebook = {"metadata": {}}  # no notebook: there is nothing to be mended
    for cell in notebook.get("cells", []):
        cell["source"] = "".join(cell["source"])
    for target in ("", "kfp"):
        titles_that_work(notebook, tmp_path, target)
