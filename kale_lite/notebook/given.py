"""Options in metadata: a cell's or a notebook's ``options`` as the tags that would say the same."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from kale_lite.diagnostics import Diagnostic, Location, diagnose
from kale_lite.notebook.tags import OPTION_KINDS, Malformed, OptionTag, parse_tag

__all__ = ["checked_options", "default_options", "given_options", "identity_tags", "option_tags"]

_IDENTITY = {"runAsUser": "user", "runAsGroup": "group", "runAsNonRoot": "non-root",
             "run_as_user": "user", "run_as_group": "group", "run_as_non_root": "non-root"}  # fmt: skip


def given_options(metadata: Mapping[str, Any]) -> tuple[str, ...]:
    """The tags that a cell's metadata ``kale_lite.options`` stands for."""
    ours = metadata.get("kale_lite")
    return tuple(option_tags(ours.get("options"))) if isinstance(ours, Mapping) else ()


def option_tags(options: Any) -> Iterator[str]:
    """Tags of a mapping such as ``{"retry": 3, "node_selector": {"disk": "ssd"}, "pull_secrets": ["mine"]}``.

    Nothing is checked here: what is no option becomes a tag that does not parse, and is told as that.
    """
    if options is None:
        return
    if not isinstance(options, Mapping):
        yield f"options:{options!r}"
        return
    for key, value in options.items():
        kind = _kind(str(key))
        if kind == "node-affinity":
            yield f"{kind}:{json.dumps(value)}"
        elif kind == "affinity" and isinstance(value, Mapping) and not _AFFINITIES.isdisjoint(value):
            yield from _affinities(value)
        elif isinstance(value, Mapping) and not _is_taint(value):
            for name, given in value.items():
                yield from (f"{kind}:{name}{_after_name(one)}" for one in _listed(given))
        else:
            yield from (f"{kind}:{_taint(one) if _is_taint(one) else _text(one)}" for one in _listed(value))


def _kind(key: str) -> str:
    kind = key.replace("_", "-")
    return kind.removesuffix("s") if kind not in OPTION_KINDS and kind.removesuffix("s") in OPTION_KINDS else kind


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]


def _after_name(value: Any) -> str:
    """What follows a name or path; nothing where it has no value. Volumes may be written as in the settings."""
    if isinstance(value, Mapping) and "size" in value and value.keys() <= {"size", "storage_class_name"}:
        return "".join(f":{value[key]}" for key in ("size", "storage_class_name") if value.get(key))
    return "" if value is None else f":{_text(value)}"


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _is_taint(value: Any) -> bool:
    return isinstance(value, Mapping) and "effect" in value and value.keys() <= _TAINT


_TAINT = frozenset({"key", "operator", "value", "effect", "tolerationSeconds"})


_AFFINITIES = frozenset({"nodeAffinity", "podAffinity", "podAntiAffinity"})


def _affinities(value: Mapping[str, Any]) -> Iterator[str]:
    """A pod's whole ``affinity`` as Kubernetes writes it. KFP knows the part about nodes."""
    for key, rules in value.items():
        yield f"{'node-affinity' if key == 'nodeAffinity' else key}:{json.dumps(rules)}"


def _taint(one: Mapping[str, Any]) -> str:
    """A toleration as Kubernetes writes it."""
    value = f"={one['value']}" if one.get("value") not in (None, "") else ""
    seconds = f":{one['tolerationSeconds']}" if one.get("tolerationSeconds") is not None else ""
    return f"{one.get('key', '')}{value}:{one['effect']}{seconds}"


def identity_tags(context: Any) -> Iterator[str]:
    """Tags of Kale's ``security_context``, as far as there are any."""
    if isinstance(context, Mapping):
        yield from (f"run-as:{_IDENTITY[key]}:{_text(value)}" for key, value in context.items()
                    if key in _IDENTITY and value is not None)  # fmt: skip


def checked_options(
    texts: Sequence[str], named: str, place: Location | None, problems: list[Diagnostic]
) -> Iterator[OptionTag]:
    """The options among tags that metadata stands for; for each other one, a finding that names it."""
    for text in texts:
        tag = parse_tag(text)
        if isinstance(tag, OptionTag) and tag.kind != "notebook":
            yield tag
            continue
        problem = tag.problem if isinstance(tag, Malformed) else "there is no such option"
        near = tag.suggestion if isinstance(tag, Malformed) else ""
        hint = f"as a tag it would be `{near}`" if near else f"options are: {', '.join(sorted(OPTION_KINDS))}"
        if isinstance(tag, Malformed) and not near:
            hint = "write it as Kubernetes writes `nodeAffinity` of a pod"
        problems.append(diagnose("KL101", f"{named.format(text)} does not parse: {problem}", place, hint=hint))


def default_options(defaults: Sequence[str], problems: list[Diagnostic]) -> Iterator[OptionTag]:
    """Options for every step. Kale's defaults may hold other tags, which were never more than ignored."""
    for text in defaults:
        tag = parse_tag(text)
        if tag is None or isinstance(tag, OptionTag | Malformed):
            yield from checked_options([text], "option {!r} of the notebook's settings", None, problems)
