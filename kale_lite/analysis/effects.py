"""The effect catalogue: ast-grep rules from YAML files, loaded, checked and matched."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from contextlib import suppress
from dataclasses import dataclass, field, fields
from functools import cache
from pathlib import Path
from typing import Any

from kale_lite.analysis.effect import Effect, preferred
from kale_lite.errors import KaleLiteError

__all__ = ["Catalogue", "CatalogueError", "Rule", "load_catalogue", "try_rule"]

_FOLDER = Path(__file__).parent / "catalogue"
_FIELDS = {f.name: f for f in fields(Effect)}
_PLACES = re.compile(r"^(receiver|arg:(\d+|\*)|kw:\w+|\*)$")
_PLACE_FIELDS = (
    "mutates",
    "holds",
    "holds_elements",
    "holds_objects",
    "holds_cells",
    "keeps",
    "reads_files",
    "writes_files",
    "names_at",
)
_RETURNS = re.compile(r"^(scalar|fresh|copy|deep_copy|receiver|elements|part|unknown|arg:\d+|kw:\w+)$")
_PLAIN = re.compile(r"[\w.]+")
_MOST_KNOWN = 50_000
"""Lines whose effects are kept."""
_OWN_KEYS = frozenset({"id", "functions", "methods", "rule", "where", "rules"})


class CatalogueError(KaleLiteError):
    """A rule of the catalogue is wrong; the message names file and rule."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule: its effect, its ast-grep form, and where it stands.

    ``narrowed``: it holds for some arguments only. ``patterns`` are the names it is about. ``words`` and ``heads`` are
    what must come before the first parenthesis of a line that can match: one of these words, or something like these
    heads; any line can match a rule without patterns.
    """

    effect: Effect
    config: Mapping[str, Any]
    path: Path
    line: int
    narrowed: bool
    patterns: tuple[str, ...] = ()
    words: frozenset[str] = frozenset()
    heads: re.Pattern[str] | None = None

    def may_match(self, heads: Set[str]) -> bool:
        """Whether a line can match that begins, up to its first parenthesis, with one of these texts."""
        if not self.patterns or not self.words.isdisjoint(heads):
            return True
        return self.heads is not None and any(map(self.heads.match, heads))

    def names(self, text: str) -> bool:
        """Whether the rule is about a function (by its full name) or method (``_.name``)."""
        return any(re.fullmatch(pattern, text) for pattern in self.patterns)

    def plain_names(self) -> Iterator[str]:
        """The names that the rule gives in full, to look for near ones."""
        for pattern in self.patterns:
            name = pattern.replace("\\", "")
            if re.fullmatch(r"[\w.]+", name):
                yield name.removeprefix("_.")


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All rules, which types are also which others, and which libraries number what they make."""

    rules: tuple[Rule, ...]
    types: Mapping[str, tuple[str, ...]]
    counting: frozenset[str] = frozenset()
    known: dict[str, tuple[Effect, ...]] = field(default_factory=dict, repr=False, compare=False)

    def bases(self, type: str) -> frozenset[str]:
        """All types that values of this type also have."""
        found: set[str] = set()
        todo = list(self.types.get(type, ()))
        while todo:
            one = todo.pop()
            if one not in found:
                found.add(one)
                todo += self.types.get(one, ())
        return frozenset(found)

    def match(self, lines: Sequence[str]) -> tuple[tuple[Effect, ...], ...]:
        """For each canonical line the effects of the rules that match it as a whole.

        They are kept, for those who analyse nearly the same notebook again and again.
        """
        if len(self.known) > _MOST_KNOWN:
            self.known.clear()
        new = [line for line in dict.fromkeys(lines) if line not in self.known]
        self.known.update(zip(new, self._match(new), strict=True))
        return tuple(self.known[line] for line in lines)

    def _match(self, lines: Sequence[str]) -> tuple[tuple[Effect, ...], ...]:
        from ast_grep_py import SgRoot

        if not lines:
            return ()
        root = SgRoot("\n".join(lines) + "\n", "python").root()
        found: list[list[Effect]] = [[] for _ in lines]
        heads = {line.partition("(")[0] for line in lines}
        for rule in self.rules:
            # ast-grep compiles a rule each time it is asked: rules whose names do not occur need not be.
            if not rule.may_match(heads):
                continue
            for node in root.find_all(rule.config):  # type: ignore[call-overload,unused-ignore]
                span = node.range()
                line = span.start.line
                whole = span.start.column == 0 and span.end.line == line and span.end.column == len(lines[line])
                if whole and rule.effect not in found[line]:
                    found[line].append(rule.effect)
        plain = [not line.startswith("_.") for line in lines]
        return tuple(preferred(e) if p else tuple(e) for e, p in zip(found, plain, strict=True))


@cache
def _load(paths: tuple[Path, ...], states: tuple[object, ...]) -> Catalogue:
    rules: list[Rule] = []
    types: dict[str, tuple[str, ...]] = {}
    counting: set[str] = set()
    for path in paths:
        data, lines = _read(path)
        if data.get("counts"):
            counting.add(_library(path, data))
        types.update({name: tuple(bases) for name, bases in (data.get("types") or {}).items()})
        rules += _rules_of(path, data, lines)
    return Catalogue(tuple(rules), types, frozenset(counting))


def load_catalogue(extra: Sequence[Path] = ()) -> Catalogue:
    """The rules that come with kale-lite and those of more files. CatalogueError for a bad rule."""
    return _load((*sorted(_FOLDER.glob("*.yml")), *extra), tuple(map(_state, extra)))


def _state(path: Path) -> object:
    """What changes when a file does: a process that lives long reads it again."""
    with suppress(OSError):
        found = path.stat()
        return found.st_mtime_ns, found.st_size, found.st_ino
    return None


def _read(path: Path) -> tuple[dict[str, Any], list[int]]:
    """What a file says, and the line of each of its rules, from 1."""
    import yaml

    # libyaml's parser takes a tenth of the time of the one in Python
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        reader = loader(path.read_text("utf-8"))
        node: Any = reader.get_single_node()
        data = None if node is None else reader.construct_document(node)
    except (OSError, yaml.YAMLError) as error:
        raise CatalogueError(f"effect catalogue {path} cannot be read: {error}") from None
    if not isinstance(data, dict) or not isinstance(data.get("rules"), list):
        raise CatalogueError(f"effect catalogue {path} has no list of `rules`", hint="see docs/effects.md")
    rules = next(value for key, value in node.value if key.value == "rules")
    return data, [one.start_mark.line + 1 for one in rules.value]


def _library(path: Path, data: Mapping[str, Any]) -> str:
    return str(data.get("library", path.stem))


def _rules_of(path: Path, data: Mapping[str, Any], lines: Sequence[int]) -> Iterator[Rule]:
    library = _library(path, data)
    own = path.parent != _FOLDER
    for number, entry in enumerate(data["rules"], 1):
        line = lines[number - 1]
        if not isinstance(entry, dict) or not entry.get("id"):
            raise CatalogueError(f"effect catalogue {path}, line {line}: rule {number} has no id")
        where = f"effect catalogue {path}, line {line}, rule {entry['id']!r}"
        effect = _effect(entry, library, where, own=own)
        config = {"rule": _ast_grep_rule(entry, where)}
        if own:  # those that come with kale-lite are tried by its tests
            try_rule(config, where)
        names = tuple(_patterns(entry))
        words, heads = _heads(names)
        yield Rule(effect, config, path, line, "where" in entry or "rule" in entry, names, words, heads)


def _effect(entry: Mapping[str, Any], library: str, where: str, *, own: bool) -> Effect:
    given: dict[str, Any] = {"rule": str(entry["id"]), "library": library, "own": own}
    given["form"] = "method" if "methods" in entry else "function" if "functions" in entry else "store"
    for key, value in entry.items():
        if key in _OWN_KEYS:
            continue
        if key not in _FIELDS or key in ("rule", "library", "own"):
            raise CatalogueError(f"{where}: unknown field {key!r}", hint=_near_field(key))
        given[key] = _field(key, value, where)
    return Effect(**given)


def _near_field(key: str) -> str:
    fields = sorted((_FIELDS.keys() | _OWN_KEYS) - {"rules", "library", "own"})
    near = difflib.get_close_matches(key, fields, 1, 0.6)
    return f"do you mean {near[0]!r}?" if near else f"fields are: {', '.join(fields)}"


def _field(key: str, value: Any, where: str) -> Any:
    if isinstance(_FIELDS[key].default, tuple):
        items = tuple(map(str, value if isinstance(value, list) else [value]))
        if key in _PLACE_FIELDS and not all(_PLACES.match(item) for item in items):
            raise CatalogueError(
                f"{where}: field {key!r} has a bad place in {list(items)}", hint="arg:0, kw:path, receiver"
            )
        return items
    if key == "returns" and not _RETURNS.match(str(value)):
        raise CatalogueError(
            f"{where}: `returns: {value}` is none of scalar, fresh, copy, deep_copy, receiver, elements, part, arg:N, "
            "unknown"
        )
    if not isinstance(value, type(_FIELDS[key].default)):
        raise CatalogueError(f"{where}: field {key!r} has the wrong type")
    return value


def _ast_grep_rule(entry: Mapping[str, Any], where: str) -> dict[str, Any]:
    """The entry's ast-grep rule; ``functions`` and ``methods`` are short for the usual one."""
    parts: list[dict[str, Any]] = []
    if "functions" in entry:
        parts.append(_call_rule(_names(entry["functions"])))
    if "methods" in entry:
        parts.append(_call_rule([rf"_\.{name}" for name in _names(entry["methods"])]))
    parts += [entry[key] for key in ("rule", "where") if key in entry]
    if not parts:
        raise CatalogueError(f"{where}: has none of `functions`, `methods`, `rule`")
    return parts[0] if len(parts) == 1 else {"all": parts}


def _patterns(entry: Mapping[str, Any]) -> Iterator[str]:
    yield from _names(entry["functions"]) if "functions" in entry else ()
    yield from (rf"_\.{name}" for name in _names(entry["methods"])) if "methods" in entry else ()


def _names(value: Any) -> list[str]:
    """Names as regular expressions: dots are literal, ``*`` stands for one part, ``**`` for any parts."""
    words = value if isinstance(value, list) else [value]
    names = [name for word in words for name in str(word).split()]
    return [re.escape(n).replace(r"\*\*", r"(\w+\.)*\w+").replace(r"\*", r"\w+") for n in names]


def _heads(patterns: Sequence[str]) -> tuple[frozenset[str], re.Pattern[str] | None]:
    """The patterns that are plain names, as these; and one pattern for the others, which is slow to compile."""
    plain = {pattern: pattern.replace(r"\.", ".") for pattern in patterns}
    words = frozenset(name for name in plain.values() if _PLAIN.fullmatch(name))
    others = [pattern for pattern, name in plain.items() if name not in words]
    return words, re.compile(f"(?:{'|'.join(others)})$") if others else None


def _call_rule(patterns: Iterable[str]) -> dict[str, Any]:
    return {"kind": "call", "has": {"field": "function", "regex": f"^({'|'.join(patterns)})$"}}


def try_rule(config: Mapping[str, Any], where: str) -> None:
    """Have ast-grep read a rule; CatalogueError when it refuses."""
    from ast_grep_py import SgRoot

    try:
        SgRoot("x\n", "python").root().find_all(config)  # type: ignore[call-overload,unused-ignore]
    except Exception as error:  # the binding raises RuntimeError and TypeError alike
        raise CatalogueError(f"{where}: ast-grep refuses the rule: {error}", hint="see docs/effects.md") from None
