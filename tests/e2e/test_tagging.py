"""Tagging in a real JupyterLab: what is chosen at a cell is in the file, and the graph follows."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conftest import Cells
from tests.e2e.conftest import WriteIn
from tests.e2e.screen import Screen

PLAIN: Cells = [
    ("md", "# Load"),
    ("mine", "rows = [3, 1, 2]"),
    ("", "low = min(rows)"),
    ("other|hide-input", "high = max(rows)"),
    ("", "print(low, high)"),
]
BRANCHES: Cells = [
    ("step:load", "rows = [3, 1, 2]"),
    ("step:low", "low = min(rows)"),
    ("step:high", "high = max(rows)"),
    ("step:show", "print(low, high)"),
]
INSIDE = """([outer, inner]) => {
    const box = document.querySelector(outer)?.getBoundingClientRect();
    const all = [...document.querySelectorAll(inner)].map(one => one.getBoundingClientRect());
    return box && all.length > 0 && all.every(one => one.width > 4 && one.left >= box.left - 1 && one.right <= box.right + 1
        && one.top >= box.top - 1 && one.bottom <= box.bottom + 1);
}"""
GRAPH = ".jp-KaleLite-Sidebar .jp-KaleLite-graph"


def test_cells_that_are_tagged_are_tagged_in_the_file(screen: Screen, write_in: WriteIn) -> None:
    path = write_in(PLAIN)
    screen.open(path)
    screen.tag(2, "step", "load")
    screen.tag(3, "step", "low")
    screen.tag(4, "step", "high")
    screen.node("high").wait_for()
    assert screen.edges == {("load", "low"), ("load", "high")} or ("low", "high") in screen.edges
    screen.save()
    expected = [[], ["mine", "step:load"], ["step:low"], ["other", "hide-input", "step:high"], []]
    screen.wait_for_saved_tags(path, expected)


def test_the_graph_has_the_right_edges_and_lies_in_its_box(screen: Screen, write_in: WriteIn) -> None:
    screen.open(write_in(BRANCHES), steps=4)
    assert screen.edges == {("load", "low"), ("load", "high"), ("low", "show"), ("high", "show")}
    screen.wait_until(INSIDE, GRAPH, f"{GRAPH} [data-step]")
    screen.wait_until(INSIDE, ".jp-KaleLite-Sidebar", f"{GRAPH} [data-step]")
    screen.page.set_viewport_size({"width": 900, "height": 500})
    screen.wait_until(INSIDE, GRAPH, f"{GRAPH} [data-step]")


def test_the_graph_follows_what_is_typed(screen: Screen, write_in: WriteIn) -> None:
    screen.open(write_in(BRANCHES), steps=4)
    editor = screen.cell(3).locator(".cm-content")
    editor.click()
    screen.page.keyboard.press("Control+a")
    screen.page.keyboard.type("high = 7")
    screen.wait_for_edges({("load", "low"), ("low", "show"), ("high", "show")})


def test_nodes_and_cells_point_at_one_another(screen: Screen, write_in: WriteIn) -> None:
    cells = [*BRANCHES[:2], *[("skip", f"text_{i} = [" + "\n    0," * 20 + "]") for i in range(8)], *BRANCHES[2:]]
    screen.open(write_in(cells), steps=4)
    screen.node("show").click()
    screen.wait_until(
        "() => document.querySelector('.jp-Notebook .jp-Cell.jp-mod-active')?.textContent.includes('print(low, high)')"
    )
    assert screen.node("show").get_attribute("aria-current") == "true"
    screen.node("load").click()
    screen.wait_until(
        "() => document.querySelector('.jp-Notebook .jp-Cell.jp-mod-active')?.textContent.includes('rows = [3, 1, 2]')"
    )
    screen.cell(2).locator(".cm-content").click()
    screen.wait_until(
        "() => document.querySelector('.jp-KaleLite-graph [data-step=low]')?.getAttribute('aria-current') === 'true'"
    )


def test_a_change_of_tags_can_be_undone(screen: Screen, write_in: WriteIn) -> None:
    path = write_in(BRANCHES)
    screen.open(path, steps=4)
    screen.tag(4, "skip")
    screen.node("show").wait_for(state="detached")
    screen.notebook.locator(".jp-Notebook").press("Escape")
    screen.notebook.locator(".jp-Notebook").press("z")
    screen.node("show").wait_for()
    screen.save()
    screen.wait_for_saved_tags(path, [["step:load"], ["step:low"], ["step:high"], ["step:show"]])


def test_several_cells_at_once(screen: Screen, write_in: WriteIn) -> None:
    path = write_in(PLAIN)
    screen.open(path)
    screen.cell(2).locator(".jp-InputPrompt").click()
    screen.cell(3).locator(".jp-InputPrompt").click(modifiers=["Shift"])
    screen.page.keyboard.press("Control+Alt+k")
    screen.editor.get_by_label("Role").select_option("skip")
    screen.page.keyboard.press("Escape")
    screen.save()
    screen.wait_for_saved_tags(path, [[], ["mine", "skip"], ["skip"], ["other", "hide-input"], []])


def test_options_are_checked_as_they_are_typed(screen: Screen, write_in: WriteIn) -> None:
    path = write_in(BRANCHES)
    screen.open(path, steps=4)
    form = screen.edit(2)
    form.get_by_label("Add an option").select_option("limit:memory:")
    memory = form.get_by_label("Memory: quantity")
    memory.fill("2gb")
    form.get_by_text("'2gb' is no quantity").wait_for()
    memory.fill("2Gi")
    memory.press("Enter")
    form.get_by_text("'2gb' is no quantity").wait_for(state="hidden")
    screen.page.keyboard.press("Escape")
    screen.save()
    screen.wait_for_saved_tags(path, [["step:load"], ["step:low", "limit:memory:2Gi"], ["step:high"], ["step:show"]])


def test_findings_are_at_their_cells_and_can_be_mended(screen: Screen, write_in: WriteIn) -> None:
    path = write_in([("step:load", "rows = [1]"), ("step:sum|prev:lod", "total = sum(rows)")])
    screen.open(path)
    screen.cell(2).locator(".jp-KaleLite-marker").wait_for()
    screen.panel.get_by_text("there is no step 'lod'").wait_for()
    screen.panel.get_by_role("button", name="load", exact=False).filter(has_text="prev:load").first.click()
    screen.node("sum").wait_for()
    screen.save()
    screen.wait_for_saved_tags(path, [["step:load"], ["step:sum", "prev:load"]])


def test_an_error_in_the_code_is_underlined(screen: Screen, write_in: WriteIn) -> None:
    screen.open(write_in([("step:a", "x = 1"), ("step:b", "y = x +\nz = 2")]))
    screen.cell(2).locator(".cm-line .cm-lintRange").first.wait_for()
    screen.panel.get_by_text("KL201").first.wait_for()


def test_suggested_steps_can_be_accepted_and_taken_back(screen: Screen, write_in: WriteIn) -> None:
    path = write_in(
        [
            ("md", "## Load"),
            ("", "rows = [1, 2]"),
            ("md", "## Sum"),
            ("", "total = sum(rows)"),
            ("md", "## Show"),
            ("", "print(total)"),
        ]
    )
    screen.open(path)
    screen.panel.get_by_role("button", name="Suggest steps").first.click()
    screen.panel.get_by_role("heading", name="Suggested steps").wait_for()
    screen.button("Accept").click()
    screen.nodes.nth(1).wait_for()
    screen.save()
    screen.wait_for_saved_tags(path, lambda tags: any(tags))
    screen.button("Take back").click()
    screen.save()
    screen.wait_for_saved_tags(path, [[]] * 6)


def test_only_the_keyboard(screen: Screen, write_in: WriteIn) -> None:
    path = write_in(BRANCHES)
    screen.open(path, steps=4)
    keys = screen.page.keyboard
    screen.notebook.locator(".jp-Notebook").press("Escape")
    keys.press("ArrowDown")
    keys.press("Control+Alt+k")
    screen.editor.wait_for()
    assert screen.page.evaluate("document.activeElement.closest('[role=dialog]') !== null")
    keys.press("Tab")
    keys.press("Control+a")
    keys.type("lowest")
    keys.press("Enter")
    screen.node("lowest").wait_for()
    keys.press("Escape")
    screen.editor.wait_for(state="hidden")
    assert screen.page.evaluate("document.activeElement.closest('.jp-Notebook') !== null")
    keys.press("Control+Alt+p")
    screen.node("load").focus()
    keys.press("Tab")
    focused = screen.page.evaluate("document.activeElement.dataset.step ?? document.activeElement.dataset.edge")
    assert focused
    screen.node("show").focus()
    keys.press("Enter")
    screen.wait_until(
        "() => document.querySelector('.jp-Notebook .jp-Cell.jp-mod-active')?.textContent.includes('print(low, high)')"
    )


def test_an_untagged_notebook_explains_itself(screen: Screen, write_in: WriteIn) -> None:
    screen.open(write_in([("", "x = 1"), ("", "y = x")]))
    screen.panel.get_by_role("button", name="Suggest steps").first.wait_for()


def test_two_notebooks_have_their_own_graphs(screen: Screen, write_in: WriteIn) -> None:
    first, second = write_in(BRANCHES, "first.ipynb"), write_in(BRANCHES[:2], "second.ipynb")
    screen.open(first, steps=4)
    screen.open_beside(second)
    screen.wait_for_steps(["load", "low"])
    screen.page.get_by_role("tab", name="first.ipynb").click()
    screen.wait_for_steps(["load", "low", "high", "show"])


@pytest.mark.parametrize("theme", ["JupyterLab Dark", "JupyterLab Dark High Contrast"])
def test_dark_themes(screen: Screen, write_in: WriteIn, theme: str) -> None:
    screen.open(write_in(BRANCHES), steps=4)
    screen.command("apputils:change-theme", {"theme": theme})
    dark = "() => { const [r, g, b] = getComputedStyle(%s).backgroundColor.match(/\\d+/g).map(Number); return r + g + b < 200; }"
    screen.wait_until(dark % "document.querySelector('.jp-KaleLite-Sidebar')")
    contrast: Any = """() => {
        const light = text => { const [r, g, b] = text.match(/[\\d.]+/g).map(Number); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
        return [...document.querySelectorAll('.jp-KaleLite-nodeName')].every(one => light(getComputedStyle(one).color) > 150);
    }"""
    screen.wait_until(contrast)
