"""The files that a step opens, the programs it starts and the services it connects to, seen by an audit hook.

So the run can tell what analysis missed. What libraries do in C, below Python, is not seen.
"""

from __future__ import annotations

import os
import sys
from typing import Any, Dict, List, Optional, Set, Tuple

__all__ = ["WorldWatch"]

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_CHANGING = ("os.remove", "os.rename", "os.mkdir", "os.rmdir", "os.truncate", "shutil.move", "shutil.rmtree")
_STARTING = {"subprocess.Popen": 1, "os.system": 0, "os.posix_spawn": 1, "os.exec": 1}
"""Events of programs, and which argument is the command."""
_HELPERS = ("loky", "joblib", "multiprocessing", "resource_tracker", "ipykernel", "lscpu", "uname", "ldconfig", "fc-list",
            "nvidia-smi", "sysctl", "ipconfig", "ifconfig")  # fmt: skip
"""Programs that libraries start for themselves: workers, and those that only ask for the machine."""
_ASIDE = ("__pycache__", ".ipynb_checkpoints", ".git", ".cache", ".ipython", ".config", "site-packages")
_MOST = 10_000
"""Names kept of each kind: a step that touches more files is compared by the first ones."""
_TEMPORARY = ("tempfile.mkdtemp", "tempfile.mkstemp")
_OUTSIDE = ("socket.connect", *_TEMPORARY, *_STARTING)
_ACTIVE: List["WorldWatch"] = []
_HOOKED: List[bool] = []


def _hook(event: str, args: Tuple[Any, ...]) -> None:
    """Runs for every audited event of the process, so it looks at the name first. Never raises."""
    if not _ACTIVE or (event != "open" and event not in _CHANGING and event not in _OUTSIDE):
        return
    try:
        if event in _OUTSIDE:
            _ACTIVE[-1].left(event, args)
            return
        writes = event != "open" or bool(args[2] & _WRITING)
        _ACTIVE[-1].touched(args[0], writes)
    except Exception:
        return


class WorldWatch:
    """What a step does to the world, from now on until ``stop``: the files below the working directory that it reads
    and writes, the programs that it starts, and the services that it connects to.

    ``own`` is the folder of the run's record, which is left out. ``ran`` counts the cells that have ended.
    """

    def __init__(self, own: str) -> None:
        self.own = own
        self.folder = os.getcwd()
        self.written: Set[str] = set()
        self.read: Set[str] = set()
        self.ran = 0
        self.outside: Dict[Tuple[str, str], int] = {}
        self.temporary: Dict[str, int] = {}
        if not _HOOKED:
            sys.addaudithook(_hook)
            _HOOKED.append(True)
        _ACTIVE.append(self)

    def stop(self) -> None:
        """Look no further."""
        _ACTIVE.remove(self)

    def touched(self, path: Any, writes: bool) -> None:
        """A file or folder is opened, made, moved or removed."""
        name = self._below(path)
        kept = self.written if writes else self.read
        if name is not None and len(kept) < _MOST:
            kept.add(name)

    def left(self, event: str, args: Tuple[Any, ...]) -> None:
        """A program is started, a service connected to, or something temporary made.

        Sockets in the file system are other processes of a library.
        """
        if event in _TEMPORARY:
            self.temporary[os.fsdecode(args[0])] = self.ran + 1
        elif event in _STARTING:
            command = args[_STARTING[event]]
            words = [command] if isinstance(command, (str, bytes, os.PathLike)) else list(command)
            text = " ".join(os.fsdecode(word) for word in words)
            if not any(word in text for word in _HELPERS):
                self._note("program", text.split(" -")[0][:60])
        elif isinstance(args[1], tuple):
            self._note("service", ":".join(map(str, args[1][:2])))

    def _note(self, kind: str, what: str) -> None:
        if len(self.outside) < _MOST:
            self.outside.setdefault((kind, what), self.ran + 1)

    def _below(self, path: Any) -> Optional[str]:
        """The full path; None for paths elsewhere, for modules, and for what tools keep for themselves."""
        if not isinstance(path, (str, bytes, os.PathLike)):
            return None
        full = os.path.abspath(os.fsdecode(path))
        if not full.startswith(self.folder + os.sep) or full.startswith(self.own + os.sep):
            return None
        parts = os.path.relpath(full, self.folder).split(os.sep)
        aside = any(part in _ASIDE for part in parts) or full.endswith((".py", ".pyc"))
        return None if aside else full

    def report(self) -> Dict[str, List[str]]:
        """What was touched, by full path."""
        return {"read": sorted(self.read), "written": sorted(self.written)}

    def report_outside(self) -> List[List[Any]]:
        """Programs and services: kind, name, and during which cell, from 1, it was first seen."""
        return [[kind, what, ran] for (kind, what), ran in sorted(self.outside.items())]
