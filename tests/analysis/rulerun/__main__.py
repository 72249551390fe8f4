"""Print what calls do that the catalogue does not say: ``python -m tests.analysis.rulerun [-v] [LIBRARY…]``."""

from __future__ import annotations

import argparse

from tests.analysis.rulerun import learning, watching
from tests.analysis.rulerun.checking import Report, check, summary
from tests.analysis.rulerun.library_tables import TABLES


def estimators() -> Report:
    """scikit-learn's estimators: made, fitted and used."""
    report = Report()
    watching.remember()
    learning.check_estimators(report)
    return report


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("libraries", nargs="*", default=[*TABLES, "estimators"])
    parser.add_argument("-v", "--verbose", action="store_true", help="also the names that did not run")
    arguments = parser.parse_args()
    print("library      names   ran  share rules   run  calls wrong", flush=True)
    for library in arguments.libraries:
        report = check(TABLES[library]()) if library in TABLES else estimators()
        print(summary(library, report), flush=True)
        for problems in report.problems.values():
            print(*(f"    {p}" for p in dict.fromkeys(problems)), sep="\n")
        if arguments.verbose:
            print("    did not run:", *sorted(report.names - report.ran))


if __name__ == "__main__":
    main()
