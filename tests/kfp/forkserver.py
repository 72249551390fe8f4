"""Python processes without their start: a server that has imported what steps import forks one for each command.

``Server`` gives the path of a program that behaves as ``python`` for ``-m MODULE ...`` commands: it asks the server
for a fork, hands over its streams, environment and folder, waits, and ends as the fork did. kfp's SubprocessRunner
starts components by it, and they their kernels, so a step costs a fraction of a second and all of it is real.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Any

MACHINERY = ("kfp.dsl.executor_main", "kfp.dsl.executor", "papermill", "papermill.clientwrap", "nbclient", "nbformat",
             "nbconvert", "jupyter_client.manager", "jupyter_client.asynchronous.client", "ipykernel.kernelapp",
             "ipykernel.ipkernel", "ipykernel.zmqshell", "ipykernel.iostream", "cloudpickle", "fcntl",
             "jupyter_client.provisioning.local_provisioner")  # fmt: skip
LIBRARIES = ("numpy", "pandas", "sklearn.linear_model", "sklearn.ensemble", "sklearn.model_selection", "sklearn.pipeline",
             "sklearn.datasets", "matplotlib.pyplot", "asyncio", "sqlite3", "statistics")  # fmt: skip
"""What cells import. Imported before there is a kernel, pandas and pyplot show things another way."""

_CLIENT = """\
#!{python} -IS
import json, os, signal, socket, sys
signal.signal(signal.SIGINT, signal.SIG_IGN)
link = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
link.connect({path!r})
request = json.dumps({{"argv": sys.argv[1:], "cwd": os.getcwd(), "env": dict(os.environ)}}).encode()
socket.send_fds(link, [len(request).to_bytes(8, "big")], [0, 1, 2])
link.sendall(request)
code = link.recv(1)
os._exit(code[0] if code else 1)
"""


class Server:
    """The server and its program, with ``libraries`` imported as well; ends with ``close``, or with this process."""

    def __init__(self, libraries: Sequence[str] = LIBRARIES) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="kf-")
        path = str(Path(self._folder.name) / "socket")
        self.program = str(Path(self._folder.name) / "python")
        Path(self.program).write_text(_CLIENT.format(python=os.path.realpath(sys.executable), path=path))
        os.chmod(self.program, 0o755)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.kfp.forkserver", path, self.program, *libraries], cwd=Path(__file__).parents[2],
            env={**os.environ, "PYTHONHASHSEED": "0", "OMP_NUM_THREADS": "1"},
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        assert self._process.stdout is not None
        if self._process.stdout.readline().strip() != "ready":
            raise RuntimeError("the fork server did not start")

    def close(self) -> None:
        self._process.terminate()
        self._process.wait()
        self._folder.cleanup()


def serve(path: str, program: str, libraries: Sequence[str]) -> None:
    for name in (*MACHINERY, *libraries):
        __import__(name)
    gc.collect()
    gc.freeze()
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(path)
    listener.listen(64)
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    signal.set_wakeup_fd(writing)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    running: dict[int, socket.socket] = {}
    print("ready", flush=True)
    while True:
        ready, _, _ = select.select([listener, reading, 0], [], [])
        if 0 in ready:
            return  # whoever started the server is gone
        if reading in ready:
            os.read(reading, 4096)
            _reap(running)
        if listener in ready:
            link, _ = listener.accept()
            pid = os.fork()
            if pid == 0:
                listener.close()
                for other in running.values():
                    other.close()
                signal.set_wakeup_fd(-1)
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                _become(link, program)
            running[pid] = link


def _reap(running: dict[int, socket.socket]) -> None:
    while running:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid == 0:
            return
        link = running.pop(pid, None)
        if link is not None:
            code = os.waitstatus_to_exitcode(status)
            with contextlib.suppress(OSError):
                link.sendall(bytes([code if code >= 0 else 128 - code]))
            link.close()


def _become(link: socket.socket, program: str) -> None:
    """Be the process that was asked for; never returns."""
    code = 1
    try:
        head, files, _, _ = socket.recv_fds(link, 8, 3)
        size, data = int.from_bytes(head, "big"), b""
        while len(data) < size:
            data += link.recv(size - len(data))
        request: dict[str, Any] = json.loads(data)
        for target, file in enumerate(files):
            os.dup2(file, target)
            os.close(file)
        os.setsid()
        os.chdir(request["cwd"])
        os.environ.clear()
        os.environ.update(request["env"])
        tempfile.tempdir = None
        sys.executable = program
        sys.stdin = open(0, closefd=False)
        sys.stdout = sys.__stdout__ = open(1, "w", buffering=1, encoding="utf-8", closefd=False)
        sys.stderr = sys.__stderr__ = open(2, "w", buffering=1, encoding="utf-8", closefd=False)
        threading.Thread(target=_end_with, args=[link], daemon=True, name="asyncio_link").start()
        code = _run(request["argv"])
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _end_with(link: socket.socket) -> None:
    """When the program that asked is killed, so is its fork."""
    if not link.recv(1):
        os._exit(1)


def _run(argv: list[str]) -> int:
    assert argv[0] == "-m", argv
    sys.path[0] = os.getcwd()
    sys.argv = argv[1:]
    try:
        runpy.run_module(argv[1], run_name="__main__", alter_sys=True)
    except SystemExit as end:
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
            return 1
        return int(end.code or 0)
    except BaseException:
        traceback.print_exc()
        return 1
    return 0


if __name__ == "__main__":
    serve(sys.argv[1], sys.argv[2], sys.argv[3:])
