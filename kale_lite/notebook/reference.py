"""What a cell tagged ``notebook:NAME`` says: which notebook it stands for, and the parameters that it sets."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from kale_lite.diagnostics import Diagnostic, Location, diagnose
from kale_lite.notebook.roles import RawCell

__all__ = ["Assignment", "Reference", "is_constant", "notebook_path", "read_reference"]

_RUN = re.compile(r"^[ \t]*%run\b(?P<rest>.*)$", re.M)
_MAY_STAND = (
    "the cell may hold a `%run` line, comments, a docstring, and a line `name = value` for each parameter to set"
)


@dataclass(frozen=True, slots=True)
class Assignment:
    """A parameter of the other notebook that the cell sets."""

    name: str
    value: ast.expr
    line: int


@dataclass(frozen=True, slots=True)
class Reference:
    """The cell, read. ``path`` is as written; ``source`` is what is left to run: the assignments.

    ``run`` is the line that says ``%run``; 0 for none.
    """

    path: str
    source: str
    assignments: tuple[Assignment, ...]
    run: int = 0


def read_reference(
    cell: RawCell, metadata: Mapping[str, Any]
) -> tuple[Reference | None, tuple[Diagnostic, ...]]:  # fmt: skip
    """Read a cell tagged ``notebook:NAME``. None with findings when it does not say which notebook."""
    place = Location(cell.number)
    lines = list(_RUN.finditer(cell.source))
    ran = [_run_path(match["rest"]) for match in lines]
    paths = list(dict.fromkeys([*notebook_path(metadata), *ran]))
    if not paths:
        return None, (diagnose(
            "KL107", "the cell does not say which notebook it stands for", place,
            hint="write `%run prepare.ipynb` into it, or give it the metadata `notebook_path`",
        ),)  # fmt: skip
    if None in paths:
        return None, (diagnose(
            "KL107", f"`{lines[ran.index(None)][0].strip()}` does not name one notebook", place,
            hint="write `%run prepare.ipynb`, without options",
        ),)  # fmt: skip
    if len(paths) > 1:
        return None, (diagnose(
            "KL107", f"the cell names several notebooks: {', '.join(map(str, paths))}", place,
            hint="leave one; each notebook has a cell of its own",
        ),)  # fmt: skip
    source = _RUN.sub(lambda match: f"# {match[0].strip()}", cell.source)
    assignments, problems = _assignments(source, cell.number)
    run = cell.source.count("\n", 0, lines[0].start()) + 1 if lines else 0
    return Reference(str(paths[0]), source, assignments, run), problems


def notebook_path(metadata: Mapping[str, Any]) -> Iterator[str]:
    """The path in a cell's metadata: Kale's key, or ours."""
    ours = metadata.get("kale_lite")
    for section in (metadata, ours if isinstance(ours, Mapping) else {}):
        path = section.get("notebook_path")
        if isinstance(path, str) and path.strip():
            yield path.strip()


def _run_path(rest: str) -> str | None:
    """The path of a ``%run`` line. ``-i`` is how notebooks are run anyway; other options are not followed."""
    try:
        words = [word for word in shlex.split(rest, comments=True) if word != "-i"]
    except ValueError:
        return None
    return words[0] if len(words) == 1 and not words[0].startswith("-") else None


def _assignments(source: str, number: int) -> tuple[tuple[Assignment, ...], tuple[Diagnostic, ...]]:
    try:
        body = ast.parse(source).body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        line = getattr(error, "lineno", None) or 0
        problem = f"this is no plain Python: {getattr(error, 'msg', error)}"
        return (), (diagnose("KL113", problem, Location(number, line), hint=_MAY_STAND),)
    found: list[Assignment] = []
    problems: list[Diagnostic] = []
    for statement in body:
        match statement:
            case (
                ast.Assign(targets=[ast.Name(id=name)], value=value)
                | ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value)
            ):
                found.append(Assignment(name, value, statement.lineno))
            case ast.Expr(ast.Constant()) | ast.Pass():
                pass
            case _:
                shown = ast.unparse(statement).split("\n")[0]
                shown = shown if len(shown) <= 60 else f"{shown[:57]}..."
                problems.append(diagnose(
                    "KL113", f"`{shown}` cannot stand in a cell that stands for a notebook",
                    Location(number, statement.lineno), hint=f"{_MAY_STAND}; move other code into a cell above",
                ))  # fmt: skip
    return tuple(found), tuple(problems)


def is_constant(value: ast.expr) -> bool:
    """Whether a value is the same object's worth in any process: a literal that nothing can change."""
    try:
        return _is_immutable(ast.literal_eval(value))
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return False


def _is_immutable(value: object) -> bool:
    if isinstance(value, tuple):
        return all(map(_is_immutable, value))
    return value is None or isinstance(value, bool | int | float | complex | str | bytes)
