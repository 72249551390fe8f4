"""Runs generated programs both ways and counts: ``python -m tests.generated [-n COUNT] [--seed SEED] [-j N]``.

Each is cut into steps at random, compiled, and run in an order that differs from the notebook's wherever the graph
allows it; every tenth has branches that must stay apart. Ends with 1 when a program differs, fails or is ordered for
nothing, and prints what of it is needed for that.
"""

from __future__ import annotations

import argparse
import sys
import time

from tests.generated.counting import BATCH, Summary, batches

_TOLD = 250


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-n", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=0, help=f"the first of the seeds; each gives {BATCH} programs")
    parser.add_argument("-j", type=int, default=2)
    parser.add_argument("-v", action="store_true", help="print what is refused, too")
    args = parser.parse_args()
    begun = time.monotonic()
    whole = Summary()
    try:
        for found in batches(args.seed, args.n, args.j):
            before = whole.kinds.total()
            whole.merge(found)
            if whole.kinds.total() // _TOLD > before // _TOLD:
                print(
                    f"... {whole.kinds.total()} programs, {time.monotonic() - begun:.0f} s", file=sys.stderr, flush=True
                )
            for text in found.bad:
                if args.v or not text.startswith("#"):
                    print(text, flush=True)
    except KeyboardInterrupt:
        print("stopped early")
    print(f"{whole}\n{time.monotonic() - begun:.0f} s")
    return 1 if whole.kinds["differs"] + whole.kinds["failed"] + whole.kinds["ordered for nothing"] else 0


if __name__ == "__main__":
    sys.exit(main())
