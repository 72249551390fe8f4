"""What the run-time checks cost a step that handles a frame of 500 MB.

The same work on the same payload, with the step's checks and watches and without, alternating; medians of CPU and
wall seconds. Work: mean by group, then a sum of every column: about the least one does with such a frame.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from typing import Any

import numpy as np
import pandas as pd

from kale_lite.runtime import store
from kale_lite.runtime.checks import Watch


def frame(megabytes: int) -> pd.DataFrame:
    rows = megabytes * 1_000_000 // (8 * 25)
    numbers = np.random.default_rng(0)
    columns = {f"x{i}": numbers.random(rows) for i in range(24)}
    return pd.DataFrame({"group": numbers.integers(0, 100, rows), **columns})


def step(folder: str, *, checked: bool) -> tuple[float, float, float]:
    """One step: CPU and wall seconds, and the wall seconds of them that the checks and watches took."""
    spec = {"readonly": ["df"], "result": os.path.join(folder, "work", "step.result.json")}
    cpu, wall, checking = time.process_time(), time.perf_counter(), 0.0
    loaded = store.read_payload(folder, "p")
    namespace: dict[str, Any] = dict(loaded.values)
    if checked:
        started = time.perf_counter()
        watch = Watch(spec, namespace, {"p": loaded})
        checking += time.perf_counter() - started
    df = namespace["df"]
    df.groupby("group").mean()
    df.sum()
    if checked:
        started = time.perf_counter()
        watch.check()
        checking += time.perf_counter() - started
        assert watch.inputs.unchecked == []
    return time.process_time() - cpu, time.perf_counter() - wall, checking


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=7)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        store.write_payload(folder, "p", {"df": frame(arguments.megabytes)})
        step(folder, checked=True)
        spent: dict[bool, list[tuple[float, float, float]]] = {True: [], False: []}
        for _ in range(arguments.rounds):
            for checked in (True, False):
                spent[checked].append(step(folder, checked=checked))
    medians = {c: [statistics.median(row[n] for row in rows) for n in range(3)] for c, rows in spent.items()}
    for number, name in enumerate(("CPU", "wall")):
        one, other = medians[True][number], medians[False][number]
        print(f"{name:>4} s: {one:.3f} with checks, {other:.3f} without: {one / other - 1:+.1%}")
    checking = medians[True][2]
    print(f"the checks themselves: {1000 * checking:.1f} ms, {checking / medians[False][1]:.1%} of the step")


if __name__ == "__main__":
    main()
