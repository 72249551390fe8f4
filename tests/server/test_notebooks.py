"""What the server answers about a notebook: analysis, suggestions, tags, compiled files."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import psutil
import pytest
import yaml

from kale_lite import __version__
from kale_lite.notebook.tags import OptionTag, parse_tag
from tests.conftest import Cells, make_notebook
from tests.server.serving import Answered, Server

FORK: Cells = [
    ("md", "# A study"),
    ("imports", "import math"),
    ("parameters", "rate: float = 0.5\nname = 'x'"),
    ("step:load|mine", "rows = [rate, math.pi]"),
    ("", "rows.append(2)"),
    ("step:mean", "mean = sum(rows) / len(rows)"),
    ("step:top", "top = max(rows)"),
    ("skip", "print('only here')"),
]


def content(cells: Cells, **metadata: Any) -> dict[str, Any]:
    return dict(make_notebook(cells, **metadata))


def analysed(server: Server, notebook: Any, path: str = "unsaved.ipynb", **more: Any) -> Any:
    answered = server.post("analyse", {"path": path, "notebook": notebook, "client": "tests", **more})
    assert answered.status == 200, answered.data
    return answered.data


def codes(data: Any) -> list[tuple[str, int]]:
    return [(one["code"], one["cell"]) for one in data["diagnostics"]]


def test_info_says_what_there_is(server: Server) -> None:
    about = server.get("info").data
    assert (about["name"], about["version"], about["api"], about["kfp_host"]) == ("kale-lite", __version__, 1, "")
    assert [(one["name"], one["ready"]) for one in about["targets"]] == [("local", True), ("kfp", True)]
    assert len({one["kind"] for one in about["options"]}) == len(about["options"]) > 10
    for option in about["options"]:
        tag = parse_tag(option["example"])
        assert isinstance(tag, OptionTag), option
        assert (tag.kind, option["form"][0]) == (option["kind"], option["kind"])
        assert option["help"].endswith(".")


@pytest.mark.parametrize("code", ["KL101", "KL720"])
def test_the_page_of_a_finding_is_html_that_can_do_nothing(server: Server, code: str) -> None:
    shown = server.get(f"pages/{code}").response
    assert (shown.status_code, shown.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert f"<h1>{code}: " in shown.text
    assert {"sandbox", "default-src 'none'"} <= {
        one.strip() for one in shown.headers["Content-Security-Policy"].split(";")
    }
    unknown = server.get("pages/KL999")
    assert (unknown.status, unknown.data["message"]) == (404, "there is no diagnostic KL999")


def test_analysis_of_content_that_is_not_saved(server: Server) -> None:
    found = analysed(server, content(FORK))
    assert [(one["cell"], one["role"], one["step"], one["first"], one["tagged"]) for one in found["cells"]] == [
        (2, "imports", "", False, True),
        (3, "parameters", "", False, True),
        (4, "step", "load", True, True),
        (5, "step", "load", False, False),
        (6, "step", "mean", True, True),
        (7, "step", "top", True, True),
        (8, "skip", "", False, True),
    ]
    assert found["cells"][2]["tags"] == ["step:load", "mine"]
    assert found["pipeline"]["edges"] == [["load", "mean"], ["load", "top"]]
    assert found["mermaid"].startswith("flowchart")
    assert [(one["name"], one["type"], one["default"], one["cell"], one["line"]) for one in found["parameters"]] == [
        ("rate", "float", 0.5, 3, 1),
        ("name", "str", "x", 3, 2),
    ]
    assert (found["client"], found["diagnostics"]) == ("tests", [])
    assert not (server.root / "unsaved.ipynb").exists()


def test_analysis_is_of_what_is_given_and_not_of_the_file(server: Server) -> None:
    server.write("stale.ipynb", [("step:old", "x = 1")])
    found = analysed(server, content([("step:new", "x = 2")]), "stale.ipynb")
    assert [step["name"] for step in found["pipeline"]["steps"]] == ["new"]


def test_findings_come_with_their_fixes_and_roles_stay(server: Server) -> None:
    found = analysed(server, content([("step:load", "x = 1"), ("stpe:use", "print(x)"), ("step:end|prev:laod", "1")]))
    assert found["pipeline"] is None
    assert codes(found) == [("KL101", 2), ("KL104", 3)]
    assert [[fix["title"] for fix in one["fixes"]] for one in found["diagnostics"]] == [
        ["Write step:use", "Remove the tag stpe:use"],
        ["Write prev:load", "Remove the tag prev:laod"],
    ]
    assert found["diagnostics"][0]["fixes"][0]["edits"] == [{"cell": 2, "add": ["step:use"], "remove": ["stpe:use"]}]
    assert [one["step"] for one in found["cells"]] == ["load", "load", "end"]


def test_a_notebook_of_another_language_is_refused_with_a_finding(server: Server) -> None:
    spec = {"name": "ir", "display_name": "R", "language": "R"}
    found = analysed(server, content([("step:a", "x <- 1")], kernelspec=spec, language_info={"name": "R"}))
    assert found["pipeline"] is None
    (finding,) = found["diagnostics"]
    assert finding["severity"] == "error"
    assert finding["message"] == "the notebook's kernel 'ir' speaks r, not Python"


def test_what_a_target_cannot_honour_is_found_when_asked_for(server: Server) -> None:
    cells: Cells = [("step:a|limit:memory:4Gi", "x = 1")]
    here, kubeflow = (analysed(server, content(cells), target=name) for name in ("local", "kfp"))
    (finding,) = here["diagnostics"]
    assert (finding["code"], finding["severity"]) == ("KL111", "warning")
    assert finding["message"] == "option 'limits' (step a) has no effect in a local run"
    assert kubeflow["diagnostics"] == []


@pytest.mark.parametrize(
    "notebook",
    [{}, {"cells": 3}, {"cells": [3]}, {"cells": [], "nbformat": 2}, {"cells": [], "nbformat": "four"},
     {"cells": [{"cell_type": "code", "source": 7, "metadata": {"tags": 3}}], "metadata": [], "nbformat": 4},
     {"cells": [{"cell_type": "code", "source": "x", "metadata": {"tags": [3]}, "outputs": []}], "metadata": {},
      "nbformat": 4, "nbformat_minor": 5}],
    ids=["empty", "cells are a number", "a cell is a number", "old", "nbformat is a text", "wrong types", "tag is a number"],
)  # fmt: skip
@pytest.mark.parametrize("route", ["analyse", "suggest"])
def test_what_is_no_notebook_is_a_finding_and_no_crash(server: Server, route: str, notebook: Any) -> None:
    body = {"path": "odd.ipynb", "notebook": notebook, **({"client": "odd"} if route == "analyse" else {})}
    answered = server.post(route, body)
    assert answered.status in (200, 422), answered.data
    errors = [one for one in answered.data["diagnostics"] if one["severity"] == "error"]
    assert errors or notebook.get("nbformat_minor") == 5
    assert all(one["message"] for one in errors)


WHOLE = {"path": "a.ipynb", "notebook": {}, "client": "c"}


@pytest.mark.parametrize(
    ("route", "body", "said"),
    [
        ("analyse", b"{", "no JSON"),
        ("analyse", b"", "no JSON object"),
        ("analyse", b"\xff\xfe", "no JSON"),
        ("analyse", b"[" * 100_000, "no JSON"),
        ("analyse", [1], "no JSON object"),
        ("analyse", {**WHOLE, "path": 3}, "'path' of the request is no str, but int"),
        ("analyse", {**WHOLE, "path": ""}, "no path of a notebook"),
        ("analyse", {**WHOLE, "path": "a\0b"}, "no path of a notebook"),
        ("analyse", {**WHOLE, "notebook": None}, "'notebook' of the request is no dict"),
        ("analyse", {**WHOLE, "target": "moon"}, "no target 'moon'"),
        ("analyse", {**WHOLE, "extra": 1}, "'extra', which means nothing"),
        ("analyse", {"path": "a.ipynb", "notebook": {}}, "no 'client'"),
        ("suggest", {"path": "a.ipynb"}, "no 'notebook'"),
        ("tags", {"tags": "step:a"}, "'tags' of the request is no list"),
        ("tags", {"tags": [1]}, "no list of texts"),
        ("compile", {"path": "a.ipynb", "notebook": {}, "format": "docx"}, "no format 'docx'"),
        ("compile", {"path": "a.ipynb", "notebook": {}, "format": "yaml", "save": 1}, "'save' of the request is no bool"),
        ("runs", {}, "no 'path'"),
        ("runs", {"path": "a.ipynb", "parameters": [1]}, "'parameters' of the request is no dict"),
    ],
)  # fmt: skip
def test_requests_that_make_no_sense(server: Server, route: str, body: Any, said: str) -> None:
    answered = server.post(route, body)
    assert answered.status == 400
    assert said in answered.data["message"]
    assert answered.data["diagnostics"] == []
    assert "Traceback" not in answered.response.text


def test_suggestions_are_those_of_the_command_line(server: Server) -> None:
    notebook = content([("", "import math"), ("", "# Load\nrows = [1, 2]"), ("", "print(math.fsum(rows))")])
    answered = server.post("suggest", {"path": "plain.ipynb", "notebook": notebook})
    assert answered.status == 200
    assert answered.data["tags"]["1"] == ["imports"]
    assert set(answered.data["tags"]) == {"1", "2", "3"}
    assert {"cells", "pipeline", "diagnostics"} <= set(answered.data)
    for cell in notebook["cells"]:
        assert cell["metadata"]["tags"] == []


def test_tags_are_told_apart(server: Server) -> None:
    texts = ["step:a b", "block:a", "prev:a", "limit:memory:4Gi", "skip", "mine", "stpe:a", "limit:memory", ""]
    found = server.post("tags", {"tags": texts}).data["tags"]
    assert [(one["text"], one["kind"]) for one in found] == [
        ("step:a b", "step"), ("block:a", "step"), ("prev:a", "prev"), ("limit:memory:4Gi", "option"), ("skip", "bare"),
        ("mine", "foreign"), ("stpe:a", "malformed"), ("limit:memory", "malformed"), ("", "foreign"),
    ]  # fmt: skip
    assert [one["suggestion"] for one in found][6] == "step:a"
    assert [bool(one["problem"]) for one in found] == [one["kind"] == "malformed" for one in found]


def compiled(server: Server, path: str, notebook: Any, **more: Any) -> Answered:
    return server.post("compile", {"path": path, "notebook": notebook, **more})


def test_compiled_yaml_is_saved_only_when_asked_and_over_its_own_only(server: Server) -> None:
    notebook, path = content(FORK), "flow/study.ipynb"
    (server.root / "flow").mkdir()
    shown = compiled(server, path, notebook, format="yaml")
    assert shown.status == 200, shown.data
    (file,) = shown.data["files"]
    assert file["name"] == "study.yaml"
    spec = next(yaml.safe_load_all(file["text"]))
    assert {"load", "mean", "top"} <= set(spec["root"]["dag"]["tasks"])
    assert (shown.data["saved"], list((server.root / "flow").iterdir())) == ([], [])
    place = server.root / "flow" / "study.yaml"
    for _ in range(2):
        saved = compiled(server, path, notebook, format="yaml", save=True)
        assert (saved.status, saved.data["saved"]) == (200, ["flow/study.yaml"])
        assert place.read_text() == saved.data["files"][0]["text"]
    place.write_text("mine: yes\n")
    refused = compiled(server, path, notebook, format="yaml", save=True)
    assert refused.status == 409
    assert "study.yaml" in refused.data["message"]
    assert place.read_text() == "mine: yes\n"
    assert compiled(server, path, notebook, format="yaml", save=True, overwrite=True).status == 200
    assert "mine" not in place.read_text()


def test_compiled_yaml_is_not_written_through_a_symbolic_link(server: Server) -> None:
    victim = server.root.parent / "victim.yaml"
    victim.write_text("made by kale-lite from linked.ipynb\n")
    (server.root / "linked.yaml").symlink_to(victim)
    refused = compiled(server, "linked.ipynb", content(FORK), format="yaml", save=True)
    assert refused.status == 409
    assert victim.read_text() == "made by kale-lite from linked.ipynb\n"


def test_compiled_python_is_a_program_with_its_steps(server: Server) -> None:
    saved = compiled(server, "my study.ipynb", content(FORK), format="python", save=True)
    assert saved.status == 200, saved.data
    names = [file["name"] for file in saved.data["files"]]
    assert names[0] == "my_study.py"
    assert saved.data["saved"] == names
    for file in saved.data["files"]:
        assert (server.root / file["name"]).read_text() == file["text"]
    compile(saved.data["files"][0]["text"], "my_study.py", "exec")
    (server.root / "my_study.py").write_text("print('mine')\n")
    assert compiled(server, "my study.ipynb", content(FORK), format="python", save=True).status == 409
    assert (server.root / "my_study.py").read_text() == "print('mine')\n"


@pytest.mark.parametrize("format", ["yaml", "python"])
def test_a_notebook_with_errors_is_not_compiled(server: Server, format: str) -> None:
    notebook = content([("step:a|prev:zz", "x = 1"), ("stpe:b", "x")])
    answered = compiled(server, f"bad-{format}.ipynb", notebook, format=format, save=True)
    assert answered.status == 422
    assert {one["code"] for one in answered.data["diagnostics"]} == {"KL101", "KL104"}
    assert not list(server.root.glob("bad*"))


def workers(server: Server) -> list[psutil.Process]:
    assert server.process is not None
    children = psutil.Process(server.process.pid).children()
    return [one for one in children if "kale_lite.server.worker" in one.cmdline()]


def slow(cells: int) -> dict[str, Any]:
    """A notebook whose analysis takes a moment."""
    sources = ["\n".join(f"v{i}_{j} = v{i - 1}_{j} + {j}" for j in range(40)) for i in range(1, cells)]
    first = "\n".join(f"v0_{j} = {j}" for j in range(40))
    return content([(f"step:s{i}", source) for i, source in enumerate([first, *sources])])


def together(asked: Sequence[Any]) -> list[Answered]:
    """The answers to calls that are made at once, each a little after the one before."""
    answers: dict[int, Answered] = {}

    def ask(number: int, call: Any) -> None:
        answers[number] = call()

    threads = [threading.Thread(target=ask, args=one) for one in enumerate(asked)]
    for thread in threads:
        thread.start()
        time.sleep(0.02)
    for thread in threads:
        thread.join()
    return [answers[number] for number in range(len(asked))]


def test_of_the_waiting_analyses_of_a_client_only_the_newest_is_made(server: Server) -> None:
    notebook = slow(60)

    def ask(client: str) -> Any:
        return lambda: server.post("analyse", {"path": "s.ipynb", "notebook": notebook, "client": client})

    answers = together([ask("one")] * 8 + [ask("two")])
    statuses = [one.status for one in answers]
    assert set(statuses[:8]) == {200, 409}, statuses
    assert (statuses[7], statuses[8]) == (200, 200), "the newest of each client is made"
    superseded = next(one for one in answers if one.status == 409)
    assert "newer" in superseded.data["message"]


def test_a_worker_that_is_killed_is_told_and_replaced(server: Server) -> None:
    notebook = slow(150)
    analysed(server, content(FORK))

    def kill() -> Answered:
        for _ in range(200):
            if any(one.cpu_times().user > before.get(one.pid, 0) + 0.1 for one in workers(server)):
                break
            time.sleep(0.01)
        for one in workers(server):
            one.kill()
            with suppress(psutil.NoSuchProcess):  # nobody may be asked who is about to go
                while one.status() != psutil.STATUS_ZOMBIE:
                    time.sleep(0.01)
        return server.get("info")

    before = {one.pid: one.cpu_times().user for one in workers(server)}
    died, _ = together(
        [lambda: server.post("analyse", {"path": "k.ipynb", "notebook": notebook, "client": "killed"}), kill]
    )
    assert died.status == 500
    assert died.data["message"] == "the process that analyses notebooks died"
    assert died.data["hint"]
    assert analysed(server, content(FORK))["pipeline"] is not None
