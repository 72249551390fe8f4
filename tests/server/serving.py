"""A real Jupyter server with kale-lite, as a process, and what a page asks of it over HTTP."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat
import requests
import websocket

from tests.conftest import Cells, make_notebook

__all__ = ["TOKEN", "Answered", "Server"]

TOKEN = "let-me-in"
ENDED = ("done", "failed", "interrupted")


@dataclass(frozen=True)
class Answered:
    """Status, JSON (None when it is none) and the whole answer."""

    status: int
    data: Any
    response: requests.Response


@dataclass
class Server:
    """A server below ``/x/`` whose root folder is ``root``; ``environ`` is added to its environment."""

    root: Path
    log: Path
    environ: Mapping[str, str] = field(default_factory=dict)
    port: int = 0
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it answers."""
        if not self.port:
            with socket.socket() as free:
                free.bind(("127.0.0.1", 0))
                self.port = free.getsockname()[1]
        command = [
            sys.executable, "-m", "jupyter_server", "--no-browser", "--allow-root", "--ip=127.0.0.1", f"--port={self.port}",
            "--ServerApp.port_retries=0", f"--IdentityProvider.token={TOKEN}", f"--ServerApp.root_dir={self.root}",
            "--ServerApp.base_url=/x/", "--ServerApp.jpserver_extensions={'kale_lite.server': True, 'jupyter_lsp': False}",
        ]  # fmt: skip
        environ = {**os.environ, **self.environ, "JUPYTER_PREFER_ENV_PATH": "1"}
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(command, env=environ, stdout=log, stderr=log, start_new_session=True)
        for _ in range(600):
            try:
                if requests.get(self.url("../api/status"), headers=self.headers, timeout=5).ok:
                    return
            except requests.ConnectionError:
                assert self.process.poll() is None, self.log.read_text()
            time.sleep(0.05)
        raise AssertionError(self.log.read_text())

    def stop(self, how: int = signal.SIGTERM) -> None:
        """End it; its processes for analyses end with it."""
        if self.process is not None:
            self.process.send_signal(how)
            self.process.wait(30)
            self.process = None

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"token {TOKEN}"}

    def url(self, route: str, scheme: str = "http") -> str:
        return f"{scheme}://127.0.0.1:{self.port}/x/kale-lite/{route}"

    def ask(self, method: str, route: str, body: Any = None, **options: Any) -> Answered:
        """Ask as the page does."""
        options = {"headers": self.headers, "timeout": 120, "allow_redirects": False, **options}
        data = None if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        got = requests.request(method, self.url(route), data=data, **options)
        kind = got.headers.get("Content-Type", "")
        return Answered(got.status_code, got.json() if "json" in kind and got.content else None, got)

    def get(self, route: str, **options: Any) -> Answered:
        return self.ask("GET", route, **options)

    def post(self, route: str, body: Any = None, **options: Any) -> Answered:
        return self.ask("POST", route, body, **options)

    def write(self, name: str, cells: Cells, **metadata: Any) -> dict[str, Any]:
        """A notebook in the root folder; gives its JSON."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        content = make_notebook(cells, **metadata)
        nbformat.write(content, path)
        return json.loads(path.read_text())  # type: ignore[no-any-return]

    def run(self, path: str, **wanted: Any) -> dict[str, Any]:
        """Start a run, which must begin."""
        answered = self.post("runs", {"path": path, **wanted})
        assert answered.status == 201, answered.data
        return answered.data  # type: ignore[no-any-return]

    def ended(self, number: int, seconds: float = 60.0) -> dict[str, Any]:
        """The run, when it has ended."""
        until = time.monotonic() + seconds
        while True:
            run = self.get(f"runs/{number}").data
            if run["status"] in ENDED:
                return run  # type: ignore[no-any-return]
            assert time.monotonic() < until, run
            time.sleep(0.1)

    def events(self, number: int, first: int = 0) -> Iterator[dict[str, Any]]:
        """The messages of the channel of events, until the server ends it."""
        url = self.url(f"runs/{number}/events?from={first}", "ws")
        channel = websocket.create_connection(
            url, header=self.headers, timeout=60, origin=f"http://127.0.0.1:{self.port}"
        )
        try:
            while True:
                said = channel.recv()
                if not said:
                    return
                yield json.loads(said)
        finally:
            channel.close()
