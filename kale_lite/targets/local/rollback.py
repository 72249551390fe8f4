"""Files that a step writes, put back as they were before it is tried again, in this run or in one that resumes it."""

from __future__ import annotations

import filecmp
import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kale_lite.pipeline import Step
from kale_lite.targets.local.surroundings import file_states

__all__ = ["Rollback", "Undo", "is_pattern", "put_back", "undo_plan"]


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
            self._write(step)
            return
        for path, copy in self._kept[step.name].items():
            _restore(path, copy)

    def _write(self, step: Step) -> None:
        kept = self._kept[step.name]
        if kept:
            self._folder.mkdir(parents=True, exist_ok=True)
            data = {str(path.absolute()): copy.name if copy is not None else None for path, copy in kept.items()}
            (self._folder / f"{step.slug}.json").write_text(json.dumps(data), "utf-8")

    def _paths(self, step: Step) -> list[Path]:
        known = [path for path in step.files_written if not is_pattern(path)]
        return [path for path in (self._cwd / name for name in known) if not path.is_dir()]

    def _copy(self, step: Step, number: int, path: Path) -> Path | None:
        if not path.is_file():
            return None
        self._folder.mkdir(parents=True, exist_ok=True)
        copy = self._folder / f"{step.slug}-{number}"
        shutil.copy2(path, copy)
        return copy


@dataclass(frozen=True, slots=True)
class Undo:
    """A file of a step that runs again: ``copy`` is what it was before that step, None if it did not exist.

    Not ``possible`` when somebody else may have changed it after the step; ``ended`` is whether that
    step came to its end.
    """

    step: str
    path: Path
    copy: Path | None
    possible: bool
    ended: bool


def undo_plan(work: Path, steps: Sequence[Step]) -> tuple[tuple[Undo, ...], tuple[Step, ...]]:
    """What to put back for steps that ran in an earlier run, and which of them wrote files that are not known."""
    undo: dict[Path, Undo] = {}
    for step in reversed(steps):
        place = work / f"{step.slug}.files.json"
        after = _json(place)
        for name, copy in _json(work / "before" / f"{step.slug}.json").items():
            path, kept = Path(name), work / "before" / copy if copy is not None else None
            later = undo.get(path)
            known = later.possible if later is not None else _is_as(path, kept, after.get(name, ()))
            undo[path] = Undo(step.name, path, kept, known, place.exists())
    unknown = tuple(step for step in steps if any(map(is_pattern, step.files_written)))
    return tuple(undo.values()), unknown


def _is_as(path: Path, before: Path | None, after: object) -> bool:
    """Whether a file is as the step left it, or as it was before that."""
    if before is None and not path.exists():
        return True
    if before is not None and path.is_file() and filecmp.cmp(before, path, shallow=False):
        return True
    return file_states([str(path)], Path("/")).get(str(path), ()) == after


def put_back(undo: Sequence[Undo]) -> None:
    """Put files back. OSError as the disk says."""
    for one in undo:
        _restore(one.path, one.copy)


def _restore(path: Path, copy: Path | None) -> None:
    if copy is not None:
        shutil.copy2(copy, path)
    elif path.is_file():
        path.unlink()


def is_pattern(path: str) -> bool:
    """Whether a path of a step has a part that is known only when it runs."""
    return any(c in path for c in "*?[")


def _json(path: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return found
