"""Numbers of cells, also where notebooks stand in one another."""

from __future__ import annotations

import itertools
from collections.abc import Iterable

__all__ = ["CellNumber", "cell_list", "notebook_of", "own_number"]


class CellNumber(int):
    """The number of a cell where notebooks stand in one another.

    As an int it is the cell's place among the cells of all these notebooks, so that it is unique and in the order
    in which they run. As text it is what users count: ``3``, or ``3 of prepare.ipynb`` in another notebook than the
    outermost. ``own`` is the number in its own notebook, ``notebook`` the path of that, from the folder of the
    outermost, which has none.
    """

    own: int
    notebook: str

    def __new__(cls, number: int, own: int = 0, notebook: str = "") -> CellNumber:
        self = super().__new__(cls, number)
        self.own, self.notebook = own or number, notebook
        return self

    def __str__(self) -> str:
        return f"{self.own} of {self.notebook}" if self.notebook else str(self.own)

    def __getnewargs__(self) -> tuple[int, int, str]:  # type: ignore[override]
        return int(self), self.own, self.notebook


def own_number(cell: int) -> int:
    """A cell's number in its own notebook."""
    return cell.own if isinstance(cell, CellNumber) else cell


def notebook_of(cell: int) -> str:
    """The path of the notebook that a cell stands in; empty for the outermost."""
    return cell.notebook if isinstance(cell, CellNumber) else ""


def cell_list(cells: Iterable[int]) -> str:
    """Cells as users count: ``cells 3, 4``, ``cell 1, cells 1, 2 of prepare.ipynb``."""
    parts = []
    for notebook, group in itertools.groupby(cells, notebook_of):
        numbers = [str(own_number(cell)) for cell in group]
        where = f" of {notebook}" if notebook else ""
        parts.append(f"cell{'s' * (len(numbers) != 1)} {', '.join(numbers)}{where}")
    return ", ".join(parts)
