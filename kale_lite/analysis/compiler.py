"""The phases of the analysis, one after the other."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from kale_lite.analysis.canonical import likely_texts
from kale_lite.analysis.effect import Effect
from kale_lite.analysis.effects import Catalogue, load_catalogue
from kale_lite.analysis.findings import findings
from kale_lite.analysis.flow import Flow, run_flow
from kale_lite.analysis.plan import plan
from kale_lite.analysis.scope import bound_names
from kale_lite.analysis.split import split_problems
from kale_lite.analysis.steps import Segment, joined_segments, segments
from kale_lite.analysis.transform import Code, in_characters, transform
from kale_lite.diagnostics import Diagnostic, Location, diagnose, has_errors
from kale_lite.notebook.ignores import Ignore, apply_ignores, read_ignores
from kale_lite.notebook.model import Notebook, Role
from kale_lite.pipeline import Pipeline

__all__ = ["Knowledge", "compile_notebook", "compile_remarked"]


def compile_notebook(
    notebook: Notebook, knowledge: Knowledge | None = None
) -> tuple[Pipeline | None, tuple[Diagnostic, ...]]:
    """Compile a notebook: its pipeline (None when there are errors) and all findings.

    Who compiles the same cells several times passes what was looked up as ``knowledge``.
    """
    codes, problems = _transformed(notebook)
    if has_errors(problems):
        return None, tuple(problems)
    try:
        return _analysed(notebook, codes, problems, knowledge)
    except RecursionError:
        return None, (*problems, _too_deep(codes))


def _analysed(
    notebook: Notebook, codes: Sequence[Code], problems: list[Diagnostic], knowledge: Knowledge | None
) -> tuple[Pipeline | None, tuple[Diagnostic, ...]]:
    ignores, _ = read_ignores(notebook.cells)
    knowledge = knowledge or Knowledge(codes, load_catalogue(notebook.effects))
    skipped = _skipped_names(notebook)
    parts = segments(codes)
    if len({p.name for p in parts}) < len(parts):
        apart = _flow(notebook, parts, skipped, knowledge, ignores)
        problems += _in_characters(split_problems(apart), codes)
        if has_errors(problems):
            return None, tuple(problems)
        parts = joined_segments(parts)
    flow = _flow(notebook, parts, skipped, knowledge, ignores)
    problems += _in_characters(flow.diagnostics, codes)
    if has_errors(problems):
        return None, tuple(problems)
    pipeline = plan(notebook, flow)
    problems += _in_characters(findings(flow, pipeline, skipped), codes)
    return (None if has_errors(problems) else pipeline), tuple(problems)


def compile_remarked(
    notebook: Notebook, found: Iterable[Diagnostic] = (), knowledge: Knowledge | None = None
) -> tuple[Pipeline | None, tuple[Diagnostic, ...]]:
    """Compile a notebook and heed its comments that ignore findings. ``found`` are those of reading it."""
    pipeline, more = compile_notebook(notebook, knowledge)
    ignores, problems = read_ignores(notebook.cells)
    return pipeline, (*apply_ignores((*found, *more), ignores, complete=pipeline is not None), *problems)


def _flow(
    notebook: Notebook,
    parts: Sequence[Segment],
    skipped: Mapping[str, int],
    knowledge: Knowledge,
    ignores: Sequence[Ignore],
) -> Flow:
    catalogue = knowledge.catalogue
    return run_flow(parts, notebook.parameters, skipped, knowledge, catalogue.bases, ignores, catalogue.counting)


def _too_deep(codes: Sequence[Code]) -> Diagnostic:
    """That code which Python itself accepts is nested too deeply here: the place of the deepest."""
    depth, line, cell = max((*_deepest(code.tree), code.cell.number) for code in codes)
    step = next(code.cell.step for code in codes if code.cell.number == cell)
    return diagnose(
        "KL201", f"the code is nested too deeply to be analysed ({depth} levels)", Location(cell, line), step=step,
        hint="split the long expression, or replace the chain of elif by a dict or a match",
    )  # fmt: skip


def _deepest(tree: ast.AST) -> tuple[int, int]:
    """The depth of a tree, and the line there. Trees that are too deep for recursion are met here."""
    found, left = (0, 1), [(tree, 0, 1)]
    while left:
        node, depth, line = left.pop()
        line = getattr(node, "lineno", line)
        found = max(found, (depth, line))
        left += [(child, depth + 1, line) for child in ast.iter_child_nodes(node)]
    return found


def _in_characters(found: Iterable[Diagnostic], codes: Sequence[Code]) -> list[Diagnostic]:
    """Findings with columns as users count: trees count bytes, and know no columns where IPython rewrites a line."""
    by_cell = {code.cell.number: code.cell for code in codes}
    return [
        replace(one, location=in_characters(one.location, by_cell[one.location.cell]))
        if one.location is not None and one.location.column and one.location.cell in by_cell
        else one
        for one in found
    ]


def _transformed(notebook: Notebook) -> tuple[list[Code], list[Diagnostic]]:
    codes: list[Code] = []
    problems: list[Diagnostic] = []
    for cell in notebook.cells:
        if cell.role is Role.SKIP:
            continue
        code, found = transform(cell)
        problems += found
        if code is not None:
            codes.append(code)
    return codes, problems


def _skipped_names(notebook: Notebook) -> Mapping[str, int]:
    """The names that skipped cells bind, with the cell."""
    return {name: cell.number for cell in notebook.cells if cell.role is Role.SKIP
            for name in _names_bound(cell.source)}  # fmt: skip


def _names_bound(source: str) -> Iterator[str]:
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    yield from bound_names(tree)


class Knowledge:
    """The catalogue's word on canonical texts: the likely ones matched in one go, others when asked."""

    def __init__(self, codes: Sequence[Code], catalogue: Catalogue) -> None:
        self.catalogue = catalogue
        texts = likely_texts(code.tree for code in codes)
        self._known = dict(zip(texts, catalogue.match(texts), strict=True))

    def __call__(self, text: str) -> tuple[Effect, ...]:
        found = self._known.get(text)
        if found is None:
            found = self._known[text] = self.catalogue.match([text])[0]
        return found
