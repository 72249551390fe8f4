"""kale-lite's own modules for step notebooks and failures, in a container that has no kale-lite.

They are shipped as they are; what they import of kale-lite, a few plain classes, stands here.
"""

from __future__ import annotations

import json
import sys
import types
from pathlib import Path
from typing import Any

__all__ = ["failure", "missed", "step_notebook"]

_HINTS = (
    ("kernel died", "did it run out of memory? give it more with the tag limit:memory:4Gi"),
    ("cannot be written", "the step's disk is full: write less, or to a volume"),
    ("FileNotFoundError", "paths are relative to the notebook's folder; only files that were shipped, and those that "
     "earlier steps wrote, are there"),
    ("ModuleNotFoundError", "write `%pip install NAME` in a cell above, or choose an image that has it"),
)  # fmt: skip
"""What to do in a cluster, by what the message says; other hints are the same as locally."""


_PREFIXES = {"STATE_PREFIX": "state:", "LIBRARY_PREFIX": "library:"}


class _Number(int):
    """A cell's number, shown as the user's notebook counts it."""

    def __new__(cls, number: Any, label: Any = "") -> Any:
        found = super().__new__(cls, number)
        found.label = label  # type: ignore[attr-defined]
        return found

    def __str__(self) -> str:
        return self.label  # type: ignore[attr-defined,no-any-return]

    __repr__ = __str__

    def __format__(self, spec: str) -> str:
        return format(self.label, spec)  # type: ignore[attr-defined]


class _Location:
    def __init__(self, cell: Any, line: Any = 0, column: Any = 0) -> None:
        self.cell, self.line, self.column = cell, line, column

    def __str__(self) -> str:
        return f"cell {self.cell}, line {self.line}" if self.line else f"cell {self.cell}"


def _diagnose(
    code: Any, message: Any, location: Any = None, *, hint: Any = "", step: Any = "", severity: Any = None
) -> Any:
    return types.SimpleNamespace(code=code, message=message, location=location, hint=hint, step=step)


def _result(status, diagnostics=(), traceback=""):  # type: ignore[no-untyped-def]
    return types.SimpleNamespace(status=status, diagnostics=diagnostics, traceback=traceback)


def _modules(sources: Any) -> Any:
    """The shipped modules, loaded beside stand-ins for what they import; sys.modules is left as it was."""
    names: dict[str, dict[str, Any]] = {
        "kale_lite": {}, "kale_lite.notebook": {}, "kale_lite.targets": {}, "kale_lite.targets.local": {},
        "kale_lite.diagnostics": {"Diagnostic": object, "Location": _Location, "diagnose": _diagnose},
        "kale_lite.notebook.model": {"Cell": object, "Notebook": object, "Parameter": object},
        "kale_lite.pipeline": {"Step": object, "Pipeline": object, **_PREFIXES},
        "kale_lite.targets.local.options": {"StepResult": _result},
    }  # fmt: skip
    before = {name: module for name, module in sys.modules.items() if name.partition(".")[0] == "kale_lite"}
    for name in before:
        del sys.modules[name]
    try:
        for name, content in names.items():
            sys.modules[name] = types.ModuleType(name)
            sys.modules[name].__dict__.update(content)
        for name, source in sources.items():
            module = sys.modules[name] = types.ModuleType(name)
            exec(compile(source, name, "exec"), module.__dict__)
        return {name: sys.modules[name] for name in sources}
    finally:
        for name in [name for name in sys.modules if name.partition(".")[0] == "kale_lite"]:
            del sys.modules[name]
        sys.modules.update(before)


def _notebook(bundle: Any) -> Any:
    """The step and the notebook, as far as the shipped modules look at them."""
    step = bundle["step"]
    numbers = [_Number(cell["number"], cell["label"]) for cell in step["cells"]]
    cells = [
        types.SimpleNamespace(number=number, source=source, tags=cell["tags"])
        for number, cell, source in zip(numbers, step["cells"], bundle["cells"], strict=True)
    ]
    kernel = types.SimpleNamespace(name="python3", display_name="Python 3", language="python")
    return (
        types.SimpleNamespace(name=step["step"], cells=numbers),
        types.SimpleNamespace(name=step["pipeline"], kernel=kernel, cells=cells),
    )


def step_notebook(bundle: Any, harness: Any, spec: Any) -> Any:
    """The notebook that papermill runs."""
    modules = _modules(bundle["code"]["shipped"])
    step, notebook = _notebook(bundle)
    build = modules["kale_lite.artifacts.step_notebook"].build_step_notebook
    return build(step, notebook.cells, notebook, harness=Path(harness), spec=Path(spec))


def missed(bundle: Any, arguments: Any) -> str:
    """What no single step can see: files and counters of libraries that several steps used, and no order stands for."""
    about = bundle["step"]
    modules = _modules(bundle["code"]["shipped"])
    steps = [_step(one) for one in about["steps"]]
    before = {step.name: frozenset(a for a, b in about["edges"] if b == step.name) for step in steps}
    pipeline = types.SimpleNamespace(steps=steps, predecessors=lambda: before)
    races = modules["kale_lite.targets.local.races"].Races(pipeline)
    within = modules["kale_lite.targets.local.within"].WithinLibraries(pipeline)
    found = []
    for step, one in zip(steps, about["steps"], strict=True):
        report = _report(arguments[one["argument"]].path)
        found += [races.add(step, report["files"] or {}), within.add(step, report["libraries"] or {})]
    return "\n".join(_lines(bundle, [one for one in found if one is not None]))


def _step(one: Any) -> Any:
    cells = [_Number(cell["number"], cell["label"]) for cell in one["cells"]]
    return types.SimpleNamespace(**{**one, "cells": cells})


def _report(path: str) -> Any:
    with open(path, encoding="utf-8") as file:
        return json.load(file)["metadata"]["kale_lite"]["report"]


def _hint(one: Any) -> Any:
    return next((hint for words, hint in _HINTS if words in one.message), one.hint)


def failure(bundle: Any, error: Any, executed: Any, report: Any) -> Any:
    """What went wrong, in the user's terms: place, code, message, hint, and the traceback through the cells."""
    modules = _modules(bundle["code"]["shipped"])
    step, notebook = _notebook(bundle)
    failed = modules["kale_lite.targets.local.failure"].failed_step
    result = failed(step, notebook, error, Path(executed), report, None, ())
    lines = _lines(bundle, result.diagnostics)
    if result.traceback:
        lines.append(result.traceback)
    return "\n".join(lines)


def _lines(bundle: Any, found: Any) -> Any:
    lines = []
    for one in found:
        where = f"{one.location}: " if one.location else ""
        lines.append(f"{bundle['step']['notebook']}: {where}error {one.code}: {one.message}")
        hint = _hint(one)
        if hint:
            lines.append(f"    hint: {hint}")
    return lines
