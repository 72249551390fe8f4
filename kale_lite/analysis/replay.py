"""Statements that are replayed: what they do is the same in each step, so no step has to wait for them."""

from __future__ import annotations

import ast
from collections.abc import Callable, Set

from kale_lite.analysis.bindings import Binding, Import
from kale_lite.analysis.canonical import BUILTINS, call_text, dotted_text, store_text
from kale_lite.analysis.effect import Effect
from kale_lite.analysis.machine import Machine
from kale_lite.analysis.magics import IPYTHON
from kale_lite.pipeline import STATE_PREFIX

__all__ = [
    "PATCH_PREFIX",
    "Lookup",
    "back_inline",
    "continued",
    "is_constant_patch",
    "is_setting",
    "origin_of",
    "replay_patches",
    "replay_source",
    "shadows_builtins",
]

Lookup = Callable[[str], tuple[Effect, ...]]

PATCH_PREFIX = "patch:"
"""Interpreter state whose name starts so is what constants a library's attributes were given (``patch:json``)."""


def replay_patches(m: Machine, statement: ast.stmt, patched: Set[str]) -> None:
    """A library's attribute gets a constant: done again, in the same order, in each step that may see it."""
    for dotted in patched:
        del m.log.patched[dotted]
        name = f"{STATE_PREFIX}{PATCH_PREFIX}{dotted.split('.')[0]}"
        m.read(name, statement, certain=False)
        known = m.names.get(name)
        source = continued(m, known.origin if known is not None else None, statement, ast.unparse(statement))
        m.names[name] = Binding(origin=origin_of(m, statement, source), fresh=True)


def continued(m: Machine, known: Import | str | None, statement: ast.stmt, replayed: str) -> str:
    """What is replayed so far and a further statement. Of a statement that is repeated the last time counts."""
    earlier = known.source.split("\n") if isinstance(known, Import) else []
    others = [line for line in earlier if line != replayed]
    return "\n".join([*dict.fromkeys([*others, *_imports_of(m, statement)]), replayed])


def is_constant_patch(m: Machine, statement: ast.stmt) -> bool:
    """Whether a statement gives an attribute or item of an imported name, found by constants only, a constant."""
    match statement:
        case ast.Assign(targets=[ast.Attribute() | ast.Subscript() as target], value=value):
            root = _constant_root(target)
            binding = m.names.get(root) if root is not None else None
            return binding is not None and isinstance(binding.origin, Import) and _is_constant(value)
    return False


def _constant_root(node: ast.expr) -> str | None:
    """The name that a path of attributes and constant items begins with."""
    match node:
        case ast.Attribute(value=inner):
            return _constant_root(inner)
        case ast.Subscript(value=inner, slice=index) if _is_constant(index):
            return _constant_root(inner)
        case ast.Name(id=name):
            return name
    return None


def shadows_builtins(m: Machine, statement: ast.stmt) -> bool:
    """Whether a builtin that a statement names may be another thing in this notebook."""
    return any(isinstance(n, ast.Name) and n.id in BUILTINS and n.id in m.names for n in ast.walk(statement))


def _imports_of(m: Machine, statement: ast.stmt) -> list[str]:
    """The import statements behind the names of a statement, which are repeated with it."""
    names = [node.id for node in ast.walk(statement) if isinstance(node, ast.Name)]
    origins = [m.names[name].origin for name in names if name in m.names]
    return [line for origin in origins if isinstance(origin, Import) for line in origin.source.split("\n")]


def origin_of(m: Machine, statement: ast.stmt, source: str) -> Import:
    return Import(source, m.cell, statement.lineno)


def replay_source(statement: ast.stmt, lookup: Lookup) -> str | None:
    """The source of a setting with constant operands which the catalogue holds repeatable; else None."""
    match statement:
        case ast.Expr(value=ast.Call(func=func, args=args, keywords=keywords) as call):
            operands = [*args, *(k.value for k in keywords)]
            if not all(_is_constant(o) for o in operands):
                return None
            if is_setting(statement):
                words = [o.value for o in args if isinstance(o, ast.Constant)]
                return f"get_ipython().run_line_magic({words[0]!r}, {words[1]!r})"
            return ast.unparse(statement) if _repeatable(func, call, lookup) else None
        case ast.Assign(targets=[ast.Subscript() | ast.Attribute() as target], value=value):
            return ast.unparse(statement) if _is_constant(value) and _repeatable(target, None, lookup) else None
    return None


def back_inline(m: Machine, statement: ast.stmt) -> ast.stmt:
    """``%matplotlib inline``, which is a setting once another backend was chosen; any other statement as it is."""
    match statement:
        case ast.Expr(
            ast.Call(ast.Attribute(ast.Name(id=name), "display") as func, [ast.Constant("matplotlib"), _] as words)
        ) if name == IPYTHON:
            known = m.names.get(f"{STATE_PREFIX}ipython.config")
            if known is not None and isinstance(known.origin, Import) and "'matplotlib'" in known.origin.source:
                setting = ast.copy_location(ast.Attribute(func.value, "setting", func.ctx), func)
                call = ast.copy_location(ast.Call(setting, words, []), statement)
                return ast.copy_location(ast.Expr(call), statement)
    return statement


def is_setting(statement: ast.stmt) -> bool:
    match statement:
        case ast.Expr(ast.Call(ast.Attribute(ast.Name(id=name), "setting"))):
            return name == IPYTHON
    return False


def _is_constant(node: ast.expr) -> bool:
    """Whether an operand is the same in any process: literals and builtins such as ``FutureWarning``."""
    if isinstance(node, ast.Name):
        return node.id in BUILTINS
    try:
        ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return False
    return True


def _repeatable(target: ast.expr, call: ast.Call | None, lookup: Lookup) -> bool:
    """Asks the catalogue by the last parts of the name, since imports are not resolved here."""
    base = target.value if isinstance(target, ast.Subscript) else target
    found = dotted_text(base)
    if found is None:
        return False
    text = _REPEATABLE_ROOTS.get(found[0], found[0]) + found[1][len(found[0]) :]
    effects = lookup(call_text(text, call)) if call else lookup(store_text(text, target))
    return bool(effects) and all(e.replayable for e in effects)


_REPEATABLE_ROOTS = {"plt": "matplotlib.pyplot", "mpl": "matplotlib", "np": "numpy", "pd": "pandas", "sns": "seaborn",
                     "pl": "polars"}  # fmt: skip
