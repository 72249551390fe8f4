"""Prints the conformance table: ``python -m tests.conformance [-k text] [-j N] [-v]``."""

from __future__ import annotations

import argparse
import sys
from collections import Counter, defaultdict
from concurrent.futures import ProcessPoolExecutor

from tests.conformance import forked, grading

GRADES = ("pass", "flagged", "order", "failed", "silent", "wrong")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-k", default="", help="only ids which contain this text")
    parser.add_argument("-j", type=int, default=2)
    parser.add_argument("-v", action="store_true", help="print every case, not only the bad ones")
    args = parser.parse_args()
    chosen = [case for case in grading.cases() if args.k in case["id"]]
    table: dict[str, Counter[str]] = defaultdict(Counter)
    with ProcessPoolExecutor(args.j, initializer=forked.preload) as pool:
        for case, result in zip(chosen, pool.map(forked.run_case, chosen, chunksize=4), strict=True):
            table[case["group"]][result["grade"]] += 1
            if args.v or result["grade"] not in ("pass", "flagged"):
                print(f"{result['grade']:8}{case['id']}: {case['doc']}\n        {result['detail'].strip()}", flush=True)
    print(f"\n{'group':16}" + "".join(f"{g:>9}" for g in GRADES))
    for group, counts in [*table.items(), ("all", sum(table.values(), Counter()))]:
        print(f"{group:16}" + "".join(f"{counts[g]:9}" for g in GRADES))
    total = sum(table.values(), Counter())
    print(f"{total['pass'] + total['flagged']} of {len(chosen)} good")
    return 0 if total["pass"] + total["flagged"] == len(chosen) else 1


if __name__ == "__main__":
    sys.exit(main())
