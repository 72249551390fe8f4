"""What a user sees and does in JupyterLab with the panel, for the tests to read like it."""

from __future__ import annotations

import json
import time
from typing import Any

from tests.e2e.lab import Lab

__all__ = ["Screen"]


class Screen:
    """A page of JupyterLab. ``page`` is Playwright's."""

    def __init__(self, page: Any, lab: Lab) -> None:
        self.page, self.lab = page, lab
        page.set_default_timeout(30_000)

    def open(self, path: str, steps: int | None = None) -> Screen:
        """Open a notebook with the panel, and wait for its graph when it has one."""
        self.page.goto(self.lab.page(path))
        self.page.locator(".jp-Notebook .jp-Cell").first.wait_for(timeout=60_000)
        self.show_panel()
        if steps is not None:
            self.nodes.nth(steps - 1).wait_for()
        return self

    def show_panel(self) -> None:
        if not self.panel.is_visible():
            self.page.locator('.jp-SideBar [data-id="kale-lite-sidebar"]').click()
        self.panel.wait_for()

    @property
    def panel(self) -> Any:
        return self.page.locator(".jp-KaleLite-Sidebar")

    @property
    def notebook(self) -> Any:
        return self.page.locator(".jp-NotebookPanel:not(.lm-mod-hidden)")

    @property
    def nodes(self) -> Any:
        return self.panel.locator(".jp-KaleLite-graph [data-step]")

    @property
    def edges(self) -> set[tuple[str, ...]]:
        labels = self.panel.locator(".jp-KaleLite-graph [data-edge]")
        return {tuple(one.split(" ")) for one in labels.evaluate_all("all => all.map(one => one.dataset.edge)")}

    def node(self, step: str) -> Any:
        return self.panel.locator(f'.jp-KaleLite-graph [data-step="{step}"]')

    def cell(self, number: int) -> Any:
        """A cell by its number from 1."""
        return self.notebook.locator(".jp-Notebook .jp-Cell").nth(number - 1)

    def badge(self, number: int) -> Any:
        return self.cell(number).locator(".jp-KaleLite-badge")

    @property
    def editor(self) -> Any:
        """The editor of a cell's role and step."""
        return self.page.locator(".jp-KaleLite-form")

    def edit(self, number: int) -> Any:
        self.badge(number).click()
        self.editor.wait_for()
        return self.editor

    def tag(self, number: int, role: str, name: str = "") -> None:
        """Give a cell a role and a step by its editor."""
        form = self.edit(number)
        form.get_by_label("Role").select_option(role)
        if name:
            box = form.get_by_label("Name", exact=True)
            box.fill(name)
            box.press("Enter")
        self.page.wait_for_timeout(200)
        self.page.keyboard.press("Escape")
        if self.editor.count():
            self.page.keyboard.press("Escape")
        self.editor.wait_for(state="hidden")

    def open_menu(self, step: str) -> Any:
        """The menu of a step's node, by keyboard; again if the node was drawn anew in between, as it is when a run ends."""
        menu = self.page.locator(".lm-Menu")
        for _ in range(5):
            self.node(step).focus()
            self.page.keyboard.press("Shift+F10")
            self.page.wait_for_timeout(500)
            if menu.count():
                break
        return menu

    def button(self, name: str) -> Any:
        return self.panel.get_by_role("button", name=name, exact=True)

    def run(self) -> None:
        self.button("Compile and run").click()

    def save(self) -> None:
        self.notebook.locator(".jp-Notebook").press("Control+s")
        self.page.locator(".jp-NotebookPanel:not(.lm-mod-hidden)").wait_for()

    def saved_tags(self, path: str) -> list[list[str]] | None:
        """The tags of all cells in the file on the disk; None while JupyterLab, which empties it first, is writing it."""
        try:
            content = json.loads((self.lab.root / path).read_text("utf-8"))
        except json.JSONDecodeError:
            return None
        return [cell["metadata"].get("tags", []) for cell in content["cells"]]

    def wait_for_saved_tags(self, path: str, wanted: Any) -> None:
        """Wait until the file has these tags, or tags of which ``wanted`` is true."""
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            found = self.saved_tags(path)
            if found is not None and (wanted(found) if callable(wanted) else found == wanted):
                return
            self.page.wait_for_timeout(100)
        raise AssertionError(f"saved: {self.saved_tags(path)}")

    def wait_for_edges(self, wanted: set[tuple[str, str]]) -> None:
        deadline = time.monotonic() + 20
        while self.edges != wanted:
            assert time.monotonic() < deadline, self.edges
            self.page.wait_for_timeout(50)

    def wait_for_steps(self, wanted: list[str]) -> None:
        deadline = time.monotonic() + 20
        while (found := self.nodes.evaluate_all("all => all.map(one => one.dataset.step)")) != wanted:
            assert time.monotonic() < deadline, found
            self.page.wait_for_timeout(50)

    def open_beside(self, path: str) -> None:
        """Open another notebook in a tab of its own."""
        self.command("docmanager:open", {"path": path})
        self.page.get_by_role("tab", name=path.rpartition("/")[2]).wait_for()

    def close_unsaved(self) -> None:
        """Close the notebook in front without a question: a kernel that starts changes its metadata."""
        self.page.evaluate(
            "() => { const one = window.jupyterapp.shell.currentWidget; one.context.model.dirty = false; one.close(); }"
        )

    def command(self, name: str, arguments: dict[str, Any] | None = None) -> None:
        """Execute a command of JupyterLab."""
        self.page.evaluate(
            "([name, given]) => window.jupyterapp.commands.execute(name, given).then(() => undefined)",
            [name, arguments or {}],
        )

    def wait_until(self, what: str, *args: Any, timeout: float = 60_000) -> None:
        self.page.wait_for_function(what, arg=list(args), timeout=timeout)
