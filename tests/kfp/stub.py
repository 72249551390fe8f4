"""A stub of KFP's API v2beta1 on loopback: real HTTP, the answers of a server, and faults as wished.

It keeps what it is sent: ``requests`` has every call, ``pipelines``, ``versions``, ``experiments``, ``runs`` and
``schedules`` what was made. ``faults`` maps the beginning of "METHOD path" to what is answered instead.
"""

from __future__ import annotations

import email.parser
import email.policy
import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import yaml

__all__ = ["LOGIN", "Fault", "Seen", "Stub", "serving"]

API = "/apis/v2beta1"
LOGIN = '<!doctype html><form method="post"><input name="login"><input name="password" type="password"></form>'
Lives = Callable[[int, Mapping[str, Any]], Mapping[str, Any]]
"""What is added to a run when it is asked for, from how often that was, and its pipeline."""


@dataclass(frozen=True)
class Fault:
    """What is answered instead: after a delay, or nothing at all; ``times`` bounds how often."""

    status: int = 200
    text: str = "{}"
    type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    delay: float = 0.0
    times: int = 1_000_000


@dataclass(frozen=True)
class Seen:
    """A call as it came; the names of headers begin with capitals."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes


@dataclass
class Stub:
    """The server's state. ``token`` and ``cookie`` are what it wants to see, if any; ``users`` who may log in."""

    multi_user: bool = False
    token: str = ""
    cookie: str = ""
    users: dict[str, str] = field(default_factory=dict)
    faults: dict[str, Fault] = field(default_factory=dict)
    lives: Lives = lambda asked, pipeline: {"state": "SUCCEEDED"}
    requests: list[Seen] = field(default_factory=list)
    pipelines: list[dict[str, Any]] = field(default_factory=list)
    versions: list[dict[str, Any]] = field(default_factory=list)
    experiments: list[dict[str, Any]] = field(default_factory=list)
    runs: list[dict[str, Any]] = field(default_factory=list)
    schedules: list[dict[str, Any]] = field(default_factory=list)
    asked: int = 0
    host: str = ""
    closing: threading.Event = field(default_factory=threading.Event)

    def calls(self, *, but_health: bool = True) -> list[str]:
        """The calls as "METHOD path", without the probe."""
        found = [f"{one.method} {one.path.removeprefix(API)}" for one in self.requests]
        return [one for one in found if not (but_health and one == "GET /healthz")]

    def spec(self, number: int = -1) -> dict[str, Any]:
        """The pipeline of a version, read from the YAML that came."""
        found: dict[str, Any] = self.versions[number]["pipeline_spec"]
        return found

    def answer(self, seen: Seen) -> tuple[int, Any]:
        """Status and JSON for a call of the API."""
        route = f"{seen.method} {seen.path.removeprefix(API)}"
        match route.split("/"):
            case ["GET ", "healthz"]:
                return 200, {"multi_user": self.multi_user}
            case ["GET ", "pipelines"]:
                return 200, {"pipelines": _filtered(self.pipelines, seen)}
            case ["POST ", "pipelines", "upload"]:
                return self._upload(seen)
            case ["POST ", "pipelines", "upload_version"]:
                return 200, self._version(seen.query["pipelineid"], seen.query["name"], seen)
            case ["GET ", "pipelines", pipeline, "versions"]:
                return 200, {"pipeline_versions": self._versions(pipeline, seen)}
            case ["GET ", "experiments"]:
                return 200, {"experiments": _filtered(self.experiments, seen)}
            case ["POST ", "experiments"]:
                return 200, _made(self.experiments, "experiment", json.loads(seen.body))
            case ["POST ", "runs"]:
                return 200, _made(self.runs, "run", json.loads(seen.body))
            case ["POST ", "recurringruns"]:
                return 200, _made(self.schedules, "recurring_run", json.loads(seen.body))
            case ["GET ", "runs", run]:
                return self._run(run)
        return 404, {"error": "Not Found", "code": 5, "message": "Not Found", "details": []}

    def _upload(self, seen: Seen) -> tuple[int, Any]:
        name, namespace = seen.query["name"], seen.query.get("namespace", "")
        if any((one["display_name"], one["namespace"]) == (name, namespace) for one in self.pipelines):
            return 409, {"error_message": f"Pipeline {name} already exists", "error_details": "..."}
        about = {"display_name": name, "name": name, "namespace": namespace}
        made = _made(self.pipelines, "pipeline", about)
        self._version(made["pipeline_id"], name, seen)
        return 200, made

    def _version(self, pipeline: str, name: str, seen: Seen) -> dict[str, Any]:
        documents = list(yaml.load_all(_uploaded(seen), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)))
        assert documents[0]["pipelineInfo"]["name"]
        about = {"pipeline_id": pipeline, "display_name": name, "pipeline_spec": documents[0]}
        return _made(self.versions, "pipeline_version", about)

    def _versions(self, pipeline: str, seen: Seen) -> list[dict[str, Any]]:
        found = [one for one in self.versions if one["pipeline_id"] == pipeline]
        return (found if seen.query["sort_by"] == "created_at asc" else found[::-1])[: int(seen.query["page_size"])]

    def _run(self, run: str) -> tuple[int, Any]:
        known = next((one for one in self.runs if one["run_id"] == run), None)
        if known is None:
            return 404, {"message": f"Run {run} not found"}
        self.asked += 1
        return 200, {**known, **self.lives(self.asked, self.spec())}


def _made(kind: list[dict[str, Any]], name: str, about: dict[str, Any]) -> dict[str, Any]:
    made = {**about, f"{name}_id": f"{name.replace('_', '-')}-{len(kind) + 1}", "created_at": "2026-01-02T03:04:05Z"}
    kind.append(made)
    return made


def _filtered(kind: list[dict[str, Any]], seen: Seen) -> list[dict[str, Any]]:
    """What the filter lets through, by display name and namespace."""
    (predicate,) = json.loads(seen.query["filter"])["predicates"]
    assert (predicate["operation"], predicate["key"]) == (1, "display_name")
    wanted = (predicate["stringValue"], seen.query.get("namespace", ""))
    return [one for one in kind if (one["display_name"], one.get("namespace") or "") == wanted]


def _uploaded(seen: Seen) -> bytes:
    """The file in a multipart body."""
    head = f"Content-Type: {seen.headers['Content-Type']}\r\n\r\n".encode()
    parsed = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(head + seen.body)
    (part,) = [
        one for one in parsed.iter_parts() if one.get_param("name", header="content-disposition") == "uploadfile"
    ]  # type: ignore[attr-defined]
    content = part.get_payload(decode=True)
    assert isinstance(content, bytes)
    return content


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Any

    @property
    def stub(self) -> Stub:
        found: Stub = self.server.stub
        return found

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def handle_any(self) -> None:
        parts = urlsplit(self.path)
        query = {key: values[0] for key, values in parse_qs(parts.query).items()}
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        seen = Seen(
            self.command, parts.path, query, {name.title(): value for name, value in self.headers.items()}, body
        )
        self.stub.requests.append(seen)
        if not self._faulty(seen) and not self._kept_out(seen):
            status, answer = self.stub.answer(seen)
            self.send(status, json.dumps(answer))

    do_GET = do_POST = handle_any

    def _faulty(self, seen: Seen) -> bool:
        route = f"{seen.method} {seen.path.removeprefix(API)}"
        for prefix, fault in self.stub.faults.items():
            if route.startswith(prefix) and fault.times > 0:
                self.stub.faults[prefix] = Fault(**{**vars(fault), "times": fault.times - 1})
                if fault.delay:
                    self.stub.closing.wait(fault.delay)
                self.send(fault.status, fault.text, fault.type, fault.headers)
                return True
        return False

    def _kept_out(self, seen: Seen) -> bool:
        """Who does not show the token or cookie; with ``users``, the way through a login as of Dex behind a proxy."""
        stub, wanted = self.stub, f"Bearer {self.stub.token}"
        if stub.users:
            return self._logging_in(seen)
        cookies = seen.headers.get("Cookie", "").split("; ")
        if (stub.token and seen.headers.get("Authorization") != wanted) or (stub.cookie and stub.cookie not in cookies):
            self.send(401, json.dumps({"error": "Unauthenticated", "code": 16, "message": "no valid credentials"}))
            return True
        return False

    def _logging_in(self, seen: Seen) -> bool:
        cookies = seen.headers.get("Cookie", "")
        if seen.path == "/dex/auth/local/login" and seen.method == "POST":
            form = {key: values[0] for key, values in parse_qs(seen.body.decode()).items()}
            if self.stub.users.get(form.get("login", "")) != form.get("password"):
                self.send(200, LOGIN, "text/html")
            else:
                self.redirect("/oauth2/callback?code=abc", "dex=1; Path=/")
        elif seen.path == "/dex/auth/local/login":
            self.send(200, LOGIN, "text/html")
        elif seen.path == "/dex/auth":
            self.send(
                200, '<a href="/dex/auth/github?x=1">GitHub</a> <a href="/dex/auth/local?x=1">Email</a>', "text/html"
            )
        elif seen.path == "/dex/auth/local":
            self.redirect("/dex/auth/local/login?state=s1")
        elif seen.path == "/oauth2/callback" and "dex=1" in cookies:
            self.redirect(f"{API}/healthz", "session=let-me-in; Path=/")
        elif "session=let-me-in" in cookies:
            return False
        else:
            self.redirect("/dex/auth?client_id=kubeflow")
        return True

    def redirect(self, target: str, cookie: str = "") -> None:
        self.send(302, "", "text/html", {"Location": target, **({"Set-Cookie": cookie} if cookie else {})})

    def send(
        self, status: int, text: str, kind: str = "application/json", headers: Mapping[str, str] | None = None
    ) -> None:
        content = text.encode()
        try:
            self.send_response(status)
            for name, value in {"Content-Type": kind, "Content-Length": str(len(content)), **(headers or {})}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True


@contextmanager
def serving(stub: Stub) -> Iterator[Stub]:
    """The stub, served at ``stub.host`` until the block ends."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    server.stub = stub  # type: ignore[attr-defined]
    stub.host = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield stub
    finally:
        stub.closing.set()
        server.shutdown()
        server.server_close()
        thread.join()


def serve_for_trying() -> None:
    """``python -m tests.kfp.stub``: a server whose runs take 6 s, to try ``submit`` at."""

    def lives(asked: int, pipeline: Mapping[str, Any]) -> Mapping[str, Any]:
        names = list(pipeline["root"]["dag"]["tasks"])
        states = [
            "SUCCEEDED" if asked > 2 * i + 2 else "RUNNING" if asked > 2 * i else "PENDING" for i in range(len(names))
        ]
        details = [{"display_name": name, "state": state} for name, state in zip(names, states, strict=True)]
        return {
            "state": "SUCCEEDED" if states[-1] == "SUCCEEDED" else "RUNNING",
            "run_details": {"task_details": details},
        }

    with serving(Stub(lives=lives)) as stub:
        print(stub.host, flush=True)
        time.sleep(3600)


if __name__ == "__main__":
    serve_for_trying()
