"""The ``effects`` command: what the catalogue knows of a call."""

from __future__ import annotations

import ast
import difflib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from kale_lite.errors import ExitCode, UsageError

__all__ = ["effects_command"]

_ALIASES = {"np": "numpy", "pd": "pandas", "plt": "matplotlib.pyplot", "mpl": "matplotlib", "sns": "seaborn",
            "pl": "polars", "tf": "tensorflow", "xgb": "xgboost", "lgb": "lightgbm", "sk": "sklearn"}  # fmt: skip
_WORDS = (
    ("mutates", "changes"), ("keeps", "the receiver keeps"), ("reads_files", "reads the file at"),
    ("writes_files", "writes the file at"), ("reads_state", "reads state"), ("writes_state", "changes state"),
    ("seeds", "seeds"), ("draws", "draws from the global generator"), ("services", "touches the service"),
    ("registers", "registers something with"),
    ("special", "calls the special methods"), ("names_at", "reads the variables named after @ in"),
)  # fmt: skip
_RESULTS = {
    "fresh": "a new object", "scalar": "a value that cannot be changed", "receiver": "the receiver or a view of it",
    "elements": "objects that the receiver holds", "part": "a part that can be changed by itself",
    "unknown": "any operand, or what it holds", "copy": "a copy that holds the same",
    "deep_copy": "a copy of all that the argument holds",
}  # fmt: skip


def effects_command(
    call: Annotated[str, typer.Argument(metavar="CALL", help="A full name, or a call as in a cell.")],
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Tell what kale-lite knows of a library call: what it changes, keeps, reads and writes.

    The project's own rules ([tool.kale-lite] effects in the pyproject.toml at or above the current folder) count too.

    Exit codes: 0 known · 2 unknown

    Examples:

        kale-lite effects pandas.DataFrame.drop

        kale-lite effects 'df.drop(columns, inplace=True)'
    """
    from kale_lite.analysis.effects import load_catalogue
    from kale_lite.notebook.settings import read_settings

    catalogue = load_catalogue(read_settings(Path.cwd()).effects)
    rules = _matching(call, catalogue)
    if as_json:
        typer.echo(json.dumps([_as_json(rule) for rule in rules], indent=1))
    elif rules:
        typer.echo("\n\n".join("\n".join(_lines(rule)) for rule in rules))
    else:
        typer.echo(_unknown(call, catalogue))
    if not rules:
        raise typer.Exit(ExitCode.REFUSED)


def _matching(call: str, catalogue: Any) -> list[Any]:
    """The rules that may hold for a call; for a name those for some arguments only too, and what reading it does."""
    text = _canonical(call) if "(" in call else _full_name(call)
    (effects,) = catalogue.match([text])
    named = () if "(" in call else (rule for rule in catalogue.rules if _concerns(rule, text, catalogue))
    found = [id(rule) for rule in named]
    return [rule for rule in catalogue.rules if rule.effect in effects or id(rule) in found]


def _concerns(rule: Any, name: str, catalogue: Any) -> bool:
    """Whether a rule is about a function or method of this name. A bare name is a method's of any receiver, too."""
    owner, _, last = name.rpartition(".")
    if rule.names(name):
        return True
    family = {owner, *catalogue.bases(owner)}
    return bool(rule.names(f"_.{last}")) and (owner in ("_", "") or bool(family & set(rule.effect.receiver)))


def _full_name(name: str) -> str:
    if not re.fullmatch(r"\w+(\.\w+)*", name):
        raise UsageError(f"{name!r} is neither a name nor a call", hint="write for example pandas.DataFrame.drop")
    root, dot, rest = name.partition(".")
    return f"{_ALIASES.get(root, root)}{dot}{rest}"


def _canonical(call: str) -> str:
    """A call as the rules see it: roots that are no known module stand for objects."""
    import importlib.util

    from kale_lite.analysis.canonical import BUILTINS, call_text, dotted_text, method_text

    try:
        node = ast.parse(call.strip(), mode="eval").body
    except SyntaxError as error:
        raise UsageError(f"{call!r} is not a call: {error.msg}", hint="quote it: 'df.drop(_, inplace=True)'") from None
    if not isinstance(node, ast.Call):
        raise UsageError(f"{call!r} is not a call", hint="write for example 'df.drop(_, inplace=True)'")
    found = dotted_text(node.func)
    if found is None:
        return method_text(node.func.attr, node) if isinstance(node.func, ast.Attribute) else call_text("_", node)
    root, text = found
    if root in _ALIASES or root in BUILTINS or (root != "_" and importlib.util.find_spec(root) is not None):
        return call_text(_full_name(text), node)
    return method_text(text.rpartition(".")[2], node) if "." in text else call_text(text, node)


def _lines(rule: Any) -> Iterator[str]:
    effect = rule.effect
    yield f"{effect.rule}  ({rule.path.name}:{rule.line}{', yours' if effect.own else ''})"
    if effect.doc:
        yield f"  {effect.doc}"
    if effect.receiver:
        yield f"  for: {', '.join(effect.receiver)}"
    if rule.narrowed:
        yield "  for some arguments only, see the rule"
    yield from (f"  {line}" for line in _described(effect))


def _described(effect: Any) -> Iterator[str]:
    for key, words in _WORDS:
        if getattr(effect, key):
            when = getattr(effect, f"{key}_when", ())
            only = f", if an operand is or holds a {' or '.join(when)}" if when else ""
            yield f"{words}: {', '.join(getattr(effect, key))}{only}"
    if not effect.mutates:
        yield "changes none of its operands"
    result = _RESULTS.get(effect.returns, effect.returns)
    kept = ", ".join((*effect.holds, *(f"elements of {place}" for place in effect.holds_elements),
                      *(f"objects in {place}" for place in effect.holds_objects),
                      *(f"arrays and cells of {place}" for place in effect.holds_cells)))  # fmt: skip
    kind = f" of type {effect.type}" if effect.type and not effect.type.startswith("arg:") else ""
    yield f"gives: {result}{kind}" + (f", which keeps {kept}" if kept else "")
    if effect.replayable:
        yield "repeated in each step that needs it, when its arguments are constants"
    if effect.external:
        yield "runs another program, which may touch any file"
    if effect.unserialisable:
        yield "the result cannot travel between steps"
    if effect.plots:
        yield "draws a plot"


def _as_json(rule: Any) -> dict[str, Any]:
    from dataclasses import asdict, fields

    effect = rule.effect
    given = {f.name: asdict(effect)[f.name] for f in fields(effect) if getattr(effect, f.name) != f.default}
    return {**given, "file": rule.path.name, "line": rule.line, "for_some_arguments_only": rule.narrowed}


def _unknown(call: str, catalogue: Any) -> str:
    names = sorted({name for rule in catalogue.rules for name in rule.plain_names()})
    near = difflib.get_close_matches(call.partition("(")[0], names, 3, 0.75)
    return "\n".join([
        f"nothing is known of {call}",
        "  so it may change and keep all that it is given, and return any of it; files and state that it touches are",
        "  watched at run time",
        *([f"  near: {', '.join(near)}"] if near else []),
        "  teach it by a rule of your own: docs/effects.md",
    ])  # fmt: skip
