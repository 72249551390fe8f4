"""A proposal: what each cell of a notebook is to be, and the pipeline that follows. Frozen data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from kale_lite.analysis.compiler import compile_remarked
from kale_lite.cells import notebook_of, own_number
from kale_lite.diagnostics import Diagnostic, has_errors
from kale_lite.notebook.model import Notebook, Role
from kale_lite.notebook.roles import role_tags
from kale_lite.pipeline import Pipeline

__all__ = ["Choice", "Proposal", "listing", "stated"]


@dataclass(frozen=True, slots=True)
class Choice:
    """What a code cell is, and why. ``proposed``: not what its tags say so far."""

    cell: int
    role: Role
    step: str
    why: str
    first_line: str
    proposed: bool = False

    def to_json(self) -> dict[str, Any]:
        return {
            "cell": own_number(self.cell),
            "role": self.role.value,
            "step": self.step,
            "why": self.why,
            "first_line": self.first_line,
            "proposed": self.proposed,
        }


@dataclass(frozen=True, slots=True)
class Proposal:
    """Tags for a notebook. ``tags`` are all tags of the cells that get new ones, by number; ``notebook`` is the
    notebook with them, ``pipeline`` what it compiles to: None when it has errors, which are in ``diagnostics``.
    """

    notebook: Notebook
    choices: tuple[Choice, ...]
    tags: Mapping[int, tuple[str, ...]]
    pipeline: Pipeline | None
    diagnostics: tuple[Diagnostic, ...]

    def after(self, tags: Mapping[int, tuple[str, ...]]) -> Proposal:
        """The same, where these tags were put on cells before."""
        return replace(self, tags={**tags, **self.tags})

    @property
    def compiles(self) -> bool:
        return self.pipeline is not None and not has_errors(self.diagnostics)

    def to_json(self) -> dict[str, Any]:
        """The JSON form that the command prints and the panel reads."""
        return {
            "cells": [choice.to_json() for choice in self.choices],
            "tags": {str(number): list(tags) for number, tags in self.tags.items()},
            "diagnostics": [d.to_json() for d in self.diagnostics],
            "pipeline": self.pipeline.to_json() if self.pipeline is not None else None,
        }


def stated(notebook: Notebook, tags: Mapping[int, tuple[str, ...]]) -> Proposal:
    """What a notebook's tags say as they stand; ``tags`` are those of them that its file does not have yet."""
    pipeline, found = compile_remarked(notebook)
    reasons = {n: f"now tagged {', '.join(all_tags)}" for n, all_tags in tags.items()}
    return Proposal(notebook, listing(notebook, reasons), tags, pipeline, found)


def listing(notebook: Notebook, reasons: Mapping[int, str] | None = None) -> tuple[Choice, ...]:
    """What the notebook's own code cells are. ``reasons`` are why, for cells whose tags were proposed."""
    reasons = reasons or {}
    choices = []
    above: int | None = None
    start = "before the first tag"
    for cell in notebook.cells:
        if notebook_of(cell.number):
            continue
        own = role_tags(cell.tags)
        joins = f"joins cell {above}" if above is not None else start
        default = f"tagged {', '.join(own)}" if own else joins
        if cell.role is Role.NOTEBOOK and cell.within is not None:
            default, above, start = f"stands for {cell.within.path}", None, f"below notebook {cell.step}"
        elif own and cell.role is not Role.SKIP:
            above = cell.number
        source = notebook.file["cells"][own_number(cell.number) - 1]["source"]
        line = next((line.strip() for line in source.split("\n") if line.strip()), "")
        why, proposed = reasons.get(cell.number, default), cell.number in reasons
        choices.append(Choice(cell.number, cell.role, cell.step, why, line, proposed))
    return tuple(choices)
