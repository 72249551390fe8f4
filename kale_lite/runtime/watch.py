"""The files that a step opens, seen by an audit hook, so that the run can tell what analysis missed."""

from __future__ import annotations

import os
import sys
from typing import Any, Dict, List, Optional, Set, Tuple

__all__ = ["FileWatch"]

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_CHANGING = ("os.remove", "os.rename", "os.mkdir", "os.rmdir", "os.truncate", "shutil.move", "shutil.rmtree")
_ASIDE = ("__pycache__", ".ipynb_checkpoints", ".git", ".cache", ".ipython", ".config", "site-packages")
_MOST = 10_000
"""Names kept of each kind: a step that touches more files is compared by the first ones."""
_ACTIVE: List["FileWatch"] = []
_HOOKED: List[bool] = []


def _hook(event: str, args: Tuple[Any, ...]) -> None:
    """Runs for every audited event of the process, so it looks at the name first. Never raises."""
    if not _ACTIVE or (event != "open" and event not in _CHANGING):
        return
    try:
        writes = event != "open" or bool(args[2] & _WRITING)
        _ACTIVE[-1].touched(args[0], writes)
    except Exception:
        return


class FileWatch:
    """The files below the working directory that a step reads and writes, from now on until ``stop``.

    ``own`` is the folder of the run's record, which is left out.
    """

    def __init__(self, own: str) -> None:
        self.own = own
        self.folder = os.getcwd()
        self.written: Set[str] = set()
        self.read: Set[str] = set()
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
