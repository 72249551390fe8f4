"""Parameters: found in their cells, typed by their defaults, set from text or files."""

from __future__ import annotations

import ast
import difflib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kale_lite.diagnostics import Diagnostic, Location, diagnose
from kale_lite.notebook.model import Cell, Parameter, Role

__all__ = ["TextValue", "find_parameters", "fits", "parse_value", "read_params_file", "set_parameters"]

_TYPES = ("bool", "int", "float", "str", "list", "dict", "tuple")


@dataclass(frozen=True, slots=True)
class TextValue:
    """A value given as text: what it is depends on the parameter's type."""

    text: str

    def literal(self) -> Any:
        """The text as a JSON or Python literal; the text itself when it is neither."""
        for read in (json.loads, ast.literal_eval):
            try:
                return read(self.text)
            except (ValueError, SyntaxError, RecursionError, MemoryError):
                continue
        words = {"true": True, "false": False, "none": None, "null": None}
        return words.get(self.text.strip().lower(), self.text)


def parse_value(text: str) -> TextValue:
    """The value of ``-p NAME=VALUE``."""
    return TextValue(text)


def find_parameters(cells: Iterable[Cell]) -> tuple[tuple[Parameter, ...], tuple[Diagnostic, ...]]:
    """The typed literals of the parameters cells, and a warning for each value that is computed."""
    found: dict[str, Parameter] = {}
    problems: list[Diagnostic] = []
    for cell in cells:
        if cell.role is not Role.PARAMETERS:
            continue
        try:
            tree = ast.parse(cell.source)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
        for statement in tree.body:
            parameter = _parameter_of(statement, cell)
            if parameter is not None:
                found[parameter.name] = parameter
            elif problem := _problem(statement, cell, found):
                problems.append(problem)
    return tuple(found.values()), tuple(problems)


def _parameter_of(node: ast.stmt, cell: Cell) -> Parameter | None:
    """The parameter that an assignment of a literal makes."""
    match node:
        case ast.Assign(targets=[ast.Name(id=name)], value=value):
            annotation = None
        case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value, annotation=annotation):
            pass
        case _:
            return None
    try:
        default = ast.literal_eval(value)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return None
    return Parameter(name, default, _type_name(default, annotation), cell.number, node.lineno)


def _problem(node: ast.stmt, cell: Cell, known: Mapping[str, Parameter]) -> Diagnostic | None:
    """What a run that sets parameters would be surprised by: statements see the defaults, expressions cannot be set."""
    read = [n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load) and n.id in known]
    match node:
        case ast.Import() | ast.ImportFrom() | ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            return None
        case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
            what = f"{name!r} is computed in the parameters cell, so it is no parameter: a run cannot set it"
        case _ if read:
            what = "this statement is in the parameters cell"
        case _:
            return None
    after = f", and it follows the default of {read[0]!r}, also when a run sets {read[0]!r}" if read else ""
    hint = "compute it in a step, from the parameters" if read else "write the value itself, or compute it in a step"
    return diagnose("KL109", what + after, Location(cell.number, node.lineno), hint=hint)


def _type_name(default: Any, annotation: ast.expr | None) -> str:
    declared = {n.id for n in ast.walk(annotation) if isinstance(n, ast.Name)} if annotation is not None else set()
    for kind in ("float", "int", "bool", "str", "list", "dict", "tuple"):
        if kind in declared:
            return kind
    if default is None:
        return "none"
    name = type(default).__name__
    return name if name in _TYPES else "any"


def set_parameters(
    parameters: tuple[Parameter, ...], given: Mapping[str, Any], mapped: Mapping[str, int] | None = None
) -> tuple[dict[str, Any], tuple[Diagnostic, ...]]:
    """Values of all parameters: those given, checked against their types, and defaults for the rest.

    ``mapped`` are names that a cell sets, so that a run cannot.
    """
    known = {p.name: p for p in parameters}
    values = {p.name: p.default for p in parameters}
    problems: list[Diagnostic] = []
    for name, value in given.items():
        parameter = known.get(name)
        if parameter is None:
            problems.append(_unknown(name, known, mapped or {}))
            continue
        fitting, converted = _converted(parameter, value)
        if fitting:
            values[name] = converted
        else:
            problems.append(_wrong(parameter, value))
    return values, tuple(problems)


def fits(parameter: Parameter, value: Any) -> bool:
    """Whether a value is of the parameter's type."""
    return _converted(parameter, value)[0]


def _unknown(name: str, known: Mapping[str, Parameter], mapped: Mapping[str, int]) -> Diagnostic:
    if name in mapped:
        return diagnose(
            "KL501", f"parameter {name!r} is set in cell {mapped[name]}, so a run cannot set it",
            Location(mapped[name]), hint="remove the assignment there, or set the parameters that it uses",
        )  # fmt: skip
    near = difflib.get_close_matches(name, known, 3, 0.5)
    if not known:
        hint = "the notebook has no cell tagged `parameters`"
    else:
        hint = f"do you mean {' or '.join(map(repr, near))}?" if near else f"parameters are: {', '.join(known)}"
    return diagnose("KL501", f"parameter {name!r} is unknown", hint=hint)


def _wrong(parameter: Parameter, value: Any) -> Diagnostic:
    shown = value.text if isinstance(value, TextValue) else repr(value)
    return diagnose(
        "KL502",
        f"parameter {parameter.name!r} wants {parameter.type}, and {shown!r} is none",
        Location(parameter.cell, parameter.line),
        hint=f"its default is {parameter.default!r}",
    )


def _converted(parameter: Parameter, value: Any) -> tuple[bool, Any]:
    """Whether a value fits the parameter's type, and the value to use."""
    kind = parameter.type
    if isinstance(value, TextValue):
        if kind == "str":
            return True, value.text
        value = value.literal()
    if value is None or kind in ("none", "any"):
        return True, value
    if kind == "float":
        number = isinstance(value, int | float) and not isinstance(value, bool)
        return number, float(value) if number else value
    if kind == "int":
        return isinstance(value, int) and not isinstance(value, bool), value
    if kind == "tuple":
        return isinstance(value, list | tuple), tuple(value) if isinstance(value, list | tuple) else value
    return type(value).__name__ == kind, value


def read_params_file(path: Path) -> tuple[dict[str, Any], tuple[Diagnostic, ...]]:
    """The values of a YAML or JSON file."""
    import yaml

    try:
        data = yaml.safe_load(path.read_text("utf-8"))
    except OSError as error:
        return {}, (diagnose("KL503", f"parameters file {path} cannot be read: {error.strerror}",
                             hint="check the path"),)  # fmt: skip
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        reason = " ".join(str(error).split())
        return {}, (diagnose("KL503", f"parameters file {path} is neither YAML nor JSON: {reason}",
                             hint="write one `name: value` a line"),)  # fmt: skip
    if data is None:
        return {}, ()
    if not isinstance(data, dict) or not all(isinstance(key, str) for key in data):
        return {}, (diagnose("KL503", f"parameters file {path} is no mapping of names to values",
                             hint="write one `name: value` a line"),)  # fmt: skip
    return data, ()
