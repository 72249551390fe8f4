"""Makes a program that goes wrong smaller, by leaving out what it goes wrong without."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from tests.generated.programs import Program

__all__ = ["minimal"]


def minimal(program: Program, is_bad: Callable[[Program], bool], most: int = 150) -> Program:
    """A smaller program that is still bad. ``most`` is how many programs are tried."""
    tried = 0
    found = True
    while found and tried < most:
        found = False
        for smaller in _smaller(program):
            tried += 1
            if tried > most:
                break
            if is_bad(smaller):
                program, found = smaller, True
                break
    return program


def _smaller(program: Program) -> Iterator[Program]:
    cells = program.cells
    size = max(1, len(cells) // 2)
    while True:
        for at in range(0, len(cells), size):
            yield replace(program, cells=cells[:at] + cells[at + size :])
        if size == 1:
            break
        size //= 2
    for c, cell in enumerate(cells):
        for s in range(len(cell.statements)):
            if len(cell.statements) > 1:
                less = replace(cell, statements=cell.statements[:s] + cell.statements[s + 1 :])
                yield replace(program, cells=(*cells[:c], less, *cells[c + 1 :]))
