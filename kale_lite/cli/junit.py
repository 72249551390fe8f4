"""JUnit XML of a run, a test case a step: what CI systems show as results."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

from kale_lite.errors import UsageError
from kale_lite.targets.local import RunResult, StepResult

__all__ = ["write_junit"]


def write_junit(path: Path, suites: list[tuple[str, RunResult]]) -> None:
    """Write the runs, each with its notebook's name, as one report. UsageError when the file cannot be written."""
    root = ElementTree.Element("testsuites")
    for name, result in suites:
        states = [step.status for step in result.steps.values()]
        suite = ElementTree.SubElement(root, "testsuite", {
            "name": name, "tests": str(len(states)), "failures": str(states.count("failed")),
            "skipped": str(sum(state in ("skipped", "cancelled") for state in states)),
            "time": f"{result.seconds:.3f}",
        })  # fmt: skip
        for step, outcome in result.steps.items():
            _add_case(suite, name, step, outcome)
    try:
        ElementTree.ElementTree(root).write(path, encoding="utf-8", xml_declaration=True)
    except OSError as error:
        raise UsageError(f"--junit: {path} cannot be written: {error.strerror}") from None


def _add_case(suite: ElementTree.Element, name: str, step: str, outcome: StepResult) -> None:
    case = ElementTree.SubElement(
        suite, "testcase", {"classname": name, "name": step, "time": f"{outcome.seconds:.3f}"}
    )  # fmt: skip
    if outcome.status == "failed":
        errors = [d for d in outcome.diagnostics if d.is_error]
        message = errors[0].message if errors else "failed"
        failure = ElementTree.SubElement(case, "failure", {"message": _allowed(message)})
        failure.text = _allowed("\n".join([*map(str, errors), outcome.traceback]))
    elif outcome.status != "done":
        ElementTree.SubElement(case, "skipped", {"message": outcome.status})


def _allowed(text: str) -> str:
    """The text without the control characters that XML cannot hold."""
    return "".join(c for c in text if c in "\t\n" or ord(c) >= 32)
