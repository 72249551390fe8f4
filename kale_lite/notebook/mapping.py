"""Parameters of embedded notebooks that the cell in their place sets: the defaults are not used then."""

from __future__ import annotations

import ast
import difflib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from kale_lite.diagnostics import Diagnostic, Location, diagnose
from kale_lite.notebook.model import Cell, Embedding, Parameter, Role
from kale_lite.notebook.parameters import find_parameters, fits
from kale_lite.notebook.reference import Assignment, Reference

__all__ = ["all_parameters", "map_parameters"]

References = Mapping[Embedding, tuple[int, Reference]]
"""For each embedding the number of the cell that stands for it, and what that says."""


def map_parameters(cells: Sequence[Cell], references: References) -> tuple[list[Cell], tuple[Diagnostic, ...]]:
    """The cells without the defaults of parameters that are set from outside, and what is wrong with setting them."""
    result = list(cells)
    problems: list[Diagnostic] = []
    # The innermost first: what a cell in there sets is no parameter any more for the notebooks around it.
    for within, (number, reference) in reversed(list(references.items())):
        inside = [c for c in result if c.within is not None and within in c.within.chain and c.number != number]
        known = _parameters(inside)
        numbers = {cell.number for cell in inside}
        problems += _set_back(reference, number, known)
        for one in reference.assignments:
            if one.name not in known:
                problems.append(_no_parameter(one, number, within, known))
                continue
            problems += _misfits(one, number, known[one.name])
            problems += _used_above(one.name, number, inside, known[one.name])
            result = [_without_default(cell, one.name) if cell.number in numbers else cell for cell in result]
    return result, tuple(problems)


def _parameters(cells: Iterable[Cell]) -> dict[str, list[Parameter]]:
    found: dict[str, list[Parameter]] = {}
    for parameter in all_parameters(cells)[0]:
        found.setdefault(parameter.name, []).append(parameter)
    return found


def all_parameters(cells: Iterable[Cell]) -> tuple[tuple[Parameter, ...], tuple[Diagnostic, ...]]:
    """The parameters of each notebook: one that several have is there several times."""
    groups: dict[Embedding | None, list[Cell]] = {}
    for cell in cells:
        groups.setdefault(cell.within, []).append(cell)
    found = [find_parameters(group) for group in groups.values()]
    parameters = sorted((p for some, _ in found for p in some), key=lambda p: (p.cell, p.line))
    problems = tuple(d for _, some in found for d in some)
    return tuple(parameters), (*problems, *_meeting(parameters))


def _meeting(parameters: Sequence[Parameter]) -> Iterator[Diagnostic]:
    """Parameters of several notebooks with one name are one parameter: they must be alike."""
    first: dict[str, Parameter] = {}
    for one in parameters:
        other = first.setdefault(one.name, one)
        if (one.type, repr(one.default)) != (other.type, repr(other.default)):
            yield diagnose(
                "KL114",
                f"parameter {one.name!r} is {one.default!r} here and {other.default!r} in cell {other.cell}: "
                "to a run it would be one parameter with two defaults",
                Location(one.cell, one.line),
                hint=f"set it in the cell tagged `notebook:…` (`{one.name} = {one.name}` hands on what it is there), "
                "or rename one",
            )


def _no_parameter(one: Assignment, number: int, within: Embedding, known: Iterable[str]) -> Diagnostic:
    names = list(known)
    near = difflib.get_close_matches(one.name, names, 3, 0.5)
    if not names:
        hint = "that notebook has no cell tagged `parameters`; other code belongs into a cell above"
    else:
        hint = f"do you mean {' or '.join(map(repr, near))}?" if near else f"its parameters are: {', '.join(names)}"
    message = f"{one.name!r} is no parameter of {within.path}: it cannot be set here"
    return diagnose("KL113", message, Location(number, one.line), hint=hint)


def _misfits(one: Assignment, number: int, known: Iterable[Parameter]) -> Iterator[Diagnostic]:
    """Literals of another type than the default's; what an expression gives shows when it runs."""
    try:
        value = ast.literal_eval(one.value)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return
    for parameter in known:
        if not fits(parameter, value):
            yield diagnose(
                "KL502", f"parameter {one.name!r} wants {parameter.type}, and {value!r} is none",
                Location(number, one.line), hint=f"its default in cell {parameter.cell} is {parameter.default!r}",
            )  # fmt: skip


def _set_back(reference: Reference, number: int, known: Mapping[str, Sequence[Parameter]]) -> Iterator[Diagnostic]:
    """In Jupyter the line runs the defaults as well: the notebook by hand gives something else than the pipeline."""
    other = [
        one
        for one in reference.assignments
        if any(ast.unparse(one.value) != repr(parameter.default) for parameter in known.get(one.name, ()))
    ]
    if reference.run and other:
        names = ", ".join(repr(one.name) for one in other)
        yield diagnose(
            "KL117",
            f"in Jupyter the `%run` in line {reference.run} sets {names} back to the default{'s' * (len(other) > 1)}; "
            "in the pipeline what is set here holds",
            Location(number, other[0].line),
            hint="to have one meaning only, name the notebook in the cell's metadata `notebook_path` instead of `%run`",
        )


def _used_above(name: str, number: int, inside: Iterable[Cell], known: Iterable[Parameter]) -> Iterator[Diagnostic]:
    """Code above the default would see the value that only the code below it is meant to see."""
    place = min(known, key=lambda p: (p.cell, p.line))
    for cell in inside:
        if cell.number > place.cell or cell.role is Role.SKIP:
            continue
        lines = _without_default(cell, name).source.split("\n")
        source = "\n".join(lines if cell.number < place.cell else lines[: place.line - 1])
        if name in _mentioned(source):
            yield diagnose(
                "KL113", f"{name!r} cannot be set here: cell {cell.number} uses the name above the parameter's default "
                f"(cell {place.cell}, line {place.line})",
                Location(number), hint="move the cell with the parameters to the top of that notebook",
            )  # fmt: skip
            return


def _mentioned(source: str) -> set[str]:
    """The names that code mentions; of code that is no plain Python, all its words."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return set(re.findall(r"\w+", source))
    found: set[str] = set()
    for node in ast.walk(tree):
        for key in ("id", "name", "asname", "names", "arg"):
            value = getattr(node, key, None)
            found |= {value} if isinstance(value, str) else set()
            found |= {v for v in value if isinstance(v, str)} if isinstance(value, list) else set()
        if isinstance(node, ast.alias):
            found.add(node.name.split(".")[0])
    return found


def _without_default(cell: Cell, name: str) -> Cell:
    """The cell with `pass` for each literal that it gives the parameter; all lines keep their numbers."""
    if cell.role is not Role.PARAMETERS:
        return cell
    try:
        body = ast.parse(cell.source).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return cell
    lines = cell.source.split("\n")
    for node in reversed(body):
        if _gives_default(node, name):
            _remove(lines, node, name)
    return replace(cell, source="\n".join(lines))


def _gives_default(node: ast.stmt, name: str) -> bool:
    match node:
        case ast.Assign(targets=[ast.Name(id=target)], value=value):
            pass
        case ast.AnnAssign(target=ast.Name(id=target), value=ast.expr() as value):
            pass
        case _:
            return False
    try:
        ast.literal_eval(value)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return False
    return target == name


def _remove(lines: list[str], node: ast.stmt, name: str) -> None:
    first, last = node.lineno - 1, (node.end_lineno or node.lineno) - 1
    before = lines[first].encode()[: node.col_offset].decode()
    rest = lines[last].encode()[node.end_col_offset :].decode()
    count = last - first
    if rest.lstrip().startswith(";"):
        # Further statements on the last line: the line goes on.
        lines[first : last + 1] = (
            [f"{before}pass \\", *["\\"] * (count - 1), rest] if count else [before + "pass" + rest]
        )
        return
    said = f"{before}pass  # {name} is set by the cell that stands for this notebook"
    lines[first : last + 1] = [said, *[""] * count]
    lines[last] += f"  {rest.strip()}" if rest.strip() else ""
