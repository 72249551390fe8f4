"""What analysis assumed, checked when the step ends: inputs left alone, nothing left alive."""

from __future__ import annotations

import os
import sys
import threading
from typing import Any, Dict, List, Set

from . import pickling, state, store
from .failures import StepFailure
from .inputs import Inputs
from .libraries import Libraries
from .watch import WorldWatch

__all__ = ["Watch"]

_OWN_THREADS = ("IPythonHistorySavingThread", "ZMQ", "Heartbeat", "IOPub", "Control", "Shell", "Subshell", "pydevd",
                "asyncio_", "ThreadPoolExecutor", "QueueFeederThread", "QueueManagerThread", "ExecutorManagerThread",
                "tqdm", "loky", "joblib", "Subshell", "fsspecIO")  # fmt: skip
_HELPERS = ("loky", "joblib", "resource_tracker", "multiprocessing", "ipykernel")
"""Processes that libraries keep for their next call."""
_RANDOM = ("numpy.random", "random")
_DRAWN = "give the call a generator or random_state of its own, or add an effect rule with `draws` for it"
_STATE_HINTS = {
    "numpy.random": _DRAWN,
    "random": _DRAWN,
    "os.environ": "set it in the cell: os.environ[NAME] = VALUE; or add an effect rule with `writes_state` for the call",
    "cwd": "change it in the cell: os.chdir(FOLDER); or use absolute paths",
}
_MISSING = object()


class Watch:
    """Taken when the user's first cell is about to run, checked when the last one has."""

    def __init__(self, spec: Dict[str, Any], namespace: Dict[str, Any], loaded: Dict[str, store.Loaded]) -> None:
        self.spec, self.namespace = spec, namespace
        self.threads: Set[int] = {t.ident or 0 for t in threading.enumerate()}
        self.inputs = Inputs(spec.get("readonly", []), namespace, loaded.values())
        for kind in self._seeded():
            # Drawing from a generator that the notebook seeded counts also when its library is not loaded yet.
            state.capture(kind)
        self.states = {kind: state.digest(kind) for kind in (*_RANDOM, "os.environ", "cwd")}
        self.processes = _children()
        self.kept = {name: namespace.get(name, _MISSING) for name in spec.get("watch", {}).get("kept", [])}
        self.ran = -1
        self.first: Dict[Any, int] = {}
        self.world = WorldWatch(os.path.dirname(os.path.dirname(spec["result"])))
        self.libraries = Libraries(spec.get("watch", {}).get("libraries", []))
        self.within: Dict[str, Any] = {}

    def after_cell(self) -> None:
        """Note what is new since the last cell, to tell later during which it came about. The load cell is number 0."""
        self.ran += 1
        self.world.ran = self.ran
        changed = [kind for kind, before in self.states.items() if before is not None and state.digest(kind) != before]
        bound = [name for name, before in self.kept.items() if self.namespace.get(name, _MISSING) is not before]
        for thing in (*changed, *bound, *(t.ident for t in threading.enumerate()), *_children()):
            self.first.setdefault(thing, self.ran)

    def check(self) -> None:
        """Raise StepFailure for the first thing that is not as analysis assumed."""
        self.world.stop()
        self.within = self.libraries.stop()
        self._check_inputs()
        self._check_names()
        self._check_states()
        self._check_threads()
        self._check_tasks()
        self._check_processes()

    def _check_inputs(self) -> None:
        for name in self.inputs.changed(self.namespace):
            raise StepFailure(
                "KL407",
                f"{name!r} was changed, although analysis held it read-only in this step",
                f"let the call work on a copy of {name!r}, or add an effect rule with `mutates` for it (docs/effects.md)",
                name,
            )

    def _check_names(self) -> None:
        for name, before in self.kept.items():
            if self.namespace.get(name, _MISSING) is not before:
                raise StepFailure(
                    "KL408",
                    f"dynamic code bound or deleted {name!r}, a name of other steps, which analysis did not see",
                    f"bind {name!r} by a plain statement in the cell, or give the code a namespace of its own: "
                    "exec(code, {...})",
                    name,
                    self.first.get(name, 0),
                )

    def _check_states(self) -> None:
        allowed = set(self.spec.get("watch", {}).get("states", []))
        for kind, before in self.states.items():
            if before is None or kind in allowed or f"draw:{kind}" in allowed or f"state:{kind}" in allowed:
                continue
            if state.digest(kind) != before and not (kind in _RANDOM and kind not in self._seeded()):
                raise StepFailure(
                    "KL408",
                    f"interpreter state {kind!r} was changed, which analysis did not see",
                    _STATE_HINTS[kind],
                    ran=self.first.get(kind, 0),
                )

    def _seeded(self) -> List[str]:
        """The generators that the notebook seeds: only then do later steps see that they were drawn from."""
        return [kind for kind in self.spec.get("watch", {}).get("seeded", []) if kind in _RANDOM]

    def _check_threads(self) -> None:
        for thread in threading.enumerate():
            if (thread.ident or 0) in self.threads or thread is threading.current_thread():
                continue
            mine = getattr(getattr(thread, "_target", None), "__globals__", None) is self.namespace
            if mine or not (thread.daemon or thread.name.startswith(_OWN_THREADS)):
                raise StepFailure(
                    "KL406",
                    f"thread {thread.name!r} is still running when the step ends",
                    "wait for it in the step that starts it: thread.join()",
                    ran=self.first.get(thread.ident, 0),
                )

    def _check_tasks(self) -> None:
        asyncio = sys.modules.get("asyncio")
        try:
            tasks = asyncio.all_tasks() if asyncio is not None else ()
        except RuntimeError:  # no loop is running
            return
        for task in tasks:
            frame = getattr(task.get_coro(), "cr_frame", None)
            if frame is not None and frame.f_globals is self.namespace and not task.done() and not _is_cell(frame):
                raise StepFailure(
                    "KL406",
                    f"task {frame.f_code.co_name!r} is still running when the step ends",
                    "wait for it in the step that starts it: await the task",
                    ran=self.ran,
                )

    def check_saved(self, values: Dict[str, Any]) -> None:
        """Raise StepFailure when saved values name a temporary folder or file that goes with this process."""
        doomed = [path for path in self.world.temporary if os.path.exists(path) and _goes_with_process(path)]
        if not doomed:
            return
        for name, value in values.items():
            data, _ = pickling.dump(value)
            for path in doomed:
                if path.encode() in data:
                    raise StepFailure(
                        "KL406",
                        f"{name!r} holds the path of {path!r}, which is temporary and removed when the step ends",
                        "make it by tempfile.mkdtemp(), which stays, or tag the cells that use it as one step",
                        name,
                        self.world.temporary[path],
                    )

    def _check_processes(self) -> None:
        for pid, command in _children().items():
            if pid not in self.processes and not any(word in command for word in _HELPERS):
                holder = self._holder(pid)
                held = f": {holder!r} holds it, and a process cannot be serialised for other steps" if holder else ""
                raise StepFailure(
                    "KL406",
                    f"a process ({command[:60]}) is still running when the step ends{held}",
                    f"wait for it in the step that starts it: {holder or 'process'}.wait()",
                    holder,
                    self.first.get(pid, 0),
                )

    def _holder(self, pid: int) -> str:
        """The variable of the notebook that holds a process of the subprocess module; empty when none does."""
        subprocess = sys.modules.get("subprocess")
        if subprocess is None:
            return ""
        names = (
            n
            for n, v in self.namespace.items()
            if not n.startswith("_") and isinstance(v, subprocess.Popen) and v.pid == pid
        )
        return min(names, default="")


def _is_cell(frame: Any) -> bool:
    """Whether a task is the running cell itself."""
    return bool(frame.f_code.co_name == "<module>")


def _goes_with_process(path: str) -> bool:
    """Whether something temporary has an owner that removes it, as mkdtemp and mkstemp have not."""
    import gc
    import weakref

    registry = getattr(weakref.finalize, "_registry", {})
    if any(path in info.args for info in list(registry.values())):
        return True
    closers = (one for one in gc.get_objects() if type(one).__name__ == "_TemporaryFileCloser")
    return any(getattr(one, "name", None) == path and getattr(one, "delete", False) for one in closers)


def _candidates() -> List[str]:
    """Process ids that may be children: those that each thread started, or all where the system does not tell."""
    try:
        found = []
        for task in os.listdir("/proc/self/task"):
            with open(f"/proc/self/task/{task}/children", encoding="ascii") as file:
                found += file.read().split()
        return found
    except OSError:
        return [entry for entry in os.listdir("/proc") if entry.isdigit()] if os.path.isdir("/proc") else []


def _children() -> Dict[int, str]:
    """The commands of this process's living children, by their process ids; none where /proc is missing."""
    found: Dict[int, str] = {}
    for entry in _candidates():
        try:
            with open(f"/proc/{entry}/stat", encoding="utf-8", errors="replace") as file:
                name, rest = file.read().split("(", 1)[1].rsplit(")", 1)
                status, parent = rest.split()[:2]
            with open(f"/proc/{entry}/cmdline", "rb") as file:
                command = file.read().replace(b"\0", b" ").decode("utf-8", "replace").strip()
        except (OSError, ValueError, IndexError):
            continue
        if int(parent) == os.getpid() and status not in "ZX" and not _is_exiting(entry):
            found[int(entry)] = command or name  # a program that is only starting has no command line yet
    return found


def _is_exiting(pid: str) -> bool:
    """Whether a process has given up its program: it has exited, though its state does not tell yet."""
    try:
        os.readlink(f"/proc/{pid}/exe")
    except FileNotFoundError:
        return True
    except OSError:  # a program of another user: it may not be looked at, but it runs
        return False
    return False
