"""Runs examples and dataflow cases in containers: ``python -m tests.kfp.docker [-k text] [--all]``."""

from __future__ import annotations

import argparse
import signal
import sys
import time
from collections.abc import Callable
from functools import partial

from tests.conformance import grading
from tests.kfp.docker.containers import CASES, EXAMPLES, Containers, containers
from tests.kfp.docker.debian import Unavailable


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-k", default="", help="only examples and cases whose names contain this text")
    parser.add_argument("--all", action="store_true", help="all 240 dataflow cases")
    args = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the daemon ends
    cases = [case["id"] for case in grading.cases()[:240]] if args.all else list(CASES)
    try:
        with containers(partial(print, flush=True)) as ready:
            return _run(ready, [n for n in EXAMPLES if args.k in n], [n for n in cases if args.k in n])
    except Unavailable as reason:
        print(reason, file=sys.stderr)
        return 3


def _run(ready: Containers, examples: list[str], cases: list[str]) -> int:
    started, bad = time.monotonic(), 0
    work: list[tuple[Callable[[str], str], str]] = [(ready.example, name) for name in examples]
    work += [(ready.case, name) for name in cases]
    for check, name in work:
        before = time.monotonic()
        problem = check(name)
        bad += bool(problem)
        print(f"{'DIFFERS' if problem else 'same':8} {name} ({time.monotonic() - before:.1f} s) {problem}", flush=True)
    print(f"{len(work) - bad} of {len(work)} as in local runs, in {time.monotonic() - started:.0f} s")
    return 1 if bad or not work else 0


if __name__ == "__main__":
    sys.exit(main())
