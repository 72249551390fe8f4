"""Where and as whom a pod runs, and what its images and environment come from: options as Kubernetes takes them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields, replace
from itertools import combinations
from typing import Any

from kale_lite.notebook.affinity import PREFERRED, REQUIRED
from kale_lite.notebook.model import StepOptions

__all__ = [
    "Backoff",
    "Toleration",
    "affinity_terms",
    "backoff_of",
    "placement_only",
    "placement_problems",
    "toleration_of",
]

_NAME = re.compile(r"[a-z0-9]([-a-z0-9.]*[a-z0-9])?")
_KEY = re.compile(r"([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?")
_VALUE = re.compile(r"([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?")
_LOWER = "names have lower-case letters, digits, `-` and `.`"
_LABEL = "labels have letters, digits, `-`, `_` and `.`"
_OF_PODS = (
    "labels", "annotations", "node_selector", "affinity", "node_affinity", "tolerations", "pull_policy", "pull_secrets",
    "run_as",
)  # fmt: skip
_MOST_ID = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Toleration:
    """A taint of nodes on which a pod may run. Without a value every value counts; ``seconds`` may be None."""

    key: str
    value: str
    effect: str
    seconds: int | None


@dataclass(frozen=True, slots=True)
class Backoff:
    """The time between retries, each ``factor`` times the last; times as KFP writes them. None leaves it to KFP."""

    wait: str
    factor: float | None
    longest: str | None


def affinity_terms(options: StepOptions) -> Iterator[dict[str, Any]]:
    """The terms of node affinity as kfp takes them: lists of rules, and a weight for what is only preferred.

    Required terms are alternatives, and the rules of one term must all hold: those that tags give are in each term.
    """
    labels = _alternatives(options.affinity)
    rules = [{"key": key, "operator": "In", "values": values} for key, values in labels.items()]
    terms = options.node_affinity.get(REQUIRED, {}).get("nodeSelectorTerms", [])
    for term in terms or ([{}] if rules else []):
        yield _term({**term, "matchExpressions": [*term.get("matchExpressions", []), *rules]})
    for wish in options.node_affinity.get(PREFERRED, []):
        yield {**_term(wish["preference"]), "weight": wish["weight"]}


def _term(term: dict[str, Any]) -> dict[str, Any]:
    names = {"match_expressions": "matchExpressions", "match_fields": "matchFields"}
    return {name: term[key] for name, key in names.items() if term.get(key)}


def _alternatives(texts: Iterable[str]) -> dict[str, list[str]]:
    """Labels of nodes with the values of which one must be there, from ``KEY:VALUE``."""
    found: dict[str, list[str]] = {}
    for text in texts:
        key, _, value = text.partition(":")
        found.setdefault(key, []).append(value)
    return found


def toleration_of(text: str) -> Toleration:
    """Read ``KEY[=VALUE]:EFFECT[:SECONDS]``, which has been checked."""
    taint, effect, *seconds = text.split(":")
    key, _, value = taint.partition("=")
    return Toleration(key, value, effect, int(seconds[0]) if seconds else None)


def backoff_of(text: str) -> Backoff:
    """Read ``WAIT[:FACTOR[:LONGEST]]``, which has been checked."""
    wait, *more = text.split(":")
    return Backoff(wait, float(more[0]) if more else None, more[1] if len(more) > 1 else None)


def placement_only(options: StepOptions) -> StepOptions:
    """The options without which a pod of the pipeline may not start at all: for the task that is no step."""
    empty = StepOptions()
    return replace(empty, **{f.name: getattr(options, f.name) for f in fields(StepOptions) if f.name in _OF_PODS})


def placement_problems(options: StepOptions) -> Iterator[tuple[str, str]]:
    """What Kubernetes would refuse, each with a hint."""
    for key, value in options.node_selector.items():
        if not _KEY.fullmatch(key) or not _VALUE.fullmatch(value):
            yield f"node-selector:{key}:{value} is no label of a node", _LABEL
    for text in options.affinity:
        key, _, value = text.partition(":")
        if not _KEY.fullmatch(key) or not value or not _VALUE.fullmatch(value):
            yield f"affinity:{text} is no label of a node", _LABEL
    for term in affinity_terms(replace(options, affinity=())):
        yield from _rule_problems(term.get("match_expressions", []))
    for one in map(toleration_of, options.tolerations):
        if not _KEY.fullmatch(one.key) or not _VALUE.fullmatch(one.value):
            yield f"toleration of {one.key!r} is for no taint that Kubernetes takes", "toleration:KEY=VALUE:NoSchedule"
    for config_map, _ in options.config_maps.values():
        if not _NAME.fullmatch(config_map):
            yield f"{config_map!r} is no name of a config map", _LOWER
    for secret in options.pull_secrets:
        if not _NAME.fullmatch(secret):
            yield f"{secret!r} is no name of a Kubernetes secret", _LOWER
    if options.run_as.get("user") == "0" and options.run_as.get("non-root") == "true":
        yield "it runs as user 0, and must not run as root", "choose another user, or remove run-as:non-root:true"
    for what in ("user", "group"):
        if int(options.run_as.get(what, 0)) > _MOST_ID:
            yield f"run-as:{what}:{options.run_as[what]} is too large", "numbers of users and groups have 31 bits"
    sources = {"`env`": options.env, "a secret": options.secrets, "a config map": options.config_maps,
               "a field of the pod": options.pod_fields}  # fmt: skip
    for (one_word, some), (other_word, others) in combinations(sources.items(), 2):
        for name in sorted(some.keys() & others.keys()):
            yield f"variable {name!r} comes from {one_word} and from {other_word}", "leave one of them"
    if options.backoff and not options.retries:
        yield "it has a time between retries, and no retries", "retry:3:30s"


def _rule_problems(rules: list[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    for rule in rules:
        key, values = rule["key"], rule.get("values", [])
        wrong = [one for one in values if rule["operator"] in ("In", "NotIn") and not _VALUE.fullmatch(one)]
        if not _KEY.fullmatch(key) or wrong:
            yield f"node affinity asks for {key!r}{f': {wrong[0]!r}' if wrong else ''}, no label of a node", _LABEL
