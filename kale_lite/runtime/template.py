"""A process that has imported what a kernel needs, and forks a kernel whenever it is asked to.

Run as a script: ``template.py SOCKET PRELOAD``, the number of an inherited socket and a JSON list of import
statements. On the socket it says what it imported, or why it refuses; then each message brings four files:
a channel, and the kernel's standard streams. The channel brings a line of JSON (``argv``, ``cwd``); the kernel
writes its process id to it, and the template the kernel's wait status. When the socket closes, all kernels end.
"""

from __future__ import annotations

import sys

if __name__ == "__main__" and not (sys.flags.isolated or getattr(sys.flags, "safe_path", False)):
    # This script's folder is not on the path of an ordinary kernel.
    del sys.path[0]

import array
import builtins
import gc
import importlib.util
import json
import locale
import logging
import os
import select
import signal
import socket
import threading
import traceback
import types
import warnings
from typing import Any, Dict, List, NoReturn, Tuple

_OPENMP = ("KMP_DUPLICATE_LIB_OK", "KMP_INIT_AT_FORK")
"""What scikit-learn sets for the whole process; the notebook's later cells have it too."""
_BACKEND = "module://matplotlib_inline.backend_inline"


class Refused(Exception):
    """The imports would show in the steps in another way than in an ordinary kernel."""


class _Stream:
    """Stands for ``sys.stdout`` or ``sys.stderr`` in what the imports hold of them: log handlers, default arguments."""

    target: Any = None  # also for copies, which are made without __init__
    encoding = "UTF-8"  # that of a kernel's streams, which pandas keeps

    def __init__(self, target: Any) -> None:
        self.target = target

    def __getattr__(self, name: str) -> Any:
        return getattr(self.target, name)


_STREAMS = {name: _Stream(getattr(sys, name)) for name in ("stdout", "stderr")}


class _Shell:
    """Stands for the shell that ``get_ipython()`` gives in a kernel, while the imports are made.

    All that may be asked of it is whether it has a kernel: pandas does, to tell a notebook from a terminal.
    """

    def __init__(self) -> None:
        self.asked: List[str] = []

    def __getattr__(self, name: str) -> Any:
        if name != "kernel":
            self.asked.append(name)
        return None


def import_kernel() -> None:
    """Import what ipykernel imports until it is ready, but start nothing."""
    # ipykernel reads this when it is imported, and ends the kernel when that process is gone.
    os.environ["JPY_PARENT_PID"] = str(os.getpid())
    import ipykernel.ipkernel
    import ipykernel.kernelapp
    import ipykernel.zmqshell  # noqa: F401
    import IPython.core.history  # noqa: F401

    if threading.active_count() > 1:
        raise Refused("ipykernel starts threads when it is imported")


def preload(statements: List[str]) -> None:
    """Run the notebook's first imports as its first cell would. Raises Refused when that leaves a mark."""
    if not statements:
        return
    if _configured():
        raise Refused("IPython has a configuration or startup files, which run before the notebook's imports")
    # ipykernel sets it before user code, and matplotlib reads it when it is imported.
    os.environ.setdefault("MPLBACKEND", _BACKEND)
    before, loaded, path = _state(), set(sys.modules), list(sys.path)
    _run_imports(statements)
    if "" in sys.path and "" not in path:
        sys.path.remove("")
    after = _state()
    changed = [name for name, value in before.items() if after[name] != value]
    if sys.path != path:
        changed.append("sys.path")
    if changed:
        raise Refused("the notebook's first imports change " + ", ".join(changed))
    if "matplotlib.pyplot" in sys.modules:
        raise Refused("the notebook's first imports bring pyplot, which looks for the kernel")
    local = sorted(name for name in set(sys.modules) - loaded if _is_local(name))
    if local:
        raise Refused("the notebook's folder has modules that its first imports bring: " + ", ".join(local))


def _run_imports(statements: List[str]) -> None:
    from IPython.core.shellapp import InteractiveShellApp

    InteractiveShellApp.init_path(types.SimpleNamespace(ignore_cwd=False))  # type: ignore[arg-type,unused-ignore]
    # The shell's own rule, so that a warning shows here when it would show there; the shell adds it again.
    warnings.filterwarnings("default", category=DeprecationWarning, module="__main__")
    rule = warnings.filters[0]
    namespace = {"__name__": "__main__"}
    own = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = streams = _STREAMS["stdout"], _STREAMS["stderr"]
    shell = _Shell()
    builtins.get_ipython = lambda: shell  # type: ignore[attr-defined]
    for statement in statements:
        try:
            exec(compile(statement, "<import>", "exec"), namespace)
        except Exception as error:
            raise Refused("`%s` raises %s: %s" % (statement, type(error).__name__, error)) from error
    del builtins.get_ipython  # type: ignore[attr-defined]
    if (sys.stdout, sys.stderr) != streams:
        raise Refused("the notebook's first imports change the standard streams")
    sys.stdout, sys.stderr = own
    if shell.asked:
        raise Refused("the notebook's first imports ask the shell for " + ", ".join(shell.asked))
    warnings.filters.remove(rule)  # type: ignore[attr-defined,unused-ignore]
    # The shell adds its rule at the front again, which also makes Python forget what it found by these.


def _configured() -> bool:
    from IPython import paths
    from IPython.core.application import ENV_CONFIG_DIRS, SYSTEM_CONFIG_DIRS

    if os.environ.get("PYTHONSTARTUP"):
        return True
    profile = os.path.join(paths.get_ipython_dir(), "profile_default")
    files = [os.path.join(folder, name + kind)
             for folder in (profile, os.getcwd(), *SYSTEM_CONFIG_DIRS, *ENV_CONFIG_DIRS)
             for name in ("ipython_config", "ipython_kernel_config") for kind in (".py", ".json")]  # fmt: skip
    startup = os.path.join(profile, "startup")
    scripts = os.listdir(startup) if os.path.isdir(startup) else []
    return any(map(os.path.exists, files)) or any(name.endswith((".py", ".ipy")) for name in scripts)


def _state() -> Dict[str, Any]:
    """What a process shares among its modules and imports had better leave alone."""
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    return {
        "the environment": {name: value for name, value in os.environ.items() if name not in _OPENMP},
        "the working directory": os.getcwd(),
        "the locale": locale.setlocale(locale.LC_ALL),
        "signal handlers": [signal.getsignal(number) for number in sorted(signal.valid_signals())],
        "logging": (logging.root.handlers[:], logging.root.level, logging.root.disabled),
        "sys": (sys.stdin, sys.stdout, sys.stderr, sys.displayhook, sys.excepthook, sys.getrecursionlimit()),
        "the garbage collector": (gc.isenabled(), gc.get_threshold(), len(gc.callbacks)),
        "the threads": threading.enumerate(),
        "open files": sorted(os.listdir("/proc/self/fd")),
        "what is printed": os.fstat(1).st_size,
    }


def _is_local(name: str) -> bool:
    """Whether a top-level module was found in the working directory itself."""
    spec = getattr(sys.modules.get(name), "__spec__", None)
    if "." in name or spec is None:
        return False
    places = [os.path.dirname(place) for place in spec.submodule_search_locations or [spec.origin or "built-in"]]
    return any(os.path.realpath(place) == os.getcwd() for place in places if place)


class Template:
    """Forks and reaps kernels. ``kernels`` holds for each process descriptor its process id and channel."""

    def __init__(self, control: socket.socket) -> None:
        self.control = control
        self.kernels: Dict[int, Tuple[int, socket.socket]] = {}

    def serve(self) -> List[str]:
        """Serve until the socket closes. Returns in each kernel, with its arguments."""
        poll = select.poll()
        poll.register(self.control, select.POLLIN)
        while True:
            for ready, _ in poll.poll():
                if ready in self.kernels:
                    poll.unregister(ready)
                    self._reap(ready)
                    continue
                files = self._receive()
                request, channel = _read_request(files[0])
                try:
                    pid = os.fork()
                except OSError:
                    pid = -1  # no memory, or no more processes: closing the channel says so
                if pid == 0:
                    return self._become_kernel(request, channel, files[1:])
                for file in files[1:]:
                    os.close(file)
                if pid < 0:
                    channel.close()
                    continue
                watched = os.pidfd_open(pid)
                self.kernels[watched] = pid, channel
                poll.register(watched, select.POLLIN)

    def _receive(self) -> List[int]:
        numbers = array.array("i")
        message, extra, _, _ = self.control.recvmsg(1, socket.CMSG_SPACE(4 * numbers.itemsize))
        if not message:
            self._end()
        for _, _, data in extra:
            numbers.frombytes(data)
        return list(numbers)

    def _reap(self, watched: int) -> None:
        pid, channel = self.kernels.pop(watched)
        status = os.waitpid(pid, 0)[1]
        os.close(watched)
        try:
            channel.sendall(b"%d\n" % status)
        except OSError:
            pass  # nobody waits for it any more
        channel.close()

    def _end(self) -> NoReturn:
        for pid, _ in self.kernels.values():
            try:
                os.killpg(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        os._exit(0)

    def _become_kernel(self, request: Dict[str, Any], channel: socket.socket, streams: List[int]) -> List[str]:
        try:
            os.setsid()
            self.control.close()
            for watched, (_, other) in self.kernels.items():
                os.close(watched)
                other.close()
            for number, file in enumerate(streams):
                os.dup2(file, number)
                os.close(file)
            os.chdir(request["cwd"])
            _start_afresh()
            _follow_streams()
            channel.sendall(b"%d\n" % os.getpid())
            channel.close()
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        argv: List[str] = request["argv"]
        return argv


def _read_request(file: int) -> Tuple[Dict[str, Any], socket.socket]:
    channel = socket.socket(fileno=file)
    data = b""
    while not data.endswith(b"\n"):
        data += channel.recv(65536) or b"\n"
    return json.loads(data), channel


def _follow_streams() -> None:
    """Lead what the imports hold to the kernel's streams, which would have been there before them."""
    from ipykernel.kernelapp import IPKernelApp

    init_io = IPKernelApp.init_io

    def init_io_and_follow(app: Any) -> None:
        IPKernelApp.init_io = init_io  # type: ignore[method-assign,unused-ignore]
        init_io(app)  # type: ignore[no-untyped-call,unused-ignore]
        for name, stream in _STREAMS.items():
            stream.target = getattr(sys, name)

    IPKernelApp.init_io = init_io_and_follow  # type: ignore[method-assign,unused-ignore]


def _start_afresh() -> None:
    """Draw anew what a process draws when it starts. Python does so itself for ``random``."""
    numbers = sys.modules.get("numpy.random")
    if numbers is not None:
        numbers.seed()
    processes = sys.modules.get("multiprocessing.process")
    if processes is not None:
        processes.current_process().authkey = os.urandom(32)


def be_template(control: socket.socket, statements: List[str]) -> List[str]:
    """Import, say so, and serve. Returns in each kernel, with its arguments."""
    try:
        os.close(os.pidfd_open(os.getpid()))
        import_kernel()
        preload(statements)
        answer = {"pid": os.getpid()}
    except Exception as error:
        control.sendall(json.dumps({"refused": str(error) or type(error).__name__}).encode())
        os._exit(1)
    # What is here now never becomes garbage: looking at it would only copy memory in every kernel.
    gc.collect()
    gc.freeze()
    control.sendall(json.dumps(answer).encode())
    return Template(control).serve()


if __name__ == "__main__":
    arguments = be_template(socket.socket(fileno=int(sys.argv[1])), json.loads(sys.argv[2]))
    launcher = importlib.util.find_spec("ipykernel_launcher")
    sys.argv = [(launcher and launcher.origin) or "ipykernel_launcher", *arguments]
    from ipykernel import kernelapp

    kernelapp.launch_new_instance()
