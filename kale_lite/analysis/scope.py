"""Which names are local, free or global in each function, class and comprehension: symtable's word."""

from __future__ import annotations

import ast
import symtable
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

__all__ = ["Scope", "ScopeNode", "bound_names", "scopes"]

ScopeNode: TypeAlias = (
    ast.FunctionDef
    | ast.AsyncFunctionDef
    | ast.Lambda
    | ast.ClassDef
    | ast.ListComp
    | ast.SetComp
    | ast.DictComp
    | ast.GeneratorExp
)


@dataclass(frozen=True, slots=True)
class Scope:
    """The names of one scope, private names already mangled.

    ``local`` are bound here, ``free`` belong to an enclosing function, ``shared`` are the local
    names that an inner function captures, ``declared_global`` those a ``global`` statement names.
    Every other name is the module's.
    """

    local: frozenset[str]
    free: frozenset[str]
    shared: frozenset[str]
    declared_global: frozenset[str]


def scopes(tree: ast.Module, text: str) -> Mapping[ast.AST, Scope]:
    """The scope of each node of the tree that has one. ``text`` is the tree's source.

    Nodes and symbol tables are paired by order, since both follow the source.
    """
    table = symtable.symtable(text, "<cell>", "exec")
    return dict(_pair(_inner_scopes(tree), table))


def _pair(nodes: Iterator[ScopeNode], table: symtable.SymbolTable) -> Iterator[tuple[ast.AST, Scope]]:
    children = [child for child in table.get_children() if str(child.get_type()) in ("function", "class")]
    for node, child in zip(nodes, children, strict=True):
        yield node, _scope(child)
        yield from _pair(_inner_scopes(node), child)


def _scope(table: symtable.SymbolTable) -> Scope:
    symbols = table.get_symbols()
    inner = {name for child in table.get_children() for name in _free_names(child)}
    local = frozenset(s.get_name() for s in symbols if s.is_local() and not s.is_free())
    return Scope(
        local=local,
        free=frozenset(s.get_name() for s in symbols if s.is_free()),
        shared=frozenset(local & inner) if table.get_type() == "function" else frozenset(),
        declared_global=frozenset(s.get_name() for s in symbols if s.is_declared_global()),
    )


def _free_names(table: symtable.SymbolTable) -> Iterator[str]:
    yield from (s.get_name() for s in table.get_symbols() if s.is_free())


def _inner_scopes(node: ast.AST) -> Iterator[ScopeNode]:
    """The scopes directly inside a node, in the order in which the compiler opens them."""
    for child in _body_of(node):
        yield from _scopes_at(child)


def _scopes_at(node: ast.AST) -> Iterator[ScopeNode]:
    if isinstance(node, ScopeNode):
        for outside in _evaluated_outside(node):
            yield from _scopes_at(outside)
        yield node
        return
    for child in _in_order(node):
        yield from _scopes_at(child)


def _in_order(node: ast.AST) -> Iterator[ast.AST]:
    """The children in the order of the compiler's symbol pass."""
    if isinstance(node, ast.Try | ast.TryStar):
        # The symbol pass sees `else` before the handlers.
        yield from [*node.body, *node.orelse, *node.handlers, *node.finalbody]
    elif isinstance(node, ast.AnnAssign):
        yield from [node.target, node.annotation, *([node.value] if node.value else [])]
    else:
        yield from ast.iter_child_nodes(node)


def _evaluated_outside(node: ScopeNode) -> Iterator[ast.AST]:
    """The parts of a scope's node that run in the enclosing scope."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        yield from _defaults(node.args)
        yield from _annotations(node)
        yield from node.decorator_list
    elif isinstance(node, ast.Lambda):
        yield from _defaults(node.args)
    elif isinstance(node, ast.ClassDef):
        yield from [*node.bases, *node.keywords, *node.decorator_list]
    else:
        yield node.generators[0].iter


def _defaults(args: ast.arguments) -> Iterator[ast.AST]:
    yield from args.defaults
    yield from (default for default in args.kw_defaults if default is not None)


def _annotations(node: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[ast.AST]:
    args = node.args
    every = [*args.posonlyargs, *args.args]
    yield from (a.annotation for a in every if a.annotation)
    yield from (a.annotation for a in (args.vararg, args.kwarg) if a and a.annotation)
    yield from (a.annotation for a in args.kwonlyargs if a.annotation)
    if node.returns:
        yield node.returns


def _body_of(node: ast.AST) -> Iterator[ast.AST]:
    """The parts of a node that run inside its own scope."""
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            yield from node.body
        case ast.Lambda():
            yield node.body
        case ast.ListComp() | ast.SetComp() | ast.GeneratorExp():
            yield from _comprehension(node.generators)
            yield node.elt
        case ast.DictComp():
            yield from _comprehension(node.generators)
            yield from (node.key, node.value)
        case _:
            yield from ast.iter_child_nodes(node)


def _comprehension(generators: list[ast.comprehension]) -> Iterator[ast.AST]:
    first, *rest = generators
    yield from [first.target, *first.ifs]
    for generator in rest:
        yield from [generator.target, generator.iter, *generator.ifs]


def bound_names(tree: ast.Module) -> Iterator[str]:
    """The names that a cell may bind at its top level, as far as its text tells."""
    todo: list[ast.AST] = [tree]
    while todo:
        node = todo.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Import | ast.ImportFrom):
            yield from ((alias.asname or alias.name).split(".")[0] for alias in node.names)
        elif not isinstance(node, ast.Lambda | ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                yield node.id
            todo += ast.iter_child_nodes(node)
