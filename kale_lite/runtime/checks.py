"""What analysis assumed, checked when the step ends: inputs left alone, nothing left alive."""

from __future__ import annotations

import hashlib
import multiprocessing
import threading
import zlib
from typing import Any, Dict, List, Set

from . import pickling, state, store
from .failures import StepFailure

__all__ = ["Watch"]

_CHECKED_TYPES = ("builtins.", "numpy.", "pandas.")
_LARGEST = 256 * 1024 * 1024
"""Inputs with more buffers than this many bytes are compared by their memory map alone."""
_OWN_THREADS = ("IPythonHistorySavingThread", "ZMQ", "Heartbeat", "IOPub", "Control", "Shell", "Subshell", "pydevd",
                "asyncio_", "ThreadPoolExecutor", "QueueFeederThread", "QueueManagerThread", "ExecutorManagerThread",
                "tqdm", "loky", "joblib", "Subshell", "fsspecIO")  # fmt: skip
_RANDOM = ("numpy.random", "random")


class Watch:
    """Taken when the user's first cell is about to run, checked when the last one has."""

    def __init__(self, spec: Dict[str, Any], namespace: Dict[str, Any], loaded: Dict[str, store.Loaded]) -> None:
        self.spec, self.namespace = spec, namespace
        self.unchecked: List[str] = []
        self.threads: Set[int] = {t.ident or 0 for t in threading.enumerate()}
        self.readonly = {name: _fingerprint(namespace[name]) for name in spec.get("readonly", []) if name in namespace}
        self.states = {kind: state.digest(kind) for kind in (*_RANDOM, "os.environ", "cwd")}

    def check(self) -> None:
        """Raise StepFailure for the first thing that is not as analysis assumed."""
        self._check_inputs()
        self._check_states()
        self._check_alive()

    def _check_inputs(self) -> None:
        for name, before in self.readonly.items():
            if before is None:
                self.unchecked.append(name)
            elif name in self.namespace and _fingerprint(self.namespace[name]) != before:
                raise StepFailure(
                    "KL407",
                    f"step {self.spec['step']!r} changed {name!r}, which analysis held read-only here",
                    f"work on a copy of {name!r}, or add an effect rule for the call that changes it",
                    name,
                )

    def _check_states(self) -> None:
        allowed = set(self.spec.get("watch", {}).get("states", []))
        for kind, before in self.states.items():
            if before is None or kind in allowed or f"draw:{kind}" in allowed or f"state:{kind}" in allowed:
                continue
            if state.digest(kind) != before and not (kind in _RANDOM and not self._seeded(kind)):
                raise StepFailure(
                    "KL408",
                    f"step {self.spec['step']!r} changed interpreter state {kind!r}, which analysis did not see",
                    "make the change by a plain call in the cell, or add an effect rule for the call that makes it",
                    kind,
                )

    def _seeded(self, kind: str) -> bool:
        """Whether the notebook seeded this generator: only then do later steps see that it was drawn from."""
        return kind in self.spec.get("watch", {}).get("seeded", [])

    def _check_alive(self) -> None:
        for thread in threading.enumerate():
            if (thread.ident or 0) in self.threads or thread is threading.current_thread():
                continue
            if not thread.name.startswith(_OWN_THREADS) and not thread.daemon:
                raise StepFailure(
                    "KL406", f"thread {thread.name!r} is still running when step {self.spec['step']!r} ends",
                    "wait for it in the step that starts it: thread.join()",
                )  # fmt: skip
        for child in multiprocessing.active_children():
            if not child.daemon:
                raise StepFailure(
                    "KL406", f"process {child.name!r} is still running when step {self.spec['step']!r} ends",
                    "wait for it in the step that starts it: process.join()",
                )  # fmt: skip


def _fingerprint(value: Any) -> Any:
    """What a value pickles to, in short; None when it is of a type that may change without meaning, or too large."""
    kind = f"{type(value).__module__.split('.')[0]}."
    if not kind.startswith(_CHECKED_TYPES):
        return None
    try:
        data, buffers = pickling.dump(value)
    except Exception:
        return None
    raws = [buffer.raw() for buffer in buffers]
    if sum(raw.nbytes for raw in raws) > _LARGEST:
        return None
    return hashlib.sha256(data).hexdigest(), tuple(zlib.crc32(raw) for raw in raws)
