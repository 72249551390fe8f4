"""The server's processes are of kale-lite alone: files beside the notebook do not stand in for modules."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

import pytest

from kale_lite.server.answers import Problem
from kale_lite.server.launching import launch
from kale_lite.server.pool import Pool


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with a user's files that are called like modules, and end whatever imports them."""
    for name in ("json", "six", "random", "nbformat"):
        (tmp_path / f"{name}.py").write_text(f"raise SystemExit('{name}.py was imported')\n", "utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_an_analysis_imports_nothing_from_the_current_folder(folder: Path) -> None:
    async def warmed() -> int:
        pool = Pool(1, logging.getLogger("test"))
        try:
            return (await pool.ask("warm", {}, seconds=120.0)).status
        finally:
            pool.close()

    assert asyncio.run(warmed()) == 200


def test_a_run_imports_nothing_from_the_notebooks_folder(folder: Path) -> None:
    with pytest.raises(Problem) as refused:
        launch({"kind": "local", "path": str(folder / "missing.ipynb"), "parameters": {}}, folder)
    assert refused.value.status == 422
    assert "missing.ipynb" in str(refused.value)
