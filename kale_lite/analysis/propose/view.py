"""The notebook as a proposal sees it: which cells are open, and what the text alone says about them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from kale_lite.analysis.compiler import Knowledge
from kale_lite.analysis.effects import load_catalogue
from kale_lite.analysis.propose.sections import Section, sections
from kale_lite.analysis.propose.traits import Kind, Traits, traits
from kale_lite.analysis.transform import Code, transform
from kale_lite.cells import notebook_of
from kale_lite.notebook.model import Cell, Notebook, Role
from kale_lite.notebook.roles import role_tags

__all__ = ["View", "roles_by_text", "view_of"]

_LEFT_OUT = ("KL201", "KL205")
"""Errors of cells that cannot run at all."""
_METRIC = re.compile(
    r"(^|_)(acc|accuracy|score|scores|f1|auc|roc|mse|mae|rmse|mape|r2|loss|precision|recall|error|metric|silhouette|"
    r"rand|perplexity|likelihood|aic|bic)\d*(_|$)", re.I,
)  # fmt: skip
_NOTHING = Traits(Kind.WORK)


@dataclass(frozen=True, slots=True)
class View:
    """``open`` are the cells whose role is to be proposed; ``broken`` those of them that cannot run, with the reason.

    ``barriers`` are the cells whose tags stand: no proposed step reaches across them.
    """

    cells: Mapping[int, Cell]
    sections: Mapping[int, Section]
    codes: Mapping[int, Code]
    known: Mapping[int, Traits]
    open: frozenset[int]
    broken: Mapping[int, str]
    knowledge: Knowledge

    @property
    def barriers(self) -> frozenset[int]:
        return frozenset(n for n, cell in self.cells.items() if n not in self.open and cell.role is not Role.SKIP)

    def traits(self, number: int) -> Traits:
        return self.known.get(number, _NOTHING)

    def is_empty(self, number: int) -> bool:
        return self.traits(number).kind is Kind.EMPTY


def view_of(notebook: Notebook) -> View:
    """Look at a notebook."""
    places = sections(notebook)
    opened = frozenset(_open(notebook.cells, places))
    codes, broken = {}, {}
    for cell in notebook.cells:
        code, found = transform(cell)
        if code is not None:
            codes[cell.number] = code
        elif cell.number in opened and found[0].code in _LEFT_OUT:
            broken[cell.number] = found[0].message
    cells = {cell.number: cell for cell in notebook.cells}
    knowledge = Knowledge(list(codes.values()), load_catalogue(notebook.effects))
    return View(cells, places, codes, traits(list(codes.values()), knowledge), opened, broken, knowledge)


def _open(cells: Sequence[Cell], places: Mapping[int, Section]) -> Iterator[int]:
    """Cells without a role that do not continue a tagged step of their section."""
    above: Cell | None = None
    for cell in cells:
        if notebook_of(cell.number):
            above = None
        elif role_tags(cell.tags):
            above = cell if cell.role is not Role.SKIP else above
        elif above is None or above.role is not Role.STEP or places[above.number] != places[cell.number]:
            above = None
            yield cell.number


def roles_by_text(view: View) -> dict[int, tuple[str, str]]:
    """The open cells that are no steps: their tag, and why."""
    found = {n: ("skip", f"cannot run: {message}") for n, message in view.broken.items()}
    live = [n for n, cell in view.cells.items() if not (view.is_empty(n) or n in found or cell.role is Role.SKIP)]
    last = max(live, default=0)
    have = {view.cells[n].role for n in live if n not in view.open and not notebook_of(n)}
    top = Role.PARAMETERS not in have
    for n in live:
        kind = view.traits(n).kind
        if n in view.open:
            role = _role(view, n, last, top=top)
            found.update({n: role} if role else {})
            top &= role is None or role[0] != "parameters"
        top &= kind is not Kind.WORK
    if Role.METRICS not in have and last in view.open and last in view.codes and _reports(view, last):
        found[last] = ("pipeline-metrics", "shows scores at the end")
    return found


def _role(view: View, number: int, last: int, *, top: bool) -> tuple[str, str] | None:
    match view.traits(number).kind:
        case Kind.IMPORTS:
            return "imports", "imports and settings, repeated where needed"
        case Kind.INSTALL if number != last:
            return "skip", "installs packages: a run needs them installed before"
        case Kind.LOOK if number != last:
            return "skip", "only a look: nothing needs it"
        case Kind.LITERALS if top and _are_settings(view, number):
            return "parameters", "literal settings that later cells use"
    return None


def _are_settings(view: View, number: int) -> bool:
    """Whether later cells use the names and none changes what they are bound to."""
    mine = view.traits(number).bound
    used = any(mine & one.read for n, one in view.known.items() if n > number)
    return used and not any(mine & one.changed for n, one in view.known.items() if n != number)


def _reports(view: View, number: int) -> bool:
    """Whether a cell only shows names that are called like scores."""
    made = frozenset[str]().union(*(one.bound for n, one in view.known.items() if n < number))
    body = view.codes[number].tree.body
    shown = [name for statement in body for name in _shown(statement)]
    named = [name for statement in body for name in _assigned(statement)]
    known = made | set(named)
    names = [*shown, *named]
    return bool(shown) and len(names) == len(body) and all(n in known and _METRIC.search(n) for n in names)


def _shown(statement: ast.stmt) -> Iterator[str]:
    match statement:
        case ast.Expr(ast.Name(id=name)) | ast.Expr(ast.Call(ast.Name("print"), [ast.Name(id=name)], [])):
            yield name


def _assigned(statement: ast.stmt) -> Iterator[str]:
    match statement:
        case ast.Assign([ast.Name(id=name)]):
            yield name
