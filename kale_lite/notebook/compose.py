"""Notebooks in notebooks: a cell tagged ``notebook:NAME`` is followed by the cells of the notebook it stands for."""

from __future__ import annotations

import copy
import difflib
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from kale_lite.cells import CellNumber
from kale_lite.diagnostics import Diagnostic, Location, diagnose
from kale_lite.notebook.file import read_content
from kale_lite.notebook.given import given_options
from kale_lite.notebook.mapping import map_parameters
from kale_lite.notebook.metadata import kernel_of, notebook_settings, step_defaults
from kale_lite.notebook.model import Cell, Embedding, Kernel, Role
from kale_lite.notebook.reference import Reference, read_reference
from kale_lite.notebook.roles import RawCell, name_problems, notebook_name, options_of, resolve_roles
from kale_lite.notebook.tags import Prev, parse_tag

__all__ = ["Composed", "compose"]

_MOST = 500
"""Notebooks in one pipeline: far more than anyone writes, far fewer than doubling each time comes to."""
_DEEPEST = 50


@dataclass(frozen=True, slots=True)
class Composed:
    """A notebook with those embedded in it.

    ``cells`` are all code cells in order, ``content`` is the JSON that holds them, ``mapped`` has the parameters
    that cells tagged ``notebook:NAME`` set, with the cell.
    """

    cells: tuple[Cell, ...]
    content: Any
    mapped: Mapping[str, int]


@dataclass(slots=True)
class _Part:
    """One notebook: its code cells as they stand in the file, and the cells in it that stand for others."""

    path: Path
    within: Embedding | None
    options: tuple[str, ...]
    kernel: Kernel
    raw: list[RawCell] = field(default_factory=list)
    references: dict[int, tuple[Reference, Embedding]] = field(default_factory=dict)


def compose(content: Any, path: Path, kernel: Kernel, options: Sequence[str]) -> tuple[Composed, list[Diagnostic]]:
    """Put the cells of embedded notebooks where they run, and find out what all cells are.

    ``options`` are tags that give options to every step. Files are read, and nothing is written.
    """
    builder = _Builder(path.absolute().parent)
    builder.add(content, _Part(path, None, tuple(options), kernel))
    return builder.composed(content), builder.problems


class _Builder:
    """Collects the cells in the order in which they run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.problems: list[Diagnostic] = []
        self.parts: list[_Part] = []
        self.entries: list[tuple[CellNumber, Any, _Part]] = []
        self.read: dict[Path, tuple[Any, Diagnostic | None]] = {}

    def add(self, content: Any, part: _Part, around: tuple[Path, ...] = ()) -> None:
        """Add a notebook, and below each of its cells that stands for another one, that."""
        self.parts.append(part)
        shown = part.within.path if part.within is not None else ""
        for own, cell in enumerate(content.cells, 1):
            number = CellNumber(len(self.entries) + 1, own, shown)
            self.entries.append((number, cell, part))
            if cell.cell_type == "code":
                tags = tuple(map(str, cell.metadata.get("tags", [])))
                raw = RawCell(number, cell.source, tags, given_options(cell.metadata))
                name = notebook_name(raw.tags)
                part.raw.append(raw)
                if name is not None:
                    self._embed(part, raw, name, cell.metadata, (*around, part.path.resolve()))

    def _embed(self, part: _Part, raw: RawCell, name: str, metadata: Any, around: tuple[Path, ...]) -> None:
        reference, found = read_reference(raw, metadata)
        self.problems += found
        if reference is None:
            return
        path = part.path.parent / os.path.expanduser(reference.path)
        content, problem = self._open(path, raw.number, around)
        if problem is None:
            kernel = kernel_of(content.metadata)
            problem = _unusable(content, kernel, path, raw.number)
            if content.metadata.get("kernelspec"):
                self.problems += _other_kernel(kernel, self.parts[0].kernel, path, raw.number)
        if problem is not None:
            self.problems.append(problem)
            return
        settings, found = notebook_settings(content.metadata, Location(raw.number))
        self.problems += found
        prefix = part.within.full_name(name) if part.within is not None else name
        shown = Path(os.path.relpath(path.absolute(), self.folder)).as_posix()
        within = Embedding(prefix, shown, _after(part, raw), part.within)
        options = (*part.options, *options_of((*raw.tags, *raw.options)), *step_defaults(settings))
        part.references[raw.number] = (reference, within)
        self.add(content, _Part(path, within, options, kernel), around)

    def _open(self, path: Path, number: int, around: tuple[Path, ...]) -> tuple[Any, Diagnostic | None]:
        place = Location(number)
        if not _is_file(path):
            return None, diagnose("KL107", f"notebook {path} does not exist", place, hint=_near(path))
        if path.resolve() in around:
            names = [os.path.relpath(one, self.folder) for one in (*around[around.index(path.resolve()) :], path)]
            return None, diagnose("KL107", f"a notebook cannot be part of itself: {' → '.join(names)}", place,
                                  hint="remove the tag, or name another notebook")  # fmt: skip
        if len(self.parts) > _MOST or len(around) > _DEEPEST:
            many = f"more than {_MOST} notebooks in one pipeline"
            deep = f"more than {_DEEPEST} notebooks inside one another"
            return None, diagnose("KL107", many if len(self.parts) > _MOST else deep, place,
                                  hint="move what is shared into a module that the notebooks import")  # fmt: skip
        if path.resolve() not in self.read:
            self.read[path.resolve()] = read_content(path)
        content, problem = self.read[path.resolve()]
        return content, problem and diagnose("KL107", problem.message, place, hint=problem.hint)

    def composed(self, content: Any) -> Composed:
        """The whole, when all notebooks are added."""
        cells: list[Cell] = []
        references: dict[Embedding, tuple[int, Reference]] = {}
        for part in self.parts:
            found, problems = resolve_roles(part.raw, part.options, embedded=part.within is not None)
            self.problems += problems
            cells += (_placed(cell, part) for cell in found)
            for number, (reference, within) in part.references.items():
                references[within] = (number, reference)
        cells.sort(key=lambda cell: cell.number)
        if len(self.parts) > 1:
            self.problems += _names_that_meet(cells, self.problems)
            cells, problems = map_parameters(cells, references)
            self.problems += problems
        mapped = {one.name: number for number, reference in references.values() for one in reference.assignments}
        return Composed(tuple(cells), self._content(content, cells), mapped)

    def _content(self, content: Any, cells: Sequence[Cell]) -> Any:
        """The JSON of all cells, with the code as it runs, and where it comes from in the metadata."""
        if len(self.parts) == 1:
            return content
        sources = {cell.number: cell for cell in cells}
        whole = copy.copy(content)
        whole["cells"] = [
            _entry(number, cell, sources.get(number), ids=content.nbformat_minor >= 5)
            for number, cell, part in self.entries
        ]
        return whole


def _entry(number: CellNumber, original: Any, cell: Cell | None, *, ids: bool) -> Any:
    if not number.notebook and (cell is None or cell.role is not Role.NOTEBOOK):
        return original
    entry = copy.deepcopy(original)
    if cell is not None:
        entry["source"] = cell.source
    if number.notebook:
        given = entry["metadata"].get("kale_lite")
        ours = dict(given) if isinstance(given, Mapping) else {}
        entry["metadata"]["kale_lite"] = {**ours, "notebook": number.notebook, "cell": number.own}
        entry.pop("id", None)
        if ids:
            entry["id"] = f"embedded-{int(number)}"
    return entry


def _placed(cell: Cell, part: _Part) -> Cell:
    """A cell as part of the whole: its step has the name that it has there."""
    if cell.role is Role.NOTEBOOK:
        known = part.references.get(cell.number)
        if known is None:
            return cell
        reference, within = known
        return replace(cell, source=reference.source, step=within.name, after=(), within=within)
    if part.within is None:
        return cell
    named = cell.role in (Role.STEP, Role.METRICS)
    step = part.within.full_name(cell.step) if named else ""
    return replace(cell, step=step, after=tuple(map(part.within.full_name, cell.after)), within=part.within)


def _after(part: _Part, raw: RawCell) -> tuple[str, ...]:
    names = [tag.name.strip() for tag in map(parse_tag, raw.tags) if isinstance(tag, Prev)]
    return tuple(part.within.full_name(name) if part.within is not None else name for name in names)


def _names_that_meet(cells: Sequence[Cell], known: Sequence[Diagnostic]) -> Iterator[Diagnostic]:
    """Names of steps in different notebooks that are the same in the whole, or cannot be told apart."""
    owners: dict[str, Cell] = {}
    first = {(cell.step, cell.within): cell for cell in reversed(cells) if cell.step}
    found: list[Diagnostic] = []
    for cell in sorted(first.values(), key=lambda cell: cell.number):
        owner = owners.setdefault(cell.step, cell)
        if owner is not cell:
            found.append(diagnose(
                "KL103", f"the name {cell.step!r} is one of another notebook, too (cell {owner.number})",
                Location(cell.number), hint="choose another name for the step, or for the notebook",
            ))  # fmt: skip
    found += name_problems(list(owners.values()))
    told = {(one.code, one.location) for one in known}
    bad = any(one.code == "KL102" for one in known)
    for one in found:
        # Names that are impossible come from that of the notebook: one finding says it.
        if (one.code, one.location) not in told and not (bad and one.code == "KL102"):
            yield one
        bad |= one.code == "KL102"


def _unusable(content: Any, kernel: Kernel, path: Path, number: int) -> Diagnostic | None:
    place = Location(number)
    if kernel.language != "python":
        return diagnose("KL107", f"the kernel of notebook {path} speaks {kernel.language}, not Python", place,
                        hint="kale-lite runs Python notebooks")  # fmt: skip
    if not any(cell.cell_type == "code" and cell.source.strip() for cell in content.cells):
        return diagnose("KL107", f"notebook {path} has no code", place, hint="write a code cell, or remove the tag")
    return None


def _other_kernel(mine: Kernel, outer: Kernel, path: Path, number: int) -> Iterator[Diagnostic]:
    if mine.language == "python" and mine.name != outer.name:
        yield diagnose(
            "KL116", f"notebook {path} names the kernel {mine.name!r}; its cells run in {outer.name!r}, as all others",
            Location(number), hint="choose the same kernel in both notebooks",
        )  # fmt: skip


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a name that is too long, a folder that may not be looked into
        return False


def _near(path: Path) -> str:
    try:
        there = sorted(name for name in os.listdir(path.parent) if name.endswith(".ipynb"))
    except (OSError, ValueError):
        return f"there is no folder {path.parent}: paths start from the folder of the notebook that holds the cell"
    near = difflib.get_close_matches(path.name, there, 3, 0.5)
    if near:
        return f"do you mean {' or '.join(map(repr, near))}?"
    return f"notebooks there: {', '.join(there[:5])}" if there else f"there is no notebook in {path.parent}"
