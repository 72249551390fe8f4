"""What ``submit`` says when it cannot: one sentence and a way out, exit code 3 within 5 s, and nothing sent."""

from __future__ import annotations

import base64
import random
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml

from tests.conftest import WriteNotebook
from tests.kfp.running import compiled
from tests.kfp.stub import LOGIN, Fault, Stub
from tests.kfp.submitting import Command, command, notebook, stub

__all__ = ["command", "notebook", "stub"]

HTML = "text/html; charset=utf-8"
DASHBOARD = "<!doctype html><title>Kubeflow Central Dashboard</title><main-page></main-page>"
FAULTS = {
    "login page": (Fault(200, LOGIN, HTML), "answers with a login page", "set KALE_LITE_KFP_TOKEN"),
    "dashboard": (Fault(200, DASHBOARD, HTML), "answers with a web page, not as Kubeflow Pipelines does",
                  "often https://HOST/pipeline"),
    "text": (Fault(200, "ok", "text/plain"), "answers with text, not as Kubeflow Pipelines does", "--host is the address"),
    "list": (Fault(200, "[1]"), "answers with text, not as Kubeflow Pipelines does", "--host is the address"),
    "to dex": (Fault(302, "", HTML, {"Location": "/dex/auth?client_id=kubeflow"}),
               "sends to a login page at 127.0.0.1:PORT/dex/auth", "set KALE_LITE_KFP_TOKEN"),
    "to a provider": (Fault(302, "", HTML, {"Location": "https://login.example.com/oauth2/authorize?x=1"}),
                      "sends to a login page at login.example.com/oauth2/authorize", "set KALE_LITE_KFP_TOKEN"),
    "to https": (Fault(301, "", HTML, {"Location": "https://127.0.0.1/apis/v2beta1/healthz"}),
                 "answers on https only", "use --host https://127.0.0.1"),
    "elsewhere": (Fault(308, "", HTML, {"Location": "/pipeline/apis/v2beta1/healthz"}),
                  "sends elsewhere, to HOST/pipeline", "is it --host HOST/pipeline?"),
    "401": (Fault(401, '{"message": "no credentials"}'), "asks for a login (401)", "set KALE_LITE_KFP_TOKEN"),
    "403": (Fault(403, "RBAC: access denied", "text/plain"), "lets nobody in without a login (403)",
            "set KALE_LITE_KFP_TOKEN"),
    "404": (Fault(404, "default backend - 404", "text/plain"),
            "has no Kubeflow Pipelines API of version 2 (404 for /apis/v2beta1/healthz)", "often https://HOST/pipeline"),
    "500": (Fault(500, '{"message": "database is locked"}'), "answers with an error (500): database is locked",
            "try again later"),
    "502": (Fault(502, "<html>Bad Gateway</html>", HTML), "answers, but Kubeflow Pipelines behind it is not ready (502)", "ml-pipeline"),
    "503": (Fault(503, "no healthy upstream", "text/plain"), "answers, but Kubeflow Pipelines behind it is not ready (503)",
            "ml-pipeline"),
    "418": (Fault(418, "<html>teapot</html>", HTML), "answers with an error (418)", "try again later"),
    "silent": (Fault(delay=30), "takes connections, but gives no answer within 3.5 s", "--patience SECONDS"),
}  # fmt: skip


def one_error(err: str) -> tuple[str, str]:
    """The sentence and the hint, when nothing else was said."""
    first, second = err.rstrip("\n").split("\n")
    assert first.startswith("error: ")
    assert second.startswith("  hint: ")
    return first.removeprefix("error: "), second.removeprefix("  hint: ")


@pytest.mark.parametrize("name", FAULTS)
def test_the_probe(command: Command, stub: Stub, notebook: Path, name: str) -> None:
    fault, said, hint = FAULTS[name]
    stub.faults["GET /healthz"] = fault
    done = command(notebook, "--host", stub.host)
    assert done.code == 3
    assert done.seconds < 5
    assert done.out == ""
    first, second = one_error(done.err)
    port = stub.host.rsplit(":", 1)[1]
    assert first == f"{stub.host} {said}".replace("PORT", port).replace("HOST", stub.host)
    assert hint.replace("HOST/pipeline?", f"{stub.host}/pipeline?") in second
    assert stub.calls() == []


@pytest.mark.parametrize(
    ("host", "said"),
    [
        ("http://127.0.0.1:9", "nothing listens at http://127.0.0.1:9 (connection refused)"),
        ("http://no-such-host.invalid/pipeline", "there is no host 'no-such-host.invalid'"),
        ("localhost:9", "nothing listens at https://localhost:9 (connection refused)"),
    ],
)
def test_nobody_there(command: Command, notebook: Path, host: str, said: str) -> None:
    done = command(notebook, "--host", host)
    assert (done.code, one_error(done.err)[0]) == (3, said)
    assert done.seconds < 5


@contextmanager
def listening(talk: bytes) -> Iterator[str]:
    """A server that is none: it says ``talk``, byte for byte, each half second, without end, or hangs up at once."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        stop = threading.Event()

        def serve() -> None:
            server.settimeout(0.1)
            while not stop.is_set():
                try:
                    connection, _ = server.accept()
                except TimeoutError:
                    continue
                with connection:
                    for byte in talk:
                        if stop.wait(0.5):
                            break
                        connection.send(bytes([byte]))

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.getsockname()[1]}"
        finally:
            stop.set()
            thread.join()


def test_slow_talkers_have_an_end(command: Command, notebook: Path) -> None:
    """Each byte comes in time, but there are too many."""
    with listening(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}") as host:
        done = command(notebook, "--host", host)
    assert done.code == 3
    assert done.seconds < 5
    assert one_error(done.err)[0] == f"{host} gives no answer within 3.5 s"


def test_who_hangs_up(command: Command, notebook: Path) -> None:
    with listening(b"") as host:
        done = command(notebook, "--host", host)
        assert (done.code, one_error(done.err)[0]) == (3, f"the connection to {host} broke")
        secure = host.replace("http:", "https:")
        done = command(notebook, "--host", secure)
        assert done.code == 3
        assert one_error(done.err)[0].startswith(("the connection to", "the certificate of"))


def test_https_where_http_is_spoken(command: Command, stub: Stub, notebook: Path) -> None:
    secure = stub.host.replace("http:", "https:")
    done = command(notebook, "--host", secure)
    assert done.code == 3
    assert one_error(done.err) == (f"{secure} does not speak https", "is it http:// ?")


def test_patience(command: Command, stub: Stub, notebook: Path) -> None:
    stub.faults["GET /healthz"] = Fault(text='{"multi_user": false}', delay=1.5)
    assert command(notebook, "--host", stub.host, "--no-install", "--patience", "0.5").code == 3
    assert stub.calls() == []
    assert command(notebook, "--host", stub.host, "--no-install").code == 0


def test_slow_answers_are_waited_for(command: Command, stub: Stub, notebook: Path) -> None:
    stub.faults["POST /runs"] = Fault(text='{"run_id": "slow-1"}', delay=6)
    done = command(notebook, "--host", stub.host, "--no-install")
    assert done.code == 0
    assert done.out.rstrip().endswith("/#/runs/details/slow-1")


def test_answers_that_never_come(command: Command, stub: Stub, notebook: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kale_lite.targets.kfp.submit.connection._READ", 1.0)
    stub.faults["POST /runs"] = Fault(delay=30)
    done = command(notebook, "--host", stub.host, "--no-install")
    assert done.code == 3
    assert one_error(done.err) == (
        f"{stub.host} gave no answer within 1 s when the run is made",
        "look in its UI whether it was done all the same, then try again",
    )
    assert stub.calls().count("POST /runs") == 1


CALLS = {
    "GET /pipelines": "the pipeline is looked up",
    "POST /pipelines/upload": "the pipeline is uploaded",
    "GET /experiments": "the experiment is looked up",
    "POST /experiments": "the experiment is made",
    "POST /runs": "the run is made",
}


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize(
    ("fault", "code", "said"),
    [
        (Fault(401, '{"message": "no"}'), 3, "asks for a login (401) when {}"),
        (Fault(403, '{"message": "no"}'), 3, "lets nobody in without a login (403) when {}"),
        (Fault(404, '{"message": "gone"}'), 3, "answers with an error (404) when {}: gone"),
        (Fault(400, '{"error": "Invalid input: bad\\nmore", "message": "Invalid input: bad\\nmore"}'), 2,
         "refuses when {} (400): Invalid input: bad more"),
        (Fault(500, '{"error_message": "disk full"}'), 3, "answers with an error (500) when {}: disk full"),
        (Fault(200, LOGIN, HTML), 3, "answers with a login page"),
        (Fault(302, "", HTML, {"Location": "/login"}), 3, "sends to a login page at 127.0.0.1:PORT/login"),
        (Fault(200, "{}"), None, None),
    ],
    ids=["401", "403", "404", "400", "500", "login page", "redirect", "nothing"],
)  # fmt: skip
def test_a_call(
    command: Command, stub: Stub, notebook: Path, call: str, fault: Fault, code: int | None, said: str | None
) -> None:
    """The probe is let through, and a later call is not. Nothing is made after that, and nothing made up."""
    stub.faults[call] = fault
    done = command(notebook, "--host", stub.host, "--no-install")
    if code is None:
        assert done.code == (0 if call == "GET /experiments" else 3)
        assert done.code == 0 or "answers without" in done.err or "shows no version of it" in done.err
        return
    assert said is not None
    assert done.code == code
    first, _ = one_error(done.err)
    expected = said.format(CALLS[call]).replace("PORT", stub.host.rsplit(":", 1)[1])
    assert first == f"{stub.host} {expected}"
    assert not any("/login" in one for one in stub.calls())
    assert stub.runs == []


def test_uploads_that_a_proxy_bounds(command: Command, stub: Stub, notebook: Path) -> None:
    stub.faults["POST /pipelines/upload"] = Fault(413, "<html>413 Request Entity Too Large</html>", HTML)
    done = command(notebook, "--host", stub.host, "--no-install")
    assert (done.code, one_error(done.err)[1]) == (2, "the server, or a proxy before it, bounds uploads")


def test_two_pipelines_of_one_name(command: Command, stub: Stub, notebook: Path) -> None:
    stub.pipelines += [{"display_name": "study", "pipeline_id": name} for name in ("p1", "p2")]
    done = command(notebook, "--host", stub.host, "--no-install")
    assert (done.code, one_error(done.err)[0]) == (2, "the server has 2 pipelines called 'study'")


def test_30_mb_are_refused_before_anything_is_sent(command: Command, stub: Stub, tmp_path: Path) -> None:
    path = tmp_path / "large.yaml"
    path.write_text("x: 'y'\n" * (30 * 2**20 // 7))
    done = command(path, "--host", stub.host)
    assert done.code == 2
    assert done.seconds < 1
    assert "KL720: the pipeline takes 31,457,2" in done.err
    assert "clusters take 1,572,864 at most: nothing was sent" in done.err
    assert stub.requests == []


def grown(text: str, size: int, parts: int) -> str:
    """A compiled pipeline, made larger by arguments of a container."""
    spec = next(yaml.safe_load_all(text))
    executor = spec["deploymentSpec"]["executors"]["exec-train"]["container"]
    executor["args"] += ["x" * (size // parts)] * parts
    return yaml.safe_dump(spec)


def test_sizes_of_yaml(command: Command, stub: Stub, notebook: Path, tmp_path: Path) -> None:
    """What is just small enough goes; a long argument of one step is named."""
    text, path = compiled(notebook)[1], tmp_path / "p.yaml"
    path.write_text(grown(text, 1_300_000, 10))
    assert command(path, "--host", stub.host).code == 0
    assert len(stub.spec()["deploymentSpec"]["executors"]["exec-train"]["container"]["args"][-1]) == 130_000
    path.write_text(grown(text, 140_000, 1))
    done = command(path, "--host", stub.host)
    assert done.code == 2
    assert (
        "KL707: step 'train' has an argument of 140,000 bytes, and a container can be started with 131,071" in done.err
    )
    assert len(stub.versions) == 1


def test_a_notebook_of_many_steps(command: Command, stub: Stub, write_notebook: WriteNotebook) -> None:
    """Together they are too large, although each is small enough."""
    draw = random.Random(0)
    texts = [base64.b64encode(draw.randbytes(30_000)).decode() for _ in range(34)]
    path = write_notebook([(f"step:s{i}", f"a{i} = {text!r}") for i, text in enumerate(texts)])
    done = command(path, "--host", stub.host, "--no-install")
    assert done.code == 2
    assert f"{path}: error KL720: the pipeline takes " in done.err
    assert "join steps that always run one after another" in done.err
    assert stub.calls() == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nspec: {}", "is an Argo workflow, as KFP v1 made them"),
        ("apiVersion: batch/v1\nkind: Job\n", "is an object of Kubernetes (Job)"),
        ("name: x\nimplementation: {container: {image: y}}", "is a component of KFP, and no pipeline"),
        ("services: {db: {image: postgres}}", "is a file of Docker Compose"),
        ("pipelineInfo: {name: x}", "it has no pipelineInfo and root"),
        ("pipelineInfo: {}\nroot: {}", "is a pipeline without a name"),
        ("[1, 2]", "holds no pipeline"),
        ("", "holds no pipeline"),
        ("a: [", "is no YAML"),
        ("a: !!python/object:os.system {}", "is no YAML"),
    ],
)
def test_yaml_of_other_tools(command: Command, stub: Stub, tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "other.yaml"
    path.write_text(text)
    done = command(path, "--host", stub.host)
    assert done.code == 2
    assert f"error KL721: {path} " in done.err
    assert said in done.err
    assert stub.calls() == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("def f(:", "dsl.py, line 1: invalid syntax"),
        ("x = 1\nraise ValueError('mine')", "dsl.py, line 2: ValueError: mine"),
        ("import no_such_module_here", "dsl.py, line 1: ModuleNotFoundError"),
        ("x = 1", "dsl.py has no function with @dsl.pipeline"),
        ("from kfp import dsl\n@dsl.component(base_image='x')\ndef c(): ...\n"
         "@dsl.pipeline\ndef a(): c()\n@dsl.pipeline\ndef b(): c()", "dsl.py has several pipelines: a, b"),
    ],
)  # fmt: skip
def test_dsl_that_does_not_compile(command: Command, stub: Stub, tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "dsl.py"
    path.write_text(text)
    done = command(path, "--host", stub.host)
    assert done.code == 2
    assert said in done.err
    assert stub.calls() == []


def test_files_that_cannot_be_submitted(command: Command, stub: Stub, tmp_path: Path) -> None:
    for name, said in (("a.txt", "cannot be submitted"), ("no.ipynb", "cannot be read: No such file"),
                       ("no.yaml", "cannot be read: No such file")):  # fmt: skip
        done = command(tmp_path / name, "--host", stub.host)
        assert done.code == 2
        assert said in done.err
    (tmp_path / "latin.yaml").write_bytes(b"\xff\xfe")
    assert "is no text in UTF-8" in command(tmp_path / "latin.yaml", "--host", stub.host).err
    assert stub.calls() == []


def test_kfp_is_not_imported_for_an_error(stub: Stub, notebook: Path) -> None:
    """The whole process takes less than 5 s, on a server that never answers."""
    stub.faults["GET /healthz"] = Fault(401)
    call = [sys.executable, "-X", "importtime", "-m", "kale_lite", "submit", str(notebook), "--host", stub.host]
    done = subprocess.run(call, capture_output=True, text=True, timeout=60)
    assert done.returncode == 3
    loaded = {line.rsplit("|", 1)[1].strip() for line in done.stderr.splitlines() if line.startswith("import time")}
    assert "kale_lite.targets.kfp.submit.probe" in loaded
    assert not {one for one in loaded if one.split(".")[0] in ("kfp", "kfp_server_api", "kubernetes", "google")}
