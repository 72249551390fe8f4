"""The panel's own unit tests (vitest), where its sources were built."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.e2e.lab import ROOT


def test_the_units_of_the_panel(lab_python: Path) -> None:
    """``lab_python`` has had npm install what the units need."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    npm = shutil.which("npm", path=path)
    assert npm is not None, "npm is missing: `make test` installs it"
    folder, env = ROOT / "jupyterlab_extension", {**os.environ, "PATH": path, "CI": "1"}
    if not (folder / "node_modules").is_dir():  # the panel was there, built
        subprocess.run([npm, "ci"], cwd=folder, env=env, check=True, capture_output=True)
    done = subprocess.run(
        [npm, "test"], cwd=folder, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-8000:]
    assert "passed" in done.stdout
