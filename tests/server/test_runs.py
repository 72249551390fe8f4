"""Runs as a page starts, follows, mends and deletes them."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Cells
from tests.server.serving import Server

CHAIN: Cells = [
    ("parameters", "n = 2\nname = 'x'"),
    ("step:one", "values = list(range(n))\nprint('made', name)"),
    ("step:two", "total = sum(values)\nprint(open('note.txt').read())"),
    ("pipeline-metrics", "print(total)"),
]


@pytest.fixture(scope="module")
def chain(server: Server) -> dict[str, Any]:
    """A run that ended well, with parameters of its own."""
    server.write("work/chain.ipynb", CHAIN)
    (server.root / "work" / "note.txt").write_text("in the notebook's folder")
    begun = server.run("work/chain.ipynb", parameters={"n": 4, "name": "y"}, jobs=1)
    assert begun["status"] == "running"
    assert begun["path"] == "work/chain.ipynb"
    return server.ended(begun["id"])


def statuses(run: Mapping[str, Any]) -> dict[str, str]:
    return {name: step["status"] for name, step in run["steps"].items()}


def started(messages: list[dict[str, Any]]) -> list[str]:
    return [one["event"]["step"] for one in messages if one.get("event", {}).get("type") == "step-started"]


def test_a_run_to_the_end(server: Server, chain: dict[str, Any]) -> None:
    assert chain["status"] == "done", chain
    assert (chain["target"], chain["path"], chain["notebook"]) == ("local", "work/chain.ipynb", "chain.ipynb")
    assert chain["parameters"] == {"n": 4, "name": "y"}
    assert chain["metrics"] == {"total": 6}
    assert set(statuses(chain).values()) == {"done"}
    assert list(statuses(chain))[:2] == ["one", "two"]
    assert ["one", "two"] in chain["graph"]["edges"]
    assert chain["folder"].startswith("work/kale-lite-runs/chain-")
    assert (server.root / chain["folder"] / "run.json").is_file()
    assert (chain["report"], chain["kept"], chain["link"]) == (True, True, "")
    assert sorted(chain["cells"]) == ["1", "2", "3", "4"]
    assert chain["started"] <= chain["now"] <= time.time() + 60


def test_its_row_in_the_history(server: Server, chain: dict[str, Any]) -> None:
    (row,) = server.get("runs?path=work/chain.ipynb").data["runs"]
    assert row == {key: chain[key] for key in row}
    assert {"id", "status", "started", "seconds", "parameters", "metrics", "folder"} <= set(row)
    assert server.get("runs?path=work/other.ipynb").data == {"runs": []}


def test_all_its_events_from_the_start_and_from_any_number(server: Server, chain: dict[str, Any]) -> None:
    *messages, last = server.events(chain["id"])
    assert last == {"closed": True}
    assert [one["n"] for one in messages] == list(range(chain["events"]))
    lines = (server.root / chain["folder"] / "events.jsonl").read_text().splitlines()
    assert [one["event"] for one in messages] == list(map(json.loads, lines))
    types = [one["event"]["type"] for one in messages]
    assert (types[0], types[-1]) == ("run-started", "run-finished")
    printed = [
        (one["event"]["cell"], one["event"]["text"]) for one in messages if one["event"]["type"] == "step-output"
    ]
    assert printed[:2] == [(2, "made y\n"), (3, "in the notebook's folder\n")]
    for first in (3, len(messages) - 1, len(messages), len(messages) + 100):
        assert list(server.events(chain["id"], first)) == [*messages[first:], last]


def test_its_step_notebooks(server: Server, chain: dict[str, Any]) -> None:
    notebook = server.get(f"runs/{chain['id']}/steps/two").data
    (cell,) = [one for one in notebook["cells"] if one["metadata"].get("kale_lite", {}).get("cell") == 3]
    assert cell["outputs"][0]["text"] == ["in the notebook's folder\n"]
    for slug in ("three", "..%2F..%2Frun", "%2Fetc%2Fpasswd", "two.ipynb"):
        answered = server.get(f"runs/{chain['id']}/steps/{slug}")
        assert (answered.status, answered.data["message"].split(" has ")[0]) == (404, f"run {chain['id']}")


def test_its_report_can_do_nothing_as_the_user(server: Server, chain: dict[str, Any]) -> None:
    response = server.get(f"runs/{chain['id']}/report").response
    assert response.status_code == 200
    assert response.headers["Content-Type"].startswith("text/html")
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    policy = [one.strip() for one in response.headers["Content-Security-Policy"].split(";")]
    assert {"sandbox", "default-src 'none'"} <= set(policy)
    assert "chain" in response.text


def test_no_link_in_a_record_leads_out_of_it(server: Server, chain: dict[str, Any], tmp_path: Path) -> None:
    secret = tmp_path / "secret.html"
    secret.write_text("secret")
    report = server.root / chain["folder"] / "report.html"
    kept = report.read_bytes()
    report.unlink()
    report.symlink_to(secret)
    try:
        answered = server.get(f"runs/{chain['id']}/report")
        assert (answered.status, "secret" in answered.response.text) == (403, False)
    finally:
        report.unlink()
        report.write_bytes(kept)


def test_only_a_step_and_from_a_step(server: Server, chain: dict[str, Any]) -> None:
    only = server.ended(
        server.run("work/chain.ipynb", only="two", reuse=chain["id"], parameters={"n": 4, "name": "y"})["id"]
    )
    assert (only["status"], started(list(server.events(only["id"])))) == ("done", ["two"])
    assert only["steps"]["one"]["reused"]
    tail = server.ended(server.run("work/chain.ipynb", **{"from": "two"}, parameters={"n": 4, "name": "y"})["id"])
    assert (tail["status"], tail["metrics"]) == ("done", {"total": 6})
    assert started(list(server.events(tail["id"])))[0] == "two"
    assert [one["id"] for one in server.get("runs?path=work/chain.ipynb").data["runs"]][:2] == [tail["id"], only["id"]]


def records(folder: Path) -> list[Path]:
    return list(folder.rglob("kale-lite-runs"))


@pytest.mark.parametrize(
    ("wanted", "status", "said"),
    [
        ({"parameters": {"n": "many", "size": 3}}, 422, "parameter 'n' wants int"),
        ({"parameters": {"n": None}}, 422, "parameter 'n' wants int, and None is none"),
        ({"only": "three"}, 422, "three"),
        ({"from": "two"}, 422, "there is no earlier run"),
        ({"from": "two", "only": "two"}, 400, "'from' does not go with 'only'"),
        ({"only": "two", "reuse": 987_654}, 404, "there is no run 987654"),
        ({"jobs": 0}, 400, "less than 1"),
        ({"jobs": True}, 400, "'jobs' of the request is no int"),
        ({"target": "moon"}, 400, "no target 'moon'"),
        ({"experiment": "e"}, 400, "experiment means nothing for the target local"),
        ({"target": "kfp", "only": "two"}, 400, "only means nothing for the target kfp"),
    ],
)  # fmt: skip
def test_what_is_refused_leaves_nothing_behind(server: Server, wanted: dict[str, Any], status: int, said: str) -> None:
    server.write("refused/chain.ipynb", CHAIN)
    answered = server.post("runs", {"path": "refused/chain.ipynb", **wanted})
    assert (answered.status, said in answered.data["message"]) == (status, True), answered.data
    assert records(server.root / "refused") == []
    assert server.get("runs?path=refused/chain.ipynb").data == {"runs": []}


def test_bad_parameters_are_told_all_at_once(server: Server) -> None:
    server.write("refused/chain.ipynb", CHAIN)
    answered = server.post("runs", {"path": "refused/chain.ipynb", "parameters": {"n": "many", "size": 3}})
    assert [one["code"] for one in answered.data["diagnostics"]] == ["KL502", "KL501"]


def test_a_notebook_with_errors_is_refused_with_all_of_them(server: Server) -> None:
    server.write("refused/bad.ipynb", [("step:a|prev:zz", "x = 1"), ("stpe:b", "x"), ("step:c|prev:yy", "x")])
    answered = server.post("runs", {"path": "refused/bad.ipynb"})
    assert answered.status == 422
    found = sorted((one["code"], one["cell"]) for one in answered.data["diagnostics"])
    assert found == [("KL101", 2), ("KL104", 1), ("KL104", 3)]
    assert answered.data["message"] in {one["message"] for one in answered.data["diagnostics"]}
    assert records(server.root / "refused") == []


def test_what_is_no_notebook_is_refused(server: Server) -> None:
    (server.root / "text.ipynb").write_text("no JSON")
    answered = server.post("runs", {"path": "text.ipynb"})
    assert (answered.status, len(answered.data["diagnostics"])) == (422, 1)


def test_a_folder_that_cannot_be_written(server: Server) -> None:
    server.write("full/a.ipynb", [("step:a", "x = 1")])
    (server.root / "full" / "kale-lite-runs").write_text("a file of the user's")
    answered = server.post("runs", {"path": "full/a.ipynb"})
    assert answered.status == 422
    assert [one["code"] for one in answered.data["diagnostics"]] == ["KL504"]
    assert "move or copy it" in answered.data["hint"]
    assert sorted(one.name for one in (server.root / "full").iterdir()) == ["a.ipynb", "kale-lite-runs"]


def test_a_run_that_fails_is_mended_and_resumed(server: Server) -> None:
    cells = [("step:load", "x = 2"), ("step:use", "y = x\nprint(y / 0)"), ("step:end", "print(y)")]
    server.write("mend/study.ipynb", cells)
    failed = server.ended(server.run("mend/study.ipynb")["id"])
    assert (failed["status"], statuses(failed)) == ("failed", {"load": "done", "use": "failed", "end": "skipped"})
    (finding,) = failed["steps"]["use"]["diagnostics"]
    assert (finding["cell"], finding["line"]) == (2, 2)
    assert "ZeroDivisionError" in finding["message"]
    assert "ZeroDivisionError" in failed["steps"]["use"]["traceback"]
    notebook = server.get(f"runs/{failed['id']}/steps/use").data
    assert any(out["output_type"] == "error" for cell in notebook["cells"] for out in cell.get("outputs", []))
    assert server.get(f"runs/{failed['id']}/steps/end").status == 404
    server.write("mend/study.ipynb", [cells[0], ("step:use", "y = x\nprint(y / 1)"), cells[2]])
    resumed = server.post(f"runs/{failed['id']}/resume")
    assert resumed.status == 201, resumed.data
    done = server.ended(resumed.data["id"])
    assert (done["status"], done["id"] != failed["id"]) == ("done", True)
    assert started(list(server.events(done["id"]))) == ["use", "end"]
    refused = server.post(f"runs/{done['id']}/resume")
    assert (refused.status, "there is nothing to resume" in refused.data["message"]) == (422, True)


def test_stopping(server: Server) -> None:
    server.write("stop/long.ipynb", [("step:wait", "import time\nprint('here', flush=True)\ntime.sleep(600)")])
    run = server.run("stop/long.ipynb")
    messages = []
    for one in server.events(run["id"]):
        messages.append(one)
        if one.get("event", {}).get("type") == "step-output":
            assert server.ask("DELETE", f"runs/{run['id']}").status == 409
            assert server.post(f"runs/{run['id']}/resume").status == 409
            stopped = server.post(f"runs/{run['id']}/stop")
            assert (stopped.status, stopped.data["id"]) == (202, run["id"])
    assert messages[-1] == {"closed": True}
    ended = server.get(f"runs/{run['id']}").data
    assert (ended["status"], statuses(ended)) == ("interrupted", {"wait": "cancelled"})
    again = server.post(f"runs/{run['id']}/stop")
    assert (again.status, again.data["message"]) == (409, f"run {run['id']} has ended already")


def test_two_runs_of_two_notebooks_at_once(server: Server) -> None:
    """Each waits for what the other writes, so neither ends unless both go."""
    for mine, other in (("left", "right"), ("right", "left")):
        source = (
            "import pathlib, time\npathlib.Path('MINE').touch()\n"
            "while not pathlib.Path('OTHER').exists():\n    time.sleep(0.05)"
        ).replace("MINE", mine).replace("OTHER", other)  # fmt: skip
        server.write(f"both/{mine}.ipynb", [("step:meet|timeout:60", source)])
    numbers = [server.run(f"both/{name}.ipynb")["id"] for name in ("left", "right")]
    assert [server.ended(number)["status"] for number in numbers] == ["done", "done"]
    for name, number in zip(("left", "right"), numbers, strict=True):
        assert [one["id"] for one in server.get(f"runs?path=both/{name}.ipynb").data["runs"]] == [number]


@pytest.fixture
def small(server: Server, request: pytest.FixtureRequest) -> dict[str, Any]:
    """A short run of a notebook of the test's own."""
    path = f"{request.node.name}/small.ipynb"
    server.write(path, [("step:a", "x = 1")])
    return server.ended(server.run(path)["id"])


def test_deleting(server: Server, small: dict[str, Any]) -> None:
    number = small["id"]
    assert server.ask("DELETE", f"runs/{number}").status == 204
    assert not (server.root / small["folder"]).exists()
    assert server.get(f"runs?path={small['path']}").data == {"runs": []}
    for method, route in [("GET", ""), ("DELETE", ""), ("POST", "/stop"), ("POST", "/resume"), ("GET", "/report")]:
        answered = server.ask(method, f"runs/{number}{route}")
        assert (answered.status, answered.data["message"]) == (404, f"there is no run {number}")


@pytest.mark.parametrize("number", ["0", "999999999999999999"])
def test_numbers_that_no_run_has(server: Server, number: str) -> None:
    assert server.get(f"runs/{number}").status == 404


def test_a_record_that_was_deleted_by_hand(server: Server, small: dict[str, Any]) -> None:
    shutil.rmtree(server.root / small["folder"])
    seen = server.get(f"runs/{small['id']}").data
    assert (seen["kept"], seen["report"], seen["events"], seen["steps"]) == (False, False, 0, {})
    assert seen["status"] == "done"
    for route in ("/report", "/steps/a"):
        answered = server.get(f"runs/{small['id']}{route}")
        assert (answered.status, "was deleted" in answered.data["message"]) == (404, True)
    assert list(server.events(small["id"])) == [{"closed": True}]
    assert server.ask("DELETE", f"runs/{small['id']}").status == 204


def rename(server: Server, old: str, new: str) -> None:
    assert server.ask("PATCH", f"../api/contents/{old}", {"path": new}).status == 200


def test_renaming_takes_the_history_along(server: Server) -> None:
    server.write("names/old.ipynb", [("step:a", "x = 1")])
    number = server.ended(server.run("names/old.ipynb")["id"])["id"]

    def listed(path: str) -> list[tuple[int, str, bool]]:
        """Asked until they are there: the history is told of a rename after the page is."""
        for _ in range(100):
            rows = server.get(f"runs?path={path}").data["runs"]
            if rows:
                break
            time.sleep(0.05)
        return [(one["id"], one["path"], (server.root / one["folder"] / "run.json").is_file()) for one in rows]

    rename(server, "names/old.ipynb", "names/new.ipynb")
    assert listed("names/new.ipynb") == [(number, "names/new.ipynb", True)]
    rename(server, "names", "titles")
    assert listed("titles/new.ipynb") == [(number, "titles/new.ipynb", True)]
    assert server.get("runs?path=names/old.ipynb").data == {"runs": []}
    assert server.get(f"runs/{number}/report").status == 200
    assert next(server.events(number))["event"]["type"] == "run-started"
    later = server.ended(server.run("titles/new.ipynb", **{"from": "a"})["id"])
    assert [one[0] for one in listed("titles/new.ipynb")] == [later["id"], number]
