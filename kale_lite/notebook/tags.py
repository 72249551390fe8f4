"""The grammar of cell tags: one typed form for reading and writing them."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from typing import TypeAlias

from kale_lite.notebook.affinity import affinity_problem
from kale_lite.notebook.mounts import field_problem, file_form, mount_near, mount_problem, near_field, near_size

__all__ = [
    "OPTION_FORMS",
    "OPTION_KINDS",
    "Bare",
    "Malformed",
    "OptionTag",
    "Prev",
    "StepTag",
    "Tag",
    "format_tag",
    "parse_tag",
]

BARE = ("imports", "functions", "skip", "parameters", "injected-parameters", "pipeline-parameters",
        "pipeline-metrics", "raises-exception")  # fmt: skip
"""Tags that are one word. Two are papermill's and one nbclient's."""

OPTION_FORMS: dict[str, tuple[str, ...]] = {
    "limit": ("key", "quantity"),
    "request": ("key", "quantity"),
    "image": ("reference",),
    "cache": ("enabled|disabled",),
    "report": ("enabled|disabled",),
    "copies": ("enabled|disabled",),
    "retry": ("count[:wait[:factor[:longest]]]",),
    "timeout": ("seconds",),
    "secret": ("secret", "key", "ENV"),
    "env": ("NAME", "value"),
    "volume": ("claim", "path"),
    "label": ("key", "value"),
    "annotation": ("key", "value"),
    "config-map": ("map", "key", "ENV"),
    "node-selector": ("key", "value"),
    "affinity": ("key", "value"),
    "toleration": ("key[=value]", "effect[:seconds]"),
    "pull-policy": ("Always|IfNotPresent|Never",),
    "pull-secret": ("secret",),
    "run-as": ("user|group|non-root", "value"),
    "empty-dir": ("/path[:size]",),
    "ephemeral": ("/path", "size[:class]"),
    "shm": ("size",),
    "field": ("ENV", "field"),
    "node-affinity": ("rules",),
    "notebook": ("name",),
}
"""The parts of tags that have several, by what they begin with: the options of steps, and ``notebook``."""
_FILES: dict[str, tuple[str, ...]] = {"secret": ("secret", "/path"), "config-map": ("map", "/path")}
"""The other form of two options: files in place of a variable. Keys of secrets and maps have no slash."""
_MOUNTS = ("empty-dir", "ephemeral", "shm")
_OTHER_WORDS = ("yield",)
"""Words of their own that look like a misspelt prefix."""
_FAR = 2
"""Letters more or less by which a prefix is no misspelling: ``config:x`` is somebody else's tag."""
_STATES = ("enabled", "disabled")
_SWITCHES = ("cache", "report", "copies")
_EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")
_POLICIES = ("Always", "IfNotPresent", "Never")
_TIME = r"\d+[smhd]"
OPTION_KINDS = frozenset(OPTION_FORMS) - {"notebook"}
PREFIXES = ("step", "block", "prev", *OPTION_FORMS)


@dataclass(frozen=True, slots=True)
class Bare:
    """A role or mark that is one word."""

    word: str


@dataclass(frozen=True, slots=True)
class StepTag:
    """``step:NAME``; ``alias`` keeps Kale's older ``block``."""

    name: str
    alias: str = "step"


@dataclass(frozen=True, slots=True)
class Prev:
    """``prev:NAME``: a declared predecessor."""

    name: str


@dataclass(frozen=True, slots=True)
class OptionTag:
    """A step option: ``kind:PART[:PART…]``; the last part holds whatever follows, colons included."""

    kind: str
    parts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Malformed:
    """One of our tags, written wrongly: what is wrong, and the spelling that was probably meant."""

    text: str
    problem: str
    suggestion: str = ""


Tag: TypeAlias = Bare | StepTag | Prev | OptionTag


def parse_tag(text: str) -> Tag | Malformed | None:
    """Read a tag. None for tags that are not ours, which are left alone."""
    if text in BARE:
        return Bare(text)
    prefix, colon, rest = text.partition(":")
    if not colon:
        return _misspelt_word(text)
    if prefix in ("step", "block"):
        return StepTag(rest, prefix) if rest.strip() else Malformed(text, "the step has no name", f"{prefix}:NAME")
    if prefix == "prev":
        return Prev(rest) if rest.strip() else Malformed(text, "the predecessor has no name", "prev:NAME")
    if prefix in OPTION_FORMS:
        return _option(text, prefix, rest)
    return _misspelt_prefix(text, prefix, rest)


def format_tag(tag: Tag) -> str:
    """Write a tag; ``parse_tag`` reads it back as it was."""
    match tag:
        case Bare(word):
            return word
        case StepTag(name, alias):
            return f"{alias}:{name}"
        case Prev(name):
            return f"prev:{name}"
        case OptionTag(kind, parts):
            return ":".join((kind, *parts))


def _option(text: str, kind: str, rest: str) -> OptionTag | Malformed:
    form = _FILES[kind] if kind in _FILES and file_form(rest) else OPTION_FORMS[kind]
    shape = ":".join((kind, *form))
    parts = tuple(rest.split(":", len(form) - 1))
    if len(parts) < len(form) or not all(p.strip() for p in parts):
        other = f", or {':'.join((kind, *_FILES[kind]))} for files" if kind in _FILES else ""
        return Malformed(text, f"it should read {shape}{other}", shape)
    problem = _value_problem(kind, parts)
    if not problem:
        return OptionTag(kind, parts)
    return Malformed(text, problem, "" if kind == "node-affinity" else _near(kind, parts) or shape)


def _near(kind: str, parts: tuple[str, ...]) -> str:
    """A value as it was probably meant: ``2gb`` is ``2Gi``, ``always`` is ``Always``."""
    words = {"pull-policy": _POLICIES, "toleration": _EFFECTS, "cache": _STATES, "report": _STATES, "copies": _STATES}
    word, colon, rest = parts[-1].partition(":")
    state = next((one for one in words.get(kind, ()) if one.lower() == word.strip().lower()), None)
    if state is not None:
        return ":".join((kind, *parts[:-1], f"{state}{colon}{rest}"))
    if _is_mount(kind, parts):
        return mount_near(kind, parts)
    if kind == "field":
        near = near_field(parts[1])
        return f"{kind}:{parts[0]}:{near}" if near and near != parts[1] else ""
    near = near_size(parts[-1]) if kind in ("limit", "request") else ""
    return f"{kind}:{parts[0]}:{near}" if near else ""


def _is_mount(kind: str, parts: tuple[str, ...]) -> bool:
    """Whether an option mounts something: parts of a secret or config map are two, or three for a variable."""
    return kind in _MOUNTS or (kind in _FILES and len(parts) == len(_FILES[kind]))


def _value_problem(kind: str, parts: tuple[str, ...]) -> str:
    value = parts[-1]
    if kind in _SWITCHES and value not in _STATES:
        return f"{value!r} is neither 'enabled' nor 'disabled'"
    if kind == "retry" and not re.fullmatch(r"\d{1,3}", value.partition(":")[0]):
        return f"{value.partition(':')[0]!r} is no number of retries"
    if kind == "retry" and not re.fullmatch(rf"\d+(:{_TIME}(:\d+(\.\d+)?(:{_TIME})?)?)?", value):
        return f"{value.partition(':')[2]!r} is no time between retries (such as 30s, or 30s:2:10m)"
    if kind == "timeout" and not re.fullmatch(r"\d+(\.\d+)?", value):
        return f"{value!r} is no number of seconds"
    if kind in ("limit", "request") and not re.fullmatch(r"\d+(\.\d+)?([munkKMGTPE]i?)?", value):
        return f"{value!r} is no quantity (such as 1, 500m or 2Gi)"
    if kind == "image" and re.search(r"\s", value):
        return "an image reference has no spaces"
    if kind == "toleration" and not re.fullmatch(rf"({'|'.join(_EFFECTS)}|NoExecute:\d+)", value):
        return f"{value!r} is none of {', '.join(_EFFECTS)} (and NoExecute:SECONDS)"
    if kind == "pull-policy" and value not in _POLICIES:
        return f"{value!r} is none of {', '.join(_POLICIES)}"
    if kind == "run-as":
        return _identity_problem(parts[0], value)
    if kind == "node-affinity":
        return affinity_problem(value)
    if _is_mount(kind, parts):
        return mount_problem(kind, parts)
    if kind in ("env", "secret", "config-map", "field"):
        name = parts[0] if kind in ("env", "field") else parts[2]
        if not re.fullmatch(r"[A-Za-z_]\w*", name):
            return f"{name!r} is no name of an environment variable"
    return field_problem(value) if kind == "field" else ""


def _identity_problem(what: str, value: str) -> str:
    if what not in ("user", "group", "non-root"):
        return f"{what!r} is none of user, group, non-root"
    if what == "non-root":
        return "" if value in ("true", "false") else f"{value!r} is neither 'true' nor 'false'"
    return "" if re.fullmatch(r"\d{1,10}", value) else f"{value!r} is no number of a {what}"


def _misspelt_word(text: str) -> Malformed | None:
    """A word that is almost one of ours. Only plain words that start alike are suspected."""
    if text in PREFIXES:
        return Malformed(
            text, "what follows the colon is missing", ":".join((text, *OPTION_FORMS.get(text, ("NAME",))))
        )
    wanted = {"pipeline_parameters": "pipeline-parameters", "pipeline_metrics": "pipeline-metrics",
              "import": "imports", "function": "functions", "skp": "skip", "skipp": "skip"}  # fmt: skip
    near = wanted.get(text.strip().lower())
    if near is None and text.strip().lower() in BARE:
        near = text.strip().lower()
    if near is None and len(text) > 5:
        near = next(iter(difflib.get_close_matches(text, BARE, 1, 0.88)), None)
    return Malformed(text, "there is no such tag", near) if near else None


def _misspelt_prefix(text: str, prefix: str, rest: str) -> Malformed | None:
    plain = prefix.strip().lower()
    near = plain if plain in PREFIXES else next(iter(difflib.get_close_matches(plain, PREFIXES, 1, 0.75)), None)
    if near is None or plain in _OTHER_WORDS or abs(len(near) - len(plain)) > _FAR:
        return None
    return Malformed(text, "there is no such tag", f"{near}:{rest.strip()}")
