"""Parameters in KFP's types, and values in the form in which KFP takes them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

from kale_lite.errors import UsageError
from kale_lite.notebook.model import Parameter
from kale_lite.targets.kfp.inside.values import restored
from kale_lite.targets.kfp.model import KfpParameter
from kale_lite.targets.kfp.names import Names

__all__ = ["as_literal", "kfp_parameters", "to_arguments"]

_EXACT = 2**53
"""Above this, KFP's numbers lose digits of an int."""
_QUOTES = ("'", '"')
_PLACEHOLDER = "{{"
"""KFP takes what follows for a placeholder of its own."""


def kfp_parameters(parameters: Iterable[Parameter]) -> tuple[KfpParameter, ...]:
    """The parameters as KFP will have them; those whose default KFP would change travel as text."""
    names = Names(shadows=True)
    return tuple(_parameter(one, names.give(one.name, "parameter")) for one in parameters)


def _parameter(one: Parameter, argument: str) -> KfpParameter:
    kind = {"tuple": "list"}.get(one.type, one.type)
    default: Any = list(one.default) if isinstance(one.default, tuple) else one.default
    if kind == "str" and isinstance(default, str) and _is_plain(default) and default[:1] not in _QUOTES:
        return KfpParameter(one.name, argument, one.type, "str", "plain", default, one.default)
    if kind == "float" and isinstance(default, int) and not isinstance(default, bool) and _is_plain(default):
        return KfpParameter(one.name, argument, one.type, "float", "plain", float(default), one.default)
    if kind in ("int", "float", "bool", "list", "dict") and type(default).__name__ == kind and _is_plain(default):
        return KfpParameter(one.name, argument, one.type, kind, "plain", default, one.default)
    return KfpParameter(one.name, argument, one.type, "str", "text", as_literal(one.default), one.default)


def as_literal(value: Any) -> str:
    """A value of a parameter as a Python literal in ASCII. Infinity has none of its own, but is too large a number."""
    if isinstance(value, dict):
        return f"{{{', '.join(f'{as_literal(k)}: {as_literal(v)}' for k, v in value.items())}}}"
    if isinstance(value, list | tuple):
        text = ", ".join(map(as_literal, value))
        return f"[{text}]" if isinstance(value, list) else f"({text},)" if len(value) == 1 else f"({text})"
    if isinstance(value, float) and math.isinf(value):
        return "1e999" if value > 0 else "-1e999"
    return ascii(value).replace(_PLACEHOLDER, r"{\x7b")


def _is_plain(value: Any) -> bool:
    """Whether a value comes back from KFP as it was, but for what its default tells. None is none."""
    if isinstance(value, bool):
        return True
    if isinstance(value, int):
        return abs(value) <= _EXACT
    if isinstance(value, float):
        return math.isfinite(value)
    if isinstance(value, str):
        return value.isprintable() and _PLACEHOLDER not in value
    if isinstance(value, list):
        return all(map(_is_plain, value))
    return isinstance(value, dict) and all(isinstance(k, str) and _is_plain(v) for k, v in value.items())


def to_arguments(parameters: Iterable[Parameter], values: Mapping[str, Any]) -> dict[str, Any]:
    """Values of parameters (checked, by their names in the notebook) as arguments of the compiled pipeline.

    UsageError for a value that KFP would change.
    """
    known = {one.name: one for one in kfp_parameters(parameters)}
    return {known[name].argument: _argument(known[name], value) for name, value in values.items()}


def _argument(parameter: KfpParameter, value: Any) -> Any:
    if parameter.form == "text":
        return (
            value
            if parameter.type == "str" and isinstance(value, str) and value[:1] not in "'\""
            else as_literal(value)
        )
    arrives = restored(_as_struct(value), parameter.type, parameter.form, as_literal(parameter.original))
    if value is None or not _is_plain(list(value) if isinstance(value, tuple) else value):
        raise UsageError(
            f"parameter {parameter.name!r} cannot be set to {value!r}: KFP would change it",
            hint=f"give the parameter a default of that kind; it is {parameter.original!r} now",
        )
    if repr(arrives) != repr(value):
        raise UsageError(
            f"parameter {parameter.name!r} would arrive in KFP as {arrives!r}, not as {value!r}",
            hint=f"write the numbers, and the order of keys, as it would arrive; the default is {parameter.original!r}",
        )
    return list(value) if isinstance(value, tuple) else value


def _as_struct(value: Any) -> Any:
    """A value as KFP hands it on: tuples are lists, numbers in lists and dicts floats, keys of dicts sorted."""
    if isinstance(value, list | tuple):
        return [_as_struct(one) for one in value]
    if isinstance(value, dict):
        return {key: _as_struct(value[key]) for key in sorted(value, key=str)}
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) <= _EXACT:
        return float(value)
    return value
