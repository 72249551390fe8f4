"""Runs one example: plainly, to see whether it counts, then `kale-lite verify`."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat

from benchmarks.realnb.environments import kernel_name
from benchmarks.realnb.listing import Candidate, as_notebook

WALL = 2  # wall seconds allowed for each second of processor time, as the machine may be busy
VERIFY_WALL = 1200
STEP_WALL = 300  # in `verify`, for a step: the example counts already, and the machine runs other things meanwhile
_NETWORK = re.compile(r"127\.0\.0\.1:9|port=9\b|Connection refused|URLError|ProxyError|MaxRetryError|HTTPError|offline")
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")


@dataclass(slots=True)
class Outcome:
    """What became of a candidate. ``status``: excluded, same, differs, refused or failed."""

    package: str
    path: str
    status: str = ""
    reason: str = ""
    steps: int = 0
    codes: list[str] = field(default_factory=list)
    plain: float = 0.0
    seconds: float = 0.0
    random: int = 0
    edges: int = 0
    tried: int = 0
    needless: list[str] = field(default_factory=list)

    @property
    def counts(self) -> bool:
        return self.status != "excluded"


def prepare(candidate: Candidate, cache: Path) -> Path:
    """The candidate as a tagged notebook, in a copy of its folder without the other notebooks."""
    folder = cache / "work" / candidate.package / candidate.slug / candidate.source.parent.name
    if folder.exists():
        shutil.rmtree(folder)
    shutil.copytree(candidate.source.parent, folder, symlinks=True,
                    ignore=shutil.ignore_patterns("*.ipynb", "__pycache__", "*.zip", "*.gz"))  # fmt: skip
    notebook = as_notebook(candidate.source)
    name = kernel_name(candidate.package)
    notebook.metadata["kernelspec"] = {"name": name, "display_name": name, "language": "python"}
    path = folder / f"{candidate.source.stem}.ipynb"
    nbformat.write(notebook, path)
    return path


def run_plainly(notebook: Path, limit: float, variables: Mapping[str, str]) -> tuple[float, str]:
    """Processor seconds of a run in one kernel, and why it does not count (empty when it does)."""
    folder = notebook.parent.with_name("plain")
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(notebook.parent, folder, symlinks=True)
    executed = folder.with_name("plain.ipynb")
    executed.unlink(missing_ok=True)
    command = [sys.executable, "-m", "papermill", "--no-progress-bar", "--log-level", "ERROR", "--cwd", str(folder),
               str(notebook), str(executed)]  # fmt: skip
    code, seconds, error = _timed(command, variables, limit * WALL)
    shutil.rmtree(folder)
    if code is None or seconds > limit:
        return seconds, f"takes more than {limit:g} s"
    if code == 0:
        return seconds, ""
    return seconds, _why(executed) or f"fails in a plain run: {error[-200:]}"


def _timed(command: list[str], variables: Mapping[str, str], limit: float) -> tuple[int | None, float, str]:
    """Exit code (None: stopped), processor seconds with those of children, and the end of stderr.

    stderr goes to a file: a kernel that outlives the command would keep a pipe open.
    """
    with open(os.devnull, "wb") as null, tempfile.TemporaryFile() as errors:
        before = os.times()
        process = subprocess.Popen(command, env=dict(variables), stdout=null, stderr=errors, start_new_session=True)
        try:
            process.wait(limit)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            return None, limit, ""
        after = os.times()
        errors.seek(0)
        error = errors.read().decode("utf-8", "replace")
    used = after.children_user + after.children_system - before.children_user - before.children_system
    return process.returncode, used, _COLOURS.sub("", error).strip()


def _why(executed: Path) -> str:
    if not executed.exists():
        return ""
    for number, cell in enumerate(json.loads(executed.read_text("utf-8"))["cells"]):
        for output in cell.get("outputs", ()):
            if output["output_type"] == "error" and "raises-exception" not in cell["metadata"].get("tags", ()):
                return _classified(number, output)
    return ""


def _classified(number: int, error: Mapping[str, Any]) -> str:
    message = " ".join(_COLOURS.sub("", error["evalue"]).split())
    if _NETWORK.search(f"{error['ename']} {message}"):
        return "needs the network"
    if error["ename"] == "ModuleNotFoundError":
        return f"needs a module that is not installed: {message.rpartition(' named ')[2]}"
    return f"fails in a plain run, cell {number}: {error['ename']}: {message[:160]}"


def verify(notebook: Path, outcome: Outcome, variables: Mapping[str, str]) -> None:
    """Run `kale-lite verify` and note in the outcome what it says."""
    command = [sys.executable, "-m", "kale_lite", "verify", "--json", "--timeout", str(STEP_WALL), str(notebook)]
    started = time.monotonic()
    process = subprocess.Popen(command, env=dict(variables), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                               start_new_session=True)  # fmt: skip
    try:
        output, error = process.communicate(timeout=VERIFY_WALL)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGINT)
        output, error = process.communicate()
        outcome.status, outcome.reason = "failed", f"verify took more than {VERIFY_WALL} s"
        return
    finally:
        outcome.seconds = round(time.monotonic() - started, 1)
    if process.returncode == 2:
        outcome.status, outcome.reason = "refused", error.strip()
        outcome.codes = sorted(set(re.findall(r"error\s*\[?(KL\d+)", error)))
        return
    try:
        found = json.loads(output)
    except ValueError:
        outcome.status, outcome.reason = "failed", f"verify ended with {process.returncode}: {error.strip()[-2000:]}"
        return
    outcome.status = found["status"]
    outcome.random = sum(found["random"].values())
    texts = ["\n".join(filter(None, (f"{d['where']}: {d['what']}", d["detail"]))) for d in found["differences"]]
    outcome.reason = "\n".join(texts)
    outcome.codes = sorted(set(re.findall(r"\bKL\d+\b", outcome.reason)))


def digest(*paths: Path) -> str:
    """A digest of files and of all Python and YAML files below folders."""
    total = hashlib.sha256()
    for path in paths:
        files = [path] if path.is_file() else sorted(p for p in path.rglob("*") if p.suffix in {".py", ".yml"})
        for file in files:
            total.update(file.read_bytes())
    return total.hexdigest()
