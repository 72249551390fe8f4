"""Two plain runs and a pipeline run, compared. Pure: data in, a verification out."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from kale_lite.pipeline import STATE_PREFIX, Pipeline, Step
from kale_lite.verify.outputs import Output, canonical, repeated_warnings_removed

__all__ = ["Difference", "Observed", "Verification", "compare"]


_COUNTED = {"value": "values", "output": "outputs", "file": "files"}
"""Under which name the differences of a kind are counted."""


@dataclass(frozen=True, slots=True)
class Observed:
    """What one run left: outputs by cell, fingerprints by step, digests of the files it changed."""

    outputs: Mapping[int, Sequence[Any]]
    fingerprints: Mapping[str, Mapping[str, Any]]
    files: Mapping[str, str | None]


@dataclass(frozen=True, slots=True)
class Difference:
    """Something that the pipeline does otherwise. ``kind`` is value, sharing, output, file or failure."""

    kind: str
    where: str
    what: str
    detail: str = ""

    def to_json(self) -> dict[str, str]:
        return {"kind": self.kind, "where": self.where, "what": self.what, "detail": self.detail}

    def __str__(self) -> str:
        text = f"{self.where}: {self.what}" if self.where else self.what
        return f"{text}\n{self.detail}" if self.detail else text


@dataclass(slots=True)
class Verification:
    """The outcome. ``compared``, ``random`` and ``uncompared`` count by kind (outputs, values, files, sharing).

    ``random`` differed between the two plain runs and was set aside; ``uncompared`` could not be looked into.
    """

    status: str = "same"
    differences: list[Difference] = field(default_factory=list)
    compared: Counter[str] = field(default_factory=Counter)
    random: Counter[str] = field(default_factory=Counter)
    uncompared: Counter[str] = field(default_factory=Counter)
    set_aside: list[str] = field(default_factory=list)
    not_compared: list[str] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)

    def keep_those_of(self, other: Verification) -> None:
        """Keep the differences that another comparison has too; the rest turned out to be random."""
        for difference in [d for d in self.differences if d not in other.differences]:
            self.differences.remove(difference)
            self.random[_COUNTED.get(difference.kind, difference.kind)] += 1
            self.set_aside.append(f"{difference.where}: {difference.what}, as it does in a further run of the notebook")
        self.status = "differs" if self.differences else "same"

    def to_json(self) -> dict[str, Any]:
        return {
            "status": self.status, "differences": [d.to_json() for d in self.differences],
            "compared": dict(self.compared), "random": dict(self.random), "uncompared": dict(self.uncompared),
            "set_aside": self.set_aside, "not_compared": self.not_compared, "seconds": self.seconds,
        }  # fmt: skip


def compare(pipeline: Pipeline, first: Observed, second: Observed, run: Observed) -> Verification:
    """What differs between the plain run ``first`` and the pipeline's ``run``, but not between the plain runs."""
    found = Verification()
    _compare_outputs(found, first.outputs, second.outputs, run.outputs)
    for step in pipeline.steps:
        if step.name in run.fingerprints:
            prints = [one.fingerprints.get(step.name) for one in (first, second, run)]
            _compare_values(found, step, *prints, ignored=_changed_between(step, pipeline))
    _compare_files(found, first.files, second.files, run.files)
    found.status = "differs" if found.differences else "same"
    return found


def _compare_outputs(
    found: Verification,
    first: Mapping[int, Sequence[Any]],
    second: Mapping[int, Sequence[Any]],
    run: Mapping[int, Sequence[Any]],
) -> None:
    warned = ""
    for cell in sorted(first):
        expected, opaque = canonical(first[cell])
        again, _ = canonical(second.get(cell, ()))
        actual, _ = canonical(run.get(cell, ()))
        for what in opaque:
            found.uncompared["outputs"] += 1
            found.not_compared.append(f"cell {cell}: {what}")
        shown = warned + "".join(text for kind, text in expected if kind == "stderr")
        expected, usual = _without_repeated(expected, warned)
        again, _ = _without_repeated(again, warned)
        actual, repeated = _without_repeated(actual, warned)
        if repeated != usual:
            found.set_aside.append(
                f"cell {cell}: a warning that was shown before, and that Python shows once a process"
            )
        warned = shown
        _compare_cell(found, cell, expected, again, actual)


def _without_repeated(outputs: list[Output], shown: str) -> tuple[list[Output], int]:
    kept, count = [], 0
    for kind, text in outputs:
        if kind == "stderr":
            text, removed = repeated_warnings_removed(text, shown)
            count += removed
        if text or kind != "stderr":
            kept.append((kind, text))
    return kept, count


def _compare_cell(
    found: Verification, cell: int, expected: list[Output], again: list[Output], actual: list[Output]
) -> None:
    where = f"cell {cell}"
    if [kind for kind, _ in expected] != [kind for kind, _ in again]:
        found.random["outputs"] += 1
        found.set_aside.append(f"{where}: its outputs vary in number")
        return
    if [kind for kind, _ in expected] != [kind for kind, _ in actual]:
        found.compared["outputs"] += 1
        found.differences.append(Difference("output", where, "the outputs differ", _shown_pair(
            _listed(expected), _listed(actual))))  # fmt: skip
        return
    for (kind, wanted), (_, other), (_, got) in zip(expected, again, actual, strict=True):
        found.compared["outputs"] += 1
        if wanted == other:
            if wanted != got:
                found.differences.append(Difference("output", where, f"{_named(kind)} differs", _texts(wanted, got)))
            continue
        found.random["outputs"] += 1
        varying = _varying_lines(wanted, other)
        if varying is None:
            found.set_aside.append(f"{where}: {_named(kind)}")
            continue
        found.set_aside.append(f"{where}: {_named(kind)}, {len(varying)} of {len(wanted.splitlines())} lines")
        pairs = list(enumerate(itertools.zip_longest(wanted.splitlines(), got.splitlines())))
        bad = [pair for number, pair in pairs if number not in varying and pair[0] != pair[1]]
        if bad:
            one, two = bad[0]
            found.differences.append(Difference("output", where, f"{_named(kind)} differs",
                                                _shown_pair(one or "", two or "")))  # fmt: skip


def _named(kind: str) -> str:
    names = {"stdout": "what it prints", "stderr": "what it prints to stderr", "error": "the error"}
    return names.get(kind, f"the {kind}")


def _listed(outputs: list[Output]) -> str:
    return ", ".join(f"{kind} {text.strip()[:60]!r}" for kind, text in outputs) or "nothing"


def _varying_lines(one: str, other: str) -> set[int] | None:
    """The lines in which two texts differ; None when they have not the same number of lines, or no line in common."""
    pairs = list(itertools.zip_longest(one.splitlines(), other.splitlines()))
    varying = {number for number, (a, b) in enumerate(pairs) if a != b}
    same_length = len(one.splitlines()) == len(other.splitlines())
    return varying if same_length and len(varying) < len(pairs) else None


def _texts(wanted: str, got: str) -> str:
    """The first lines that differ."""
    for one, other in itertools.zip_longest(wanted.splitlines(), got.splitlines()):
        if one != other:
            return _shown_pair(*_around(one, other))
    return _shown_pair(wanted[-80:], got[-80:])


def _around(one: str | None, other: str | None) -> tuple[str, str]:
    """Long lines are shown from a little before the place where they part."""
    if one is None or other is None:
        return one or "(nothing)", other or "(nothing)"
    place = next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    start = max(0, place - 40)
    return one[start : start + 160], other[start : start + 160]


def _shown_pair(one: str, other: str) -> str:
    return f"  notebook: {one}\n  pipeline: {other}"


def _changed_between(step: Step, pipeline: Pipeline) -> set[str]:
    """The names that other steps make between the cells of a step whose cells lie apart."""
    if not step.cells:
        return set()
    between = range(step.cells[0], step.cells[-1])
    return {
        name
        for other in pipeline.steps
        if other is not step and any(cell in between for cell in other.cells)
        for name in (*other.outputs, *(n for save in other.saves for n in save.names))
        if not name.startswith(STATE_PREFIX)
    }


def _compare_values(
    found: Verification,
    step: Step,
    first: Mapping[str, Any] | None,
    second: Mapping[str, Any] | None,
    run: Mapping[str, Any] | None,
    *,
    ignored: set[str],
) -> None:
    if first is None or second is None or run is None:
        return
    where = f"step {step.name} (cell {step.cells[-1]})" if step.cells else f"step {step.name}"
    for name, got in run["names"].items():
        wanted, again = first["names"].get(name), second["names"].get(name)
        if name in ignored:
            continue
        if wanted is None:
            found.differences.append(Difference("value", where, f"{name!r} exists in the pipeline only"))
            continue
        _compare_value(found, where, name, wanted, again or {}, got)
    _compare_sharing(found, where, set(run["names"]) - ignored, first, second, run)


def _compare_value(
    found: Verification, where: str, name: str, wanted: Mapping[str, Any], again: Mapping[str, Any],
    got: Mapping[str, Any],
) -> None:  # fmt: skip
    found.compared["values"] += 1
    if wanted["digest"] != again.get("digest"):
        found.random["values"] += 1
        found.set_aside.append(f"{where}: {name!r} ({wanted['type']})")
        if wanted["type"] == got["type"] or wanted["type"] != again.get("type"):
            return
    if wanted["type"] != got["type"]:
        detail = _shown_pair(f"{wanted['shown']} ({wanted['type']})", f"{got['shown']} ({got['type']})")
        found.differences.append(Difference("value", where, f"{name!r} has another type", detail))
    elif wanted["digest"] != got["digest"]:
        differing = [part for part, digest in wanted["parts"].items() if got["parts"].get(part) != digest]
        parts = f" at {', '.join(name + part for part in differing[:4])}" if differing else ""
        detail = _shown_pair(wanted["shown"], got["shown"]) if wanted["shown"] != got["shown"] else ""
        found.differences.append(Difference("value", where, f"{name!r} ({wanted['type']}) differs{parts}", detail))
    if wanted["opaque"]:
        found.uncompared["values"] += 1
        found.not_compared.append(f"{where}: {name!r}, in part or whole: {', '.join(wanted['opaque'])}")


def _compare_sharing(
    found: Verification, where: str, names: set[str], first: Mapping[str, Any], second: Mapping[str, Any],
    run: Mapping[str, Any],
) -> None:  # fmt: skip
    wanted, again, got = ({tuple(p) for p in prints["shares"] if set(p) <= names} for prints in (first, second, run))
    for one, other in sorted(got - wanted - again):
        found.differences.append(Difference(
            "sharing", where, f"{one!r} and {other!r} share an object in the pipeline only"))  # fmt: skip
    found.compared["sharing"] += len(wanted | got)
    for one, other in sorted((wanted & again) - got):
        found.uncompared["sharing"] += 1
        found.not_compared.append(
            f"{where}: {one!r} and {other!r} share an object in the notebook and are apart in the pipeline, where "
            "no later step is seen to change them"
        )


def _compare_files(
    found: Verification, first: Mapping[str, str | None], second: Mapping[str, str | None],
    run: Mapping[str, str | None],
) -> None:  # fmt: skip
    missing = "missing"
    for name in sorted({*first, *second, *run}):
        found.compared["files"] += 1
        wanted, again, got = (files.get(name, missing) for files in (first, second, run))
        if wanted != again:
            found.random["files"] += 1
            found.set_aside.append(f"file {name}")
        elif wanted != got:
            found.differences.append(Difference("file", f"file {name}", _file_text(wanted, got)))


def _file_text(wanted: str | None, got: str | None) -> str:
    if got == "missing":
        return "is not written or removed by the pipeline"
    if wanted == "missing":
        return "is written or removed by the pipeline only"
    return "has other contents"
