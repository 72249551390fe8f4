"""Examines generated programs in worker processes, and counts what comes of them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field

from tests.generated import templates
from tests.generated.minimal import minimal
from tests.generated.programs import Program
from tests.generated.running import Outcome, examine, prepare
from tests.generated.sampling import sample

__all__ = ["BATCH", "Summary", "batch", "batches"]

BATCH = 25


@dataclass
class Summary:
    """Counts of many programs."""

    kinds: Counter[str] = field(default_factory=Counter)
    codes: Counter[str] = field(default_factory=Counter)
    sums: Counter[str] = field(default_factory=Counter)
    bad: list[str] = field(default_factory=list)

    def add(self, program: Program, outcome: Outcome) -> None:
        self.kinds["ordered for nothing" if outcome.needless else outcome.kind] += 1
        self.codes.update(outcome.codes)
        if outcome.kind == "same":
            self.sums.update(steps=outcome.steps, edges=outcome.edges, parallel=outcome.parallel, apart=outcome.apart,
                             branched=bool(program.branches))  # fmt: skip

    def merge(self, other: Summary) -> None:
        self.kinds += other.kinds
        self.codes += other.codes
        self.sums += other.sums
        self.bad += other.bad

    def __str__(self) -> str:
        steps = max(1, self.sums["steps"])
        lines = [
            f"{self.kinds.total()} programs: " + ", ".join(f"{n} {kind}" for kind, n in self.kinds.most_common()),
            "refused by: " + (", ".join(f"{code} {n}" for code, n in self.codes.most_common()) or "nothing"),
            f"{steps} steps, {self.sums['edges'] / steps:.2f} edges a step, {self.sums['parallel']} pairs of steps in no order",
            f"{self.sums['branched']} programs of branches; {self.sums['apart']} pairs of names apart that no later step changes",
        ]
        return "\n".join(lines)


def is_bad(outcome: Outcome) -> bool:
    return outcome.kind in ("differs", "failed") or bool(outcome.needless)


def smallest(program: Program, outcome: Outcome) -> str:
    """A bad program with all left out that it is bad without, and what is wrong with it."""
    kind, needless = outcome.kind, bool(outcome.needless)

    def as_bad(other: Program) -> bool:
        found = examine(other)
        return found.kind == kind and bool(found.needless) == needless

    least = minimal(program, as_bad)
    found = examine(least)
    text = str(least).replace(templates.HEADER, "...")
    return f"{found.kind} {found.detail} {' '.join(found.needless)}\n\n{text}\n"


def batch(seed: int) -> Summary:
    """The outcomes of the programs of one seed."""
    summary = Summary()
    for program in sample(seed, BATCH):
        outcome = examine(program)
        summary.add(program, outcome)
        if is_bad(outcome):
            summary.bad.append(f"seed {seed}: " + smallest(program, outcome))
        elif outcome.kind in ("refused", "random"):
            summary.bad.append(f"# {outcome.kind} (seed {seed}) {re.sub(chr(10), ' | ', outcome.detail)[:300]}")
    return summary


def batches(first: int, count: int, jobs: int) -> Iterator[Summary]:
    with ProcessPoolExecutor(jobs, initializer=prepare) as pool:
        yield from pool.map(batch, range(first, first + -(-count // BATCH)))
