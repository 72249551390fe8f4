"""Reads and compiles damaged notebooks: ``python -m tests.fuzz [-n COUNT] [--seed SEED]``; prints what came of them."""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

import kale_lite
from kale_lite.errors import KaleLiteError
from tests.fuzz.mutations import mutated

LIMIT = 60


class Hung(BaseException):
    """The watchdog's word: not an Exception, so that nothing swallows it."""


def _bark(number: int, frame: FrameType | None) -> None:
    raise Hung


def outcome(data: bytes, folder: Path) -> str:
    """What ``check`` and ``graph`` make of a file: ``compiled``, ``refused``, or the traceback."""
    path = folder / "nb.ipynb"
    path.write_bytes(data)
    signal.signal(signal.SIGALRM, _bark)
    signal.alarm(LIMIT)
    try:
        project = kale_lite.load(path)
        for one in project.check():
            str(one).encode()
        for form in ("text", "json", "mermaid"):
            project.graph(form).encode()
    except KaleLiteError as error:
        str(error).encode()
        return "refused"
    except Hung:
        return "hung\n" + traceback.format_exc()
    except BaseException:
        return traceback.format_exc()
    finally:
        signal.alarm(0)
    return "compiled"


def outcomes(seeds: range) -> Iterator[tuple[int, str]]:
    """The seed and outcome of each notebook."""
    with tempfile.TemporaryDirectory() as folder:
        for seed in seeds:
            yield seed, outcome(mutated(seed), Path(folder))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-n", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=0, help="the first notebook's")
    args = parser.parse_args()
    counts: Counter[str] = Counter()
    begun = time.monotonic()
    for seed, found in outcomes(range(args.seed, args.seed + args.n)):
        kind = found if found in ("compiled", "refused") else "hung" if found.startswith("hung") else "traceback"
        counts[kind] += 1
        if kind in ("hung", "traceback"):
            print(f"seed {seed}:\n" + "\n".join(found.splitlines()[-7:]), flush=True)
    print(
        f"{args.n} notebooks in {time.monotonic() - begun:.0f} s: " + ", ".join(f"{n} {k}" for k, n in counts.items())
    )
    return 1 if counts["hung"] + counts["traceback"] else 0


if __name__ == "__main__":
    sys.exit(main())
