"""Every diagnostic has a page, and every page's example gives what it says."""

from __future__ import annotations

from pathlib import Path

import pytest

from kale_lite.diagnostics import CODES
from tests.diagnostics.__main__ import index
from tests.diagnostics.pages import FOLDER, outcome, read_page

CANNOT_BE_SHOWN = {
    "KL007", "KL405", "KL413", "KL414", "KL507", "KL508", "KL509", "KL704", "KL707", "KL708", "KL709", "KL710", "KL720", "KL721",
}  # fmt: skip
"""A broken kernel, a full disk, steps of an earlier run: tests/local has them; what is wrong with a report or the history: tests/report and
tests/history. What is too large, other images, and what `submit` says: tests/kfp."""


def test_codes_and_pages_are_the_same() -> None:
    """For a new code write docs/diagnostics/CODE.md, then ``python -m tests.diagnostics CODE`` for what it says."""
    assert {path.stem for path in FOLDER.glob("KL*.md")} == set(CODES)
    assert {code for code in CODES if read_page(code).example is None} == CANNOT_BE_SHOWN
    assert (FOLDER / "README.md").read_text("utf-8") == index()


@pytest.mark.parametrize("code", CODES)
def test_page_agrees_with_the_table(code: str) -> None:
    text = read_page(code).text
    known = CODES[code]
    row = next(line for line in text.splitlines() if line.startswith(f"| {known.severity} |"))
    assert text.startswith(f"# {code}: {known.title}\n")
    assert row.endswith("| yes |" if known.ignorable else "| no |")
    assert ("## Ignoring it" in text) == known.ignorable


@pytest.mark.parametrize("code", sorted(set(CODES) - CANNOT_BE_SHOWN))
def test_example(code: str, tmp_path: Path) -> None:
    page = read_page(code)
    assert page.example is not None
    assert page.settled is not None
    said = outcome(page.example, tmp_path / "example")
    assert code in said
    assert said.splitlines()[:2] == page.output.splitlines()[:2]
    assert code not in outcome(page.settled, tmp_path / "settled")
