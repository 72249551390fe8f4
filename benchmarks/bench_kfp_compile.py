"""Times compiling for Kubeflow: kale-lite against Kale (`kubeflow-kale`), whole processes, on the same notebooks.

Both commands read a tagged notebook and leave a pipeline that KFP takes: kale-lite YAML, Kale the DSL and the YAML that
kfp compiles from it. Kale lives in a virtual environment of its own, which is made once in the cache folder. Prints
medians of CPU seconds (of the process and all it started), sizes of the YAML, and ratios.

Usage: python benchmarks/bench_kfp_compile.py [--rounds 5] [--steps 2 9 100 300] [--alone 500] [--cache DIR]
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import nbformat

KALE = "kubeflow-kale==2.3.*"
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "kale-lite" / "benchmarks"
LIMIT = 900
"""Seconds after which a compilation counts as not done."""


@dataclass(frozen=True)
class Compiled:
    """One compilation: CPU seconds, and bytes of YAML."""

    cpu: float
    size: int


def notebook(steps: int) -> nbformat.NotebookNode:
    """A chain of pairs: every second step fits on what the step above made, the last one gathers some results."""
    cells = [(["imports"], "import math"), (["step:first"], "total = 0\nrows = [1, 2, 3]")]
    for i in range(1, steps - 1):
        before = "first" if i % 2 else f"s{i - 1}"
        source = f"r{i} = [math.sqrt(one + {i}) for one in {'rows' if i % 2 else f'r{i - 1}'}]\nprint(sum(r{i}))"
        cells.append(([f"step:s{i}", f"prev:{before}"], source))
    last = [f"s{i}" for i in range(max(1, steps - 3), steps - 1)] or ["first"]
    gathered = " + ".join(f"len({name.replace('s', 'r', 1)})" for name in last if name != "first") or "len(rows)"
    cells.append((["step:last", *(f"prev:{name}" for name in last)], f"total = {gathered}\nprint(total)"))
    content = nbformat.v4.new_notebook()
    content.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    content.metadata["kubeflow_notebook"] = {
        "pipeline_name": f"steps-{steps}",
        "experiment_name": "bench",
        "volumes": [],
    }
    content.cells = [nbformat.v4.new_code_cell(source, metadata={"tags": tags}) for tags, source in cells]
    return content


def kale(cache: Path) -> Path:
    """Kale's command, in an environment of its own."""
    command = cache / "kale" / "bin" / "kale"
    if not command.exists():
        print(f"installing {KALE} into {cache / 'kale'} (once) ...", flush=True)
        subprocess.run([sys.executable, "-m", "venv", "--clear", cache / "kale"], check=True)
        subprocess.run(
            [command.with_name("python"), "-m", "pip", "install", "--quiet", KALE],
            check=True,
            stderr=subprocess.DEVNULL,
        )
    return command


def timed(command: list[str | Path], folder: Path) -> Compiled | None:
    """A command that leaves one YAML file below the folder; None when it takes too long."""
    before = os.times()
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=LIMIT)
    except subprocess.TimeoutExpired:
        return None
    after = os.times()
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    found = list(folder.rglob("*.yaml"))
    if done.returncode or len(found) != 1:
        sys.exit(
            f"{command[0]} ended with {done.returncode} and left {found}\n{done.stdout[-2000:]}{done.stderr[-2000:]}"
        )
    return Compiled(cpu, found[0].stat().st_size)


def once(tool: str, steps: int, command: Path) -> Compiled | None:
    with tempfile.TemporaryDirectory() as tmp:
        folder = Path(tmp)
        nbformat.write(notebook(steps), folder / "nb.ipynb")
        if tool == "kale":
            return timed([command, "--nb", folder / "nb.ipynb"], folder)
        return timed(
            [sys.executable, "-m", "kale_lite", "compile", "nb.ipynb", "-o", "nb.yaml", "--no-install"], folder
        )


def told(runs: list[Compiled | None]) -> tuple[float | None, str]:
    """The median of the CPU seconds, and a cell of the table."""
    if not runs or None in runs:
        return None, f"not in {LIMIT} s" if runs else ""
    done = [one for one in runs if one is not None]
    cpu = statistics.median(one.cpu for one in done)
    return cpu, f"{cpu:.2f} s, {done[0].size / 1000:.0f} kB"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, nargs="*", default=[2, 9, 100, 300])
    parser.add_argument("--alone", type=int, nargs="*", default=[500], help="for kale-lite only")
    parser.add_argument("--cache", type=Path, default=CACHE)
    args = parser.parse_args()
    command = kale(args.cache) if args.steps else Path()
    print(f"CPU seconds of whole processes, medians of {args.rounds} rounds in turns\n")
    print("| steps | kale-lite | Kale | ratio |\n|---|---|---|---|")
    for steps in [*args.steps, *args.alone]:
        ours: list[Compiled | None] = []
        theirs: list[Compiled | None] = []
        for _ in range(args.rounds):
            ours.append(once("kale-lite", steps, command))
            if steps in args.steps and None not in theirs:
                theirs.append(once("kale", steps, command))
        (mine, text), (other, peer) = told(ours), told(theirs)
        ratio = f"{mine / other:.2f}" if mine and other else ""
        print(f"| {steps} | {text} | {peer} | {ratio} |", flush=True)


if __name__ == "__main__":
    main()
