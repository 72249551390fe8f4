"""Files that two steps touched although nothing orders them: what analysis missed, found by what happened."""

from __future__ import annotations

import fnmatch
import os
from collections.abc import Iterator, Mapping

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

    def add(self, step: Step, files: Mapping[str, list[str]]) -> Diagnostic | None:
        """Note the files of a step that is done; the first pair that nothing orders, as a finding."""
        read, written = frozenset(files.get("read", ())), frozenset(files.get("written", ()))
        self._read[step.name], self._written[step.name] = read, written
        return next(self._conflicts(step, read, written), None)

    def _conflicts(self, step: Step, read: frozenset[str], written: frozenset[str]) -> Iterator[Diagnostic]:
        for name, other in self._steps.items():
            if name == step.name or name in self._before[step.name] or step.name in self._before[name]:
                continue
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


def _ancestors(pipeline: Pipeline) -> Mapping[str, frozenset[str]]:
    found: dict[str, frozenset[str]] = {}
    direct = pipeline.predecessors()
    for step in pipeline.steps:
        before = direct[step.name]
        found[step.name] = before.union(*(found[name] for name in before))
    return found
