"""The author's environment: Python's version, and which distribution each import comes from."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

__all__ = ["Environment", "author_environment"]

_PROBE = """
import json, sys
from importlib import metadata
def local(dist):
    text = dist.read_text("direct_url.json") or "{}"
    about = json.loads(text)
    return about.get("url", "").startswith("file:") or "dir_info" in about or "vcs_info" in about
providers, versions, locals_ = {}, {}, []
for name, dists in metadata.packages_distributions().items():
    providers[name] = sorted(set(dists))
for dist in metadata.distributions():
    name = dist.metadata["Name"]
    if name and name not in versions:
        versions[name] = dist.version
        if local(dist):
            locals_.append(name)
print(json.dumps({"python": list(sys.version_info[:2]), "standard": sorted(sys.stdlib_module_names),
                  "providers": providers, "versions": versions, "local": locals_}))
"""


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


@lru_cache(maxsize=8)
def _asked(interpreter: str) -> Environment | None:
    try:
        done = subprocess.run([interpreter, "-c", _PROBE], capture_output=True, timeout=60, check=True)
        return _environment(json.loads(done.stdout))
    except (OSError, subprocess.SubprocessError, ValueError):
        return None


def _interpreter(kernel: str) -> str:
    from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel

    try:
        argv = KernelSpecManager().get_kernel_spec(kernel).argv
    except NoSuchKernel:
        return sys.executable
    program = argv[0] if argv else "python"
    return sys.executable if program in ("python", "python3") else str(program)


def _environment(found: dict[str, Any]) -> Environment:
    return Environment(
        (found["python"][0], found["python"][1]),
        frozenset(found["standard"]),
        {name: tuple(dists) for name, dists in found["providers"].items()},
        found["versions"],
        frozenset(found["local"]),
    )
