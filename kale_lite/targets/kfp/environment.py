"""The author's environment: Python's version, and which distribution each import comes from."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

__all__ = ["Environment", "author_environment", "forget"]

_PROBE = """
import json, sys
from importlib import metadata
def head(dist):
    found = {}
    for line in (dist.read_text("METADATA") or dist.read_text("PKG-INFO") or "").splitlines():
        key, colon, value = line.partition(":")
        if not line:
            break
        if key in ("Name", "Version"):
            found.setdefault(key, value.strip())
    return found.get("Name"), found.get("Version")
def modules(dist):
    declared = dist.read_text("top_level.txt")
    if declared:
        return set(declared.split())
    found = set()
    for line in (dist.read_text("RECORD") or "").splitlines():
        path = line.partition(",")[0].strip('"')
        if path.endswith((".py", ".so", ".pyd")):
            first, slash, _ = path.partition("/")
            found.add(first if slash else first.partition(".")[0])
    return found
def local(dist):
    about = json.loads(dist.read_text("direct_url.json") or "{}")
    return about.get("url", "").startswith("file:") or "dir_info" in about or "vcs_info" in about
def about():
    providers, versions, locals_ = {}, {}, []
    for dist in metadata.distributions():
        name, version = head(dist)
        if not name:
            continue
        for module in modules(dist):
            providers.setdefault(module, set()).add(name)
        if name not in versions:
            versions[name] = version
            if local(dist):
                locals_.append(name)
    return {"python": list(sys.version_info[:2]), "standard": sorted(sys.stdlib_module_names),
            "providers": {key: sorted(value) for key, value in providers.items()},
            "versions": versions, "local": locals_}
"""
"""The libraries of importlib.metadata for this take four times as long, and compiling waits for it."""


@dataclass(frozen=True, slots=True)
class Environment:
    """``providers`` maps the first part of an import to distributions, ``versions`` those to what is installed.

    ``local`` are distributions that come from a folder or a repository, which no other machine can install by name.
    """

    python: tuple[int, int]
    standard: frozenset[str] = frozenset()
    providers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    local: frozenset[str] = frozenset()


def author_environment(kernel: str) -> Environment:
    """The environment of a kernel's Python; this process's own when the kernel cannot be asked."""
    for interpreter in dict.fromkeys((_interpreter(kernel), sys.executable)):
        found = _asked(interpreter)
        if found is not None:
            return found
    return Environment(sys.version_info[:2], frozenset(sys.stdlib_module_names))


def forget() -> None:
    """Ask again next time: a process that lives long meets packages that were installed since."""
    _asked.cache_clear()


@lru_cache(maxsize=8)
def _asked(interpreter: str) -> Environment | None:
    if interpreter == sys.executable:
        scope: dict[str, Any] = {}
        exec(_PROBE, scope)
        return _environment(scope["about"]())
    command = [interpreter, "-c", f"{_PROBE}print(json.dumps(about()))"]
    try:
        done = subprocess.run(command, capture_output=True, timeout=60, check=True)
        return _environment(json.loads(done.stdout))
    except (OSError, subprocess.SubprocessError, ValueError):
        return None


def _interpreter(kernel: str) -> str:
    """The program of a kernel's specification, found where Jupyter looks, without importing its client."""
    from jupyter_core.paths import jupyter_path

    for folder in map(Path, jupyter_path("kernels")):
        names = [one.name for one in folder.iterdir()] if folder.is_dir() else []
        for name in (one for one in names if one.lower() == kernel.lower()):
            argv = _argv(folder / name / "kernel.json")
            if argv is not None:
                program = argv[0] if argv else "python"
                return sys.executable if program in ("python", "python3") else str(program)
    return sys.executable


def _argv(path: Path) -> list[str] | None:
    try:
        argv = json.loads(path.read_text("utf-8")).get("argv", [])
        return argv if isinstance(argv, list) else []
    except (OSError, ValueError, AttributeError):
        return None


def _environment(found: dict[str, Any]) -> Environment:
    return Environment(
        (found["python"][0], found["python"][1]),
        frozenset(found["standard"]),
        {name: tuple(dists) for name, dists in found["providers"].items()},
        found["versions"],
        frozenset(found["local"]),
    )
