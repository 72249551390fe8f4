"""The ``tag`` command: show what the cells are, propose steps, and write tags into the notebook."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import textwrap
from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from kale_lite.errors import ExitCode, RefusedError, UsageError

if TYPE_CHECKING:
    from kale_lite.analysis.propose import Choice, Proposal
    from kale_lite.notebook.model import Notebook

__all__ = ["tag_command"]

Tags = dict[int, tuple[str, ...]]
_LINE = 32


class TagFormat(StrEnum):
    """Forms of the outcome."""

    TEXT = "text"
    MERMAID = "mermaid"


def tag_command(
    notebook: Annotated[Path, typer.Argument(metavar="NB", help="A notebook (.ipynb).")],
    auto: Annotated[bool, typer.Option("--auto", help="Propose steps for cells without tags.")] = False,
    set_: Annotated[
        list[str] | None, typer.Option("--set", metavar="CELL=TAG", help="Give a cell a tag (role tags replace).")
    ] = None,
    unset: Annotated[
        list[str] | None, typer.Option("--unset", metavar="CELL=TAG", help="Take a tag off a cell.")
    ] = None,
    write: Annotated[bool, typer.Option("--write", help="Save the tags; nothing else of the file changes.")] = False,
    format: Annotated[
        TagFormat, typer.Option("--format", "-f", help="The whole as text, or the graph alone.")
    ] = TagFormat.TEXT,
    as_json: Annotated[bool, typer.Option("--json", help="The outcome as JSON on stdout.")] = False,
) -> None:
    """Show what each cell is, propose steps for those without tags, and save tags.

    Tags that stand are kept. Without --write nothing is saved.

    Examples:

        kale-lite tag analysis.ipynb

        kale-lite tag analysis.ipynb --auto --write

        kale-lite tag analysis.ipynb --set 3=step:train --unset 4=skip --write
    """
    from kale_lite.cells import own_number
    from kale_lite.notebook import read_notebook, write_tags

    seen = notebook.read_bytes() if notebook.is_file() and os.access(notebook, os.R_OK) else b""
    read, found = read_notebook(notebook)
    if read is None:
        raise RefusedError(found)
    given = _given(read, set_ or [], unset or [])
    outcome = _outcome(read, given, auto=auto)
    if as_json:
        typer.echo(json.dumps(outcome.to_json(), indent=1, ensure_ascii=False, default=repr))
    elif format is TagFormat.MERMAID:
        _show_mermaid(outcome)
    else:
        _show(notebook, outcome, whole=auto or bool(given))
    if auto and not outcome.compiles:
        typer.echo(f"{notebook}: the steps have errors: nothing was written", err=True)
        raise typer.Exit(ExitCode.REFUSED)
    if write and outcome.tags:
        undo = _undo(notebook, {cell.number: cell.tags for cell in read.cells}, outcome.tags)
        write_tags(notebook, seen, {own_number(number): tags for number, tags in outcome.tags.items()})
        count = len(outcome.tags)
        typer.echo(f"{notebook}: tags of {count} cell{'s' * (count != 1)} written\nundo: {undo}", err=True)
    elif outcome.tags and not as_json and format is TagFormat.TEXT:
        typer.echo(f"\n{notebook}: nothing was written; --write saves these tags")


def _given(notebook: Notebook, set_: Sequence[str], unset: Sequence[str]) -> Tags:
    """All tags of the cells that --set and --unset change."""
    from kale_lite.cells import notebook_of, own_number
    from kale_lite.notebook.roles import role_tags

    old: Tags = {cell.number: cell.tags for cell in notebook.cells}
    cells = {own_number(number): number for number in old if not notebook_of(number)}
    new: Tags = {}
    for text in unset:
        number, tag = _assignment("--unset", text, cells)
        tags = new.get(number, old[number])
        if tag not in tags:
            shown = ", ".join(tags) or "none"
            raise UsageError(f"--unset: cell {number} has no tag {tag!r}", hint=f"its tags: {shown}")
        new[number] = tuple(one for one in tags if one != tag)
    for text in set_:
        number, tag = _assignment("--set", text, cells)
        _check_tag(tag)
        tags = new.get(number, old[number])
        replaced = role_tags(tags) if role_tags([tag]) else ()
        new[number] = (*(one for one in tags if one not in (*replaced, tag)), tag)
    return {number: tags for number, tags in new.items() if tags != old[number]}


def _assignment(option: str, text: str, cells: Mapping[int, int]) -> tuple[int, str]:
    """The cell that the user names by its own number, and the tag."""
    number, equals, tag = text.partition("=")
    if not equals or not number.strip().isdecimal() or not tag.strip():
        raise UsageError(f"{option} wants CELL=TAG, not {text!r}", hint=f"such as {option} 3=step:train")
    if int(number) not in cells:
        raise UsageError(f"{option}: there is no code cell {number}", hint="cells count from 1, text cells included")
    return cells[int(number)], tag.strip()


def _check_tag(tag: str) -> None:
    from kale_lite.notebook.tags import Malformed, parse_tag

    parsed = parse_tag(tag)
    if isinstance(parsed, Malformed):
        hint = f"write {parsed.suggestion}" if parsed.suggestion else ""
        raise UsageError(f"--set: tag {tag!r} does not parse: {parsed.problem}", hint=hint)


def _outcome(notebook: Notebook, given: Tags, *, auto: bool) -> Proposal:
    from kale_lite.analysis.propose import propose, stated
    from kale_lite.notebook import with_tags

    if given:
        retagged, found = with_tags(notebook, given)
        if retagged is None:
            raise RefusedError(found)
        notebook = retagged
    return stated(notebook, given) if not auto else propose(notebook).after(given)


def _show(path: Path, outcome: Proposal, *, whole: bool) -> None:
    from kale_lite.graph import render

    console = Console(highlight=False, markup=False)
    _show_table(console, outcome.choices)
    if not whole:
        return
    for finding in outcome.diagnostics:
        typer.echo(f"{path}: {finding}", err=True)
    if outcome.pipeline is not None:
        console.print()
        console.print(render(outcome.pipeline, "text"), soft_wrap=True)


def _show_table(console: Console, choices: Sequence[Choice]) -> None:
    table = Table(box=None, pad_edge=False, header_style="dim", expand=False)
    table.add_column("cell", justify="right", no_wrap=True)
    table.add_column("is", no_wrap=True)
    table.add_column("first line", no_wrap=True)
    table.add_column("why")
    for choice in choices:
        role = choice.step if choice.role == "step" and choice.step else f"({choice.role})"
        role = f"{choice.step} (notebook)" if choice.role == "notebook" else role
        line = textwrap.shorten(choice.first_line, _LINE, placeholder="…")
        table.add_row(str(choice.cell), role, line, choice.why, style="dim" if choice.role == "skip" else None)
    console.print(table)


def _show_mermaid(outcome: Proposal) -> None:
    from kale_lite.graph import render

    if outcome.pipeline is None:
        raise RefusedError(outcome.diagnostics)
    typer.echo(render(outcome.pipeline, "mermaid"))


def _undo(path: Path, old: Tags, new: Mapping[int, tuple[str, ...]]) -> str:
    """The command that takes the change back: by git where the file was committed as it stood, else by tags."""
    if _is_committed(path):
        return f"git restore {shlex.quote(str(path))}"
    words = [f"--unset {shlex.quote(f'{n}={t}')}" for n, tags in new.items() for t in tags if t not in old[n]]
    words += [f"--set {shlex.quote(f'{n}={t}')}" for n in new for t in old[n] if t not in new[n]]
    return " ".join([f"kale-lite tag {shlex.quote(str(path))}", *words, "--write"])


def _is_committed(path: Path) -> bool:
    """Whether git has the file as it stands."""
    commands = (["ls-files", "--error-unmatch"], ["diff", "--quiet", "HEAD"])
    try:
        return all(
            subprocess.run(["git", *words, "--", path.name], cwd=path.absolute().parent, capture_output=True).returncode
            == 0
            for words in commands
        )
    except OSError:
        return False
