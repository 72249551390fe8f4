"""The imports a notebook runs before anything else, as far as a warm kernel may have them already."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator

from kale_lite.notebook.model import Notebook, Role

__all__ = ["leading_imports"]

_SAFE = frozenset({"matplotlib", "numpy", "pandas", "scipy", "sklearn"})
"""Packages that may be imported before a fork: no threads of Python's, OpenBLAS and libgomp mind forks, and what
they draw at random when they start is drawn again. Another package needs the same proof (tests/local/test_warm.py)."""


def leading_imports(notebook: Notebook) -> tuple[str, ...]:
    """Import statements of safe packages, in order, up to the first statement that could matter to them.

    The standard library is passed over, and constants: they change nothing that an import sees.
    """
    found: list[str] = []
    for cell in notebook.cells:
        if cell.role is Role.SKIP:
            continue
        for statement in _statements(cell.source):
            imports = _imports(statement) if statement is not None else None
            if imports is None:
                return tuple(found)
            for module, code in imports:
                package = module.split(".")[0]
                if package in _SAFE:
                    found.append(code)
                elif package not in sys.stdlib_module_names:
                    return tuple(found)
    return tuple(found)


def _statements(source: str) -> Iterator[ast.stmt | None]:
    """The statements of a cell; None where it is no plain Python."""
    lines = ["" if line.strip() == "%matplotlib inline" else line for line in source.split("\n")]
    try:
        yield from ast.parse("\n".join(lines)).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        yield None


def _imports(statement: ast.stmt) -> list[tuple[str, str]] | None:
    """(module, code) of what a statement imports; None when it does something else."""
    match statement:
        case ast.Import(names):
            return [(alias.name, _import(alias.name)) for alias in names]
        case ast.ImportFrom(module=str(module), names=names, level=0):
            return [(module, _import_from(module, alias.name)) for alias in names]
        case ast.Expr(ast.Constant()):
            return []
        case ast.Assign(targets, value) if all(map(_is_plain_name, targets)) and _is_literal(value):
            return []
        case _:
            return None


def _import(module: str) -> str:
    # pyplot looks for the running kernel; all that it brings may be there before.
    return "import matplotlib.figure" if module == "matplotlib.pyplot" else f"import {module}"


def _import_from(module: str, name: str) -> str:
    pyplot = "matplotlib.pyplot" in (module, f"{module}.{name}")
    return _import("matplotlib.pyplot") if pyplot else f"from {module} import {name}"


def _is_plain_name(target: ast.expr) -> bool:
    return isinstance(target, ast.Name) and not target.id.startswith("__")


def _is_literal(value: ast.expr) -> bool:
    try:
        ast.literal_eval(value)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return False
    return True
