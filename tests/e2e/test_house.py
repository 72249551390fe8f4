"""The ways of the house: other addresses, missing parts, other notebooks, accessibility, nothing left behind."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest

from tests.conftest import Cells, make_notebook
from tests.e2e.conftest import WriteIn
from tests.e2e.lab import Lab, serve
from tests.e2e.screen import Screen
from tests.e2e.test_running import BROKEN, SLOW, run_rows, stop_all, wait_for_state
from tests.e2e.test_tagging import BRANCHES

OpenLab = Callable[..., Lab]


@pytest.fixture
def another_lab(lab_python: Path, tmp_path: Path) -> Iterator[OpenLab]:
    """Starts a JupyterLab of the test's own, with a notebook nb.ipynb; several calls are one after another."""
    running: list[Any] = []

    def start(cells: Cells, base_url: str = "/", *options: str, port: int = 0) -> Lab:
        (tmp_path / "root").mkdir(exist_ok=True)
        if not (tmp_path / "root" / "nb.ipynb").exists():
            nbformat.write(make_notebook(cells), tmp_path / "root" / "nb.ipynb")
        serving = serve(lab_python, tmp_path / "lab", tmp_path / "root", base_url, *options, port=port)
        running.append(serving)
        return serving.__enter__()

    yield start
    for serving in running:
        serving.__exit__(None, None, None)


def listing(python: Path, module: str) -> str:
    command = [str(python), "-c", f"from {module} import main; main()", "list"]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "JUPYTER_PREFER_ENV_PATH": "1"})
    return done.stdout + done.stderr


def test_both_parts_are_listed(lab_python: Path) -> None:
    panel = listing(lab_python, "jupyterlab.labextensions")
    assert any("kale-lite" in line and "enabled" in line and "OK" in line for line in panel.splitlines()), panel
    server = listing(lab_python, "jupyter_server.extension.serverextension")
    assert "kale_lite.server" in server
    assert "enabled" in server.partition("kale_lite.server")[2].splitlines()[0], server


def test_below_another_address_and_through_a_restart(page: Any, another_lab: OpenLab) -> None:
    """A prefix as behind JupyterHub; the server goes in the middle of a run and comes back."""
    cells = [(tags, source.replace("60", "9")) for tags, source in SLOW]
    lab = another_lab(cells, "/user/me/")
    screen = Screen(page, lab).open("nb.ipynb", steps=4)
    screen.run()
    wait_for_state(screen, "wait", "running")
    port = int(lab.url.split(":")[2].split("/")[0])
    lab.process.send_signal(signal.SIGKILL)
    lab.process.wait()
    screen.panel.get_by_text("The server does not answer").first.wait_for()
    another_lab(cells, "/user/me/", port=port)
    wait_for_state(screen, "end", "done")
    screen.panel.get_by_text("The server does not answer").first.wait_for(state="hidden")
    assert run_rows(screen).count() == 1


def test_without_the_server_part(page: Any, another_lab: OpenLab) -> None:
    lab = another_lab(BRANCHES, "/", "--ServerApp.jpserver_extensions={'kale_lite.server': False}")
    screen = Screen(page, lab).open("nb.ipynb")
    screen.panel.get_by_text("The server part of kale-lite is not there").wait_for()
    screen.panel.get_by_text("jupyter server extension list").wait_for()


def test_a_server_part_of_another_version(screen: Screen, write_in: WriteIn) -> None:
    answer = '{"name": "kale-lite", "version": "9.9", "api": 99, "targets": [], "options": [], "kfp_host": ""}'
    screen.page.route("**/kale-lite/info*", lambda route: route.fulfill(body=answer, content_type="application/json"))
    screen.open(write_in(BRANCHES))
    screen.panel.get_by_text("is of another version (9.9)").wait_for()


def test_a_notebook_of_another_language(screen: Screen, write_in: WriteIn) -> None:
    spec = {"name": "ir", "display_name": "R", "language": "R"}
    path = write_in([("", "x <- 1")], kernelspec=spec, language_info={"name": "R"})
    screen.page.goto(screen.lab.page(path))
    screen.page.locator(".jp-Notebook .jp-Cell").first.wait_for(timeout=60_000)
    dialog = screen.page.locator(".jp-Dialog")
    dialog.wait_for()
    dialog.get_by_role("button", name="No Kernel").or_(dialog.get_by_role("button", name="Cancel")).first.click()
    screen.show_panel()
    screen.panel.get_by_text("Python").first.wait_for()
    assert screen.nodes.count() == 0


def test_a_notebook_that_cannot_be_opened(page: Any, lab: Lab, write_in: WriteIn) -> None:
    path = write_in(BRANCHES)
    (lab.root / path).write_text('{"cells": [')
    screen = Screen(page, lab)
    page.goto(lab.page(path))
    # JupyterLab tells it, then wants to close the notebook.
    for button in ("Close", "Cancel"):
        page.locator(".jp-Dialog").get_by_role("button", name=button).click(timeout=60_000)
    screen.show_panel()
    screen.panel.get_by_text("This notebook could not be opened").first.wait_for()
    assert screen.button("Compile and run").get_attribute("aria-disabled") == "true"


def test_tags_of_other_tools_and_tags_that_do_not_parse(screen: Screen, write_in: WriteIn) -> None:
    screen.open(write_in([("step:a|remove-cell|nbgrader:x", "x = 1"), ("step:b|limit:memory:2gb", "y = x")]))
    screen.panel.get_by_text("'2gb' is no quantity").first.wait_for()
    screen.panel.get_by_role("button", name=re.compile("limit:memory:2Gi")).first.click()
    screen.node("b").wait_for()


def test_a_file_that_cannot_be_written(screen: Screen, write_in: WriteIn) -> None:
    path = screen.lab.root / write_in(BRANCHES)
    screen.page.route("**/api/contents/**", lambda route: _read_only(route))
    screen.open(str(path.relative_to(screen.lab.root)), steps=4)
    screen.edit(2)
    screen.page.get_by_text("read-only").first.wait_for()


def _read_only(route: Any) -> None:
    if route.request.method != "GET":
        route.continue_()
        return
    answer = route.fetch()
    data = answer.json()
    if isinstance(data, dict):  # not a list of checkpoints
        data["writable"] = False
    route.fulfill(response=answer, json=data)


def test_large_outputs_are_bounded(screen: Screen, write_in: WriteIn) -> None:
    code = "for i in range(40_000):\n    print('line', i, 'x' * 200)"
    screen.open(write_in([("step:loud", code), ("step:after", "x = 1")]), steps=2)
    screen.run()
    wait_for_state(screen, "loud", "done")
    row = screen.panel.locator(".jp-KaleLite-Steps li").filter(has_text="loud")
    row.get_by_role("button").first.click()
    screen.page.wait_for_timeout(1500)
    assert screen.panel.evaluate("one => one.textContent.length") < 2_000_000
    screen.node("after").click()


def test_two_tabs_on_one_notebook(screen: Screen, write_in: WriteIn) -> None:
    path = write_in(SLOW)
    screen.open(path, steps=4)
    other = Screen(screen.page.context.new_page(), screen.lab).open(path, steps=4)
    screen.run()
    wait_for_state(screen, "wait", "running")
    run_rows(other).first.wait_for()
    wait_for_state(other, "wait", "running")
    stop_all(other)
    wait_for_state(screen, "wait", "cancelled")


@pytest.mark.parametrize("state", ["tagged", "failed"])
def test_axe_finds_no_serious_fault(screen: Screen, write_in: WriteIn, state: str) -> None:
    from axe_playwright_python.sync_playwright import Axe

    screen.open(write_in(BROKEN), steps=4)
    if state == "failed":
        screen.run()
        wait_for_state(screen, "train", "failed")
    else:
        screen.edit(1)
    options = {"resultTypes": ["violations"]}
    for part in (".jp-KaleLite-Sidebar", ".jp-KaleLite-strip", "[role=dialog]"):
        if screen.page.locator(part).count():
            found = Axe().run(screen.page, context=part, options=options).response["violations"]
            serious = [one for one in found if one["impact"] in ("serious", "critical")]
            assert not serious, [
                (one["id"], one["help"], [node["html"][:200] for node in one["nodes"][:3]]) for one in serious
            ]


def test_closed_notebooks_leave_nothing(screen: Screen, write_in: WriteIn) -> None:
    kept, path = write_in(BRANCHES[:1], "kept.ipynb"), write_in(BRANCHES, "opened.ipynb")
    screen.open(kept, steps=1)
    for _ in range(3):
        screen.open_beside(path)
        screen.nodes.nth(3).wait_for()
        # Closed while a kernel connects, JupyterLab itself writes errors.
        screen.notebook.locator(".jp-Notebook-ExecutionIndicator[data-status=idle]").wait_for()
        screen.page.wait_for_timeout(500)
        screen.close_unsaved()
        screen.page.get_by_role("tab", name="opened.ipynb").wait_for(state="detached")
    assert screen.page.locator(".jp-KaleLite-strip").count() == 1
    assert screen.page.locator(".jp-NotebookPanel").count() == 1
