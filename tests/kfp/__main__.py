"""Prints how the dataflow cases do on Kubeflow: ``python -m tests.kfp [-k text] [-j N] [-v] [--ours]``."""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor

from tests.conformance import grading
from tests.kfp.cases import run_case

GIVEN = 240


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-k", default="", help="only ids which contain this text")
    parser.add_argument("-j", type=int, default=2)
    parser.add_argument("-v", action="store_true", help="print every case, not only the bad ones")
    parser.add_argument("--ours", action="store_true", help="also the cases of this repository")
    args = parser.parse_args()
    chosen = [case for case in grading.cases()[: None if args.ours else GIVEN] if args.k in case["id"]]
    started = time.time()
    counts: Counter[str] = Counter()
    with ProcessPoolExecutor(args.j) as pool:
        for case, result in zip(chosen, pool.map(run_case, chosen), strict=True):
            counts[result["grade"]] += 1
            if args.v or result["grade"] not in ("pass", "flagged"):
                print(f"{result['grade']:8}{case['id']}: {case['doc']}\n        {result['detail'].strip()}", flush=True)
    print(f"{dict(counts)} of {len(chosen)} in {time.time() - started:.0f} s")
    return 0 if counts["pass"] + counts["flagged"] == len(chosen) else 1


if __name__ == "__main__":
    sys.exit(main())
