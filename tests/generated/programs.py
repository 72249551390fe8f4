"""Random notebook programs, as a Hypothesis strategy: statements from the templates, cut into cells and steps."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import nbformat
from hypothesis import strategies as st

from tests.generated import templates

__all__ = ["Cell", "Program", "branched", "notebook", "programs"]

_HOLE = re.compile(r"<(\+?[A-Za-z]*)(?::(\d))?>")
_DATA = ("a", "b", "c", "d", "e", "rows", "out", "total")
_NAMES = {
    "X": ("f", "g", "h", "k"),
    "Y": ("f", "m", "change"),
    "H": ("table",),
    "K": ("gen",),
    "C": ("Base", "Thing"),
    "Z": ("Ctx",),
}
_DEEPEST = 3


@dataclass(frozen=True)
class Cell:
    """A cell: its statements, and its tags without those that name the step."""

    step: str
    statements: tuple[str, ...]
    role: str = ""
    fails: bool = False

    @property
    def source(self) -> str:
        return "\n".join(self.statements)


@dataclass(frozen=True)
class Program:
    """Cells in notebook order. Steps of different ``branches`` are independent on purpose."""

    cells: tuple[Cell, ...]
    branches: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return "\n\n".join(f"# [{c.role or c.step}]{' raises-exception' * c.fails}\n{c.source}" for c in self.cells)


def notebook(program: Program) -> Any:
    """The tagged notebook of a program."""
    book = nbformat.v4.new_notebook()
    book.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    for cell in program.cells:
        tags = [cell.role or f"step:{cell.step}", *(["raises-exception"] if cell.fails else [])]
        book.cells.append(nbformat.v4.new_code_cell(cell.source, metadata={"tags": tags}))
    return book


class Writer:
    """Fills templates. ``kinds`` are the variables that there are by now; ``suffix`` keeps branches apart."""

    def __init__(self, draw: random.Random, suffix: str = "") -> None:
        self.pick = draw.choice
        self.suffix = suffix
        self.kinds: dict[str, str] = {}
        self.before: list[str] = []
        self.seeded = False
        self.fixed = False

    def chance(self, percent: int) -> bool:
        return bool(self.pick(range(100)) >= 100 - percent)

    def statement(self, choices: Sequence[str]) -> list[str]:
        """One statement, after those that make what it needs."""
        self.before = []
        text = self._fill(self.pick(choices), 0)
        if ("random." in text or ".sample(" in text) and not self.seeded:
            self.seeded = True
            self.before.insert(0, "random.seed(7)\nnp.random.seed(7)")
        return [*self.before, text]

    def _fill(self, template: str, depth: int) -> str:
        known: dict[str, str] = {}
        later: dict[str, str] = {}
        lines = [self._fill_line(line, depth, known, later) for line in template.split("\n")]
        self.kinds |= later
        return "\n".join(lines)

    def _fill_line(self, line: str, depth: int, known: dict[str, str], later: dict[str, str]) -> str:
        if line.strip() == "<do>":
            indent = line[: len(line) - len(line.lstrip())]
            inner = self.pick(templates.PURE if depth < _DEEPEST else ("<L>.append(1)", "<I> += 1"))
            return "\n".join(indent + part for part in self._fill(inner, depth + 1).split("\n"))

        def fill(found: re.Match[str]) -> str:
            form, number = found.groups()
            if not form:
                return known[number]
            text = self._hole(form, depth, later)
            known[number or "0"] = text
            return text

        return _HOLE.sub(fill, line)

    def _hole(self, form: str, depth: int, later: dict[str, str]) -> str:
        if form.startswith("+"):
            name = self._target(form[1:])
            later[name] = form[1:]
            return name
        if form == "seed":
            return str(self.pick(("random.seed(3)", "np.random.seed(4)")))
        if form not in templates.FORMS:
            return self._variable(form)
        choices = templates.FORMS[form]
        if depth >= _DEEPEST:
            choices = tuple(c for c in choices if not re.search("<[a-z]", c)) or choices[:3]
        elif form in ("int", "list") and self.pick(range(3)):
            choices = choices[:10]
        return self._inline(self.pick(choices), depth + 1, later)

    def _inline(self, template: str, depth: int, later: dict[str, str]) -> str:
        return _HOLE.sub(lambda found: self._hole(found.group(1), depth, later), template)

    def _target(self, kind: str) -> str:
        own = [name for name, known in self.kinds.items() if known == kind]
        if own and self.chance(35):
            return str(self.pick(own))
        name = str(self.pick(_NAMES.get(kind, _DATA))) + self.suffix
        # Names that hold what all else needs are rebound to another kind now and then only.
        return name if self.kinds.get(name, kind) == kind or self.chance(25) else f"{name}{kind.lower()}"

    def _variable(self, kind: str) -> str:
        own = [name for name, known in self.kinds.items() if known == kind]
        if own:
            return str(self.pick(own))
        later: dict[str, str] = {}
        made = self._inline(templates.MAKERS[kind], 0, later)
        self.kinds |= later
        self.before.append(made)
        return list(later)[-1] if kind != "O" else next(n for n, k in later.items() if k == "O")


def _cut(draw: random.Random, items: Sequence[str], most: int) -> Iterator[tuple[str, ...]]:
    """Pieces of one to ``most`` items."""
    rest = list(items)
    while rest:
        size = draw.randint(1, most)
        yield tuple(rest[:size])
        rest = rest[size:]


def _cells(draw: random.Random, statements: Sequence[str], prefix: str, most: int = 5) -> list[Cell]:
    """Statements cut into cells, cells into steps; sometimes a cell of definitions is a functions cell."""
    cells: list[Cell] = []
    number = 1
    for piece in _cut(draw, statements, most):
        defines = all(text.startswith(("def ", "class ", "@dataclasses")) for text in piece)
        if defines and draw.randint(0, 2) == 2:
            cells.append(Cell("", piece, role="functions"))
            number += 1
            continue
        fails = draw.randint(0, 39) == 39
        cells.append(
            Cell(f"{prefix}{number}", (*piece, "raise ValueError('on purpose')") if fails else piece, fails=fails)
        )
        number += draw.randint(0, 5) > 1
    return cells


def _any_program(draw: random.Random) -> Program:
    writer = Writer(draw)
    header = Cell("s0", (templates.HEADER,), role=draw.choice(("imports", "")))
    cells = [header]
    if draw.randint(0, 4) == 4:
        cells.append(Cell("", ("p = 3", "word = 'one'"), role="parameters"))
        writer.kinds |= {"p": "I", "word": "T"}
    statements: list[str] = []
    for _ in range(draw.randint(4, 16)):
        definition = draw.randint(0, 3) == 3
        statements += writer.statement(templates.DEFINITIONS if definition else templates.STATEMENTS)
    return Program((*cells, *_cells(draw, statements, "s")))


_SHARED = (
    "rows = [3, 1, 2]\nframe = pd.DataFrame({'u': [1, 2, 3], 'w': [3, 1, 2]})\nvalues = np.arange(6)\nscale = 2",
    "def scaled(x, by=2):\n    return [v * by * scale for v in x]\ndef fitted(data, name):\n    return LinearRegression().fit(data[[name]], data['w'])",
)  # fmt: skip
_STARTS = (
    ("L", "{} = list(rows)"), ("L", "{} = scaled(rows)"), ("L", "{} = [v + scale for v in rows]"), ("L", "{} = sorted(rows)"), ("A", "{} = values * 2"),
    ("A", "{} = values.copy()"), ("A", "{} = np.sqrt(values)"), ("F", "{} = frame.copy()"), ("F", "{} = frame[frame['u'] > 1]"), ("F", "{} = frame.assign(z=scale)"),
    ("F", "{} = frame.sort_values('w')"), ("M", "{} = LinearRegression().fit(frame[['u']], frame['w'])"), ("M", "{} = fitted(frame, 'u')"),
    ("B", "{} = StandardScaler().fit_transform(frame)"), ("R", "{} = frame['u'] * scale"), ("I", "{} = len(rows) + scale"), ("I", "{} = int(values.sum())"),
)  # fmt: skip


def _branches(draw: random.Random) -> Program:
    cells = [
        Cell("", (templates.HEADER,), role="imports"),
        Cell("shared", _SHARED[:1]),
        Cell("", _SHARED[1:], role="functions"),
    ]
    branches: dict[str, str] = {}
    made: list[str] = []
    for number in range(draw.randint(2, 4)):
        mine, names = _branch(draw, f"b{number}_", f"_{number}")
        branches |= {cell.step: str(number) for cell in mine if not cell.role}
        cells += mine
        made += names
    return Program((*cells, Cell("end", tuple(f"print(type({name}).__name__)" for name in made))), branches)


def _branch(draw: random.Random, prefix: str, suffix: str) -> tuple[list[Cell], list[str]]:
    writer = Writer(draw, suffix)
    statements = []
    for kind, start in [draw.choice(_STARTS) for _ in range(2)]:
        name = f"{kind.lower()}{len(writer.kinds)}{suffix}"
        writer.kinds[name] = kind
        statements.append(start.format(name))
    starts = list(writer.kinds)
    for _ in range(draw.randint(1, 6)):
        statements += writer.statement(templates.PURE)
    cells = [
        replace(c, role="", step=c.step or f"{prefix}f{i}") for i, c in enumerate(_cells(draw, statements, prefix, 3))
    ]
    return cells, starts


def programs() -> st.SearchStrategy[Program]:
    """Programs of everything that the templates have.

    Each comes from one number: a program is made smaller by leaving out statements (``minimal.py``), which keeps it
    a program, and not by drawing others.
    """
    return st.randoms(use_true_random=True).map(_any_program)


def branched() -> st.SearchStrategy[Program]:
    """Programs of branches that read the same data and change nothing of it: no branch may wait for another."""
    return st.randoms(use_true_random=True).map(_branches)
