"""What the JupyterLab panel costs: from a keystroke to the new graph, its size, and memory after opening and closing.

A real JupyterLab in a real Chromium. Times are medians, from the key to the first frame that shows the new edge, with
the pause before analysis (50 ms) in them. Needs what `make test` installs.

Usage: python benchmarks/bench_panel.py [--cells 20 100 300] [--rounds 15] [--closings 50]
"""

from __future__ import annotations

import argparse
import gzip
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

import nbformat

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.conftest import make_notebook  # noqa: E402
from tests.e2e.lab import ARGUMENTS, browser_path, installed, serve  # noqa: E402
from tests.e2e.screen import Screen  # noqa: E402

# The last cell reads `a` or `b` in turns: the edge that belongs to it tells when the graph is new.
WATCH = """() => {
    const labels = () => [...document.querySelectorAll('.jp-KaleLite-graph [data-edge]')];
    const shown = () => labels().map(one => one.dataset.edge).join();
    window.timeKey = wanted => new Promise(done => {
        const start = performance.now();
        const look = () => shown().includes(wanted) ? done(performance.now() - start) : requestAnimationFrame(look);
        requestAnimationFrame(look);
    });
}"""


def notebook(cells: int) -> Any:
    """Cells of a few lines each; every tenth begins a step, the last one reads what one of two others made."""
    made = [("step:one", "a = 1"), ("step:two", "b = 2")]
    for i in range(cells - 3):
        tags = f"step:s{i // 10}" if i % 10 == 0 else ""
        made.append((tags, f"rows{i} = [one * {i} for one in range(10)]\ntotal{i} = sum(rows{i})\nprint(total{i})"))
    return make_notebook([*made, ("step:last", "x = a")])


def keystrokes(screen: Screen, path: str, rounds: int) -> list[float]:
    screen.open(path)
    screen.node("last").wait_for()
    screen.node("last").click()
    screen.page.evaluate(WATCH)
    editor = screen.notebook.locator(".jp-Cell.jp-mod-active .cm-content")
    editor.click()
    keys = screen.page.keyboard
    found = []
    for number in range(rounds + 2):
        letter, step = ("b", "two") if number % 2 == 0 else ("a", "one")
        keys.press("Control+End")
        keys.press("Backspace")
        screen.page.wait_for_timeout(400)
        waiting = screen.page.evaluate_handle("wanted => ({promise: window.timeKey(wanted)})", f"{step} last")
        keys.press(letter)
        found.append(float(screen.page.evaluate("handle => handle.promise", waiting)))
    return found[2:]


def memory(screen: Screen, closings: int, paths: tuple[str, str]) -> tuple[float, float]:
    """Megabytes of the page's heap after the first five rounds and after all."""
    screen.open(paths[0])
    session = screen.page.context.new_cdp_session(screen.page)
    found = []
    for number in range(1, closings + 1):
        screen.open_beside(paths[1])
        screen.node("last").wait_for()
        screen.close_unsaved()
        screen.page.get_by_role("tab", name=paths[1]).wait_for(state="detached")
        if number in (5, closings):
            screen.page.wait_for_timeout(2000)
            session.send("HeapProfiler.collectGarbage")
            found.append(float(session.send("Runtime.getHeapUsage")["usedSize"]) / 1e6)
    return found[0], found[-1]


def size() -> float:
    """Kilobytes of all scripts and styles of the panel, each compressed."""
    files = (ROOT / "kale_lite" / "labextension" / "static").glob("*.js")
    return sum(len(gzip.compress(path.read_bytes())) for path in files) / 1000


def main() -> None:
    from playwright.sync_api import sync_playwright

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cells", type=int, nargs="*", default=[20, 100, 300])
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--closings", type=int, default=50)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as place, sync_playwright() as playwright:
        python = installed(Path(place) / "env")
        print(f"bundle: {size():.0f} kB gzip", flush=True)
        root = Path(place) / "root"
        root.mkdir()
        for count in {*args.cells, 20}:
            nbformat.write(notebook(count), root / f"cells{count}.ipynb")
        nbformat.write(make_notebook([("step:kept", "x = 1")]), root / "kept.ipynb")
        browser = playwright.chromium.launch(executable_path=browser_path(), args=ARGUMENTS)
        with serve(python, Path(place) / "lab", root) as lab:
            for count in args.cells:
                page = browser.new_page()
                times = keystrokes(Screen(page, lab), f"cells{count}.ipynb", args.rounds)
                page.close()
                print(f"{count} cells: {statistics.median(times):.0f} ms from key to graph (of {len(times)}; "
                      f"{min(times):.0f} to {max(times):.0f})", flush=True)  # fmt: skip
            if args.closings:
                page = browser.new_page()
                first, last = memory(Screen(page, lab), args.closings, ("kept.ipynb", "cells20.ipynb"))
                print(
                    f"memory: {first:.1f} MB after 5 notebooks opened and closed, {last:.1f} MB after {args.closings}"
                )
        browser.close()


if __name__ == "__main__":
    main()
