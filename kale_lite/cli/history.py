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
           "cancelled": "yellow", "reused": "cyan"}  # fmt: skip
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
        table.add_row(
            str(entry.id), escape(Path(entry.notebook).name or entry.pipeline), _styled(entry.status + gone),
            _moment(entry.started), _spent(entry), escape(_pairs(entry.parameters)), escape(_pairs(entry.metrics)),
        )  # fmt: skip
    _console().print(table)


def _console() -> Any:
    from rich.console import Console

    # Lines in a file or pipe are whole, whatever the width of a terminal.
    return Console(highlight=False) if sys.stdout.isatty() else Console(highlight=False, width=10_000)


def _styled(state: str) -> Any:
    from rich.text import Text

    return Text(state, _STYLES.get(state.split()[0], ""))


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
    number = f"run {entry.id}" if entry.id else "run"
    console.print(f"{number} of {escape(entry.notebook or entry.pipeline)}:", _styled(entry.status), soft_wrap=True)
    console.print(f"{_moment(entry.started)}, {entry.seconds:.1f} s")
    for title, values in (("parameters", entry.parameters), ("metrics", entry.metrics)):
        if values:
            console.print(f"{title}: {escape(_pairs(values))}", soft_wrap=True)
    table = Table("step", "state", box=None, pad_edge=False, header_style="dim")
    table.add_column("time", justify="right")
    for name, step in record.get("steps", {}).items():
        state = "reused" if step.get("reused") else step["status"]
        time_spent = f"{step['seconds']:.1f} s" if step.get("seconds") else ""
        table.add_row(escape(name), _styled(state), time_spent)
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


@runs_app.command("resume")
def resume_command(
    run: Run,
    jobs: Annotated[int | None, typer.Option("--jobs", "-j", min=1, help="Steps at once (default: cores).")] = None,
    output_dir: Annotated[Path | None, typer.Option(help="The new run's folder.")] = None,
    timeout: Annotated[float | None, typer.Option(min=0.001, help="Seconds a step may take.")] = None,
    retries: Annotated[int, typer.Option(min=0, help="Further attempts for a step that fails.")] = 0,
    log_output: Annotated[bool, typer.Option("--log-output", help="Show what cells print, as it comes.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON event a line on stdout.")] = False,
) -> None:
    """Go on with a run that failed or was interrupted: with its parameters, and the steps that were done.

    It is a run of its own, with its own record. Refused when a cell, package or file of those steps was changed.

    Examples:

        kale-lite runs resume last

        kale-lite runs resume 12 --jobs 4
    """
    from kale_lite.again import resumable
    from kale_lite.cli.running import RunRequest, resume

    entry, notebook = resumable(run)
    options: dict[str, Any] = {"timeout": timeout, "retries": retries, "log_output": log_output}
    options |= {"jobs": jobs} if jobs is not None else {}
    request = RunRequest([notebook], output_dir=output_dir, reuse=str(entry.folder), as_json=as_json, options=options)
    raise typer.Exit(resume(request, entry.folder))


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
