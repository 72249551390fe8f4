"""The ``verify`` command: run a notebook both ways and tell what differs."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from kale_lite.errors import ExitCode, RefusedError

if TYPE_CHECKING:
    from kale_lite.verify.compare import Verification

__all__ = ["verify_command"]

_KINDS = {"outputs": "outputs of cells", "values": "values of names", "sharing": "pairs that share", "files": "files"}
_LISTED = 20
_STATUS = {"same": "green", "differs": "bold red", "failed": "bold red"}


def verify_command(
    notebook: Annotated[Path, typer.Argument(metavar="NB", help="A notebook (.ipynb); never written to.")],
    param: Annotated[
        list[str] | None, typer.Option("--param", "-p", metavar="NAME=VALUE", help="Set a parameter.")
    ] = None,
    params_file: Annotated[Path | None, typer.Option(help="YAML or JSON file of parameters; -p wins.")] = None,
    kernel: Annotated[str | None, typer.Option("--kernel", "-k", help="Kernel instead of the notebook's own.")] = None,
    timeout: Annotated[float | None, typer.Option(min=0.001, help="Seconds a step or a cell may take.")] = None,
    keep: Annotated[Path | None, typer.Option(metavar="DIR", help="Keep the copies and the run's record here.")] = None,
    details: Annotated[bool, typer.Option("--details", help="List all that was set aside or not compared.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="The outcome as JSON on stdout.")] = False,
) -> None:
    """Run a notebook in one kernel, as a pipeline, and in one kernel again; compare what they give.

    Compared are the outputs of every cell, the values of all names that a step holds at its end, which of them
    share objects, and the files written. Each run works in its own copy of the notebook's folder. What differs
    between the two plain runs is random or depends on time: it is set aside, and counted.

    Exit codes: 0 the same · 1 something differs or fails · 2 refused before anything ran

    Example:

        kale-lite verify analysis.ipynb -p epochs=2
    """
    from kale_lite.cli.assignments import given_parameters
    from kale_lite.cli.progress import reporter
    from kale_lite.notebook import set_parameters
    from kale_lite.project import load
    from kale_lite.verify import VerifyOptions, verify

    console = Console(highlight=False, stderr=as_json)
    show = reporter(console)
    project = load(notebook)
    problems = project.diagnostics
    given = given_parameters(param or [], params_file)
    values: Mapping[str, Any] = {}
    if project.notebook is not None:
        values, more = set_parameters(project.notebook.parameters, given, project.notebook.mapped)
        problems = (*problems, *more)
    show.findings(notebook, problems)
    if project.notebook is None or project.pipeline is None or any(d.is_error for d in problems):
        raise RefusedError(())
    options = VerifyOptions(values, frozenset(given), kernel, timeout, keep)
    with show.following(project.pipeline):
        found = verify(
            project.notebook, project.pipeline, options,
            emit=show.on_event, tell=lambda text: console.print(f"[dim]{escape(text)}[/dim]"),
        )  # fmt: skip
    if as_json:
        typer.echo(json.dumps({"notebook": str(notebook), **found.to_json()}, indent=1, ensure_ascii=False))
    else:
        _report(console, notebook, found, details=details)
    sys.stdout.flush()
    raise typer.Exit(ExitCode.DONE if found.status == "same" else ExitCode.FAILED)


def _report(console: Console, path: Path, found: Verification, *, details: bool) -> None:
    for number, difference in enumerate(found.differences[:_LISTED], 1):
        console.print(f"[red]{number}.[/red] {escape(str(difference))}", soft_wrap=True)
    if len(found.differences) > _LISTED:
        console.print(f"… and {len(found.differences) - _LISTED} more (--json has all)")
    if found.compared:
        table = Table("compared", "same", "differ", "random", "not compared", box=None, pad_edge=False,
                      header_style="dim")  # fmt: skip
        for column in table.columns[1:]:
            column.justify = "right"
        differ = [d.kind for d in found.differences]
        for kind, name in _KINDS.items():
            bad = differ.count(kind.removesuffix("s"))
            loose, unknown = found.random[kind], found.uncompared[kind]
            same = max(found.compared[kind] - bad - loose - (unknown if kind == "sharing" else 0), 0)
            table.add_row(name, str(same), f"[red]{bad}[/red]" if bad else "0", str(loose), str(unknown))
        console.print(table)
    if details:
        for title, texts in (("Random, set aside:", found.set_aside), ("Not compared:", found.not_compared)):
            if texts:
                console.print(title, *(f"  {escape(text)}" for text in texts), sep="\n", soft_wrap=True)
    elif found.set_aside or found.not_compared:
        console.print("[dim]--details lists what was random or could not be compared[/dim]")
    style = _STATUS[found.status]
    spent = " · ".join(f"{name} {seconds:.1f} s" for name, seconds in found.seconds.items())
    console.print(f"[{style}]{found.status}[/{style}] · {escape(path.name)} · {spent}", soft_wrap=True)
