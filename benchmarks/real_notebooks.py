"""Measures kale-lite on the example notebooks of packages that others wrote: every code cell a step, `verify`.

The packages and the rule are in real_notebooks.toml. Their source distributions are fetched into a cache folder, where
each package gets an environment; nothing of theirs is kept here. Each example runs plainly first, offline, to see
whether the rule counts it. Outcomes are kept in the cache and used again as long as neither kale-lite nor the example
has changed, so an interrupted measurement goes on where it was.

    python -m benchmarks.real_notebooks [--package NAME]... [--only TEXT] [--limit N] [--edges N] [-j N] ...
"""

from __future__ import annotations

import argparse
import json
import warnings
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, replace
from pathlib import Path

import kale_lite
from benchmarks.realnb import edges, environments, runs
from benchmarks.realnb.listing import Candidate, Package, Rule, candidates, fetch, read_list
from benchmarks.realnb.runs import Outcome

LIST = Path(__file__).with_suffix(".toml")
CACHE = Path.home() / ".cache" / "kale-lite-real-notebooks"
STATUSES = ("same", "differs", "refused", "failed")


def main() -> int:
    """Exit code 1 when an example differs or fails."""
    arguments = _arguments()
    warnings.filterwarnings("ignore", module="nbformat")
    rule, packages = read_list(LIST)
    chosen = [p for p in packages if not arguments.package or p.name in arguments.package]
    jobs, not_taken = _jobs(chosen, rule, arguments)
    outcomes = _measure(jobs, rule, arguments)
    _print_exclusions(outcomes, not_taken)
    _print_bad(outcomes)
    _print_table(outcomes)
    if arguments.json:
        arguments.json.write_text(json.dumps([asdict(o) for o in outcomes], indent=1) + "\n", "utf-8")
    return int(any(o.status in ("differs", "failed") for o in outcomes))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--package", action="append", help="only this package (repeatable)")
    parser.add_argument("--only", default="", metavar="TEXT", help="only examples whose path contains this")
    parser.add_argument("--limit", type=int, help="at most so many examples")
    parser.add_argument("--plain", action="store_true", help="only tell which examples count")
    parser.add_argument("--edges", type=int, default=0, metavar="N", help="try out N edges of each (default: none)")
    parser.add_argument(
        "--keep-same",
        action="store_true",
        help="do not measure again what was the same with an earlier version of kale-lite",
    )
    parser.add_argument("-j", "--jobs", type=int, default=1, help="examples at once")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all outcomes here")
    parser.add_argument("--cache", type=Path, default=CACHE, metavar="DIR", help=f"default: {CACHE}")
    return parser.parse_args()


def _jobs(
    packages: Sequence[Package], rule: Rule, arguments: argparse.Namespace
) -> tuple[list[Candidate], Counter[str]]:
    jobs: list[Candidate] = []
    not_taken: Counter[str] = Counter()
    for package in packages:
        print(f"{package.name} {package.version} ...", flush=True)
        source = fetch(package, arguments.cache)
        found, not_taken[package.name] = candidates(package, rule, source)
        wanted = [c for c in found if arguments.only in c.path]
        if wanted:
            environments.make(package, rule, arguments.cache)
        jobs += wanted
    return jobs[: arguments.limit], not_taken


def _measure(jobs: Sequence[Candidate], rule: Rule, arguments: argparse.Namespace) -> list[Outcome]:
    engine = runs.digest(Path(kale_lite.__file__).parent)
    outcomes = [Outcome(c.package, c.path, "excluded", c.problem) for c in jobs if c.problem]
    left = [c for c in jobs if not c.problem]
    with ProcessPoolExecutor(arguments.jobs) as pool:
        given = (rule, arguments.cache.resolve(), engine, arguments)
        running = [pool.submit(_one, candidate, *given) for candidate in left]
        for number, future in enumerate(as_completed(running), 1):
            outcomes.append(future.result())
            print(f"[{number}/{len(left)}] {_line(outcomes[-1])}", flush=True)
    return sorted(outcomes, key=lambda o: (o.package, o.path))


def _one(candidate: Candidate, rule: Rule, cache: Path, engine: str, arguments: argparse.Namespace) -> Outcome:
    """The outcome of a candidate, from the cache where it still holds."""
    kept = cache / "results" / candidate.package / f"{candidate.slug}.json"
    content = json.loads(kept.read_text("utf-8")) if kept.exists() else {}
    variables = environments.environment(cache)
    notebook = runs.prepare(candidate, cache)
    source = runs.digest(notebook)
    outcome = Outcome(candidate.package, candidate.path)
    if content.get("notebook") != source:
        outcome.plain, outcome.reason = runs.run_plainly(notebook, rule.seconds, variables)
        outcome.status = "excluded" if outcome.reason else ""
        content = {"notebook": source, "outcome": asdict(outcome)}
    outcome = Outcome(**content["outcome"])
    holds = content.get("engine") == engine or (arguments.keep_same and outcome.status == "same")
    if outcome.counts and not holds and not arguments.plain:
        outcome = Outcome(candidate.package, candidate.path, plain=outcome.plain)
        runs.verify(notebook, outcome, variables)
        content |= {"engine": engine, "outcome": asdict(outcome)}
    tried = content.get("edges", ["", -1])
    tried_now = tried == [engine, arguments.edges] or (holds and arguments.keep_same and tried[1] == arguments.edges)
    if outcome.status in ("same", "differs") and not tried_now:
        edges.measure(notebook, outcome, variables, arguments.edges)
        content |= {"edges": [engine, arguments.edges], "outcome": asdict(outcome)}
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.write_text(json.dumps(content), "utf-8")
    return replace(outcome, status=outcome.status or "not run")


def _line(outcome: Outcome) -> str:
    first = outcome.reason.splitlines()[0] if outcome.reason else ""
    times = f"plain {outcome.plain:.0f} s, verify {outcome.seconds:.0f} s"
    return f"{outcome.status:8} {outcome.package}: {outcome.path} ({times}) {first[:160]}"


def _print_exclusions(outcomes: Iterable[Outcome], not_taken: Counter[str]) -> None:
    print("\nNot counted, by the rule:")
    for one in outcomes:
        if not one.counts:
            print(f"  {one.package}: {one.path}: {one.reason}")
    for package, number in not_taken.items():
        if number:
            print(f"  {package}: {number} more, beyond the number taken of a package")


def _print_bad(outcomes: Iterable[Outcome]) -> None:
    print("\nNot the same:")
    for one in outcomes:
        if one.counts and one.status != "same":
            print(f"  {one.status} {one.package}: {one.path}")
            print("\n".join(f"      {line}" for line in one.reason.splitlines()[:12]))


def _print_table(outcomes: Sequence[Outcome]) -> None:
    """A row a package, and one for all: counts, refusal codes, median time against the plain run, edges."""
    heads = ("package", "count", *STATUSES, "codes", "time", "random", "edges", "tried", "needless")
    print("\n" + " | ".join(heads) + "\n" + " | ".join("---" for _ in heads))
    names = dict.fromkeys(o.package for o in outcomes)
    groups = [(name, [o for o in outcomes if o.package == name and o.counts]) for name in names]
    for name, rows in [*groups, ("all", [o for o in outcomes if o.counts])]:
        count = Counter(o.status for o in rows)
        codes = Counter(code for o in rows for code in o.codes)
        cells = [
            name, len(rows), *(count[status] for status in STATUSES),
            " ".join(f"{code}:{number}" for code, number in sorted(codes.items())) or "-",
            f"{sum(o.seconds for o in rows):.0f} s", sum(o.random for o in rows),
            sum(o.edges for o in rows), sum(o.tried for o in rows), sum(len(o.needless) for o in rows),
        ]  # fmt: skip
        print(" | ".join(map(str, cells)))


if __name__ == "__main__":
    raise SystemExit(main())
