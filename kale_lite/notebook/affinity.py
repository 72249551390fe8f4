"""Node affinity as Kubernetes writes it: read from JSON, and checked against what it can say."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

__all__ = ["PREFERRED", "REQUIRED", "affinity_problem", "read_affinity"]

REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"
_OPERATORS = ("In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt")


def read_affinity(text: str) -> dict[str, Any]:
    """The rules in a JSON text that has been checked."""
    found: dict[str, Any] = json.loads(text)
    return found


def affinity_problem(text: str) -> str:
    """What is wrong with a JSON text as node affinity; empty when nothing is."""
    try:
        given = json.loads(text)
    except ValueError:
        return "it is no JSON; give it in the metadata of the cell, as Kubernetes writes nodeAffinity"
    return next(_problems(given), "")


def _problems(given: Any) -> Iterator[str]:
    yield from _keys(given, "nodeAffinity", (REQUIRED, PREFERRED))
    if isinstance(given, Mapping):
        if REQUIRED in given:
            required = given[REQUIRED]
            yield from _keys(required, REQUIRED, ("nodeSelectorTerms",))
            for term in _list(required, "nodeSelectorTerms"):
                yield from _term(term, "nodeSelectorTerms")
            if not _list(required, "nodeSelectorTerms"):
                yield f"{REQUIRED} has no list of nodeSelectorTerms"
        if PREFERRED in given:
            if not _list(given, PREFERRED):
                yield f"{PREFERRED} is no list of terms"
            for wish in _list(given, PREFERRED):
                yield from _wish(wish)


def _keys(given: Any, what: str, known: tuple[str, ...]) -> Iterator[str]:
    if not isinstance(given, Mapping) or not given:
        yield f"{what} has none of {', '.join(known)}"
        return
    for key in given:
        if key not in known:
            yield f"{what} has {key!r}, and can have {', '.join(known)}"


def _list(given: Any, key: str) -> list[Any]:
    found = given.get(key) if isinstance(given, Mapping) else None
    return found if isinstance(found, list) else []


def _wish(wish: Any) -> Iterator[str]:
    yield from _keys(wish, PREFERRED, ("weight", "preference"))
    weight = wish.get("weight") if isinstance(wish, Mapping) else None
    if isinstance(weight, bool) or not isinstance(weight, int) or not 1 <= weight <= 100:
        yield f"weight {weight!r} is no number from 1 to 100"
    yield from _term(wish.get("preference") if isinstance(wish, Mapping) else None, "preference")


def _term(term: Any, what: str) -> Iterator[str]:
    yield from _keys(term, what, ("matchExpressions", "matchFields"))
    for key in ("matchExpressions", "matchFields"):
        if isinstance(term, Mapping) and key in term:
            if not _list(term, key):
                yield f"{key} is no list of rules"
            for rule in _list(term, key):
                yield from _rule(rule, key)


def _rule(rule: Any, what: str) -> Iterator[str]:
    yield from _keys(rule, what, ("key", "operator", "values"))
    if not isinstance(rule, Mapping):
        return
    key, operator, values = rule.get("key"), rule.get("operator"), rule.get("values", [])
    if not isinstance(key, str) or not key:
        yield f"a rule of {what} has no key"
    if operator not in _OPERATORS:
        yield f"{operator!r} is none of {', '.join(_OPERATORS)}"
    if not isinstance(values, list) or not all(isinstance(one, str) for one in values):
        yield f"the values of {key!r} are no list of texts"
    elif problem := _values_problem(str(operator), values):
        yield f"{operator} of {key!r} {problem}"
    if what == "matchFields" and (key != "metadata.name" or operator not in ("In", "NotIn") or len(values) != 1):
        yield "matchFields can have metadata.name, with In or NotIn and one name of a node"


def _values_problem(operator: str, values: list[str]) -> str:
    if operator in ("In", "NotIn"):
        return "" if values else "needs values"
    if operator in ("Exists", "DoesNotExist"):
        return "takes no values" if values else ""
    whole = len(values) == 1 and values[0].removeprefix("-").isdecimal()
    return "" if whole else "needs one value, a whole number in quotes"
