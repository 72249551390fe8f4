"""What a call does to the world: files, state of the interpreter, programs and services."""

from __future__ import annotations

import contextlib
import os
import pickle
import sys
from collections.abc import Iterator
from typing import Any

from kale_lite.runtime import state

KINDS = ("numpy.random", "random", "torch.random", "os.environ", "cwd", "sys.path", "sys.recursionlimit",
         "warnings.filters", "pandas.options", "matplotlib.rcParams", "numpy.printoptions", "numpy.errstate",
         "decimal.context", "locale", "logging")  # fmt: skip
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_CHANGING = ("os.remove", "os.rename", "os.mkdir", "os.rmdir", "os.truncate", "os.link", "os.symlink", "os.chmod",
             "os.utime", "shutil.move", "shutil.rmtree")  # fmt: skip
_LISTING = ("os.listdir", "os.scandir", "glob.glob")
_OUTSIDE = {"socket.connect": "service", "subprocess.Popen": "program", "os.system": "program", "os.exec": "program",
            "os.posix_spawn": "program", "os.fork": "program"}  # fmt: skip
_ACTIVE: list[World] = []


class World:
    """What one call touched below the working directory, and the state that it changed."""

    def __init__(self) -> None:
        self.folder = os.getcwd()
        self.read: set[str] = set()
        self.written: set[str] = set()
        self.outside: set[str] = set()
        self.states: set[str] = set()

    def see(self, event: str, args: tuple[Any, ...]) -> None:
        if event in _OUTSIDE:
            self.outside.add(_OUTSIDE[event])
        elif event == "open" and isinstance(args[0], str | bytes | os.PathLike):
            self._touch(args[0], writes=bool(args[2] & _WRITING))
        elif event in _CHANGING:
            self._touch(args[0], writes=True)
            if event in ("os.rename", "os.link", "os.symlink", "shutil.move"):
                self._touch(args[1], writes=True)
        elif event in _LISTING:
            self._touch(args[0] or ".", writes=False)

    def _touch(self, path: Any, *, writes: bool) -> None:
        if not isinstance(path, str | bytes | os.PathLike):
            return
        full = os.path.abspath(os.path.join(self.folder, os.fsdecode(path)))
        if full == self.folder or full.startswith(self.folder + os.sep):
            (self.written if writes else self.read).add(os.path.relpath(full, self.folder))


def _hook(event: str, args: tuple[Any, ...]) -> None:
    if _ACTIVE:
        with contextlib.suppress(Exception):
            _ACTIVE[-1].see(event, args)


sys.addaudithook(_hook)


def states() -> dict[str, Any]:
    return {kind: _state(kind) for kind in KINDS}


def _state(kind: str) -> Any:
    if kind.split(".")[0] == "torch" and "torch" not in sys.modules:
        return None
    try:
        value = state.capture(kind)
        return pickle.dumps(value.numpy() if kind == "torch.random" else value)
    except Exception as error:
        return repr(error)


@contextlib.contextmanager
def watched() -> Iterator[World]:
    """What happens inside, as far as it is seen."""
    world, before = World(), states()
    _ACTIVE.append(world)
    try:
        yield world
    finally:
        _ACTIVE.remove(world)
        after = states()
        world.states = {kind for kind in KINDS if before[kind] is not None and before[kind] != after[kind]}
        for kind in world.states:
            _put_back(kind)


_FIRST: dict[str, Any] = {}


def remember() -> None:
    """The state to go back to after each call."""
    for kind in KINDS:
        with contextlib.suppress(Exception):
            if kind.split(".")[0] != "torch" or "torch" in sys.modules:
                _FIRST[kind] = state.capture(kind)


def put_back() -> None:
    """All state as it was remembered."""
    for kind in _FIRST:
        _put_back(kind)


def _put_back(kind: str) -> None:
    with contextlib.suppress(Exception):
        state.restore(kind, _FIRST[kind])
        if kind == "os.environ":
            for name in set(os.environ) - set(state._BASE_ENVIRONMENT):
                del os.environ[name]
