"""Paths as the page names them, and as they lie on the disk: never outside the server's root folder."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from kale_lite.server.answers import Problem

__all__ = ["Root"]

_DRIVE = re.compile(r"([A-Za-z][\w.-]*):(?!/)(.*)", re.S)
_OURS = ("RTC",)
"""Drives of JupyterLab that show the server's own files: that of real-time collaboration."""


@dataclass(frozen=True, slots=True)
class Root:
    """The server's root folder, with symbolic links resolved. ``hidden``: files that begin with a dot are shown."""

    folder: Path
    hidden: bool = False

    @classmethod
    def of(cls, folder: str | os.PathLike[str], *, hidden: bool = False) -> Root:
        return cls(Path(os.path.realpath(os.path.expanduser(folder))), hidden)

    def resolve(self, path: str) -> Path:
        """The full path of what the contents manager calls ``path``. Problem (400, 403) for what it may not name."""
        if not path.strip("/") or "\0" in path or len(path) > 4096:
            raise Problem(400, f"{path[:200]!r} is no path of a notebook", "name it from the server's root folder")
        place = self._place(path)
        if not self.holds(place):
            raise Problem(403, f"{path} is outside the server's root folder", "start Jupyter in a folder above it")
        if not self.hidden and any(part.startswith(".") for part in place.relative_to(self.folder).parts):
            raise Problem(403, f"{path} is hidden", "ContentsManager.allow_hidden shows hidden files")
        return place

    def notebook(self, path: str) -> Path:
        """The full path of a notebook. Problem (400, 403, 404) when it names none."""
        place = self.resolve(path)
        if not place.is_file():
            raise Problem(404, f"there is no notebook {path}", "save it first")
        return place

    def _place(self, path: str) -> Path:
        plain = self.folder / path.strip("/")
        drive = _DRIVE.fullmatch(path.lstrip("/"))
        if drive is None or os.path.lexists(plain):
            return Path(os.path.realpath(plain))
        if drive[1] not in _OURS:
            raise Problem(400, f"{path} lies on the drive {drive[1]!r}, and kale-lite runs files of the server's disk",
                          "copy the notebook into the server's root folder")  # fmt: skip
        return Path(os.path.realpath(self.folder / drive[2].strip("/")))

    def holds(self, place: Path) -> bool:
        """Whether a path lies in the root folder, wherever its symbolic links lead."""
        return Path(os.path.realpath(place)).is_relative_to(self.folder)

    def shown(self, place: str | Path) -> str | None:
        """A full path as the page names it; None outside the root folder."""
        if not str(place) or not self.holds(Path(place)):
            return None
        return Path(os.path.realpath(place)).relative_to(self.folder).as_posix()
