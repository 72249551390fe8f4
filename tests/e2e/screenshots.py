"""Pictures of the panel's main states, for docs/images: ``python -m tests.e2e.screenshots [FOLDER] [--only NAME]``.

Taken in a real JupyterLab. Look at them before they are committed.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
from playwright.sync_api import sync_playwright

from tests.conftest import make_notebook
from tests.e2e.lab import ARGUMENTS, ROOT, Lab, browser_path, installed, serve
from tests.e2e.screen import Screen
from tests.e2e.test_running import BROKEN, SLOW, wait_for_state, wait_until_enabled

DARK = "JupyterLab Dark"
UNTAGGED = [
    ("md", "# Sales\n\nWhich shop sold most?"),
    ("", "import pandas as pd"),
    ("md", "## Load"),
    ("", "sales = pd.DataFrame({'shop': ['a', 'b', 'a'], 'sold': [3, 5, 4]})"),
    ("md", "## Total"),
    ("", "total = sales.groupby('shop').sold.sum()"),
    ("md", "## Best"),
    ("", "best = total.idxmax()\nprint(best)"),
]


def untagged(screen: Screen) -> None:
    nbformat.write(make_notebook(UNTAGGED), screen.lab.root / "sales.ipynb")
    screen.open("sales.ipynb")
    screen.panel.get_by_role("button", name="Suggest steps").first.wait_for()


def suggestion(screen: Screen) -> None:
    untagged(screen)
    screen.panel.get_by_role("button", name="Suggest steps").first.click()
    screen.panel.get_by_role("heading", name="Suggested steps").wait_for()


def tagged(screen: Screen) -> None:
    screen.open("tumours.ipynb", steps=11)
    screen.node("logistic").click()


def editor(screen: Screen) -> None:
    screen.open("tumours.ipynb", steps=11)
    screen.node("preprocess").click()
    screen.page.wait_for_timeout(800)
    screen.notebook.locator(".jp-Cell.jp-mod-active .jp-KaleLite-badge").click()
    screen.editor.wait_for()


def findings(screen: Screen) -> None:
    cells = [
        ("step:load", "rows = [1, 2]"),
        ("step:sum|prev:lod|limit:memory:2gb", "total = sum(rows)"),
        ("step:show", "print(totl)"),
    ]
    nbformat.write(make_notebook(cells), screen.lab.root / "mistakes.ipynb")
    screen.open("mistakes.ipynb")
    screen.panel.get_by_text("there is no step 'lod'").first.wait_for()


def running(screen: Screen) -> None:
    nbformat.write(make_notebook(SLOW), screen.lab.root / "slow.ipynb")
    screen.open("slow.ipynb", steps=4)
    screen.run()
    wait_for_state(screen, "wait", "running")
    wait_for_state(screen, "side", "done")
    screen.page.wait_for_timeout(1500)


def failed(screen: Screen) -> None:
    nbformat.write(make_notebook([c for c in BROKEN if c[0] != "md"]), screen.lab.root / "broken.ipynb")
    screen.open("broken.ipynb", steps=4)
    screen.run()
    wait_for_state(screen, "train", "failed")
    wait_until_enabled(screen, "Compile and run")


def done(screen: Screen) -> None:
    screen.open("tumours.ipynb", steps=11)
    screen.run()
    for step in ("metrics", "evaluate"):
        wait_for_state(screen, step, "done", timeout=240_000)
    wait_until_enabled(screen, "Compile and run")
    screen.page.wait_for_timeout(1000)


def history(screen: Screen) -> None:
    screen.open("tumours.ipynb", steps=11)
    rows = screen.panel.locator(".jp-KaleLite-HistoryRow")
    rows.first.wait_for()
    while rows.count() < 2:
        screen.panel.get_by_label("folds", exact=True).fill("3")
        screen.run()
        rows.nth(1).wait_for()
        wait_until_enabled(screen, "Compile and run")
    for box in screen.panel.locator(".jp-KaleLite-HistoryRow input[type=checkbox]").all()[:2]:
        box.check()
    screen.panel.get_by_role("button", name="Compare 2 runs").click()
    screen.page.wait_for_timeout(1500)


def kubeflow(screen: Screen) -> None:
    screen.open("tumours.ipynb", steps=11)
    screen.command("kale-lite:compile")
    screen.page.wait_for_timeout(6000)


def dark(screen: Screen) -> None:
    screen.open("tumours.ipynb", steps=11)
    screen.command("apputils:change-theme", {"theme": DARK})
    screen.page.wait_for_timeout(2500)
    screen.node("forest").hover()


def contrast(screen: Screen) -> None:
    screen.open("broken.ipynb", steps=4)
    screen.command("apputils:change-theme", {"theme": "JupyterLab Dark High Contrast"})
    screen.page.wait_for_timeout(2500)


STATES: dict[str, Callable[[Screen], None]] = {
    one.__name__: one
    for one in (
        untagged,
        suggestion,
        tagged,
        editor,
        findings,
        running,
        failed,
        done,
        history,
        kubeflow,
        dark,
        contrast,
    )
}


def _taken(lab: Lab, browser: Any, name: str, folder: Path) -> None:
    context = browser.new_context(viewport={"width": 1280, "height": 860})
    screen = Screen(context.new_page(), lab)
    STATES[name](screen)
    screen.page.mouse.move(900, 850)
    screen.page.wait_for_timeout(1200)
    screen.page.screenshot(path=folder / f"{name}.png")
    context.close()
    print(folder / f"{name}.png", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=ROOT / "docs" / "images")
    parser.add_argument("--only", nargs="*", choices=list(STATES))
    args = parser.parse_args()
    args.folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as place, sync_playwright() as playwright:
        python = installed(Path(place) / "env")
        root = Path(place) / "root"
        root.mkdir()
        shutil.copy(ROOT / "notebooks" / "tumours.ipynb", root)
        browser = playwright.chromium.launch(executable_path=browser_path(), args=ARGUMENTS)
        with serve(python, Path(place) / "lab", root) as lab:
            for name in args.only or STATES:
                _taken(lab, browser, name, args.folder)
        browser.close()


if __name__ == "__main__":
    main()
