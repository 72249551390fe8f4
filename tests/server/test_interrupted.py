"""Runs outlive the server, and are told as what they are when they do not end by themselves."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.conftest import Cells
from tests.server.serving import Server

WAITS = "import pathlib, time\nprint('here', flush=True)\nwhile not pathlib.Path('go').exists():\n    time.sleep(0.05)\nprint('gone')"
CELLS: Cells = [("step:wait|timeout:120", WAITS), ("step:end|prev:wait", "print('the end')")]


def wait_for_output(server: Server, number: int) -> int:
    """Until a cell has put something out; gives the number of that event."""
    for one in server.events(number):
        if one.get("event", {}).get("type") == "step-output":
            return int(one["n"])
    raise AssertionError(server.get(f"runs/{number}").data)


def process_of(server: Server, run: dict[str, Any]) -> psutil.Process:
    """The process of a run, as its record says."""
    process = psutil.Process(int((server.root / run["folder"] / ".running").read_text()))
    assert "kale_lite.server.running" in process.cmdline()
    return process


@pytest.fixture
def mortal(server: Server, tmp_path: Path) -> Iterator[Server]:
    """A server of the test's own, which it may kill."""
    (tmp_path / "root").mkdir()
    environ = {**server.environ, "KALE_LITE_HOME": str(tmp_path / "history")}
    own = Server(tmp_path / "root", tmp_path / "server.log", environ)
    own.start()
    yield own
    own.stop()


def test_a_run_outlives_a_server_that_ends_and_one_that_is_killed(mortal: Server) -> None:
    mortal.write("long.ipynb", CELLS)
    run = mortal.run("long.ipynb")
    number, seen = run["id"], wait_for_output(mortal, run["id"])
    for how in (signal.SIGTERM, signal.SIGKILL):
        children = psutil.Process(mortal.process.pid).children()  # type: ignore[union-attr]
        workers = [one for one in children if "kale_lite.server.worker" in one.cmdline()]
        mortal.stop(how)
        gone, left = psutil.wait_procs(workers, timeout=30)
        assert left == [], "no process for analyses outlives its server"
        assert len(gone) == len(workers)
        mortal.start()
        (row,) = mortal.get("runs?path=long.ipynb").data["runs"]
        assert (row["id"], row["status"]) == (number, "running")
    (mortal.root / "go").touch()
    messages = list(mortal.events(number, seen))
    assert messages[0]["event"]["text"] == "here\n"
    assert messages[-1] == {"closed": True}
    done = mortal.ended(number)
    assert (done["status"], {one["status"] for one in done["steps"].values()}) == ("done", {"done"})


def test_a_run_is_stopped_by_another_server_than_it_was_started_by(mortal: Server) -> None:
    mortal.write("long.ipynb", CELLS)
    run = mortal.run("long.ipynb")
    wait_for_output(mortal, run["id"])
    mortal.stop(signal.SIGKILL)
    mortal.start()
    assert mortal.post(f"runs/{run['id']}/stop").status == 202
    assert list(mortal.events(run["id"]))[-1] == {"closed": True}
    assert mortal.ended(run["id"])["status"] == "interrupted"


def test_a_run_whose_process_is_killed_is_interrupted(server: Server) -> None:
    server.write("killed/long.ipynb", CELLS)
    run = server.run("killed/long.ipynb")
    number, messages = run["id"], []
    for one in server.events(number):
        messages.append(one)
        if one.get("event", {}).get("type") == "step-output":
            process_of(server, run).kill()
    assert messages[-1] == {"closed": True}, "the channel ends with the process"
    seen = server.get(f"runs/{number}").data
    assert seen["status"] == "interrupted"
    assert {name: step["status"] for name, step in seen["steps"].items()} == {"wait": "interrupted", "end": "cancelled"}
    assert [one["status"] for one in server.get("runs?path=killed/long.ipynb").data["runs"]] == ["interrupted"]
    assert server.post(f"runs/{number}/stop").status == 409
    (server.root / "killed" / "go").touch()
    resumed = server.post(f"runs/{number}/resume")
    assert resumed.status == 201, resumed.data
    assert server.ended(resumed.data["id"])["status"] == "done"
    assert server.ask("DELETE", f"runs/{number}").status == 204


def test_a_number_in_the_lock_file_that_is_another_process_by_now_is_left_alone(server: Server) -> None:
    server.write("reused/long.ipynb", CELLS)
    run = server.run("reused/long.ipynb")
    wait_for_output(server, run["id"])
    lock = server.root / run["folder"] / ".running"
    known = lock.read_text()
    lock.write_text(f"{os.getpid()}\n")
    refused = server.post(f"runs/{run['id']}/stop")
    assert (refused.status, "not found on this machine" in refused.data["message"]) == (409, True)
    lock.write_text(known)
    assert server.post(f"runs/{run['id']}/stop").status == 202
    assert server.ended(run["id"])["status"] == "interrupted"


def test_a_cell_that_prints_much_is_bounded_and_the_server_answers_meanwhile(server: Server) -> None:
    source = "for i in range(50):\n    print('x' * 999_999)\nprint('end')\nstill = 1"
    server.write("much/much.ipynb", [("step:print", source), ("step:use", "print(still)")])
    run = server.run("much/much.ipynb")
    asked, size, messages = 0, 0, []
    for one in server.events(run["id"]):
        messages.append(one)
        size += len(str(one))
        assert server.get("info").status == 200
        asked += 1
    assert asked > 3
    assert messages[-1] == {"closed": True}
    outputs = [one["event"] for one in messages if one.get("event", {}).get("type") == "step-output"]
    cut = [one for one in outputs if one.get("truncated")]
    assert [one["step"] for one in cut] == ["print"], "that something is missing is told, once"
    assert size < 5_000_000
    assert [one["text"] for one in outputs if one["step"] == "use"] == ["1\n"]
    done = server.ended(run["id"])
    assert done["status"] == "done", "what is printed is cut, and nothing else"
    assert any("truncated" in one["message"] for one in done["steps"]["print"]["diagnostics"])
    assert len(server.get(f"runs/{run['id']}/steps/print").response.content) < 20_000_000


def test_the_step_notebook_can_be_read_while_the_step_runs(server: Server) -> None:
    server.write("live/long.ipynb", CELLS)
    run = server.run("live/long.ipynb")
    wait_for_output(server, run["id"])
    for _ in range(200):
        answered = server.get(f"runs/{run['id']}/steps/wait")
        if answered.status == 200:
            break
        assert answered.status == 404
        time.sleep(0.05)
    assert any(one["metadata"].get("kale_lite", {}).get("cell") == 1 for one in answered.data["cells"])
    (server.root / "live" / "go").touch()
    assert server.ended(run["id"])["status"] == "done"
