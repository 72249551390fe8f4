"""Shipping the harness: its files and a private copy of cloudpickle, for kernels that have neither."""

from __future__ import annotations

import shutil
from pathlib import Path

__all__ = ["ship_harness"]

_KEEP_OUT = shutil.ignore_patterns("__pycache__", "*.pyc")


def ship_harness(folder: Path) -> Path:
    """Copy the harness into a folder and give its place. OSError when that cannot be written."""
    import cloudpickle

    import kale_lite.runtime as runtime

    target = folder / "harness"
    shutil.copytree(Path(runtime.__file__).parent, target, ignore=_KEEP_OUT, dirs_exist_ok=True)
    shutil.copytree(Path(cloudpickle.__file__).parent, target / "_cloudpickle", ignore=_KEEP_OUT, dirs_exist_ok=True)
    target.chmod(0o700)
    return target
