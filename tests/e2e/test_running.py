"""Compile and run in a real JupyterLab: states as they change, failures at their cells, stopping, going on, history."""

from __future__ import annotations

import json
import re
import shutil
import time
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Cells
from tests.e2e.conftest import WriteIn
from tests.e2e.lab import Lab
from tests.e2e.screen import Screen

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"
SLOW: Cells = [
    ("parameters", "n = 3"),
    ("step:load", "import time\nrows = list(range(n))\nprint('loading', n)"),
    ("step:wait", "print('begun', flush=True)\ntime.sleep(60)\nlate = rows"),
    ("step:side", "total = sum(rows)\nprint('total is', total)"),
    ("step:end", "print(late, total)"),
]
BROKEN: Cells = [
    ("step:load", "rows = [3, 1, 2]\nprint('loading')"),
    ("md", "text\n\n" * 40),
    ("step:train", "model = sum(rows)\nbad = model / 0"),
    ("step:side", "low = min(rows)"),
    ("step:show", "print(bad, low)"),
]
WATCH = """() => {
    window.seen = {};
    setInterval(() => {
        for (const one of document.querySelectorAll('.jp-KaleLite-graph [data-step]')) {
            const state = [...one.classList].find(name => /^jp-mod-(waiting|running|done|failed|reused)$/.test(name));
            const seen = (window.seen[one.dataset.step] ??= []);
            if (state && seen.at(-1) !== state) seen.push(state);
        }
    }, 20);
}"""


def wait_for_state(screen: Screen, step: str, state: str, timeout: float = 90_000) -> None:
    screen.page.locator(f'.jp-KaleLite-graph [data-step="{step}"].jp-mod-{state}').wait_for(timeout=timeout)


def run_rows(screen: Screen) -> Any:
    return screen.panel.locator(".jp-KaleLite-HistoryRow")


def stop_all(screen: Screen) -> None:
    if screen.button("Stop").get_attribute("aria-disabled") == "false":
        screen.button("Stop").click()
        wait_until_enabled(screen, "Compile and run")


def wait_until_enabled(screen: Screen, name: str) -> None:
    deadline = time.monotonic() + 60
    while screen.button(name).get_attribute("aria-disabled") == "true":
        assert time.monotonic() < deadline, f"{name} stays disabled: {screen.button(name).get_attribute('title')}"
        screen.page.wait_for_timeout(50)


def test_the_demo_notebook_runs_to_green(screen: Screen, lab: Lab) -> None:
    (lab.root / "demo").mkdir(exist_ok=True)
    shutil.copy(NOTEBOOKS / "tumours.ipynb", lab.root / "demo")
    screen.open("demo/tumours.ipynb", steps=11)
    screen.page.evaluate(WATCH)
    screen.run()
    screen.page.wait_for_function(
        "() => document.querySelectorAll('.jp-KaleLite-graph [data-step].jp-mod-done').length === 11", timeout=240_000
    )
    screen.page.wait_for_timeout(300)
    seen = screen.page.evaluate("window.seen")
    assert all(states[-1] == "jp-mod-done" for states in seen.values())
    assert sum("jp-mod-running" in states for states in seen.values()) >= 6
    assert any(states[:1] == ["jp-mod-waiting"] for states in seen.values())
    screen.panel.get_by_role("table", name="Metrics").get_by_text("accuracy").wait_for()
    (record,) = (lab.root / "demo" / "kale-lite-runs").iterdir()
    assert json.loads((record / "run.json").read_text())["status"] == "done"
    screen.button("Report").click()
    screen.page.frame_locator("iframe").get_by_text("accuracy").first.wait_for()
    screen.page.get_by_role("tab", name="tumours.ipynb", exact=True).click()
    screen.button("Executed notebook").click()
    screen.page.get_by_role("tab", name="notebook.ipynb").wait_for()
    screen.panel.get_by_text("This is the record of a run").first.wait_for()
    assert screen.notebook.locator(".jp-KaleLite-badge").count() == 0


def test_a_failing_cell_is_marked_and_one_click_away(screen: Screen, write_in: WriteIn) -> None:
    path = write_in(BROKEN)
    screen.open(path, steps=4)
    screen.run()
    wait_for_state(screen, "train", "failed")
    wait_for_state(screen, "side", "done")
    screen.wait_for_edges({("load", "train"), ("load", "side"), ("train", "show"), ("side", "show")})
    screen.panel.get_by_role("button", name=re.compile("cell 3, line 2")).first.click()
    box = screen.notebook.locator(".jp-KaleLite-FailureBox")
    box.wait_for()
    assert "ZeroDivisionError" in box.inner_text()
    screen.wait_until(
        "() => document.querySelector('.jp-Notebook .jp-Cell.jp-mod-active')?.textContent.includes('bad = model / 0')"
    )
    assert box.bounding_box()["y"] < 900

    # Mended, it goes on with what was done, and the mark goes with the edit.
    screen.cell(3).locator(".cm-content").click()
    screen.page.keyboard.press("Control+a")
    screen.page.keyboard.type("bad = sum(rows)")
    box.wait_for(state="detached")
    screen.button("Run again from the failed step").click()
    wait_for_state(screen, "show", "done")
    wait_for_state(screen, "load", "reused")
    assert run_rows(screen).count() == 2


@pytest.mark.parametrize(("item", "again"), [("only", {"train"}), ("from", {"train", "show"})])
def test_a_step_is_run_from_its_menu(screen: Screen, write_in: WriteIn, item: str, again: set[str]) -> None:
    """By keyboard, at the node: what the step needs is taken over from the run that is looked at."""
    cells = [(tags, source.replace("model / 0", "model")) for tags, source in BROKEN]
    screen.open(write_in(cells), steps=4)
    screen.run()
    wait_for_state(screen, "show", "done")
    wait_until_enabled(screen, "Compile and run")
    screen.open_menu("train").locator(f'[data-command="kale-lite:run-{item}-step"]').click()
    wait_for_state(screen, "load", "reused")
    for step in again:
        wait_for_state(screen, step, "done")
    run_rows(screen).nth(1).wait_for()


def test_a_run_is_stopped(screen: Screen, write_in: WriteIn) -> None:
    screen.open(write_in(SLOW), steps=4)
    screen.run()
    wait_for_state(screen, "wait", "running")
    wait_for_state(screen, "side", "done")
    screen.button("Stop").click()
    wait_until_enabled(screen, "Compile and run")
    wait_for_state(screen, "load", "done")
    wait_for_state(screen, "wait", "cancelled")
    wait_for_state(screen, "end", "cancelled")


def test_what_a_step_prints_is_shown_as_it_comes(screen: Screen, write_in: WriteIn) -> None:
    screen.open(write_in(SLOW), steps=4)
    screen.run()
    wait_for_state(screen, "wait", "running")
    row = screen.panel.locator(".jp-KaleLite-Steps li").filter(has_text="wait")
    row.get_by_role("button").first.click()
    row.get_by_text("begun").first.wait_for()
    stop_all(screen)


def test_a_run_is_found_again_after_a_reload(screen: Screen, write_in: WriteIn) -> None:
    path = write_in(SLOW)
    screen.open(path, steps=4)
    screen.run()
    wait_for_state(screen, "wait", "running")
    screen.open(path, steps=4)
    wait_for_state(screen, "wait", "running")
    wait_for_state(screen, "side", "done")
    assert run_rows(screen).count() == 1
    stop_all(screen)
    screen.open(path, steps=4)
    wait_for_state(screen, "load", "done")
    run_rows(screen).first.wait_for()


def test_runs_are_compared_and_deleted(screen: Screen, write_in: WriteIn, lab: Lab) -> None:
    quick: Cells = [("parameters", "n = 3"), ("step:a", "x = n * 2"), ("pipeline-metrics", "print(x)")]
    path = write_in(quick)
    screen.open(path, steps=2)
    screen.run()
    wait_for_state(screen, "a", "done")
    wait_until_enabled(screen, "Compile and run")
    screen.panel.get_by_label("n", exact=True).fill("5")
    screen.panel.get_by_label("n", exact=True).press("Enter")
    screen.run()
    run_rows(screen).nth(1).wait_for()
    wait_until_enabled(screen, "Compile and run")
    for box in screen.panel.locator(".jp-KaleLite-HistoryRow input[type=checkbox]").all():
        box.check()
    screen.panel.get_by_role("button", name="Compare 2 runs").click()
    table = screen.page.locator(".jp-KaleLite-Comparison, [class*='KaleLite'][class*='ompar']").first
    table.wait_for()
    text = table.inner_text()
    assert "10" in text
    assert "6" in text
    screen.page.get_by_role("tab", name="nb.ipynb").click()
    screen.panel.get_by_role("button", name=re.compile("Delete run")).first.click()
    screen.page.get_by_role("button", name="Delete", exact=True).click()
    run_rows(screen).nth(1).wait_for(state="detached")
    assert len(list((lab.root / path).parent.glob("kale-lite-runs/*"))) == 1


def test_a_refused_notebook_says_why_and_does_not_run(screen: Screen, write_in: WriteIn, lab: Lab) -> None:
    path = write_in([("step:a", "x = 1"), ("step:b|prev:c", "y = x")])
    screen.open(path)
    screen.panel.get_by_text("there is no step 'c'").first.wait_for()
    assert screen.button("Compile and run").get_attribute("aria-disabled") == "true"
    assert "1 error has to be mended" in screen.button("Compile and run").get_attribute("title")
    assert not list((lab.root / path).parent.glob("kale-lite-runs/*"))


def test_a_notebook_that_is_renamed_keeps_its_runs(screen: Screen, write_in: WriteIn) -> None:
    path = write_in([("step:a", "x = 1"), ("step:b", "print(x)")])
    screen.open(path, steps=2)
    screen.run()
    wait_for_state(screen, "b", "done")
    folder = path.rpartition("/")[0]
    screen.page.evaluate("([from, to]) => window.jupyterapp.serviceManager.contents.rename(from, to).then(() => undefined)",
                         [path, f"{folder}/renamed.ipynb"])  # fmt: skip
    screen.page.get_by_role("tab", name="renamed.ipynb").wait_for()
    screen.open(f"{folder}/renamed.ipynb", steps=2)
    run_rows(screen).first.wait_for()
    wait_for_state(screen, "b", "done")


@pytest.mark.parametrize("format", ["YAML", "Python"])
def test_compiling_for_kubeflow_is_previewed(screen: Screen, write_in: WriteIn, lab: Lab, format: str) -> None:
    path = write_in([("step:a", "x = 1"), ("step:b", "print(x)")])
    folder = (lab.root / path).parent
    screen.open(path, steps=2)
    screen.command("kale-lite:compile")
    text = screen.page.locator(".cm-content", has_text="made by kale-lite from nb.ipynb").first
    text.wait_for(timeout=60_000)
    if format == "Python":
        screen.page.get_by_role("button", name="Python (DSL)").or_(
            screen.page.get_by_role("tab", name="Python (DSL)")
        ).click()
        screen.page.locator(".cm-content", has_text="from kfp import dsl").wait_for(timeout=60_000)
        screen.page.get_by_role("button", name="Save beside the notebook").click()
        deadline = time.monotonic() + 30
        while not (folder / "nb_steps").is_dir():
            assert time.monotonic() < deadline
            screen.page.wait_for_timeout(100)
        assert "@dsl.component" in (folder / "nb.py").read_text()
