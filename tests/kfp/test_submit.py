"""``submit`` at a stub of KFP, through kfp's real client: what is made there, and what is shown."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from kale_lite.project import load
from kale_lite.targets.kfp import CompileOptions, compile_to_python
from tests.conftest import WriteNotebook
from tests.kfp.running import compiled
from tests.kfp.stub import Fault, Stub, serving
from tests.kfp.submitting import CELLS, Command, command, notebook, stub

__all__ = ["command", "notebook", "stub"]


def test_a_pipeline_is_made_and_run(command: Command, stub: Stub, notebook: Path) -> None:
    done = command(notebook, "--host", stub.host, "--no-install", "--experiment", "e1", "--run-name", "first")
    assert (done.code, done.err) == (0, "")
    assert done.out.splitlines()[1:] == [
        "pipeline study: made",
        f"run first in experiment e1: {stub.host}/#/runs/details/run-1",
    ]
    assert stub.spec() == next(yaml.safe_load_all(compiled(notebook)[1]))
    (run,) = stub.runs
    assert run["pipeline_version_reference"] == {
        "pipeline_id": "pipeline-1",
        "pipeline_version_id": "pipeline-version-1",
    }
    assert (run["display_name"], run["experiment_id"]) == ("first", "experiment-1")
    assert run["runtime_config"].get("parameters", {}) == {}


def test_again_makes_a_version_in_the_same_experiment(command: Command, stub: Stub, notebook: Path) -> None:
    arguments = (notebook, "--host", stub.host, "--no-install", "--experiment", "e1")
    command(*arguments)
    again, third = command(*arguments), command(*arguments)
    assert (again.code, third.code) == (0, 0)
    labels = [one["display_name"] for one in stub.versions]
    assert f"pipeline study: version {labels[1]}" in again.out
    assert len(set(labels)) == 3
    assert [one["display_name"] for one in stub.pipelines] == ["study"]
    assert [one["display_name"] for one in stub.experiments] == ["e1"]
    ran = [one["pipeline_version_reference"]["pipeline_version_id"] for one in stub.runs]
    assert ran == ["pipeline-version-1", "pipeline-version-2", "pipeline-version-3"]


def test_parameters_arrive_typed(command: Command, stub: Stub, notebook: Path, tmp_path: Path) -> None:
    file = tmp_path / "p.yaml"
    file.write_text("sizes: [4, 5]\nlabel: from file\n")
    given = ["rate=2", "rounds=7", "label=12", "options={'deep': False}", "limit=(1, 2)"]
    flags = [part for one in given for part in ("-p", one)]
    done = command(notebook, "--host", stub.host, "--no-install", "--params-file", file, *flags)
    assert done.code == 0, done.err
    sent = stub.runs[0]["runtime_config"]["parameters"]
    assert sent == {
        "rate": 2.0, "rounds": 7, "label": "12", "sizes": [4, 5], "options": {"deep": False}, "limit": "(1, 2)",
    }  # fmt: skip
    assert {type(sent["rate"]), type(sent["rounds"]), type(sent["label"])} == {float, int, str}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("ratio=2", "KL501: parameter 'ratio' is unknown"),
        ("rounds=0.5", "KL502: parameter 'rounds' wants int"),
        ("rounds=none", "parameter 'rounds' cannot be set to None: KFP would change it"),
        ("rounds=9007199254740993", "KFP would change it"),
        ("rate=1e999", "parameter 'rate' cannot be set to inf: KFP would change it"),
        ("label=a\nb", "KFP would change it"),
        ("sizes=[1, 2.0]", "parameter 'sizes' would arrive in KFP as [1, 2], not as [1, 2.0]"),
        ("options={'b': 1, 'a': 2}", "would arrive in KFP as {'a': 2, 'b': 1}"),
        ("rounds", "-p 'rounds' is not NAME=VALUE"),
    ],
)
def test_parameters_that_would_be_others_there(
    command: Command, stub: Stub, notebook: Path, given: str, said: str
) -> None:
    done = command(notebook, "--host", stub.host, "--no-install", "-p", given)
    assert done.code == 2
    assert said in done.err
    assert stub.calls() == []


def test_yaml_and_dsl(command: Command, stub: Stub, notebook: Path, tmp_path: Path) -> None:
    project, text = compiled(notebook)
    path = tmp_path / "study.yaml"
    path.write_text(text, "utf-8")
    assert command(path, "--host", stub.host, "-p", "rounds=4", "-p", "sizes=[3]").code == 0
    module = tmp_path / "study.py"
    assert project.notebook is not None
    compile_to_python(project.notebook, project.compile(), module, CompileOptions(install=False))
    edited = module.read_text().replace("def pipeline(", "def my_study(").replace("rounds: int = 3", "rounds: int = 30")
    module.write_text(edited)
    done = command(module, "--host", stub.host, "-p", "rate=1")
    assert done.code == 0, done.err
    assert [one["runtime_config"]["parameters"] for one in stub.runs] == [{"rounds": 4, "sizes": [3]}, {"rate": 1.0}]
    assert stub.spec(0) == next(yaml.safe_load_all(text))
    defaults = stub.spec(1)["root"]["inputDefinitions"]["parameters"]
    assert defaults["rounds"]["defaultValue"] == 30
    assert [one["display_name"] for one in stub.pipelines] == ["study"]


def test_parameters_of_yaml_are_checked(command: Command, stub: Stub, notebook: Path, tmp_path: Path) -> None:
    path = tmp_path / "study.yaml"
    text = compiled(notebook)[1]
    path.write_text(text, "utf-8")
    assert (
        "KL502: parameter 'rounds' wants int, and 'many' is none"
        in command(path, "--host", stub.host, "-p", "rounds=many").err
    )
    spec = next(yaml.safe_load_all(text))
    spec["root"]["inputDefinitions"]["parameters"]["rounds"] = {"parameterType": "NUMBER_INTEGER"}
    path.write_text(yaml.safe_dump(spec), "utf-8")
    done = command(path, "--host", stub.host)
    assert done.code == 2
    assert "KL502: the pipeline needs a value for 'rounds': there is no default" in done.err
    assert "add -p rounds=VALUE" in done.err
    assert command(path, "--host", stub.host, "-p", "rounds=2").code == 0
    assert "are for notebooks" in command(path, "--host", stub.host, "--image", "x").err


def life(*answers: tuple[str, Mapping[str, str]], **more: Any) -> Any:
    """A run that is in one state after another, with the states of the tasks."""

    def lives(asked: int, pipeline: Mapping[str, Any]) -> Mapping[str, Any]:
        state, tasks = answers[min(asked, len(answers)) - 1]
        times = {"start_time": "2026-01-02T03:04:05Z", "end_time": "2026-01-02T03:04:09Z"}
        details = [{"display_name": "root", "state": state}, {"display_name": "root-driver", "state": "SUCCEEDED"}]
        details += [{"display_name": name, "state": one, **times} for name, one in tasks.items()]
        return {"state": state, "run_details": {"task_details": details}, **(more if asked >= len(answers) else {})}

    return lives


ALL = {"load-data": "SUCCEEDED", "train": "SUCCEEDED", "other": "SUCCEEDED", "check": "SUCCEEDED"}


def test_waiting_shows_the_notebooks_steps(command: Command, stub: Stub, notebook: Path) -> None:
    stub.lives = life(
        ("PENDING", {}),
        ("RUNNING", {"load-data-driver": "RUNNING"}),
        ("RUNNING", {"load-data-driver": "SUCCEEDED", "load-data": "RUNNING", "executor": "PENDING"}),
        ("RUNNING", {"load-data": "SUCCEEDED", "executor": "SUCCEEDED", "other": "SUCCEEDED", "train": "RUNNING"}),
        ("SUCCEEDED", ALL),
    )
    keys = list(next(yaml.safe_load_all(compiled(notebook)[1]))["root"]["dag"]["tasks"])
    assert set(keys) == set(ALL)
    done = command(notebook, "--host", stub.host, "--no-install", "--wait")
    assert done.code == 0
    assert done.err == ""
    lines = done.out.splitlines()[3:]
    assert lines[0] == "▶ load data"
    assert set(lines[1:4]) == {"✓ load data 4.0 s", "✓ other 4.0 s", "▶ train"}
    assert set(lines[4:6]) == {"✓ train 4.0 s", "✓ check of all steps 4.0 s"}
    assert lines[6].startswith("done in ")
    assert len(lines) == 7


@pytest.mark.parametrize("told", ["error", "history", "nothing", "driver"])
def test_a_failed_step_is_named(command: Command, stub: Stub, notebook: Path, told: str) -> None:
    """KFP often does not say why; then the link does."""
    error = {"error": {"code": 13, "message": "OOMKilled\nexit code 137"}}
    more: dict[str, Any] = {"error": error, "history": {"state_history": [{"state": "FAILED", **error}]}}.get(told, {})

    def lives(asked: int, pipeline: Mapping[str, Any]) -> Mapping[str, Any]:
        name = "train-driver" if told == "driver" else "train"
        details = [
            {"display_name": "load-data", "state": "SUCCEEDED"},
            {"display_name": name, "state": "FAILED", **more},
        ]
        return {"state": "FAILED", "run_details": {"task_details": details}, "error": {"message": "child failed"}}

    stub.lives = lives
    done = command(notebook, "--host", stub.host, "--no-install", "--wait")
    assert done.code == 1
    first, *rest = done.err.splitlines()
    assert first == "step 'train' failed" + (": OOMKilled exit code 137" if more else "")
    assert rest == ["child failed", f"    hint: open {stub.host}/#/runs/details/run-1"]
    assert {"✓ load data 0.0 s", "✗ train 0.0 s", "- other skipped"} <= set(done.out.splitlines())
    assert "failed in" in done.out


def test_a_cancelled_run_ends_the_wait(command: Command, stub: Stub, notebook: Path) -> None:
    """kfp's own wait would go on for ever."""
    stub.lives = life(("CANCELING", {"load-data": "RUNNING"}), ("CANCELED", {"load-data": "RUNNING"}))
    done = command(notebook, "--host", stub.host, "--no-install", "--wait")
    assert done.code == 1
    assert {"- load data cancelled", "- train skipped"} <= set(done.out.splitlines())
    assert "cancelled in" in done.out


def test_a_server_that_tells_no_tasks(command: Command, stub: Stub, notebook: Path) -> None:
    stub.lives = lambda asked, pipeline: {"state": "SUCCEEDED"}
    done = command(notebook, "--host", stub.host, "--no-install", "--wait")
    assert done.code == 0
    assert done.out.count("✓") == 4


def test_waiting_outlives_a_restart_of_the_server(
    command: Command, stub: Stub, notebook: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stub.lives = life(("RUNNING", {}), ("SUCCEEDED", ALL))
    stub.faults["GET /runs"] = Fault(503, "upstream connect error", "text/plain", times=2)
    done = command(notebook, "--host", stub.host, "--no-install", "--wait")
    assert done.code == 0
    assert stub.calls().count("GET /runs/run-1") == 4


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (Fault(401, '{"message": "token expired"}'), "asks for a login (401) when the run is looked up"),
        (Fault(200, "<html>Sign in</html>", "text/html"), "answers with a login page"),
        (
            Fault(404, '{"message": "Run not found"}'),
            "answers with an error (404) when the run is looked up: Run not found",
        ),
    ],
    ids=["too old", "login page", "gone"],
)
def test_a_wait_that_cannot_go_on(command: Command, stub: Stub, notebook: Path, fault: Fault, said: str) -> None:
    stub.faults["GET /runs"] = fault
    done = command(notebook, "--host", stub.host, "--no-install", "--wait")
    assert done.code == 3
    assert done.err.startswith(f"the run goes on: {stub.host}/#/runs/details/run-1\nerror: ")
    assert said in done.err


@pytest.mark.parametrize(("given", "sent"), [("0 6 * * mon-fri", "0 0 6 * * 1-5"), ("30 0 6 ? * *", "30 0 6 ? * *")])
def test_a_schedule(command: Command, stub: Stub, notebook: Path, given: str, sent: str) -> None:
    done = command(
        notebook, "--host", stub.host, "--no-install", "--schedule", given, "-p", "rounds=4", "--run-name", "n"
    )
    assert done.code == 0, done.err
    assert stub.runs == []
    (made,) = stub.schedules
    assert made["trigger"] == {"cron_schedule": {"cron": sent}}
    assert (made["mode"], made["display_name"]) == ("ENABLE", "n")
    assert made["runtime_config"]["parameters"] == {"rounds": 4}
    assert made["pipeline_version_reference"]["pipeline_version_id"] == "pipeline-version-1"
    assert done.out.splitlines()[-1] == (
        f"schedule ({sent}) n in experiment Default: {stub.host}/#/recurringrun/details/recurring-run-1"
    )


def test_a_schedule_cannot_be_waited_for(command: Command, stub: Stub, notebook: Path) -> None:
    done = command(notebook, "--host", stub.host, "--schedule", "@daily", "--wait")
    assert (done.code, stub.requests) == (2, [])


def test_namespaces(command: Command, notebook: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(Stub(multi_user=True)) as stub:
        done = command(notebook, "--host", stub.host, "--no-install")
        assert done.code == 2
        assert "has several namespaces: say which is yours\n  hint: add --namespace NAME" in done.err
        assert stub.calls() == []
        for namespace in ("team-a", "team-b", "team-a"):
            assert command(notebook, "--host", stub.host, "--no-install", "--namespace", namespace).code == 0
        assert [one["namespace"] for one in stub.pipelines] == ["team-a", "team-b"]
        assert [one["namespace"] for one in stub.experiments] == ["team-a", "team-b"]
        assert [one["pipeline_id"] for one in stub.versions] == ["pipeline-1", "pipeline-2", "pipeline-1"]


def test_names(command: Command, stub: Stub, write_notebook: WriteNotebook) -> None:
    path = write_notebook(CELLS, kubeflow_notebook={"experiment_name": "of the notebook", "pipeline_name": "kept"})
    assert command(path, "--host", stub.host, "--no-install").code == 0
    assert (
        command(path, "--host", stub.host, "--no-install", "--experiment", "mine", "--pipeline", "Other one").code == 0
    )
    assert [one["display_name"] for one in stub.experiments] == ["of the notebook", "mine"]
    assert [one["display_name"] for one in stub.pipelines] == ["kept", "Other one"]


def test_the_link_leads_to_the_ui(
    command: Command, stub: Stub, notebook: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KF_PIPELINES_UI_ENDPOINT", "https://ui.example.com/pipeline/")
    monkeypatch.setenv("KF_PIPELINES_ENDPOINT", stub.host)
    done = command(notebook, "--no-install")
    assert done.out.rstrip().endswith(": https://ui.example.com/pipeline/#/runs/details/run-1")


WATCHED = """
import json, socket, sys
talked = []
sys.addaudithook(lambda name, given: talked.append([name, str(given[0] if name.endswith("info") else given[1][0])])
                  if name in ("socket.connect", "socket.getaddrinfo") else None)
sys.argv = ["kale-lite", *sys.argv[1:]]
from kale_lite.cli import main
try:
    main()
finally:
    print("TALKED", json.dumps(talked))
"""


def test_it_talks_to_the_server_only_and_leaves_nothing(stub: Stub, notebook: Path, tmp_path: Path) -> None:
    """kfp would look into its own context file, at Google's metadata, and into a kubeconfig."""
    context = tmp_path / "home" / ".config" / "kfp" / "context.json"
    context.parent.mkdir(parents=True)
    context.write_text(json.dumps({"namespace": "theirs", "client_authentication_cookie": "old=1"}))
    env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path / "home"), "KF_PIPELINES_IAP_OAUTH2_CLIENT_ID": "x"}
    call = [sys.executable, "-c", WATCHED, "submit", str(notebook), "--host", stub.host, "--no-install", "--wait"]
    done = subprocess.run(call, capture_output=True, text=True, env=env, timeout=120, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    talked = json.loads(done.stdout.split("TALKED ")[1])
    assert {name for name, _ in talked} == {"socket.connect", "socket.getaddrinfo"}
    assert {address for _, address in talked} == {"127.0.0.1"}
    assert all("Cookie" not in one.headers and "Authorization" not in one.headers for one in stub.requests)
    left = {str(one.relative_to(tmp_path / "home")) for one in (tmp_path / "home").rglob("*") if one.is_file()}
    # but for what compiling keeps of its own code, which tells nothing of the notebook
    assert {one for one in left if not one.startswith(".cache/kale-lite/shipped/")} == {".config/kfp/context.json"}
    assert "theirs" in context.read_text()


def test_findings_of_the_notebook_come_first(command: Command, stub: Stub, write_notebook: WriteNotebook) -> None:
    path = write_notebook([("step:a", "print(missing)")])
    assert load(path).pipeline is None
    done = command(path, "--host", stub.host)
    assert done.code == 2
    assert "cell 1, line 1: error KL202" in done.err
    assert stub.calls() == []


def test_an_interrupted_wait_leaves_the_run(stub: Stub, notebook: Path, tmp_path: Path) -> None:
    stub.lives = life(("RUNNING", {"load-data": "RUNNING"}))
    call = [sys.executable, "-m", "kale_lite", "submit", str(notebook), "--host", stub.host, "--no-install", "--wait"]
    env = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(call, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        for line in process.stdout:
            if line.startswith("▶ load data"):
                process.send_signal(signal.SIGINT)
                break
        said = process.stderr.read()
        assert process.wait(30) == 130
    assert said == f"no longer followed; the run goes on: {stub.host}/#/runs/details/run-1\n"
