"""Warm kernels: a template process, started with the first step of a run, that forks a kernel for each step."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

__all__ = ["WarmKernels", "WarmProcess"]

_IMPORT_TIMEOUT = 120.0
_FORK_TIMEOUT = 30.0
_LAUNCHER = ["-m", "ipykernel_launcher"]
_OWN_ARGUMENTS = ("-f", "--HistoryManager.hist_file=")


class Unavailable(Exception):
    """No warm kernel can be had; the message says why."""


class WarmProcess:
    """A kernel that is a child of the template, with what ``jupyter_client`` uses of ``subprocess.Popen``."""

    stdin = stdout = stderr = None

    def __init__(self, channel: socket.socket) -> None:
        self.returncode: int | None = None
        self._channel, self._data = channel, b""
        channel.settimeout(_FORK_TIMEOUT)
        first = channel.makefile("rb", buffering=0).readline()
        if not first.strip().isdigit():
            raise Unavailable("the template did not fork")
        self.pid = int(first)
        channel.setblocking(False)

    def poll(self) -> int | None:
        """The exit code once the kernel has ended, negative for a signal."""
        if self.returncode is None:
            self._read()
        return self.returncode

    def _read(self) -> None:
        try:
            part = self._channel.recv(64)
        except BlockingIOError:
            return
        except ConnectionError:
            part = b""
        self._data += part
        if self._data.endswith(b"\n"):
            self.returncode = os.waitstatus_to_exitcode(int(self._data))
        elif not part:
            # The template is gone, and nobody can tell how the kernel ends: it ends now.
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, signal.SIGKILL)
            self.returncode = -signal.SIGKILL
        if self.returncode is not None:
            self._channel.close()

    def wait(self) -> int | None:
        """The exit code; ``jupyter_client`` asks when ``poll`` has given it."""
        return self.poll()

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


@dataclass(slots=True)
class WarmKernels:
    """The warm kernels of a run. ``script`` is the shipped template, ``preload`` the imports it makes first.

    ``cold`` says why no step gets a warm kernel; ``ordinary`` why a step did not.
    """

    script: Path
    log: Path
    preload: Sequence[str]
    cold: str = ""
    warm: list[str] = field(default_factory=list)
    ordinary: dict[str, str] = field(default_factory=dict)
    not_preloaded: str = ""
    _template: subprocess.Popen[bytes] | None = None
    _control: socket.socket | None = None
    _key: tuple[Any, ...] = ()
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def launch(self, step: str, command: Sequence[str], options: Mapping[str, Any]) -> WarmProcess | None:
        """A kernel for a step; None, and the reason in the record, when it takes an ordinary one."""
        with self._lock:
            try:
                process = self._launch(command, options)
            except (Unavailable, OSError) as error:
                self.ordinary[step] = str(error)
                return None
            self.warm.append(step)
            return process

    def _launch(self, command: Sequence[str], options: Mapping[str, Any]) -> WarmProcess:
        if self.cold:
            raise Unavailable(self.cold)
        cut = next((i for i in range(len(command)) if list(command[i : i + 2]) == _LAUNCHER), 0)
        if not cut or not all(part.startswith("-") for part in command[1:cut]):
            raise Unavailable("the kernel is not started by `python -m ipykernel_launcher`")
        interpreter, arguments = list(command[:cut]), list(command[cut + 2 :])
        key = (interpreter, options["env"], options["cwd"])
        if self._control is None:
            self._start(interpreter, arguments, options)
            self._key = key
        if key != self._key:
            raise Unavailable("its interpreter, environment or working directory is another than the template's")
        return self._fork(arguments, options)

    def _start(self, interpreter: list[str], arguments: list[str], options: Mapping[str, Any]) -> None:
        preload = list(self.preload)
        others = [one for one in arguments[:1] + arguments[2:] if not one.startswith(_OWN_ARGUMENTS)]
        if preload and others:
            self.not_preloaded, preload = f"the kernel has arguments of its own: {' '.join(others)}", []
        answer = self._spawn(interpreter, preload, options)
        if "refused" in answer and preload:
            self.not_preloaded = answer["refused"]
            answer = self._spawn(interpreter, [], options)
        if "refused" in answer:
            # It would be so for the next step as well.
            self.cold = f"the template did not start: {answer['refused']}"
            raise Unavailable(self.cold)

    def _spawn(self, interpreter: list[str], preload: list[str], options: Mapping[str, Any]) -> dict[str, Any]:
        mine, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        command = [*interpreter, str(self.script), str(its.fileno()), json.dumps(preload)]
        with self.log.open("wb") as log, its:
            self._template = subprocess.Popen(
                command, env=options["env"], cwd=options["cwd"], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                pass_fds=[its.fileno()], start_new_session=True,
            )  # fmt: skip
        self._control = mine
        mine.settimeout(_IMPORT_TIMEOUT)
        try:
            answer = mine.recv(65536)
        except OSError as error:
            answer = json.dumps({"refused": str(error)}).encode()
        found: dict[str, Any] = json.loads(answer or b'{"refused": "it ended"}')
        if "refused" in found:
            self._stop()
        return found

    def _fork(self, arguments: list[str], options: Mapping[str, Any]) -> WarmProcess:
        assert self._control is not None
        channel, its = socket.socketpair()
        # The read end of a pipe that nobody writes to: what an ordinary kernel has as its standard input.
        source, other = os.pipe()
        os.close(other)
        try:
            files = [its.fileno(), source, options["stdout"].fileno(), options["stderr"].fileno()]
            socket.send_fds(self._control, [b"k"], files)
        except OSError:
            channel.close()
            raise Unavailable("the template ended") from None
        finally:
            its.close()
            os.close(source)
        channel.sendall(json.dumps({"argv": arguments, "cwd": str(options["cwd"])}).encode() + b"\n")
        return WarmProcess(channel)

    def _stop(self) -> None:
        if self._control is not None:
            self._control.close()
            self._control = None
        if self._template is not None:
            try:
                self._template.wait(_FORK_TIMEOUT)
            except subprocess.TimeoutExpired:
                self._template.kill()
                self._template.wait()
            self._template = None

    def close(self) -> None:
        """End the template, and with it whatever kernel is left."""
        with self._lock:
            self._stop()

    def to_json(self) -> dict[str, Any]:
        """For the record: the steps of each kind, with the reasons."""
        preloaded = [] if self.not_preloaded or not self.warm else list(self.preload)
        found = {"warm": sorted(set(self.warm)), "ordinary": self.ordinary, "preloaded": preloaded}
        return {**found, "not_preloaded": self.not_preloaded} if self.not_preloaded else found


def supported() -> str:
    """Why this machine has no warm kernels; empty when it has."""
    return "" if sys.platform == "linux" and hasattr(os, "pidfd_open") else "warm kernels need Linux"
