"""Calls, module attributes and stores as flat canonical text, which the catalogue's rules match.

``np.zeros(shape, dtype="f4")`` is ``numpy.zeros(_, dtype='f4')`` and ``df.drop(cols, inplace=True)`` is
``_.drop(_, inplace=True)``: imported names in full, constants kept, all other operands ``_``.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterable, Iterator, Mapping

from kale_lite.analysis.magics import IPYTHON

__all__ = [
    "BUILTINS", "call_text", "dotted_text", "full_name", "import_names", "likely_texts", "method_text", "store_text",
]  # fmt: skip

BUILTINS = frozenset(dir(builtins))
_LONGEST_CONSTANT = 200


def call_text(function: str, node: ast.Call) -> str:
    """The text of a call of the function with this full name."""
    return f"{function}({', '.join(_arguments(node))})"


def method_text(method: str, node: ast.Call) -> str:
    """The text of a call of a method on a receiver that is no module."""
    return call_text(f"_.{method}", node)


def store_text(target: str, node: ast.expr, *, delete: bool = False) -> str:
    """The text of an assignment (or deletion) to an attribute or item rooted at a module."""
    place = f"{target}[{_operand(node.slice)}]" if isinstance(node, ast.Subscript) else target
    return f"del {place}" if delete else f"{place} = _"


def dotted_text(node: ast.expr) -> tuple[str, str] | None:
    """(root name, dotted text) of an attribute chain on a name; None for other expressions."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return None
    return node.id, ".".join([node.id, *reversed(parts)])


def _arguments(node: ast.Call) -> Iterator[str]:
    yield from (f"*{'_'}" if isinstance(a, ast.Starred) else _operand(a) for a in node.args)
    yield from ("**_" if k.arg is None else f"{k.arg}={_operand(k.value)}" for k in node.keywords)


def _operand(node: ast.expr) -> str:
    if isinstance(node, ast.Constant):
        text = ast.unparse(node)
        if len(text) <= _LONGEST_CONSTANT and "\n" not in text:
            return text
    return "_"


def likely_texts(trees: Iterable[ast.Module]) -> tuple[str, ...]:
    """The texts that the flow phase will most likely ask for, so that they are matched in one go."""
    every = tuple(trees)
    aliases = dict(import_names(every))
    found: dict[str, None] = {}
    for tree in every:
        for node in ast.walk(tree):
            found.update(dict.fromkeys(_texts_of(node, aliases)))
    return tuple(found)


def import_names(trees: Iterable[ast.Module]) -> Iterator[tuple[str, str]]:
    """The names that import statements bind, with what each stands for in full."""
    yield IPYTHON, "ipython"
    for tree in trees:
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    yield (alias.asname, alias.name) if alias.asname else (alias.name.split(".")[0],) * 2
            elif isinstance(node, ast.ImportFrom) and node.module:
                yield from ((a.asname or a.name, f"{node.module}.{a.name}") for a in node.names)


def _texts_of(node: ast.AST, aliases: Mapping[str, str]) -> Iterator[str]:
    if isinstance(node, ast.Call):
        full = full_name(node.func, aliases)
        if full:
            yield call_text(full, node)
        elif isinstance(node.func, ast.Attribute):
            yield method_text(node.func.attr, node)
    elif isinstance(node, ast.Attribute):
        full = full_name(node, aliases)
        if full:
            yield full if isinstance(node.ctx, ast.Load) else store_text(full, node)
        elif isinstance(node.ctx, ast.Load):
            yield f"_.{node.attr}"
    elif isinstance(node, ast.Subscript) and not isinstance(node.ctx, ast.Load):
        full = full_name(node.value, aliases)
        if full:
            yield store_text(full, node, delete=isinstance(node.ctx, ast.Del))
    elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        # Asked when it is looked whether a statement may be repeated, which does not know what names stand for.
        found = dotted_text(node.value.func)
        if found is not None:
            yield call_text(found[1], node.value)


def full_name(node: ast.expr, aliases: Mapping[str, str]) -> str:
    """The full name of an attribute chain on an imported name or a builtin; empty for others."""
    found = dotted_text(node)
    if found is None:
        return ""
    root, text = found
    if root in aliases:
        return aliases[root] + text[len(root) :]
    return text if root in BUILTINS and text == root else ""
