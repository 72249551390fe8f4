"""The forms in which ``check`` tells what it found."""

from __future__ import annotations

import itertools
import json
import os
import pty
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.sax.saxutils import unescape

import jsonschema
import pytest

from kale_lite.diagnostics import CODES
from tests.cli.test_cli import kale_lite
from tests.conftest import Cells, WriteNotebook

BAD: Cells = [
    ("md", "# One: two, 100 %"),
    ("step:a", "x = 1\n\ny = 'grün' + str(limit)"),
    ("skip", "x = 2"),
    ("step:b", "print(1)\nprint(x)"),
    ("step:c|prev:b", "import random\nrandom.seed(0)\nz = (y,\n     lim)"),
]


def test_text_shows_the_line_and_marks_the_place(write_notebook: WriteNotebook) -> None:
    done = kale_lite("check", write_notebook(BAD))
    assert done.returncode == 2
    lines = done.stdout.splitlines()
    place = next(i for i, line in enumerate(lines) if "KL202: name 'limit'" in line)
    assert lines[place - 1] == "  cell 2 · step a"
    assert lines[place].startswith("    line 3: error KL202")
    assert lines[place + 1] == "       3 │ y = 'grün' + str(limit)"
    assert lines[place + 2].index("^") == lines[place + 1].index("limit")
    assert lines[place + 3].startswith("      hint: ")
    assert lines[-1].endswith("nb.ipynb: 2 errors")
    assert "\x1b" not in done.stdout


def test_text_counts_all_notebooks(write_notebook: WriteNotebook) -> None:
    good = write_notebook([("step:a", "x = 1")], name="good.ipynb")
    done = kale_lite("check", good, write_notebook(BAD))
    assert f"{good}: 1 step, no problems" in done.stdout.splitlines()
    assert done.stdout.splitlines()[-1] == "2 notebooks: 2 errors"


def test_text_has_colours_on_a_terminal_only(write_notebook: WriteNotebook) -> None:
    ours, theirs = pty.openpty()
    env = {k: v for k, v in os.environ.items() if k != "NO_COLOR"} | {"TERM": "xterm-256color"}
    call = [sys.executable, "-m", "kale_lite", "check", str(write_notebook(BAD))]
    subprocess.run(call, stdout=theirs, env=env, timeout=120)
    os.close(theirs)
    assert b"\x1b[1;31merror KL202" in os.read(ours, 100_000)
    os.close(ours)


@pytest.mark.parametrize("long", ["x = '" + "a" * 500 + "' + limit", "y = limit  # " + "é" * 500])
def test_long_lines_are_cut_around_the_place(write_notebook: WriteNotebook, long: str) -> None:
    lines = kale_lite("check", write_notebook([("step:a", long)])).stdout.splitlines()
    shown, mark = next((a, b) for a, b in itertools.pairwise(lines) if b.strip().startswith("│") and "^" in b)
    assert len(shown) < 130
    assert shown[mark.index("^") :].startswith("limit")


def commands(text: str) -> list[tuple[str, dict[str, str], str]]:
    """GitHub's workflow commands, as its runner reads them."""
    found = []
    decode = {"%0D": "\r", "%0A": "\n", "%3A": ":", "%2C": ",", "%25": "%"}
    for line in text.splitlines():
        if line.startswith("::"):
            head, message = line[2:].split("::", 1)
            name, properties = head.split(" ", 1)
            pairs = dict(one.split("=", 1) for one in properties.split(","))
            found.append((name, {k: unescape(v, decode) for k, v in pairs.items()}, unescape(message, decode)))
    return found


def test_github_commands_name_the_line_of_the_file(write_notebook: WriteNotebook, tmp_path: Path) -> None:
    odd = write_notebook(BAD, name="a, b: 100%.ipynb")
    done = kale_lite("check", odd.name, "--format", "github", cwd=tmp_path)
    assert done.returncode == 2
    name, properties, message = commands(done.stdout)[0]
    assert (name, properties["file"]) == ("error", "a, b: 100%.ipynb")
    assert properties["title"] == "KL202: name is undefined"
    row = odd.read_text("utf-8").split("\n")[int(properties["line"]) - 1]
    assert row[int(properties["col"]) - 1 :].startswith("limit)")
    assert message.startswith("cell 2, line 3: name 'limit' is undefined")
    assert "\nhint: " in message


def test_github_severities(write_notebook: WriteNotebook) -> None:
    cells = [("step:a", "import random\nx = 1\nrandom.seed(1)"), ("skip", "x = 2"), ("step:b", "a = x + random.random()"),
             ("step:c", "b = random.random()")]  # fmt: skip
    done = kale_lite("check", write_notebook(cells), "--format", "github")
    assert done.returncode == 0
    assert [(name, p["title"][:5]) for name, p, _ in commands(done.stdout)] == [
        ("warning", "KL108"),
        ("notice", "KL301"),
    ]


def sarif_object(required: str, **properties: Any) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": False, "required": required.split(), "properties": properties}


def sarif_list(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}


# What SARIF 2.1.0 says of the objects that we write. Everything else is refused.
TEXT = {"type": "string", "minLength": 1}
COUNT = {"type": "integer", "minimum": 1}
LEVEL = {"enum": ["none", "note", "warning", "error"]}
MESSAGE = sarif_object("text", text=TEXT, markdown=TEXT)
RULE = sarif_object(
    "id", id=TEXT, name=TEXT, shortDescription=MESSAGE, fullDescription=MESSAGE, help=MESSAGE,
    defaultConfiguration=sarif_object("", level=LEVEL), properties=sarif_object("", tags=sarif_list(TEXT)),
)  # fmt: skip
PHYSICAL = sarif_object(
    "artifactLocation",
    artifactLocation=sarif_object("", uri={**TEXT, "pattern": r"^[!-~]+$"}),
    region=sarif_object("", startLine=COUNT, startColumn=COUNT),
)
LOGICAL = sarif_object("", name=TEXT, fullyQualifiedName=TEXT, kind=TEXT)
RESULT = sarif_object(
    "message", ruleId=TEXT, ruleIndex={"type": "integer", "minimum": -1}, level=LEVEL, message=MESSAGE,
    partialFingerprints={"type": "object", "additionalProperties": TEXT},
    locations=sarif_list(sarif_object("", physicalLocation=PHYSICAL, logicalLocations=sarif_list(LOGICAL))),
)  # fmt: skip
DRIVER = sarif_object("name", name=TEXT, version=TEXT, rules=sarif_list(RULE))
RUN = sarif_object(
    "tool",
    columnKind={"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
    tool=sarif_object("driver", driver=DRIVER),
    results=sarif_list(RESULT),
)
SARIF = sarif_object("version runs", **{"$schema": TEXT}, version={"const": "2.1.0"}, runs=sarif_list(RUN))


def test_sarif_is_one_valid_document(write_notebook: WriteNotebook, tmp_path: Path) -> None:
    bad = write_notebook(BAD, name="bad one.ipynb")
    broken = tmp_path / "broken.ipynb"
    broken.write_text("{")
    done = kale_lite("check", bad.name, broken.name, "--format", "sarif", cwd=tmp_path)
    assert done.returncode == 2
    log = json.loads(done.stdout)
    jsonschema.Draft202012Validator(SARIF).validate(log)
    (run,) = log["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == ["KL001", "KL202"]
    assert rules[1]["help"]["markdown"].startswith("# KL202: name is undefined")
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
    first, second, other = run["results"]
    place = first["locations"][0]
    assert place["physicalLocation"]["artifactLocation"]["uri"] == "bad%20one.ipynb"
    region = place["physicalLocation"]["region"]
    row = bad.read_text("utf-8").split("\n")[region["startLine"] - 1]
    assert row[region["startColumn"] - 1 :].startswith("limit)")
    assert place["logicalLocations"][0]["fullyQualifiedName"] == "bad%20one.ipynb/cell 2"
    assert first["partialFingerprints"] != second["partialFingerprints"]
    assert other["locations"][0]["physicalLocation"]["region"]["startLine"] == 1


def test_explain() -> None:
    assert kale_lite("explain", "kl203").stdout.startswith("# KL203: ")
    listed = kale_lite("explain").stdout
    assert all(code in listed for code in CODES)
    done = kale_lite("explain", "KL2O2")
    assert done.returncode == 2
    assert "KL202" in done.stderr
