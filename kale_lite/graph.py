"""The pipeline's graph for people: text, JSON, Mermaid, and why one step comes after another."""

from __future__ import annotations

import difflib
import itertools
import json
from collections.abc import Iterator, Mapping

from kale_lite.cells import cell_list
from kale_lite.errors import UsageError
from kale_lite.pipeline import Dependency, Pipeline, Step

__all__ = ["FORMATS", "find_step", "levels", "render", "why"]


def render(pipeline: Pipeline, format: str) -> str:
    """The graph in one of ``FORMATS``. UsageError for another format."""
    if format not in FORMATS:
        raise UsageError(f"there is no graph format {format!r}", hint=f"formats are: {', '.join(FORMATS)}")
    return FORMATS[format](pipeline)


def levels(pipeline: Pipeline) -> list[list[Step]]:
    """Steps by how many must have run before: those of one level can run side by side."""
    depth: dict[str, int] = {}
    before = pipeline.predecessors()
    for step in pipeline.steps:
        depth[step.name] = 1 + max((depth[name] for name in before[step.name]), default=-1)
    found: list[list[Step]] = [[] for _ in range(1 + max(depth.values(), default=-1))]
    for step in pipeline.steps:
        found[depth[step.name]].append(step)
    return found


def _text(pipeline: Pipeline) -> str:
    count, edges = len(pipeline.steps), len(pipeline.edges)
    lines = [f"{pipeline.name}: {count} step{'s' * (count != 1)}, {edges} edge{'s' * (edges != 1)}"]
    for number, level in enumerate(levels(pipeline), 1):
        side = "  (side by side)" if len(level) > 1 else ""
        lines += ["", f"{number}.{side}"]
        lines += [line for step in level for line in _step_lines(pipeline, step)]
    return "\n".join(lines)


def _step_lines(pipeline: Pipeline, step: Step) -> Iterator[str]:
    yield f"   {step.name}  [{cell_list(step.cells)}]"
    reasons: dict[str, dict[str, None]] = {}
    for need in pipeline.dependencies:
        if need.after == step.name:
            reasons.setdefault(need.before, {})[_short(need)] = None
    for before, names in reasons.items():
        yield f"      after {before}: {', '.join(names)}"
    if step.parameters:
        yield f"      parameters: {', '.join(step.parameters)}"


def _short(need: Dependency) -> str:
    shown = {"data": need.name, "shared": f"{need.name} (shared)", "declared": "declared"}
    return shown.get(need.kind, f"{need.kind} {need.name}")


def _json(pipeline: Pipeline) -> str:
    return json.dumps(pipeline.to_json(), indent=1, ensure_ascii=False, default=repr)


def _mermaid(pipeline: Pipeline) -> str:
    slug = {step.name: f"s{number}" for number, step in enumerate(pipeline.steps)}
    lines = ["flowchart TD"]
    around: tuple[str, ...] = ()
    for step in pipeline.steps:
        lines += _subgraphs(around, step.within)
        around = step.within
        lines.append(f'{"    " * (len(around) + 1)}{slug[step.name]}["{_escaped(step.name)}"]')
    lines += _subgraphs(around, ())
    for before, after in pipeline.edges:
        names = list(dict.fromkeys(_short(need) for need in pipeline.reasons(before, after)))
        label = ", ".join(names[:4]) + (f" +{len(names) - 4}" if len(names) > 4 else "")
        lines.append(f'    {slug[before]} -->|"{_escaped(label)}"| {slug[after]}')
    return "\n".join(lines)


def _subgraphs(around: tuple[str, ...], wanted: tuple[str, ...]) -> Iterator[str]:
    """The ends and beginnings of the frames around the steps of embedded notebooks, from one step to the next."""
    common = 0
    while common < min(len(around), len(wanted)) and around[common] == wanted[common]:
        common += 1
    for depth in range(len(around), common, -1):
        yield f"{'    ' * depth}end"
    for depth in range(common, len(wanted)):
        yield f'{"    " * (depth + 1)}subgraph {_frame(wanted[depth])}["{_escaped(wanted[depth])}"]'


def _frame(name: str) -> str:
    return "n" + name.encode().hex()


def _escaped(text: str) -> str:
    """Text that Mermaid shows as it is: everything but plain characters as entities."""
    return "".join(c if c.isalnum() or c in " _-.,:()*/+" else f"#{ord(c)};" for c in text)


FORMATS = {"text": _text, "json": _json, "mermaid": _mermaid}


def find_step(pipeline: Pipeline, name: str) -> Step:
    """The step of this name. UsageError with near names when there is none."""
    for step in pipeline.steps:
        if name in (step.name, step.slug):
            return step
    names = [step.name for step in pipeline.steps]
    near = difflib.get_close_matches(name, names, 3, 0.5)
    hint = f"do you mean {' or '.join(map(repr, near))}?" if near else f"steps are: {', '.join(names)}"
    raise UsageError(f"KL505: there is no step {name!r}", hint=hint)


def why(pipeline: Pipeline, first: str, second: str) -> str:
    """Why one step runs after another, in words."""
    a, b = find_step(pipeline, first).name, find_step(pipeline, second).name
    order = [step.name for step in pipeline.steps]
    if order.index(a) > order.index(b):
        a, b = b, a
    direct = list(pipeline.reasons(a, b))
    if direct:
        return "\n".join([f"{b} runs after {a}:", *(f"  - {_reason(need)}" for need in direct)])
    path = _path(pipeline.predecessors(), a, b)
    if path is None:
        return f"{a} and {b} are independent: they can run side by side."
    steps = list(itertools.pairwise(path))
    lines = [f"{b} runs after {a} by way of {', '.join(path[1:-1])}:"]
    for before, after in steps:
        lines.append(f"  {after} runs after {before}:")
        lines += [f"    - {_reason(need)}" for need in pipeline.reasons(before, after)]
    return "\n".join(lines)


def _reason(need: Dependency) -> str:
    what = {
        "data": f"it reads {need.name!r} as {need.before!r} left it",
        "shared": f"it needs {need.name!r}, which shares objects with what it changes",
        "state": f"it needs the interpreter state {need.name!r}, which {need.before!r} changed",
        "file": f"both use the file {need.name!r}",
        "service": f"both use the service {need.name!r}",
        "declared": "a `prev:` tag declares it",
    }[need.kind]
    place = f" (cell {need.cell}, line {need.line})" if need.line else f" (cell {need.cell})" if need.cell else ""
    rule = f" [rule {need.rule}]" if need.rule else ""
    return f"{what}{place}{rule}"


def _path(before: Mapping[str, frozenset[str]], first: str, last: str) -> list[str] | None:
    todo, seen = [[last]], {last}
    while todo:
        path = todo.pop(0)
        for name in sorted(before[path[0]]):
            if name == first:
                return [name, *path]
            if name not in seen:
                seen.add(name)
                todo.append([name, *path])
    return None
