"""The effect catalogue: ast-grep rules from YAML files, loaded, checked and matched."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any

from kale_lite.analysis.effect import Effect
from kale_lite.errors import KaleLiteError

__all__ = ["Catalogue", "CatalogueError", "load_catalogue", "match_effects"]

_FOLDER = Path(__file__).parent / "catalogue"
_FIELDS = {f.name: f for f in fields(Effect)}
_PLACES = re.compile(r"^(receiver|arg:(\d+|\*)|kw:\w+|\*)$")
_PLACE_FIELDS = ("mutates", "holds", "holds_elements", "keeps", "reads_files", "writes_files", "names_at")
_RETURNS = re.compile(r"^(scalar|fresh|receiver|elements|part|unknown|arg:\d+|kw:\w+)$")
_OWN_KEYS = frozenset({"id", "functions", "methods", "rule", "where", "rules"})


class CatalogueError(KaleLiteError):
    """A rule of the catalogue is wrong; the message names file and rule."""


@dataclass(frozen=True, slots=True)
class _Rule:
    effect: Effect
    config: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All rules, and which types are also which others."""

    rules: tuple[_Rule, ...]
    types: Mapping[str, tuple[str, ...]]

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
        """For each canonical line the effects of the rules that match it as a whole."""
        from ast_grep_py import SgRoot

        if not lines:
            return ()
        root = SgRoot("\n".join(lines) + "\n", "python").root()
        found: list[list[Effect]] = [[] for _ in lines]
        for rule in self.rules:
            for node in root.find_all(rule.config):  # type: ignore[call-overload,unused-ignore]
                span = node.range()
                line = span.start.line
                whole = span.start.column == 0 and span.end.line == line and span.end.column == len(lines[line])
                if whole and rule.effect not in found[line]:
                    found[line].append(rule.effect)
        return tuple(tuple(effects) for effects in found)


def match_effects(lines: Sequence[str]) -> tuple[tuple[Effect, ...], ...]:
    """The effects of canonical lines, by the catalogue that comes with kale-lite."""
    return load_catalogue().match(lines)


@cache
def _load(paths: tuple[Path, ...]) -> Catalogue:
    rules: list[_Rule] = []
    types: dict[str, tuple[str, ...]] = {}
    for path in paths:
        data = _read(path)
        types.update({name: tuple(bases) for name, bases in (data.get("types") or {}).items()})
        rules += _rules_of(path, data)
    return Catalogue(tuple(rules), types)


def load_catalogue(extra: Sequence[Path] = ()) -> Catalogue:
    """The rules that come with kale-lite and those of more files. CatalogueError for a bad rule."""
    return _load((*sorted(_FOLDER.glob("*.yml")), *extra))


def _read(path: Path) -> dict[str, Any]:
    import yaml

    try:
        data = yaml.safe_load(path.read_text("utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise CatalogueError(f"effect catalogue {path} cannot be read: {error}") from None
    if not isinstance(data, dict) or not isinstance(data.get("rules"), list):
        raise CatalogueError(f"effect catalogue {path} has no list of `rules`", hint="see docs/effects.md")
    return data


def _rules_of(path: Path, data: Mapping[str, Any]) -> Iterator[_Rule]:
    library = str(data.get("library", path.stem))
    for number, entry in enumerate(data["rules"], 1):
        if not isinstance(entry, dict) or not entry.get("id"):
            raise CatalogueError(f"effect catalogue {path}: rule {number} has no id")
        where = f"effect catalogue {path}, rule {entry['id']!r}"
        effect = _effect(entry, library, where)
        config = {"rule": _ast_grep_rule(entry, where)}
        _try_rule(config, where)
        yield _Rule(effect, config)


def _effect(entry: Mapping[str, Any], library: str, where: str) -> Effect:
    given: dict[str, Any] = {"rule": str(entry["id"]), "library": library}
    given["form"] = "method" if "methods" in entry else "function" if "functions" in entry else "store"
    for key, value in entry.items():
        if key in _OWN_KEYS:
            continue
        if key not in _FIELDS or key in ("rule", "library"):
            raise CatalogueError(f"{where}: unknown field {key!r}", hint=f"fields are: {', '.join(sorted(_FIELDS))}")
        given[key] = _field(key, value, where)
    return Effect(**given)


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
            f"{where}: `returns: {value}` is none of scalar, fresh, receiver, elements, part, arg:N, unknown"
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


def _names(value: Any) -> list[str]:
    """Names as regular expressions: dots are literal, ``*`` stands for one part, ``**`` for any parts."""
    words = value if isinstance(value, list) else [value]
    names = [name for word in words for name in str(word).split()]
    return [re.escape(n).replace(r"\*\*", r"(\w+\.)*\w+").replace(r"\*", r"\w+") for n in names]


def _call_rule(patterns: Iterable[str]) -> dict[str, Any]:
    return {"kind": "call", "has": {"field": "function", "regex": f"^({'|'.join(patterns)})$"}}


def _try_rule(config: Mapping[str, Any], where: str) -> None:
    from ast_grep_py import SgRoot

    try:
        SgRoot("x\n", "python").root().find_all(config)  # type: ignore[call-overload,unused-ignore]
    except Exception as error:  # the binding raises RuntimeError and TypeError alike
        raise CatalogueError(f"{where}: ast-grep refuses the rule: {error}", hint="see docs/effects.md") from None
