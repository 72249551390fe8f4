"""The ``runs`` commands: what ran, how it went, where its record is."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from kale_lite.history import Entry

__all__ = ["runs_app"]

runs_app = typer.Typer(
    no_args_is_help=True, rich_markup_mode="markdown",
    help="The history of runs.\n\nRUN is a run's number, its folder, or `last`.",
)  # fmt: skip

_STYLES = {"done": "green", "failed": "bold red", "running": "cyan", "interrupted": "yellow", "skipped": "yellow",
           "cancelled": "yellow"}  # fmt: skip
Run = Annotated[str, typer.Argument(metavar="RUN", help="A run's number, its folder, or `last`.")]
AsJson = Annotated[bool, typer.Option("--json", help="As JSON.")]


@runs_app.command("list")
def list_command(
    notebook: Annotated[Path | None, typer.Argument(metavar="[NB]", help="Only runs of this notebook.")] = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="At most so many.")] = 20,
    as_json: AsJson = False,
) -> None:
    """List runs, the newest first.

    Examples:

        kale-lite runs list

        kale-lite runs list analysis.ipynb --json
    """
    from kale_lite.history import History, refreshed

    found = History().entries()
    if notebook is not None:
        wanted = str(notebook.resolve())
        found = [entry for entry in found if entry.notebook == wanted]
    shown = [refreshed(entry) for entry in found[:limit]]
    if as_json:
        print(json.dumps([entry.to_json() for entry in shown], indent=1, ensure_ascii=False))
    elif not shown:
        print("no runs yet" if notebook is None else f"no runs of {notebook} yet")
    else:
        _print_list(shown)
        if len(found) > limit:
            print(f"{len(found) - limit} older ones: --limit shows more")


def _print_list(entries: list[Entry]) -> None:
    from rich.markup import escape
    from rich.table import Table

    table = Table("run", "notebook", "state", "started", box=None, pad_edge=False, header_style="dim")
    table.add_column("time", justify="right")
    for title in ("parameters", "metrics"):
        table.add_column(title)
    for entry in entries:
        gone = "" if entry.folder.is_dir() else " (record gone)"
        style = _STYLES.get(entry.status, "")
        table.add_row(
            str(entry.id), escape(Path(entry.notebook).name or entry.pipeline), f"[{style}]{entry.status}[/]{gone}",
            _moment(entry.started), _spent(entry), escape(_pairs(entry.parameters)), escape(_pairs(entry.metrics)),
        )  # fmt: skip
    _console().print(table)


def _console() -> Any:
    from rich.console import Console

    # Lines in a file or pipe are whole, whatever the width of a terminal.
    return Console(highlight=False) if sys.stdout.isatty() else Console(highlight=False, width=10_000)


def _moment(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seconds))


def _spent(entry: Entry) -> str:
    return f"{entry.seconds:.1f} s" if entry.seconds else ""


def _pairs(values: Mapping[str, Any]) -> str:
    return " ".join(f"{name}={_short(value)}" for name, value in values.items())


def _short(value: Any) -> str:
    text = f"{value:.6g}" if isinstance(value, float) else str(value)
    return text if len(text) <= 24 else f"{text[:23]}…"


@runs_app.command("show")
def show_command(run: Run, as_json: AsJson = False) -> None:
    """Show a run: its steps with states and times, its findings, where its record is.

    Examples:

        kale-lite runs show last

        kale-lite runs show 12 --json
    """
    from kale_lite.history import History, find_entry, read_record

    entry = find_entry(History(), run)
    record = read_record(entry.folder) or {}
    if as_json:
        print(json.dumps({**record, **entry.to_json()}, indent=1, ensure_ascii=False))
    else:
        _print_run(entry, record)


def _print_run(entry: Entry, record: Mapping[str, Any]) -> None:
    from rich.markup import escape
    from rich.table import Table

    console = _console()
    style = _STYLES.get(entry.status, "")
    number = f"run {entry.id}" if entry.id else "run"
    console.print(f"{number} of {escape(entry.notebook or entry.pipeline)}: [{style}]{entry.status}[/]", soft_wrap=True)
    console.print(f"{_moment(entry.started)}, {entry.seconds:.1f} s")
    for title, values in (("parameters", entry.parameters), ("metrics", entry.metrics)):
        if values:
            console.print(f"{title}: {escape(_pairs(values))}", soft_wrap=True)
    table = Table("step", "state", box=None, pad_edge=False, header_style="dim")
    table.add_column("time", justify="right")
    for name, step in record.get("steps", {}).items():
        state = "reused" if step.get("reused") else step["status"]
        time_spent = f"{step['seconds']:.1f} s" if step.get("seconds") else ""
        table.add_row(escape(name), f"[{_STYLES.get(state, '')}]{state}[/]", time_spent)
    if table.row_count:
        console.print(table)
    for name, step in record.get("steps", {}).items():
        for finding in step.get("diagnostics", ()):
            console.print(escape(_finding(finding, name)), soft_wrap=True)
    if not record:
        console.print(f"its record is gone: {escape(str(entry.folder))}", soft_wrap=True)
        return
    console.print(f"record: {escape(str(entry.folder))}", soft_wrap=True)
    if (entry.folder / "report.html").exists():
        console.print(f"report: {escape(str(entry.folder / 'report.html'))}", soft_wrap=True)


def _finding(finding: Mapping[str, Any], step: str) -> str:
    where = f"cell {finding['cell']}" if finding.get("cell") else f"step {step}"
    where += f" of {finding['notebook']}" if finding.get("notebook") else ""
    where += f", line {finding['line']}" if finding.get("line") else ""
    hint = f"\n    hint: {finding['hint']}" if finding.get("hint") else ""
    return f"{where}: {finding['severity']} {finding['code']}: {finding['message']}{hint}"


@runs_app.command("delete")
def delete_command(
    runs: Annotated[list[str], typer.Argument(metavar="RUN...", help="Numbers or folders of runs.")],
) -> None:
    """Delete runs, from the history and from the disk. Files that are not of the record stay.

    Example:

        kale-lite runs delete 12 13
    """
    from kale_lite.errors import UsageError
    from kale_lite.history import History, delete_record, find_entry

    history = History()
    for entry in [find_entry(history, run) for run in runs]:
        try:
            left = delete_record(entry)
        except OSError as error:
            raise UsageError(f"{error.filename or entry.folder} cannot be deleted: {error.strerror}") from None
        history.remove(entry.id)
        kept = f"; {entry.folder} stays, as it also holds {', '.join(left[:4])}" if left else ""
        print(f"deleted run {entry.id or entry.folder}{kept}")


@runs_app.command("add")
def add_command(
    folders: Annotated[list[Path], typer.Argument(metavar="FOLDER...", help="Records, or folders with records.")],
) -> None:
    """Put records that the history does not have into it: moved ones, or all, when the history was lost.

    Example:

        kale-lite runs add kale-lite-runs
    """
    from kale_lite.errors import UsageError
    from kale_lite.history import History, add_records

    for folder in folders:
        if not folder.is_dir():
            raise UsageError(f"folder {folder} does not exist")
    added = add_records(History(), folders)
    for entry in added:
        print(f"{entry.id}  {entry.folder}")
    print(f"{len(added)} run{'s' * (len(added) != 1)} added")
