"""Runs on Kubeflow, at a stub of its server: submitted, followed to the end, or refused with a reason."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from typing import Any

from tests.conftest import Cells
from tests.kfp.stub import Fault, Stub, serving
from tests.server.serving import Server

CELLS: Cells = [("parameters", "rounds = 3"), ("step:load", "rows = [1] * rounds"), ("step:use", "print(sum(rows))")]


def two_looks(asked: int, pipeline: Mapping[str, Any]) -> Mapping[str, Any]:
    """A run that is going at the first look, and done at the second."""
    state = "SUCCEEDED" if asked > 1 else "RUNNING"
    details = [{"display_name": name, "state": state} for name in pipeline["root"]["dag"]["tasks"]]
    return {"state": state, "run_details": {"task_details": details}}


def test_a_run_is_submitted_and_followed_to_its_end(server: Server) -> None:
    server.write("kfp/study.ipynb", CELLS)
    with serving(Stub(lives=two_looks)) as stub:
        run = server.run("kfp/study.ipynb", target="kfp", host=stub.host, experiment="e1", run_name="first",
                         parameters={"rounds": 5})  # fmt: skip
        assert (run["target"], run["status"], run["parameters"]) == ("kfp", "running", {"rounds": 5})
        messages = list(server.events(run["id"]))
        done = server.ended(run["id"])
    (sent,) = stub.runs
    assert sent["display_name"] == "first"
    assert sent["runtime_config"]["parameters"] == {"rounds": 5}
    assert [one["display_name"] for one in stub.experiments] == ["e1"]
    assert messages[-1] == {"closed": True}
    assert [one["n"] for one in messages[:-1]] == list(range(done["events"]))
    assert done["status"] == "done", done
    assert {name: step["status"] for name, step in done["steps"].items()} == {"load": "done", "use": "done"}
    assert done["link"] == f"{stub.host}/#/runs/details/run-1"
    assert [one["target"] for one in server.get("runs?path=kfp/study.ipynb").data["runs"]] == ["kfp"]
    resumed = server.post(f"runs/{run['id']}/resume")
    assert (resumed.status, "not made on this machine" in resumed.data["message"]) == (422, True)


def test_a_run_that_fails_there_fails_here(server: Server) -> None:
    server.write("kfp/failing.ipynb", CELLS)
    with serving(Stub(lives=lambda asked, pipeline: {"state": "FAILED"})) as stub:
        run = server.run("kfp/failing.ipynb", target="kfp", host=stub.host)
        assert list(server.events(run["id"]))[-1] == {"closed": True}
        assert server.ended(run["id"])["status"] == "failed"


def test_stopping_asks_kubeflow_to_end_the_run(server: Server) -> None:
    server.write("kfp/going.ipynb", CELLS)
    stub = Stub(faults={"POST /runs/run-1:terminate": Fault(200, "{}")})
    stub.lives = lambda asked, pipeline: {"state": "CANCELED" if asked_to_end() else "RUNNING"}

    def asked_to_end() -> bool:
        return "POST /runs/run-1:terminate" in stub.calls()

    with serving(stub):
        run = server.run("kfp/going.ipynb", target="kfp", host=stub.host)
        assert server.post(f"runs/{run['id']}/stop").status == 202
        assert list(server.events(run["id"]))[-1] == {"closed": True}
        ended = server.ended(run["id"])
    assert stub.calls().count("POST /runs/run-1:terminate") == 1
    assert (ended["status"], ended["message"]) == ("interrupted", "")


def test_a_run_that_kubeflow_does_not_end_is_said_to_go_on(server: Server) -> None:
    server.write("kfp/going.ipynb", CELLS)
    with serving(Stub(lives=lambda asked, pipeline: {"state": "RUNNING"})) as stub:
        run = server.run("kfp/going.ipynb", target="kfp", host=stub.host)
        assert server.post(f"runs/{run['id']}/stop").status == 202
        *messages, last = server.events(run["id"])
        ended = server.ended(run["id"])
    assert (last, ended["status"]) == ({"closed": True}, "interrupted")
    assert "the run may go on" in ended["message"]
    assert messages[-1]["event"]["type"] == "run-finished"


def test_a_server_that_is_not_there(server: Server) -> None:
    server.write("gone/study.ipynb", CELLS)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        host = f"http://127.0.0.1:{free.getsockname()[1]}"
    answered = server.post("runs", {"path": "gone/study.ipynb", "target": "kfp", "host": host})
    assert answered.status == 502, answered.data
    assert host in answered.data["message"]
    assert answered.data["hint"]
    assert [one.name for one in (server.root / "gone").iterdir()] == ["study.ipynb"]
    assert server.get("runs?path=gone/study.ipynb").data == {"runs": []}


def test_a_server_that_refuses_the_run_leaves_nothing_behind(server: Server) -> None:
    server.write("refusing/study.ipynb", CELLS)
    fault = Fault(500, '{"error": "no space", "code": 13, "message": "no space"}')
    with serving(Stub(faults={"POST /runs": fault})) as stub:
        answered = server.post("runs", {"path": "refusing/study.ipynb", "target": "kfp", "host": stub.host})
    assert answered.status in (422, 502), answered.data
    assert "no space" in answered.data["message"]
    assert [one.name for one in (server.root / "refusing").iterdir()] == ["study.ipynb"]
    assert server.get("runs?path=refusing/study.ipynb").data == {"runs": []}


def test_no_server_is_named(server: Server) -> None:
    server.write("gone/study.ipynb", CELLS)
    answered = server.post("runs", {"path": "gone/study.ipynb", "target": "kfp"})
    assert answered.status == 422
    assert answered.data["hint"]


def test_what_kubeflow_cannot_do_is_refused_before_anything_is_sent(server: Server) -> None:
    server.write("wrong/study.ipynb", CELLS)
    server.write("wrong/bad.ipynb", [("stpe:a", "x = 1")])
    with serving(Stub()) as stub:
        for path, parameters, code in [
            ("wrong/study.ipynb", {"rounds": "many"}, "KL502"),
            ("wrong/bad.ipynb", {}, "KL101"),
        ]:
            answered = server.post("runs", {"path": path, "target": "kfp", "host": stub.host, "parameters": parameters})
            assert answered.status == 422
            assert [one["code"] for one in answered.data["diagnostics"]] == [code]
    assert (stub.pipelines, stub.runs) == ([], [])
    assert not (server.root / "wrong" / "kale-lite-runs").exists()
