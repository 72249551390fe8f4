"""What the steps of a run depend on beside the notebook: packages, modules in the making, files. Taken as data."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

__all__ = ["digest", "environment", "file_states", "is_for_libraries", "look_around", "words_of"]

_WATCHED = re.compile(r"(OMP|MKL|OPENBLAS|CUDA|LC)_.*|PYTHON(?!HASHSEED).*|LANG|TZ")
"""The hash seed is compared by itself."""

_PROBE = """
import ast, hashlib, importlib.util, json, os, sys
sys.path.insert(0, os.getcwd())
found = {}
for folder in sys.path:
    try:
        names = os.listdir(folder)
    except OSError:
        continue
    for name in names:
        if name.endswith((".dist-info", ".egg-info")) and "-" in name:
            package, version = name.rsplit(".", 1)[0].split("-")[:2]
            found.setdefault(package.lower().replace("_", "-"), version)
modules, unfound = {}, []
named = json.loads(sys.argv[1])
todo = json.loads(sys.argv[1])
for name in todo:
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, ValueError):
        spec = None
    if spec is None and name in named:
        unfound.append(name)
    origin = getattr(spec, "origin", None) or ""
    places = list(getattr(spec, "submodule_search_locations", None) or ())
    if "site-packages" in origin or "dist-packages" in origin or not (origin.endswith(".py") or places):
        continue
    if os.path.abspath(origin).startswith(os.path.dirname(os.__file__) + os.sep):
        continue
    files = [origin] if not places else [
        os.path.join(top, file) for place in places for top, _, files in os.walk(place) for file in files
        if file.endswith(".py")
    ]
    total = hashlib.sha256()
    for file in sorted(files):
        with open(file, "rb") as opened:
            source = opened.read()
        total.update(file.encode() + b"\\0" + hashlib.sha256(source).digest())
        # What a module imports counts as well: other files of the folder, that the notebook does not name.
        try:
            tree = ast.parse(source)
        except (SyntaxError, ValueError):
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                wanted = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and not node.level:
                wanted = [node.module]
            else:
                continue
            todo += {one.partition(".")[0] for one in wanted}.difference(todo)
    modules[name] = total.hexdigest()
about = {"packages": found, "modules": modules, "unfound": unfound}
print(json.dumps({"python": sys.version, "executable": sys.executable, **about}))
"""
_PATIENCE = 60.0


def look_around(kernel: str, libraries: Iterable[str], cwd: Path) -> dict[str, Any] | None:
    """The kernel's Python, its packages with versions, and digests of imported modules that are not installed, and of
    those that these import; which modules were not found (the notebook may change where modules are looked for).

    ``libraries`` are the top-level modules that the pipeline imports. None when the kernel cannot be asked.
    """
    from jupyter_client.kernelspec import KernelSpecManager

    spec = KernelSpecManager().get_kernel_spec(kernel)
    program = spec.argv[0] if spec.argv and any("ipykernel" in part for part in spec.argv) else ""
    found = sys.executable if program in ("python", "python3") else shutil.which(program)
    if found is None:
        return None
    command = [found, "-c", _PROBE, json.dumps(sorted(libraries))]
    try:
        done = subprocess.run(command, capture_output=True, timeout=_PATIENCE, check=True, cwd=cwd)
        data: dict[str, Any] = json.loads(done.stdout)
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
    return data


def words_of(source: str) -> frozenset[str]:
    """The words of a cell, among them the environment variables that it names."""
    return frozenset(re.findall(r"\w+", source)) - {"_"}


def is_for_libraries(name: str) -> bool:
    """Whether the interpreter or libraries go by an environment variable that no cell names."""
    return _WATCHED.fullmatch(name) is not None


def environment(sources: Iterable[str]) -> dict[str, str]:
    """Digests of the environment variables that cells name, and of those that libraries go by: no values."""
    named = frozenset[str]().union(*map(words_of, sources))
    return {
        name: digest(f"{name}={value}") for name, value in os.environ.items()
        if name in named or is_for_libraries(name)
    }  # fmt: skip


def digest(text: str) -> str:
    """A short name for a text: a cell's source, the value of a variable."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def file_states(paths: Iterable[str], cwd: Path) -> Mapping[str, list[int] | None]:
    """Size and time of change (ns) of files by full path; None for one that does not exist. Folders are left out."""
    states: dict[str, list[int] | None] = {}
    for name in paths:
        if any(c in name for c in "*?["):
            continue
        path = cwd / name
        if path.is_dir():
            continue
        try:
            found = path.stat()
        except OSError:
            states[str(path)] = None
        else:
            states[str(path)] = [found.st_size, found.st_mtime_ns]
    return states
