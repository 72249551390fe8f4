"""Files that a step writes, put back as they were before it is tried again."""

from __future__ import annotations

import shutil
from pathlib import Path

from kale_lite.pipeline import Step

__all__ = ["Rollback"]


class Rollback:
    """Keeps copies of the files that steps are known to write. Paths that are not known cannot be kept.

    ``folder`` is where the copies go, ``cwd`` what relative paths start from.
    """

    def __init__(self, folder: Path, cwd: Path) -> None:
        self._folder, self._cwd = folder, cwd
        self._kept: dict[str, dict[Path, Path | None]] = {}

    def before_attempt(self, step: Step) -> None:
        """Before the first attempt of a step keep its files; before any further one put them back."""
        if step.name not in self._kept:
            self._kept[step.name] = {path: self._copy(step, i, path) for i, path in enumerate(self._paths(step))}
            return
        for path, copy in self._kept[step.name].items():
            if copy is not None:
                shutil.copy2(copy, path)
            elif path.is_file():
                path.unlink()

    def _paths(self, step: Step) -> list[Path]:
        known = [path for path in step.files_written if not any(c in path for c in "*?[")]
        return [path for path in (self._cwd / name for name in known) if not path.is_dir()]

    def _copy(self, step: Step, number: int, path: Path) -> Path | None:
        if not path.is_file():
            return None
        self._folder.mkdir(parents=True, exist_ok=True)
        copy = self._folder / f"{step.slug}-{number}"
        shutil.copy2(path, copy)
        return copy
