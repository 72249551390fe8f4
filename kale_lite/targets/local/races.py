"""What two steps touched although nothing orders them: what analysis missed, found by what happened."""

from __future__ import annotations

import fnmatch
import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from kale_lite.diagnostics import Diagnostic, Location, diagnose
from kale_lite.pipeline import Pipeline, Step

__all__ = ["Races"]


class Races:
    """Collects what the steps of one run touched, and finds pairs whose order is by chance."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._steps = {step.name: step for step in pipeline.steps}
        self._before = _ancestors(pipeline)
        self._read: dict[str, frozenset[str]] = {}
        self._written: dict[str, frozenset[str]] = {}
        self._services: dict[str, frozenset[str]] = {}

    def add(self, step: Step, files: Mapping[str, list[str]]) -> Diagnostic | None:
        """Note the files of a step that is done; the first pair that nothing orders, as a finding."""
        read, written = frozenset(files.get("read", ())), frozenset(files.get("written", ()))
        self._read[step.name], self._written[step.name] = read, written
        return next(self._conflicts(step, read, written), None)

    def outside(self, step: Step, seen: Sequence[Sequence[Any]]) -> tuple[Diagnostic, ...]:
        """Warnings of the programs and services of a step that is done, where a step without an order could care.

        ``seen`` has kind, name and the number of the cell, from 1, as the harness reports them.
        """
        self._services[step.name] = frozenset(what for kind, what, _ in seen if kind == "service")
        found = (self._outside(step, kind, what, cell) for kind, what, cell in seen)
        return tuple(finding for finding in found if finding is not None)

    def _outside(self, step: Step, kind: str, what: str, cell: int) -> Diagnostic | None:
        if kind == "program" and "external" in step.effects:
            return None
        cares = self._uses_files if kind == "program" else lambda name: what in self._services.get(name, ())
        others = [other.name for other in self._unordered(step) if cares(other.name)]
        place = Location(step.cells[min(cell, len(step.cells)) - 1])
        return _left(step, others[0], kind, what, place) if others else None

    def _uses_files(self, name: str) -> bool:
        step = self._steps[name]
        known = step.files_read or step.files_written or "external" in step.effects
        return bool(known or self._read.get(name) or self._written.get(name))

    def _unordered(self, step: Step) -> Iterator[Step]:
        for name, other in self._steps.items():
            if name != step.name and name not in self._before[step.name] and step.name not in self._before[name]:
                yield other

    def _conflicts(self, step: Step, read: frozenset[str], written: frozenset[str]) -> Iterator[Diagnostic]:
        for other in self._unordered(step):
            name = other.name
            if name in self._read:
                shared = (written & (self._read[name] | self._written[name])) | (read & self._written[name])
                yield from (_finding(step, other, path) for path in sorted(shared)[:1])
            if "external" in other.effects:
                yield from (_finding(step, other, path) for path in sorted(_missed(step, written))[:1])


def _missed(step: Step, written: frozenset[str]) -> Iterator[str]:
    """Files written that analysis did not foresee: a program that another step starts may read them."""
    for path in written:
        relative = [os.path.normpath(pattern) for pattern in step.files_written]
        if not any(
            fnmatch.fnmatch(path, f"*{os.sep}{pattern}") or fnmatch.fnmatch(path, pattern) for pattern in relative
        ):
            yield path


def _finding(step: Step, other: Step, path: str) -> Diagnostic:
    return diagnose(
        "KL408",
        f"steps {other.name!r} and {step.name!r} both use the file {os.path.basename(path)!r}, which analysis did not "
        "see: their order is by chance",
        Location(step.cells[0]),
        hint=f"tag the later one with `prev:` and the name of the other, or add an effect rule for the call ({path})",
        step=step.name,
    )


def _left(step: Step, other: str, kind: str, what: str, place: Location) -> Diagnostic:
    if kind == "program":
        message = (
            f"step {step.name!r} starts the program {what!r}, which analysis did not see, and step {other!r} uses files"
        )
        rule = "`external: true`"
    else:
        message = f"step {step.name!r} connects to {what!r}, as step {other!r} does, which analysis did not see"
        rule = "`services: NAME`"
    return diagnose(
        "KL411", f"{message}: their order is by chance", place, step=step.name,
        hint=f"if it matters add an effect rule with {rule} for the call (docs/effects.md), or tag the later step with "
        "`prev:` and the name of the other",
    )  # fmt: skip


def _ancestors(pipeline: Pipeline) -> Mapping[str, frozenset[str]]:
    found: dict[str, frozenset[str]] = {}
    direct = pipeline.predecessors()
    for step in pipeline.steps:
        before = direct[step.name]
        found[step.name] = before.union(*(found[name] for name in before))
    return found
