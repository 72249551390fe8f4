"""What a user sees for ten typical mistakes: what happened, where, and what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.mistakes import DOCUMENT, MISTAKES, Mistake, answer


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.title.replace(" ", "-"))
def test_mistake(mistake: Mistake, tmp_path: Path) -> None:
    code, text = answer(mistake, tmp_path)
    assert code == mistake.exit_code
    assert [part for part in mistake.said if part not in text] == []
    assert "Traceback" not in text
    assert text in DOCUMENT.read_text("utf-8")
