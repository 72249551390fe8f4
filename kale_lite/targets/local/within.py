"""What libraries keep within themselves, where a step changed it and another step would have seen that."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from kale_lite.diagnostics import Diagnostic, Location, diagnose
from kale_lite.pipeline import LIBRARY_PREFIX, STATE_PREFIX, Pipeline, Step

__all__ = ["WithinLibraries"]


class WithinLibraries:
    """Collects what the steps of one run changed within libraries, and finds steps that missed such a change.

    Of a counter: two steps that advanced it, both from the same number. Of settings: a step that changed them, and
    a later one that uses the library. What analysis has carried from step to step is left out.
    """

    def __init__(self, pipeline: Pipeline) -> None:
        self._order = {step.name: number for number, step in enumerate(pipeline.steps)}
        self._done: list[tuple[Step, Mapping[str, Any]]] = []

    def add(self, step: Step, report: Mapping[str, Any]) -> Diagnostic | None:
        """Note what a step that is done did; the first change that a step missed, as a finding."""
        self._done.append((step, report))
        for other, earlier in self._done[:-1]:
            pair = [(step, report), (other, earlier)]
            pair.sort(key=lambda one: self._order[one[0].name])
            for finding in self._missed(*pair[0], *pair[1]):
                return finding
        return None

    def _missed(
        self, first: Step, before: Mapping[str, Any], second: Step, after: Mapping[str, Any]
    ) -> Iterator[Diagnostic]:
        """What the first step changed, and the second, later in the notebook, would have seen."""
        for key in sorted(before.get("counters", {}).keys() & after.get("counters", {}).keys()):
            if not _is_carried(key, second):
                what = f"steps {first.name!r} and {second.name!r} both advance"
                yield _finding(key, what, "what it numbers can have other numbers than in the notebook", second)
        for key in before.get("settings", ()):
            if _package(key) in after.get("loaded", ()) and not _is_carried(key, second):
                what = f"step {first.name!r} changes settings in"
                yield _finding(key, what, f"step {second.name!r} uses it without the change", second)
        carried = {key for key in before.get("keep", ()) if _is_carried(key, second)}
        for key in (*before.get("keep", ()), *before.get("others", ())):
            if _package(key) in after.get("loaded", ()) and key not in carried:
                what = f"step {first.name!r} changes what is kept in"
                yield _finding(key, what, f"step {second.name!r} uses the module without the change", second)


def _finding(key: str, what: str, result: str, step: Step) -> Diagnostic:
    module, _, name = key.partition(":")
    return diagnose(
        "KL412",
        f"{what} `{name}` of module {module!r}, which is as imported in each step: {result}",
        Location(step.cells[0]),
        hint=f"tag the cells as one step, or have it carried: `library: {_package(key)}` with `counts: true` in an "
        "effect catalogue of the project (docs/effects.md)",
        step=step.name,
    )


def _is_carried(key: str, step: Step) -> bool:
    return f"{STATE_PREFIX}{LIBRARY_PREFIX}{_package(key)}" in step.effects


def _package(key: str) -> str:
    return key.partition(":")[0].partition(".")[0]
