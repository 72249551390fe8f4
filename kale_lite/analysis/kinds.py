"""What people would like to see of what a step leaves: tables, fitted models, figures, as far as analysis knows."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from kale_lite.analysis.heap import Thing
from kale_lite.analysis.machine import Machine
from kale_lite.analysis.steps import Segment
from kale_lite.pipeline import STATE_PREFIX

__all__ = ["kinds_left"]

_TABLES = frozenset({"pandas.DataFrame", "pandas.Series"})
_FIGURES = frozenset({"matplotlib.Axes"})
"""Figures and what is drawn in them lead to one another, so the catalogue has one type for them."""
_MADE_FITTED = frozenset({"boosting.Booster"})
_ESTIMATOR, _SPLITTER, _NETWORK = "sklearn.BaseEstimator", "sklearn.Splitter", "torch.Module"
_TO_A_NUMBER = frozenset({
    "all", "any", "argmax", "argmin", "autocorr", "count", "equals", "idxmax", "idxmin", "info", "item", "iterrows",
    "itertuples", "keys", "kurt", "max", "mean", "median", "memory_usage", "min", "nunique", "prod", "product",
    "searchsorted", "sem", "size", "skew", "std", "sum", "total_seconds", "unique", "var",
})  # fmt: skip
"""Methods of frames that, of a column, give a number: analysis has the type of a frame for both."""


def kinds_left(m: Machine, part: Segment) -> dict[str, str]:
    """Names with ``table``, ``model`` or ``figure``: those that the step which has just run binds or changes.

    This is for people only, so it may be wrong: what a name holds is looked at when the step runs.
    """
    numbers = set(_numbers(part))
    candidates = dict.fromkeys([*m.names.bound, *sorted(m.log.reads)])
    found = {name: _kind(m, name) for name in candidates if not name.startswith(("_", STATE_PREFIX))}
    return {name: kind for name, kind in found.items() if kind and not (kind == "table" and name in numbers)}


def _kind(m: Machine, name: str) -> str:
    """What a name holds; nothing for what the step only reads."""
    binding = m.names[name]
    things = m.heap.things(binding.value) if binding.present and binding.origin is None else []
    changed = [thing for thing in things if thing.id in m.log.mutated]
    if not things or not (changed or binding.fresh):
        return ""
    if all(thing.type in _TABLES for thing in things):
        return "table"
    if all(thing.type in _FIGURES for thing in things):
        return "figure"
    if all(_is_model(m, thing) for thing in things):
        fitted = changed or any(thing.type in _MADE_FITTED for thing in things)
        return "model" if fitted else ""
    return ""


def _is_model(m: Machine, thing: Thing) -> bool:
    family = {thing.type, *m.bases(thing.type)}
    return thing.type in _MADE_FITTED or (bool(family & {_ESTIMATOR, _NETWORK}) and _SPLITTER not in family)


def _numbers(part: Segment) -> Iterator[str]:
    """Names that are last set to what such a method gives, but for those of groups."""
    last: dict[str, ast.expr] = {}
    for code in part.codes:
        for node in ast.walk(code.tree):
            if isinstance(node, ast.Assign):
                last.update({target.id: node.value for target in _names(node.targets)})
    for name, value in last.items():
        match value:
            case ast.Call(ast.Attribute(value=receiver, attr=attr)) if attr in _TO_A_NUMBER:
                if "groupby" not in ast.unparse(receiver):
                    yield name


def _names(targets: Iterable[ast.expr]) -> Iterator[ast.Name]:
    yield from (target for target in targets if isinstance(target, ast.Name))
