"""Times `kale-lite run notebooks/tumours.ipynb` against `papermill` on the same notebook, in turns.

Prints the minimum, median and maximum of wall and CPU seconds, and the ratio of each pair of runs.
Usage: python benchmarks/bench_tumours.py [rounds]
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

NOTEBOOK = Path(__file__).parents[1] / "notebooks" / "tumours.ipynb"
QUIET = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}


def timed(command: list[str]) -> tuple[float, float]:
    """(wall, CPU) seconds of a command and all it started."""
    before, started = os.times(), time.perf_counter()
    subprocess.run(command, check=True, **QUIET)
    wall, after = time.perf_counter() - started, os.times()
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return wall, cpu


def row(name: str, values: list[float], unit: str = " s") -> str:
    low, middle, high = min(values), statistics.median(values), max(values)
    return f"{name:28}{low:8.2f}{middle:8.2f}{high:8.2f}{unit}"


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    ours: list[tuple[float, float]] = []
    theirs: list[tuple[float, float]] = []
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as tmp:
            ours.append(timed([sys.executable, "-m", "kale_lite", "run", str(NOTEBOOK), "--output-dir", f"{tmp}/run"]))
            theirs.append(timed([sys.executable, "-m", "papermill", str(NOTEBOOK), f"{tmp}/out.ipynb"]))
    print(f"{rounds} rounds, {os.cpu_count()} cores{'':9}min     med     max")
    for name, rows in (("kale-lite", ours), ("papermill", theirs)):
        print(row(f"{name}, wall", [wall for wall, _ in rows]))
        print(row(f"{name}, CPU", [cpu for _, cpu in rows]))
    ratios = [mine[0] / other[0] for mine, other in zip(ours, theirs, strict=True)]
    print(row("wall, kale-lite / papermill", ratios, ""))


if __name__ == "__main__":
    main()
