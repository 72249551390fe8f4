"""Every dataflow case: right, or refused with the diagnostic that the case allows."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from pathlib import Path
from typing import Any

import nbformat
import pytest

from kale_lite.diagnostics import Diagnostic
from tests.conformance import forked, grading

CASES = grading.cases()
AT_RUN_TIME = r"KL40[1678]"
"""Serialisation and the run-time checks: the diagnostics that need a run."""


def expected_failures() -> dict[str, str]:
    """Cases that are known to fail: ``id grade reason`` a line. None may be wrong or silent."""
    lines = (grading.HERE / "expected_failures.txt").read_text("utf-8").splitlines()
    rows = [line.split(None, 2) for line in lines if line and not line.startswith("#")]
    assert not [row for row in rows if row[1] in ("wrong", "silent")]
    return {row[0]: row[1] for row in rows}


@pytest.fixture(scope="session")
def worker() -> Iterator[ProcessPoolExecutor]:
    """A warm process that has the libraries and forks a child for each step."""
    with ProcessPoolExecutor(1, initializer=forked.preload) as pool:
        yield pool


def is_diagnostic(found: tuple[Diagnostic, ...]) -> bool:
    """Whether a refusal has a code, a cell and (but for whole tags) a line."""
    return any(d.is_error and re.match(r"KL\d{3}$", d.code) and d.location and d.location.cell for d in found)


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_case(case: grading.Case, worker: ProcessPoolExecutor) -> None:
    future: Future[dict[str, Any]] = worker.submit(forked.run_case, case)
    result = future.result()
    expected = expected_failures().get(case["id"])
    if expected is not None:
        assert result["grade"] == expected, "this case changed its grade: take it out of expected_failures.txt"
        pytest.xfail(f"expected to be {expected}")
    assert result["grade"] in ("pass", "flagged"), f"{result['grade']}: {result['detail']}"
    if result["grade"] == "flagged":
        assert is_diagnostic(result["diagnostics"]) or (result["ran"] and re.search(AT_RUN_TIME, result["output"]))


def test_the_cases_are_complete() -> None:
    counts = Counter(case["group"] for case in CASES)
    ours = sum(counts[group] for group in ("review", "replay", "rules", "ordered", "independent"))
    assert len(CASES) - ours == 240
    assert counts["ordered"] >= 80
    assert counts["independent"] >= 80
    assert len({case["id"] for case in CASES}) == len(CASES)


SLOW = [c for c in CASES if os.environ.get("KALE_LITE_SLOW_CONFORMANCE") or c["id"] in (
    "plain-branch-reads-old-version", "func-lambda-in-dict", "class-isinstance", "alias-np-view", "ipy-capture",
    "state-environ", "file-glob", "unser-lock", "param-seed", "cell-syntax-error",
)]  # fmt: skip
"""A case of most groups goes through the command; all do with KALE_LITE_SLOW_CONFORMANCE=1."""


@pytest.mark.parametrize("case", SLOW, ids=[case["id"] for case in SLOW])
def test_case_by_command(case: grading.Case, tmp_path: Path) -> None:
    notebook, out, work, final = (tmp_path / name for name in ("case.ipynb", "out", "work", "final.json"))
    nbformat.write(grading.notebook(case), notebook)
    work.mkdir()
    done = subprocess.run(
        [sys.executable, "-m", "kale_lite", "run", notebook, "--output-dir", out, "--cwd", work],
        cwd=work, env={**os.environ, "CONFORMANCE_OUT": str(final), "MPLBACKEND": "Agg"},
        text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, timeout=180,
    )  # fmt: skip
    values = json.loads(final.read_text()) if final.exists() else None
    pipeline = json.loads((out / "pipeline.json").read_text()) if (out / "pipeline.json").exists() else None
    found, detail = grading.grade(case, done.returncode, done.stdout, values, pipeline)
    assert found in ("pass", "flagged"), f"{found}: {detail}"
    if found == "flagged":
        assert re.search(r"cell \d+", done.stdout)
        assert re.search(r"KL\d{3}", done.stdout)
        assert done.returncode == (1 if re.search(AT_RUN_TIME, done.stdout) else 2)
