"""Copies of the notebook's folder, one for each run, so that runs do not meet in their files."""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
from collections.abc import Iterable, Mapping
from pathlib import Path

from kale_lite.errors import UsageError

__all__ = ["changed_files", "copy_folder", "fingerprints"]

_LEFT_OUT = {".git", ".venv", "venv", "node_modules", "__pycache__", ".ipynb_checkpoints", "kale-lite-runs",
             ".mypy_cache", ".ruff_cache", ".pytest_cache", ".hypothesis"}  # fmt: skip
_SHARE_OF_DISK = 0.9


def copy_folder(folder: Path, targets: Iterable[Path], without: Path) -> None:
    """Copy a folder to each target, except environments, caches, records of runs and the folder ``without``.

    UsageError when the copies would fill the disk.
    """
    places = list(targets)
    size = sum(path.stat().st_size for path in _files(folder, without))
    free = shutil.disk_usage(places[0].parent).free
    if size * len(places) > free * _SHARE_OF_DISK:
        raise UsageError(
            f"the notebook's folder {folder} holds {size / 1e9:.1f} GB, and {len(places)} copies of it do not fit on "
            f"the disk ({free / 1e9:.1f} GB free)",
            hint="put the notebook into a folder with only what it needs",
        )
    for place in places:
        try:
            shutil.copytree(folder, place, symlinks=True, ignore=lambda base, names: _ignored(base, names, without))
        except shutil.Error as error:
            source, _, reason = error.args[0][0]
            raise UsageError(f"the notebook's folder cannot be copied: {source}: {reason}") from None


def _ignored(folder: str, names: list[str], without: Path) -> set[str]:
    return {n for n in names if _left_out(folder, n, without) or not _is_plain(os.path.join(folder, n))}


def _left_out(folder: str, name: str, without: Path | None) -> bool:
    return name in _LEFT_OUT or (without is not None and os.path.join(folder, name) == str(without))


def _is_plain(path: str) -> bool:
    mode = os.lstat(path).st_mode
    return stat.S_ISREG(mode) or stat.S_ISDIR(mode) or stat.S_ISLNK(mode)


def _files(folder: Path, without: Path | None = None) -> list[Path]:
    found = []
    for base, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not _left_out(base, name, without)]
        found += [path for name in names if (path := Path(base, name)).is_file() and not path.is_symlink()]
    return found


def fingerprints(folder: Path) -> dict[str, str]:
    """A digest of every file below a folder, by its relative path."""
    found = {}
    for path in _files(folder):
        with path.open("rb") as file:
            found[path.relative_to(folder).as_posix()] = hashlib.file_digest(file, "blake2b").hexdigest()
    return found


def changed_files(before: Mapping[str, str], after: Mapping[str, str]) -> dict[str, str | None]:
    """The files that a run made, changed (their digest) or removed (None)."""
    changed: dict[str, str | None] = {name: None for name in before if name not in after}
    return changed | {name: digest for name, digest in after.items() if before.get(name) != digest}
