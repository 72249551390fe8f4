"""JupyterLab with the panel, and a page of a real Chromium; both are shared by the tests of a worker."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest

from tests.conftest import Cells, make_notebook
from tests.e2e.lab import ARGUMENTS, Lab, browser_path, installed, serve
from tests.e2e.screen import Screen

# What JupyterLab says when a notebook is closed while it still starts: its debugger, and a session that changes kernels.
JUPYTERLABS_OWN = ("Could not restore the debugger state: Canceled future", "Disposed")


@pytest.fixture(scope="session")
def lab_python(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """The Python of the environment with the wheel; all workers share it."""
    base = tmp_path_factory.getbasetemp()
    return installed((base if worker_id == "master" else base.parent) / "lab-env")


@pytest.fixture(scope="session")
def lab(lab_python: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    folder = tmp_path_factory.mktemp("lab")
    with serve(lab_python, folder, folder / "root") as running:
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Not kept longer: while Playwright runs, nothing else of the process can run an event loop."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=browser_path(), args=ARGUMENTS)
        yield started
        started.close()


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    """An empty page. What it writes to the console as an error fails the test."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    opened = context.new_page()
    errors: list[str] = []

    def note(error: str) -> None:
        if not error.startswith(JUPYTERLABS_OWN):
            errors.append(error)

    opened.on("console", lambda said: note(_told(said)) if said.type == "error" else None)
    opened.on("pageerror", lambda error: note(str(error)))
    opened.console_errors = errors
    yield opened
    context.close()


def _told(message: Any) -> str:
    return f"{message.text} ({message.location.get('url', '')})"


@pytest.fixture
def screen(page: Any, lab: Lab) -> Iterator[Screen]:
    """JupyterLab in a page, in which no errors may have been written to the console when the test ends."""
    yield Screen(page, lab)
    assert page.console_errors == []


WriteIn = Callable[..., str]


@pytest.fixture
def write_in(lab: Lab, request: pytest.FixtureRequest) -> WriteIn:
    """Writes a notebook into Lab's root folder, in a folder of the test's own; gives its path from there."""

    def write(cells: Cells, name: str = "nb.ipynb", **metadata: Any) -> str:
        folder = lab.root / request.node.name.replace("[", "-").replace("]", "")
        folder.mkdir(exist_ok=True)
        nbformat.write(make_notebook(cells, **metadata), folder / name)
        return f"{folder.name}/{name}"

    return write
