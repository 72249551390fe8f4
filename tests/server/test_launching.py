"""The process of a run that does not begin, through no fault of the notebook."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from kale_lite.server.answers import Problem
from kale_lite.server.launching import launch


def test_a_fault_of_ours_is_in_the_servers_log(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(Problem) as refused:
        launch({"kind": "nonsense"}, tmp_path)
    assert (refused.value.status, refused.value.message) == (500, "kale-lite failed: KeyError")
    assert "Traceback" not in str(refused.value.to_json())
    assert "KeyError: 'nonsense'" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("program", "said"),
    [("echo no memory >&2; exit 1", "the run's process ended before it began: no memory"),
     ("kill -9 $$", "the run's process ended before it began: it was killed"),
     ("echo nonsense", "the run's process ended before it began: it was killed")],
    ids=["says why", "killed", "talks nonsense"],
)  # fmt: skip
def test_a_process_that_ends_before_it_says_anything(
    program: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "python"
    broken.write_text(f"#!/bin/sh\n{program}\n")
    broken.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(broken))
    with pytest.raises(Problem) as refused:
        launch({"kind": "local"}, tmp_path)
    assert (refused.value.status, refused.value.message) == (500, said)


def test_a_folder_that_is_gone(tmp_path: Path) -> None:
    with pytest.raises(Problem) as refused:
        launch({"kind": "local"}, tmp_path / "gone")
    assert refused.value.status == 422
    assert "gone" in refused.value.message
