"""Print what calls do that the catalogue does not say: ``python -m tests.analysis.rulerun [-v] [LIBRARY…]``."""

from __future__ import annotations

import argparse

from tests.analysis.rulerun.checking import check, summary
from tests.analysis.rulerun.library_tables import TABLES


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("libraries", nargs="*", default=[*TABLES])
    parser.add_argument("-v", "--verbose", action="store_true", help="also the names that did not run")
    arguments = parser.parse_args()
    print("library      names   ran  share rules   run  calls wrong", flush=True)
    for library in arguments.libraries:
        report = check(TABLES[library]())
        print(summary(library, report), flush=True)
        for problems in report.problems.values():
            print(*(f"    {p}" for p in dict.fromkeys(problems)), sep="\n")
        if arguments.verbose:
            print("    did not run:", *sorted(report.names - report.ran))


if __name__ == "__main__":
    main()
