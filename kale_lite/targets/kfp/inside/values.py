"""Parameters as KFP gives them, made again what the notebook means: KFP knows no tuples, and loses ints in lists."""

from __future__ import annotations

import ast
import json
from typing import Any

__all__ = ["parameters"]

_WORDS = {"true": True, "false": False, "none": None, "null": None}


def parameters(step: Any, arguments: Any) -> Any:
    """The values of a step's parameters by name, in the form of the harness's spec."""
    found = {}
    for argument, one in step["parameters"].items():
        value = restored(arguments.get(argument), one["type"], one["form"], one["default"])
        found[one["name"]] = _spec_value(value, one["type"])
    return found


def _spec_value(value: Any, kind: Any) -> Any:
    try:
        literal = repr(value) if ast.literal_eval(repr(value)) == value else None
    except (ValueError, SyntaxError):
        literal = None
    return {"type": kind, "value": None if literal is not None else value, "literal": literal}


def restored(given: Any, kind: Any, form: Any, default: Any) -> Any:
    """A value as the notebook has it. ``form`` is how it travels: ``plain``, or ``text`` holding a
    literal. The default is given as one."""
    if form == "text":
        return _from_text(given, kind, default)
    default = ast.literal_eval(default)
    if given is None or same(given, default):
        return default
    if kind == "tuple":
        given = tuple(_alike(given, list(default)))
    elif kind in ("list", "dict"):
        given = _alike(given, default)
    elif kind == "int":
        given = int(given)
    elif kind == "float":
        given = float(given)
    return given


def _from_text(text: Any, kind: Any, default: Any) -> Any:
    if text is None or text == default:
        return ast.literal_eval(default)
    if kind == "str":
        value = _literal(text) if text[:1] in ("'", '"') else text
        return value if isinstance(value, str) else text
    if kind == "float" and _literal(text) is not None:
        return float(text)
    value = _literal(text)
    return tuple(value) if kind == "tuple" and isinstance(value, list) else value


def _literal(text: Any) -> Any:
    for read in (json.loads, ast.literal_eval):
        try:
            return read(text)
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            continue
    return _WORDS.get(text.strip().lower(), text)


def same(given: Any, default: Any) -> Any:
    """Whether KFP's form of a value is that of another: numbers are floats there, tuples lists, keys in any order."""
    if isinstance(given, bool) or isinstance(default, bool):
        return given is default
    if isinstance(given, (int, float)) and isinstance(default, (int, float)):
        return float(given) == float(default)
    if isinstance(given, (list, tuple)) and isinstance(default, (list, tuple)):
        return len(given) == len(default) and all(map(same, given, default))
    if isinstance(given, dict) and isinstance(default, dict):
        return given.keys() == default.keys() and all(same(given[key], default[key]) for key in given)
    return type(given) is type(default) and given == default


def _alike(given: Any, default: Any) -> Any:
    """Numbers in lists and dicts as the default has them: floats where it has floats only, else ints if they are whole.

    Keys of a dict that the default has as well come in its order.
    """
    if isinstance(given, bool) or given is None or isinstance(given, str):
        return given
    if isinstance(given, (int, float)):
        return float(given) if _floats(default) or given != int(given) else int(given)
    if isinstance(given, dict):
        known = default if isinstance(default, dict) else {}
        order = [key for key in known if key in given] + [key for key in given if key not in known]
        return {key: _alike(given[key], known.get(key, list(known.values()))) for key in order}
    if isinstance(default, (list, tuple)) and len(default) == len(given):
        return [
            _alike(one, other if not _floats(default) else default) for one, other in zip(given, default, strict=True)
        ]
    return [_alike(one, default) for one in given]


def _floats(default: Any) -> Any:
    numbers = default if isinstance(default, (list, tuple)) else [default]
    return bool(numbers) and all(isinstance(one, float) for one in numbers)
