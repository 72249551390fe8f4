"""Roles of cells: from tags to steps, with the rules for untagged cells and declared order."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from kale_lite.diagnostics import Diagnostic, Location, diagnose
from kale_lite.notebook.given import checked_options, default_options
from kale_lite.notebook.model import Cell, Role, StepOptions
from kale_lite.notebook.names import folded, name_problem
from kale_lite.notebook.options import options_from
from kale_lite.notebook.tags import (
    Bare,
    Malformed,
    OptionTag,
    Prev,
    StepTag,
    Tag,
    format_tag,
    parse_tag,
)

__all__ = ["FIRST_STEP", "RawCell", "name_problems", "notebook_name", "options_of", "resolve_roles", "role_tags"]

_ROLES = {
    "imports": Role.IMPORTS, "functions": Role.FUNCTIONS, "skip": Role.SKIP, "parameters": Role.PARAMETERS,
    "injected-parameters": Role.PARAMETERS, "pipeline-parameters": Role.PARAMETERS, "pipeline-metrics": Role.METRICS,
}  # fmt: skip
FIRST_STEP = "setup"


@dataclass(frozen=True, slots=True)
class RawCell:
    """A code cell as it stands in the file. ``options`` are tags that its metadata stands for."""

    number: int
    source: str
    tags: tuple[str, ...]
    options: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Tagged:
    cell: RawCell
    tags: tuple[Tag, ...]
    role: Role | None
    step: str = ""


def role_tags(tags: Sequence[str]) -> tuple[str, ...]:
    """Those of a cell's tags that say what the cell is for."""
    return tuple(text for text in tags if _gives_role(parse_tag(text)))


def _gives_role(tag: Tag | Malformed | None) -> bool:
    return (
        isinstance(tag, StepTag)
        or (isinstance(tag, Bare) and tag.word in _ROLES)
        or (isinstance(tag, OptionTag) and tag.kind == "notebook")
    )


def notebook_name(tags: Sequence[str]) -> str | None:
    """The name in a cell's tag ``notebook:NAME``; None for cells without one, and for skipped ones."""
    parsed = list(map(parse_tag, tags))
    names = [tag.parts[0].strip() for tag in parsed if isinstance(tag, OptionTag) and tag.kind == "notebook"]
    return names[0] if names and Bare("skip") not in parsed else None


def options_of(tags: Sequence[str]) -> tuple[str, ...]:
    """Those of a cell's tags that are options of a step."""
    found = ((text, parse_tag(text)) for text in tags)
    return tuple(text for text, tag in found if isinstance(tag, OptionTag) and tag.kind != "notebook")


def resolve_roles(
    cells: Sequence[RawCell], defaults: Sequence[str] = (), *, embedded: bool = False
) -> tuple[tuple[Cell, ...], tuple[Diagnostic, ...]]:
    """Cells with their roles, and everything that is wrong with their tags.

    ``defaults`` are option tags for every step (Kale's ``steps_defaults``). The only step of a notebook without
    tags has no name where that is ``embedded``.
    """
    problems: list[Diagnostic] = []
    tagged = [_read_tags(cell, problems) for cell in cells]
    base = tuple(default_options(defaults, problems))
    steps = {t.step for t in tagged if t.step}
    first = FIRST_STEP if steps or not embedded or any(t.role is Role.METRICS for t in tagged) else ""
    found = tuple(_resolved(tagged, options_from(base), first, steps))
    problems += name_problems(found)
    problems += _order_problems(found)
    problems += _options_without_step(tagged, found)
    return found, tuple(problems)


def _read_tags(cell: RawCell, problems: list[Diagnostic]) -> _Tagged:
    place = Location(cell.number)
    tags: list[Tag] = []
    for text in cell.tags:
        tag = parse_tag(text)
        if isinstance(tag, Malformed):
            hint = f"write `{tag.suggestion}`" if tag.suggestion else ""
            problems.append(diagnose("KL101", f"tag {text!r} does not parse: {tag.problem}", place, hint=hint))
        elif tag is not None:
            tags.append(tag)
    tags += checked_options(cell.options, "option {!r} in the cell's metadata", place, problems)
    return _with_role(cell, tuple(tags), problems)


def _options_without_step(tagged: Sequence[_Tagged], cells: Sequence[Cell]) -> Iterator[Diagnostic]:
    for one, cell in zip(tagged, cells, strict=True):
        given = [format_tag(tag) for tag in one.tags if isinstance(tag, OptionTag) and tag.kind != "notebook"]
        if given and cell.role in (Role.IMPORTS, Role.FUNCTIONS, Role.PARAMETERS):
            yield diagnose(
                "KL111", f"options have no effect on a cell of role {cell.role}: {', '.join(given)}",
                Location(cell.number), hint="give them to the cell of a step, or to all steps by `steps_defaults`",
            )  # fmt: skip


def _with_role(cell: RawCell, tags: tuple[Tag, ...], problems: list[Diagnostic]) -> _Tagged:
    roles = {_ROLES[t.word] for t in tags if isinstance(t, Bare) and t.word in _ROLES}
    named = dict(filter(None, map(_step_named, tags)))
    if Role.SKIP in roles:
        return _Tagged(cell, tags, Role.SKIP)
    if len(roles) + len(named) > 1:
        shown = ", ".join([*named, *sorted(str(r) for r in roles)])
        problems.append(diagnose(
            "KL112", f"the tags of this cell conflict: {shown}", Location(cell.number),
            hint="leave one of them; a cell has one role and belongs to one step",
        ))  # fmt: skip
    if any(shown.startswith("notebook:") for shown in named):
        return _notebook_cell(cell, tags, next(iter(named.values())), problems)
    if named:
        return _Tagged(cell, tags, Role.STEP, next(iter(named.values())))
    return _Tagged(cell, tags, min(roles) if roles else None)


def _notebook_cell(cell: RawCell, tags: tuple[Tag, ...], name: str, problems: list[Diagnostic]) -> _Tagged:
    if Bare("raises-exception") in tags:
        problems.append(diagnose(
            "KL112", "`raises-exception` cannot be said of a whole notebook", Location(cell.number),
            hint="give the tag to the cell of that notebook which may raise",
        ))  # fmt: skip
    return _Tagged(cell, tags, Role.NOTEBOOK, name)


def _step_named(tag: Tag) -> tuple[str, str] | None:
    """The step that a tag names, after the tag as it is shown.

    A notebook tag names one as well: ``prev:`` may name it, and no step may have the same name.
    """
    match tag:
        case StepTag(name):
            return f"step:{name.strip()}", name.strip()
        case OptionTag("notebook", (name,)):
            return f"notebook:{name.strip()}", name.strip()
    return None


def _free(name: str, steps: set[str]) -> str:
    wanted, number = name, 1
    while name in steps:
        number += 1
        name = f"{wanted}-{number}"
    return name


def _resolved(tagged: Sequence[_Tagged], defaults: StepOptions, first: str, steps: set[str]) -> Iterator[Cell]:
    """Untagged cells join the cell above; skipped cells are transparent to that.

    No cell can join a notebook: below one, untagged cells are a step of their own.
    """
    role, step = Role.STEP, first
    metrics = _free("metrics", steps)
    for one in tagged:
        mine = one.role
        if mine is None:
            mine = role
        elif mine is Role.NOTEBOOK:
            role, step = Role.STEP, _free(f"after-{one.step}", steps)
        elif mine is not Role.SKIP:
            role, step = mine, one.step or (metrics if mine is Role.METRICS else "")
        name = one.step if mine is Role.NOTEBOOK else step if mine in (Role.STEP, Role.METRICS) else ""
        in_step = mine in (Role.STEP, Role.METRICS, Role.NOTEBOOK)
        yield Cell(
            one.cell.number, one.cell.source, mine, name,
            after=tuple(dict.fromkeys(t.name.strip() for t in one.tags if isinstance(t, Prev))),
            options=options_from(one.tags) if in_step else StepOptions(),
            tags=one.cell.tags,
            raises_exception="raises-exception" in one.cell.tags,
            defaults=defaults if in_step else StepOptions(),
        )  # fmt: skip


def _first_cells(cells: Sequence[Cell]) -> Mapping[str, Cell]:
    first: dict[str, Cell] = {}
    for cell in cells:
        if cell.step:
            first.setdefault(cell.step, cell)
    return first


def name_problems(cells: Sequence[Cell]) -> Iterator[Diagnostic]:
    """What is wrong with the names of steps and notebooks: impossible ones, and those that meet."""
    met: dict[str, tuple[str, int]] = {}
    for name, cell in _first_cells(cells).items():
        place = Location(cell.number)
        problem = name_problem(name)
        if problem:
            shown = name if len(name) < 40 else f"{name[:37]}..."
            hint = "use letters, digits, spaces, `-` and `_`"
            yield diagnose("KL102", f"step name {shown!r} cannot be used: {problem}", place, hint=hint)
            continue
        key = folded(name)
        if key in met:
            other, number = met[key]
            yield diagnose(
                "KL103",
                f"step names {other!r} (cell {number}) and {name!r} meet: targets cannot tell them apart",
                place,
                hint="write the name the same way in both cells, or choose another one",
            )
        met.setdefault(key, (name, cell.number))
    yield from _notebooks_with_others(cells)


def _notebooks_with_others(cells: Sequence[Cell]) -> Iterator[Diagnostic]:
    """Cells of one step have its name in common; a notebook has its name alone."""
    first = _first_cells(cells)
    for cell in cells:
        other = first.get(cell.step, cell)
        if other is not cell and Role.NOTEBOOK in (cell.role, other.role):
            yield diagnose(
                "KL103",
                f"the name {cell.step!r} is that of {'a notebook' if other.role is Role.NOTEBOOK else 'a step'} "
                f"already (cell {other.number})",
                Location(cell.number),
                hint="choose another name: that of a notebook begins the names of its steps",
            )


def _order_problems(cells: Sequence[Cell]) -> Iterator[Diagnostic]:
    first = _first_cells(cells)
    for cell in cells:
        for before in cell.after:
            place = Location(cell.number)
            if not cell.step:
                yield diagnose("KL112", f"`prev:{before}` stands on a cell that is no step", place,
                               hint="add `step:NAME`, or remove the tag", severity=None)  # fmt: skip
            elif before not in first:
                near = difflib.get_close_matches(before, first, 3, 0.5)
                hint = f"do you mean {' or '.join(map(repr, near))}?" if near else f"steps are: {', '.join(first)}"
                yield diagnose("KL104", f"there is no step {before!r}: unknown predecessor", place, hint=hint)
            elif before == cell.step:
                yield diagnose("KL105", f"step {before!r} cannot be its own predecessor: a cycle", place,
                               hint=f"remove the tag `prev:{before}`")  # fmt: skip
            elif first[before].number > first[cell.step].number:
                yield diagnose(
                    "KL105",
                    f"step {cell.step!r} is declared after {before!r}, which stands below it (cell "
                    f"{first[before].number}): the order would be a cycle",
                    place,
                    hint="a predecessor stands above; move the cells or remove the tag",
                )
