"""Print what calls do that the catalogue does not say: ``python -m tests.analysis.rulerun [-v] [LIBRARY…]``."""

from __future__ import annotations

import argparse
import fcntl
import importlib.util
import os
import sys

from tests.analysis.rulerun import learning, watching
from tests.analysis.rulerun.checking import Report, check, summary
from tests.analysis.rulerun.library_tables import TABLES

OPTIONAL = ("seaborn", "polars", "torch", "joblib")
"""Libraries that an environment for the tests need not have."""


def estimators() -> Report:
    """scikit-learn's estimators: made, fitted and used."""
    report = Report()
    watching.remember()
    learning.check_estimators(report)
    return report


def main() -> int:
    """Exit code 1 when a rule is wrong, or too few of what the rules name could be run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("libraries", nargs="*", default=[*TABLES, "estimators"])
    parser.add_argument("-v", "--verbose", action="store_true", help="also the names that did not run")
    arguments = parser.parse_args()
    # A file of its own: some of what is run closes those with small numbers.
    out = os.fdopen(fcntl.fcntl(1, fcntl.F_DUPFD, 100), "w")
    print("library      names   ran  share rules   run  calls wrong", file=out, flush=True)
    bad = False
    for library in arguments.libraries:
        if library in OPTIONAL and importlib.util.find_spec(library) is None:
            print(f"{library:12} is not installed", file=out, flush=True)
            continue
        report = check(TABLES[library]()) if library in TABLES else estimators()
        bad |= bool(report.problems) or report.share < (TABLES[library]().floor if library in TABLES else 90)
        print(summary(library, report), file=out, flush=True)
        for problems in report.problems.values():
            print(*(f"    {p}" for p in dict.fromkeys(problems)), sep="\n", file=out)
        if arguments.verbose:
            print("    did not run:", *sorted(report.names - report.ran), file=out)

    return int(bad)


if __name__ == "__main__":
    sys.exit(main())
