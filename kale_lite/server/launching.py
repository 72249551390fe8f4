"""Starts the process of a run, and waits until it says how it began."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kale_lite.server.answers import Problem

__all__ = ["launch"]

_PATIENCE = 180.0
"""Seconds until a run must have begun: a slow disk, many packages, a server far away."""


def launch(wanted: Mapping[str, Any], cwd: Path) -> int:
    """The number of the run that was started. Problem when it was refused. Blocks until then.

    The process has a session of its own and nothing of the server but its environment, so that it outlives it.
    """
    command = [sys.executable, "-P", "-m", "kale_lite.server.running"]
    with tempfile.TemporaryFile() as errors:
        try:
            process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, cwd=cwd, start_new_session=True
            )
        except OSError as error:
            raise Problem(422, f"the run cannot be started in {cwd}: {error.strerror}") from None
        timer = threading.Timer(_PATIENCE, process.kill)
        timer.daemon = True
        timer.start()
        try:
            answer = _answer(process, wanted)
        finally:
            timer.cancel()
            # Somebody must take note of its end, or it stays in the table of processes.
            threading.Thread(target=process.wait, name="kale-lite run", daemon=True).start()
        if answer.get("status", 500) == 500 and "run" not in answer:
            errors.seek(0)
            said = errors.read().decode("utf-8", "replace").strip()
            print(said, file=sys.stderr, flush=True)  # the server's log
        if not answer:
            last = said.splitlines()[-1] if said else "it was killed"
            raise Problem(500, f"the run's process ended before it began: {last}", "is there memory left?")
    if "run" not in answer:
        raise Problem(answer["status"], answer["message"], answer["hint"], answer["diagnostics"])
    return int(answer["run"])


def _answer(process: subprocess.Popen[bytes], wanted: Mapping[str, Any]) -> dict[str, Any]:
    assert process.stdin is not None
    assert process.stdout is not None
    with process.stdout as answers:
        try:
            with process.stdin as questions:
                questions.write(json.dumps(wanted).encode())
        except OSError:
            return {}
        try:
            found: dict[str, Any] = json.loads(answers.readline() or b"{}")
        except ValueError:
            return {}
        return found
