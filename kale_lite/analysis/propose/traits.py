"""What a cell is by its text alone: imports, definitions, settings, a look at something, work."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from kale_lite.analysis.canonical import call_text, full_name, import_names
from kale_lite.analysis.magics import IPYTHON
from kale_lite.analysis.replay import Lookup, replay_source
from kale_lite.analysis.transform import Code

__all__ = ["Kind", "Traits", "calls_of", "traits"]


class Kind(StrEnum):
    """What a cell is, as far as its text tells."""

    EMPTY = "empty"
    IMPORTS = "imports"
    FUNCTIONS = "functions"
    LITERALS = "literals"
    LOOK = "look"
    INSTALL = "install"
    WORK = "work"


@dataclass(frozen=True, slots=True)
class Traits:
    """``heavy``: it may take long, so running it beside others is worth a step of its own. ``loads``: it reads data.

    ``bound``, ``read`` and ``changed`` are names, of top-level code and (but for ``bound``) of functions; ``changed``
    are bound anew or changed in place. ``stuck`` are bound to values that cannot travel to another process.
    """

    kind: Kind
    heavy: bool = False
    loads: bool = False
    bound: frozenset[str] = frozenset()
    read: frozenset[str] = frozenset()
    changed: frozenset[str] = frozenset()
    stuck: frozenset[str] = frozenset()


_FITS = frozenset({
    "fit", "fit_predict", "partial_fit", "train", "train_on_batch", "cross_val_score", "cross_validate",
    "cross_val_predict", "learning_curve", "validation_curve", "permutation_importance", "fit_generator",
    "train_test_loop", "auto_arima", "fmin", "minimize", "differential_evolution", "dual_annealing", "basinhopping",
    "curve_fit", "least_squares", "solve_ivp", "odeint", "sleep", "urlretrieve", "sample_posterior", "simulate",
})  # fmt: skip
_CHANGES = frozenset({"append", "extend", "insert", "remove", "pop", "popitem", "clear", "sort", "reverse", "add",
                      "discard", "update", "setdefault"})  # fmt: skip
_LOADS = re.compile(r"(read_(?!only)\w+|load(_\w+)?|fetch_\w+|loadtxt|genfromtxt|imread|make_(blobs|classification|"
                    r"regression|moons|circles|friedman\d|swiss_roll|s_curve))$")  # fmt: skip
_LOOK_ATTRIBUTES = frozenset({"shape", "dtypes", "dtype", "columns", "index", "ndim", "size", "nbytes"})
_LOOK_METHODS = frozenset({"head", "tail", "info", "keys", "memory_usage"})
_LOOK_FUNCTIONS = frozenset({"type", "dir", "help", "len"})
_SPECIAL = frozenset({"__len__", "__getattr__", "__getattribute__", "__getitem__"})
"""Methods of the notebook's classes that a mere look would run, without naming them."""
_LOOK_SHELL = re.compile(
    r"[!%]\s*(ls|ll|pwd|whoami|date|uname|nvidia-smi|nproc|lscpu|free|df|du|head|tail|which|"
    r"(python3?|pip3?|conda)\s+(--version|-V|list|freeze|show|info))\b[^|>;&]*$"
)
_INSTALL = re.compile(
    r"[!%]\s*((python3?|\{sys\.executable\})\s+-m\s+)?(pip3?|conda|mamba|uv|apt|apt-get)\s.*install\b"
)
_TIMED = re.compile(r"^\s*%%?(time|timeit)\b", re.M)
_SETTING_MAGIC = re.compile(r"\s*%(matplotlib|load_ext|reload_ext|autoreload|config)\b")


def traits(codes: Sequence[Code], lookup: Lookup) -> Mapping[int, Traits]:
    """The traits of the cells, by their numbers. Cells that call slow functions of the notebook are slow, too."""
    slow = _slow_functions([code.tree for code in codes])
    lazy = frozenset(_generator_functions([code.tree for code in codes]))
    own = frozenset(_defined([code.tree for code in codes]))
    known = dict(import_names([code.tree for code in codes]))
    return {code.cell.number: _traits(code, slow, lazy, known, lookup, own) for code in codes}


def _traits(
    code: Code,
    slow: frozenset[str],
    lazy: frozenset[str],
    known: Mapping[str, str],
    lookup: Lookup,
    own: frozenset[str],
) -> Traits:
    body = code.tree.body
    names = [node for node in ast.walk(code.tree) if isinstance(node, ast.Name)]
    return Traits(
        _kind(code, lookup, own),
        heavy=bool(_TIMED.search(code.cell.source)) or any(_is_slow(node, slow) for node in _run_at_once(body)),
        loads=any(_LOADS.match(name) for name in calls_of(body)),
        bound=frozenset(_bound(body)),
        read=frozenset(node.id for node in names if isinstance(node.ctx, ast.Load)),
        changed=frozenset(_bound(body)) | frozenset(_changed(code.tree)),
        stuck=frozenset(_stuck(body, lazy, known, lookup)),
    )


def _kind(code: Code, lookup: Lookup, own: frozenset[str]) -> Kind:
    lines = code.cell.source.split("\n")
    body = [s for s in code.tree.body if not _is_text(s)]
    if not body:
        return Kind.EMPTY
    if all(_is_setting(s, lines, lookup) for s in body):
        return Kind.IMPORTS
    definitions = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
    if all(isinstance(s, definitions | ast.Import | ast.ImportFrom) for s in body):
        return Kind.FUNCTIONS
    if all(_is_literal(s) for s in body) and any(_is_scalar(s) for s in body):
        return Kind.LITERALS
    if all(_matches_line(s, lines, _INSTALL) for s in body):
        return Kind.INSTALL
    if all(isinstance(s, ast.Expr) and (_is_look(s.value) or _is_look_magic(s, lines)) for s in body):
        return Kind.WORK if own & _SPECIAL or own & set(_named(body)) else Kind.LOOK
    return Kind.WORK


def _named(body: Iterable[ast.stmt]) -> Iterator[str]:
    """The names of functions and attributes that statements use."""
    for node in (n for s in body for n in ast.walk(s)):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr


def _is_text(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Pass) or (
        isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str)
    )  # fmt: skip


def _is_setting(statement: ast.stmt, lines: Sequence[str], lookup: Lookup) -> bool:
    """Whether it is repeated in each step that needs it: an import, or a setting known to be repeatable."""
    match statement:
        case ast.Import() | ast.ImportFrom():
            return True
        case ast.Try(body, handlers, orelse, finalbody):
            inner = [*body, *(s for h in handlers for s in h.body), *orelse, *finalbody]
            return all(isinstance(s, ast.Import | ast.ImportFrom) for s in inner)
    return _matches_line(statement, lines, _SETTING_MAGIC) or replay_source(statement, lookup) is not None


def _is_magic(node: ast.expr) -> bool:
    match node:
        case ast.Call(ast.Attribute(ast.Name(id=name))):
            return name == IPYTHON
    return False


def _matches_line(statement: ast.stmt, lines: Sequence[str], pattern: re.Pattern[str]) -> bool:
    magic = isinstance(statement, ast.Expr) and _is_magic(statement.value)
    return magic and statement.lineno <= len(lines) and bool(pattern.match(lines[statement.lineno - 1].strip()))


def _is_look_magic(statement: ast.Expr, lines: Sequence[str]) -> bool:
    if _matches_line(statement, lines, _LOOK_SHELL):
        return True
    match statement.value:
        case ast.Call(ast.Attribute(ast.Name(id=name), "display")):
            line = lines[statement.lineno - 1].strip() if statement.lineno <= len(lines) else ""
            return name == IPYTHON and not line.startswith("%%")
    return False


def _is_literal(statement: ast.stmt) -> bool:
    """A name that is given a short literal, as settings are."""
    match statement:
        case (
            ast.Assign(targets=[ast.Name()], value=value) | ast.AnnAssign(target=ast.Name(), value=ast.expr() as value)
        ):
            pass
        case _:
            return False
    try:
        found = ast.literal_eval(value)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return False
    if isinstance(found, list | tuple | dict):
        items = found.values() if isinstance(found, dict) else found
        return 0 < len(found) <= 12 and not any(isinstance(item, list | tuple | dict | set) for item in items)
    return not isinstance(found, str) or "\n" not in found


def _is_scalar(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Assign | ast.AnnAssign) and isinstance(statement.value, ast.Constant | ast.UnaryOp)


def _is_look(node: ast.expr) -> bool:
    """Whether an expression only shows what something looks like, which is no result of the notebook."""
    match node:
        case ast.Attribute(value, attr) if attr in _LOOK_ATTRIBUTES:
            return _is_plain(value)
        case ast.Call(ast.Attribute(value, attr), args) if attr in _LOOK_METHODS:
            # ``log.info("text")`` and ``requests.head(url)`` are no looks; ``df.head(20)`` is one.
            counts = [*args, *(k.value for k in node.keywords)]
            allowed = attr in ("head", "tail") or not args
            return _is_plain(value) and allowed and all(_is_number(c) for c in counts)
        case ast.Call(ast.Name(id=name), args, []) if name in _LOOK_FUNCTIONS:
            return all(_is_plain(a) for a in args)
        case ast.Call(ast.Name("print" | "display"), args, []):
            return any(_is_look(a) for a in args) and all(_is_look(a) or isinstance(a, ast.Constant) for a in args)
        case ast.Call(ast.Attribute(ast.Name(id=name), "names"), [], []):
            return name == IPYTHON
        case ast.Tuple(items):
            return bool(items) and all(_is_look(item) for item in items)
        case ast.Subscript(value, ast.Constant() | ast.UnaryOp()):
            return _is_look(value)
    return False


def _is_number(node: ast.expr) -> bool:
    """Whether it is a number or a truth value."""
    return isinstance(node, ast.Constant) and isinstance(node.value, int)


def _is_plain(node: ast.expr) -> bool:
    """Names, their attributes and items: nothing runs but what these are."""
    inner = (n for n in ast.walk(node) if isinstance(n, ast.expr))
    return all(isinstance(n, ast.Name | ast.Attribute | ast.Subscript | ast.Constant | ast.List | ast.Tuple | ast.Slice
                          | ast.UnaryOp) for n in inner)  # fmt: skip


def _run_at_once(body: Iterable[ast.stmt]) -> Iterator[ast.AST]:
    """The nodes that run when the statements run, without the insides of definitions."""
    todo: list[ast.AST] = list(body)
    while todo:
        node = todo.pop()
        yield node
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            todo.extend(ast.iter_child_nodes(node))


def calls_of(body: Iterable[ast.stmt]) -> Iterator[str]:
    """The last names of what is called."""
    return (name for node in _run_at_once(body) for name in _called(node))


def _called(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Call(ast.Name(id=name)) | ast.Call(ast.Attribute(attr=name)):
            yield name


def _is_slow(node: ast.AST, slow: frozenset[str], *, loops: bool = False) -> bool:
    """``loops``: any loop counts, and not only one that holds another."""
    if isinstance(node, ast.While):
        return True
    if isinstance(node, ast.For):
        return loops or any(isinstance(inner, ast.For) for s in node.body for inner in _run_at_once([s]))
    return any(name in _FITS or name in slow for name in _called(node))


def _slow_functions(trees: Sequence[ast.Module]) -> frozenset[str]:
    """Functions and methods of the notebook with loops or training in them, or that call such ones."""
    found = [n for tree in trees for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]
    bodies = {f: list(_run_at_once(f.body)) for f in found if not f.name.startswith("__")}
    slow = frozenset[str]()
    while True:
        more = {f.name for f, nodes in bodies.items() if any(_is_slow(n, slow, loops=True) for n in nodes)}
        if more <= slow:
            return slow
        slow |= more


def _defined(trees: Iterable[ast.Module]) -> Iterator[str]:
    """The functions and methods that the notebook defines: looking through one of them may change something."""
    for tree in trees:
        yield from (n.name for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef))


def _generator_functions(trees: Sequence[ast.Module]) -> Iterator[str]:
    for tree in trees:
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef) and any(
                isinstance(n, ast.Yield | ast.YieldFrom) for n in _run_at_once(node.body)
            ):
                yield node.name


def _bound(body: Iterable[ast.stmt]) -> Iterator[str]:
    for node in _run_at_once(body):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name


def _changed(tree: ast.Module) -> Iterator[str]:
    """The names whose values are changed in place, or bound anew by functions."""
    for node in ast.walk(tree):
        match node:
            case ast.Global(names):
                yield from names
            case (
                ast.Attribute(value=base, ctx=ast.Store() | ast.Del())
                | ast.Subscript(value=base, ctx=ast.Store() | ast.Del())
            ):
                yield from _root(base)
            case ast.Call(ast.Attribute(base, method)) if method in _CHANGES:
                yield from _root(base)


def _root(node: ast.expr) -> Iterator[str]:
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    if isinstance(node, ast.Name):
        yield node.id


def _stuck(body: Iterable[ast.stmt], lazy: frozenset[str], known: Mapping[str, str], lookup: Lookup) -> Iterator[str]:
    for statement in body:
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=value) if _is_stuck(value, lazy, known, lookup):
                yield name


def _is_stuck(value: ast.expr, lazy: frozenset[str], known: Mapping[str, str], lookup: Lookup) -> bool:
    """Generators, open files and what the catalogue holds unserialisable."""
    match value:
        case ast.GeneratorExp():
            return True
        case ast.Call(func):
            name = full_name(func, known)
            if name:
                effects = lookup(call_text(name, value))
                return any(e.unserialisable or e.type.startswith("io.") for e in effects)
            return isinstance(func, ast.Name) and func.id in lazy
    return False
