"""Progress of a run: live on a terminal, plain lines elsewhere, or JSON events."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from kale_lite.diagnostics import Diagnostic
from kale_lite.pipeline import Pipeline

if TYPE_CHECKING:
    from kale_lite.targets.local import Event, RunResult

__all__ = ["Reporter", "json_reporter", "reporter"]

_SYMBOLS = {"waiting": ("·", "dim"), "running": ("▶", "cyan"), "done": ("✓", "green"), "failed": ("✗", "bold red"),
            "skipped": ("-", "yellow"), "reused": ("↺", "cyan"), "cancelled": ("-", "yellow")}  # fmt: skip


class Reporter(Protocol):
    """Tells the user about a run."""

    def findings(self, path: Path, diagnostics: tuple[Diagnostic, ...]) -> None: ...
    def following(self, pipeline: Pipeline) -> Any: ...
    def on_event(self, event: Event) -> None: ...
    def summary(self, path: Path, result: RunResult) -> None: ...


def json_reporter() -> Reporter:
    """Events as JSON lines on stdout."""
    return _JsonReporter()


def reporter(console: Console) -> Reporter:
    """The reporter for where the console's output goes."""
    return _LiveReporter(console) if console.is_terminal else _PlainReporter(console)


def _print_findings(path: Path, diagnostics: tuple[Diagnostic, ...]) -> None:
    for finding in diagnostics:
        print(f"{path}: {finding}", file=sys.stderr)


class _JsonReporter:
    """One JSON event a line on stdout; findings go to stderr."""

    def findings(self, path: Path, diagnostics: tuple[Diagnostic, ...]) -> None:
        _print_findings(path, diagnostics)

    @contextmanager
    def following(self, pipeline: Pipeline) -> Iterator[None]:
        yield

    def on_event(self, event: Event) -> None:
        print(json.dumps(event.to_json(), ensure_ascii=False, default=repr), flush=True)

    def summary(self, path: Path, result: RunResult) -> None:
        _print_findings(path, result.diagnostics)


class _PlainReporter:
    """A line when a step starts and ends: for logs and CI."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.started: dict[str, float] = {}

    def findings(self, path: Path, diagnostics: tuple[Diagnostic, ...]) -> None:
        _print_findings(path, diagnostics)

    @contextmanager
    def following(self, pipeline: Pipeline) -> Iterator[None]:
        yield

    def on_event(self, event: Event) -> None:
        line = self.line(event)
        if line:
            self.console.print(line, soft_wrap=True)

    def line(self, event: Event) -> str:
        """The event in one line; empty for events that need none."""
        name = escape(event.step)
        if event.type == "run-started":
            return f"{escape(str(event.data['pipeline']))}: {len(event.data['steps'])} steps"
        if event.type == "step-started":
            again = f" (attempt {event.data['attempt']})" if event.data["attempt"] > 1 else ""
            return f"▶ {name}{again}"
        if event.type == "step-output":
            return "\n".join(f"[dim]{name} |[/dim] {escape(line)}" for line in str(event.data["text"]).splitlines())
        if event.type == "step-retried":
            return f"↻ {name} failed, trying again"
        if event.type == "step-finished":
            status = str(event.data["status"])
            if event.data.get("reused"):
                status = "reused"
            symbol, style = _SYMBOLS[status]
            because = f", {event.data['because']} did not succeed" if "because" in event.data else ""
            spent = f" {event.data['seconds']:.1f} s" if status in ("done", "failed") else f" {status}{because}"
            return f"[{style}]{symbol}[/{style}] {name}{escape(spent)}"
        return ""

    def summary(self, path: Path, result: RunResult) -> None:
        for step in result.steps.values():
            for finding in step.diagnostics:
                print(f"\n{path}: {finding}", file=sys.stderr)
            if step.traceback:
                print("\n".join(f"    {line}" for line in step.traceback.splitlines()), file=sys.stderr)
        _print_findings(path, result.problems)
        sys.stderr.flush()
        self._print_metrics(result)
        style = "green" if result.status == "done" else "bold red"
        self.console.print(f"[{style}]{result.status}[/{style}] in {result.seconds:.1f} s", end="")
        self.console.print(f" · record: {escape(_shown(result.output_dir))}", soft_wrap=True)
        if result.report is not None:
            self.console.print(f"report: {escape(_shown(result.report))}", soft_wrap=True)

    def _print_metrics(self, result: RunResult) -> None:
        if not result.metrics:
            return
        table = Table("metric", "value", box=None, pad_edge=False, header_style="dim")
        for name, value in result.metrics.items():
            table.add_row(escape(name), f"{value:.6g}" if isinstance(value, float) else escape(str(value)))
        self.console.print(table)


def _shown(folder: Path) -> str:
    """The folder from here when it lies below, else in full."""
    try:
        return str(folder.relative_to(Path.cwd()))
    except ValueError:
        return str(folder)


class _LiveReporter(_PlainReporter):
    """All steps at once, redrawn as they go."""

    def __init__(self, console: Console) -> None:
        super().__init__(console)
        self.states: dict[str, str] = {}
        self.seconds: dict[str, float] = {}
        self.notes: dict[str, str] = {}
        self.waits: dict[str, list[str]] = {}
        self.begun = time.time()

    @contextmanager
    def following(self, pipeline: Pipeline) -> Iterator[None]:
        self.states = {step.name: "waiting" for step in pipeline.steps}
        before = pipeline.predecessors()
        self.waits = {
            step.name: [s.name for s in pipeline.steps if s.name in before[step.name]] for step in pipeline.steps
        }
        self.begun = time.time()
        with Live(get_renderable=self._table, console=self.console, refresh_per_second=8, transient=False):
            yield

    def on_event(self, event: Event) -> None:
        if event.type == "step-started":
            self.states[event.step], self.started[event.step] = "running", event.time
            self.notes[event.step] = f"attempt {event.data['attempt']}" if event.data["attempt"] > 1 else ""
        elif event.type == "step-finished":
            self.states[event.step] = "reused" if event.data.get("reused") else str(event.data["status"])
            self.seconds[event.step] = float(event.data["seconds"])
            self.notes[event.step] = f"{event.data['because']} did not succeed" if "because" in event.data else ""
        elif event.type == "step-output":
            self.console.print(self.line(event), soft_wrap=True)

    def _table(self) -> RenderableType:
        table = Table.grid(padding=(0, 2))
        table.add_column(width=1)
        table.add_column(overflow="ellipsis", no_wrap=True, max_width=32)
        table.add_column(justify="right", width=8)
        table.add_column(style="dim", overflow="ellipsis", no_wrap=True)
        for name, state in self.states.items():
            symbol, style = _SYMBOLS[state]
            table.add_row(
                Text(symbol, style),
                Text(name, "" if state != "waiting" else "dim"),
                self._spent(name),
                self._note(name),
            )
        done = sum(state not in ("waiting", "running") for state in self.states.values())
        total = Text(f"{done} of {len(self.states)} steps · {time.time() - self.begun:.0f} s", "dim")
        return Group(table, total)

    def _spent(self, name: str) -> str:
        if self.states[name] == "running":
            return f"{time.time() - self.started[name]:.1f} s"
        return f"{self.seconds[name]:.1f} s" if self.seconds.get(name) else ""

    def _note(self, name: str) -> str:
        if self.notes.get(name):
            return self.notes[name]
        pending = [b for b in self.waits.get(name, []) if self.states.get(b) in ("waiting", "running")]
        return f"waits for {', '.join(pending)}" if self.states[name] == "waiting" and pending else ""
