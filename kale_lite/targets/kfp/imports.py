"""What a step imports, and what it has installed by ``%pip`` or ``!pip`` lines."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

__all__ = ["Imported", "imports_in", "parsed", "without_installs"]

_PIP = re.compile(r"^(\s*)(?:!\s*(?:python3?\s+-m\s+)?|%\s*)pip3?\s+install\s+(.+?)\s*$")
_FLAGS = frozenset({"-q", "-qq", "-qqq", "--quiet", "-U", "--upgrade", "--no-cache-dir", "--user", "-y", "--pre"})


@dataclass(frozen=True, slots=True)
class Imported:
    """An import: the dotted name, its line, and whether the code goes on without it."""

    name: str
    line: int
    optional: bool = False


def imports_in(tree: ast.AST, optional: bool = False) -> Iterator[Imported]:
    """The absolute imports of a piece of code, wherever they stand."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import):
            yield from (Imported(alias.name, node.lineno, optional) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield Imported(node.module, node.lineno, optional)
            yield from (Imported(f"{node.module}.{a.name}", node.lineno, True) for a in node.names)
        elif isinstance(node, ast.Try):
            spared = any(_catches_import_errors(handler) for handler in node.handlers)
            for part in node.body:
                yield from imports_in(ast.Module([part], []), optional or spared)
            rest = [*node.handlers, *node.orelse, *node.finalbody]
            yield from imports_in(ast.Module(rest, []), optional)  # type: ignore[arg-type,list-item,unused-ignore]
        else:
            yield from imports_in(node, optional)


def _catches_import_errors(handler: ast.ExceptHandler) -> bool:
    if handler.type is None:
        return True
    names = {n.id for n in ast.walk(handler.type) if isinstance(n, ast.Name)}
    return bool(names & {"ImportError", "ModuleNotFoundError", "Exception", "BaseException"})


@lru_cache(maxsize=4096)
def parsed(source: str) -> tuple[ast.Module, ...]:
    """A cell as Python, with the code inside its cell magics; nothing where it is no Python."""
    from IPython.core.inputtransformer2 import TransformerManager

    try:
        tree = ast.parse(TransformerManager().transform_cell(source))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ()
    return (tree, *_inner(tree))


def _inner(tree: ast.Module) -> Iterator[ast.Module]:
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Attribute(attr="run_cell_magic"), args=[ast.Constant(), _, ast.Constant(str(body))]):
                yield from parsed(body)


def without_installs(source: str) -> tuple[str, tuple[str, ...]]:
    """A cell whose plain ``pip install`` lines are comments, and the requirements that they name."""
    found: list[str] = []
    lines = source.split("\n")
    if lines[0].lstrip().startswith("%%"):
        return source, ()
    for number, line in enumerate(lines):
        wanted = _requirements(line)
        if wanted:
            found += wanted
            indent = line[: len(line) - len(line.lstrip())]
            lines[number] = f"{indent}pass  # {line.strip()}" if indent else f"# {line.strip()}"
    return "\n".join(lines), tuple(found)


def _requirements(line: str) -> Sequence[str]:
    """The requirements of a line that installs them by name and nothing else."""
    match = _PIP.match(line)
    if match is None or re.search(r"[{}$;|&`\\]", match[2]):
        return ()
    try:
        words = shlex.split(match[2], comments=True)
    except ValueError:
        return ()
    named = [word for word in words if word not in _FLAGS]
    if any(not re.match(r"^[A-Za-z0-9][\w.-]*(\[[\w,.-]+\])?([=<>!~].*)?$", word) for word in named):
        return ()
    return named
