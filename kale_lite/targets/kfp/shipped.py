"""The code of kale-lite that steps bring to their containers: the harness, and what runs around it.

It is shipped without comments, docstrings and hints. Making it so takes a tenth of a compilation, so the outcome is
kept in the user's cache, as Python keeps what it compiles.
"""

from __future__ import annotations

import ast
import hashlib
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

__all__ = ["shipped_code"]

_NOT_SHIPPED = ("template.py", "fingerprint.py")
_FOR_PEOPLE = ("people.py", "tables.py", "models.py", "pictures.py", "curves.py")
"""Shipped in pipelines that use a library whose values have copies for people."""
_CHECKS = ("targets/local/races.py", "targets/local/within.py")
_SHIPPED = ("artifacts/step_notebook.py", "targets/local/suspects.py", "targets/local/failure.py")


def shipped_code(kind: str) -> str:
    """The code as JSON: parts, with the source of each module by its name.

    ``kind`` is empty for a step, ``people`` for one that makes copies for people, ``check`` for the last task.
    """
    sources = _sources(kind)
    text = json.dumps(sources, ensure_ascii=False)
    key = hashlib.sha256(f"{sys.version} {text}".encode()).hexdigest()
    place = _cache() / f"{kind or 'step'}-{key[:32]}.json"
    found = _read(place)
    if found is None:
        bare = {part: {name: _bare(source) for name, source in modules.items()} for part, modules in sources.items()}
        found = json.dumps(bare, ensure_ascii=False)
        _write(place, found)
    return found


def _sources(kind: str) -> dict[str, dict[str, str]]:
    package = Path(__file__).parents[2]
    inside = dict(_modules(package / "targets" / "kfp" / "inside", ()))
    if kind == "check":
        return {"inside": inside, "shipped": _named(package, _CHECKS)}
    harness = dict(_modules(package / "runtime", () if kind == "people" else _FOR_PEOPLE))
    return {"harness": harness, "inside": inside, "shipped": _named(package, _SHIPPED)}


def _modules(folder: Path, without: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    for path in sorted(folder.glob("*.py")):
        if path.name not in _NOT_SHIPPED and path.name not in without:
            yield path.name, path.read_text("utf-8")


def _named(package: Path, names: tuple[str, ...]) -> dict[str, str]:
    """Modules of kale-lite by their full names."""
    return {f"kale_lite.{name[:-3].replace('/', '.')}": (package / name).read_text("utf-8") for name in names}


def _cache() -> Path:
    from platformdirs import user_cache_path

    return user_cache_path("kale-lite") / "shipped"


def _read(place: Path) -> str | None:
    """What was kept; None when there is nothing, or not what was written."""
    try:
        digest, _, text = place.read_text("utf-8").partition("\n")
    except (OSError, UnicodeDecodeError):
        return None
    return text if digest == _digest(text) else None


def _write(place: Path, text: str) -> None:
    """Keep it whole, in place of that of other versions. A cache that cannot be written is none."""
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        handle, part = tempfile.mkstemp(dir=place.parent)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(f"{_digest(text)}\n{text}")
        os.replace(part, place)
        for other in place.parent.glob(f"{place.name.partition('-')[0]}-*.json"):
            if other != place:
                other.unlink(missing_ok=True)
    except OSError:
        return


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _bare(source: str) -> str:
    tree = ast.parse(source)
    for node in _blocks(tree):
        if isinstance(node, ast.Module | ast.FunctionDef | ast.ClassDef):
            kept = [one for one in node.body if not _is_text(one)]
            node.body = kept if kept or isinstance(node, ast.Module) else [ast.Pass()]
        if isinstance(node, ast.FunctionDef):
            node.returns = None
            every = node.args
            for one in (*every.posonlyargs, *every.args, *every.kwonlyargs, every.vararg, every.kwarg):
                if one is not None:
                    one.annotation = None
    return ast.unparse(tree)


def _blocks(tree: ast.AST) -> Iterator[ast.AST]:
    """All nodes that hold statements, none below statements without: most nodes are parts of expressions."""
    todo = [tree]
    while todo:
        node = todo.pop()
        yield node
        for field in ("body", "orelse", "finalbody", "handlers", "cases"):
            inner = getattr(node, field, None)
            todo += inner if isinstance(inner, list) else ()


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
