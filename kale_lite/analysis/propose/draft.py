"""A draft of steps: it is compiled, and steps are merged until it has no errors."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from kale_lite.analysis.compiler import Knowledge, compile_remarked
from kale_lite.diagnostics import Diagnostic
from kale_lite.notebook import with_tags
from kale_lite.notebook.model import Notebook
from kale_lite.pipeline import Pipeline

__all__ = ["Compiled", "Draft", "compiled", "settled"]

Parts = tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True)
class Draft:
    """What open cells are to be: ``roles`` maps cells to role tags, ``parts`` are the cells of each step.

    ``barriers`` are cells whose tags stand: no step reaches across them.
    """

    parts: Parts
    roles: Mapping[int, str]
    barriers: frozenset[int]

    def tags(self, names: Sequence[str] | None = None) -> dict[int, str]:
        """The tag of each open cell. Without names the steps are called after their cells."""
        steps = names or [f"kale-lite cell {part[0]}" for part in self.parts]
        return dict(self.roles) | {
            n: f"step:{name}" for part, name in zip(self.parts, steps, strict=True) for n in part
        }

    def merged(self, pairs: Iterable[tuple[int, int]]) -> Draft:
        """Parts from the first to the last of each pair are one, with all cells in between but skipped ones."""
        joined = {i for first, last in pairs for i in range(first, last)}
        parts: list[tuple[int, ...]] = []
        roles = dict(self.roles)
        for i, part in enumerate(self.parts):
            if i and i - 1 in joined and not self.apart(parts[-1][-1], part[0]):
                between = [n for n in sorted(roles) if parts[-1][-1] < n < part[0] and roles[n] != "skip"]
                for n in between:
                    del roles[n]
                parts[-1] = (*parts[-1], *between, *part)
            else:
                parts.append(part)
        return replace(self, parts=tuple(parts), roles=roles)

    def apart(self, first: int, last: int) -> bool:
        """Whether a cell between these two forbids that they are in one step."""
        fixed = {n for n, role in self.roles.items() if role in ("parameters", "pipeline-metrics")}
        return any(first < n < last for n in self.barriers | fixed)


@dataclass(frozen=True, slots=True)
class Compiled:
    """What a draft compiles to."""

    draft: Draft
    notebook: Notebook | None
    pipeline: Pipeline | None
    diagnostics: tuple[Diagnostic, ...]


def compiled(notebook: Notebook, draft: Draft, knowledge: Knowledge, names: Sequence[str] | None = None) -> Compiled:
    """Compile the notebook with the draft's tags."""
    tags = {cell.number: cell.tags for cell in notebook.cells}
    retagged, found = with_tags(notebook, {n: (*tags[n], tag) for n, tag in draft.tags(names).items()})
    if retagged is None:
        return Compiled(draft, None, None, found)
    return Compiled(draft, retagged, *compile_remarked(retagged, found, knowledge))


def settled(notebook: Notebook, draft: Draft, knowledge: Knowledge) -> Compiled:
    """Merge steps with errors into their neighbours until none has any, or nothing is left to merge."""
    while True:
        result = compiled(notebook, draft, knowledge)
        wider = draft.merged(_to_merge(draft, result.diagnostics))
        if result.pipeline is not None or wider == draft:
            return result
        draft = wider


def _to_merge(draft: Draft, found: Iterable[Diagnostic]) -> list[tuple[int, int]]:
    """Errors stand where something is missing, so steps join the ones above; a patched library is needed below."""
    part_of = {n: i for i, part in enumerate(draft.parts) for n in part}
    pairs = []
    for error in (d for d in found if d.is_error and d.location):
        i = part_of.get(error.location.cell if error.location else 0)
        if i is not None:
            below = error.code == "KL206" or i == 0 or draft.apart(draft.parts[i - 1][-1], draft.parts[i][0])
            pairs.append((i, i + 1) if below else (i - 1, i))
    return pairs
