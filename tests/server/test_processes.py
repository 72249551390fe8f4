"""The server's processes are of kale-lite alone: files beside the notebook do not stand in for modules."""

from __future__ import annotations

import asyncio
import json
import logging
from pathlib import Path

import nbformat
import pytest

from kale_lite.server.answers import Problem
from kale_lite.server.launching import launch
from kale_lite.server.pool import Pool
from tests.conftest import make_notebook

SLOW = {
    "path": "slow.ipynb", "client": "",
    "notebook": json.loads(nbformat.writes(make_notebook(
        [(f"step:s{i}", "\n".join(f"v{i}_{j} = [v{i - 1}_{j}] if {i} else {j}" for j in range(60))) for i in range(50)]
    ))),
}  # fmt: skip
"""A notebook whose analysis takes a second."""


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


def test_what_takes_too_long_is_given_up_and_the_next_is_answered(caplog: pytest.LogCaptureFixture) -> None:
    async def asked() -> tuple[Problem, int]:
        pool = Pool(1, logging.getLogger("test"))
        try:
            await pool.ask("warm", {}, seconds=120.0)
            with pytest.raises(Problem) as given_up:
                await pool.ask("analyse", SLOW, seconds=0.2, client="a")
            return given_up.value, (await pool.ask("warm", {}, seconds=120.0)).status
        finally:
            pool.close()

    problem, status = asyncio.run(asked())
    assert (problem.status, status) == (504, 200)
    assert "took more than 0.2 s" in problem.message
    assert "ended or has died" in caplog.text


def test_long_questions_leave_a_process_for_analyses() -> None:
    async def order() -> list[str]:
        pool, done = Pool(2, logging.getLogger("test")), []

        async def ask(name: str, long: bool) -> None:
            await pool.ask("warm" if name == "short" else "analyse", {} if name == "short" else SLOW, seconds=120.0,
                           long=long)  # fmt: skip
            done.append(name)

        try:
            await asyncio.gather(ask("long", True), ask("longer", True), ask("short", False))
        finally:
            pool.close()
        return done

    assert asyncio.run(order()) == ["short", "long", "longer"]


def test_a_run_imports_nothing_from_the_notebooks_folder(folder: Path) -> None:
    with pytest.raises(Problem) as refused:
        launch({"kind": "local", "path": str(folder / "missing.ipynb"), "parameters": {}}, folder)
    assert refused.value.status == 422
    assert "missing.ipynb" in str(refused.value)
