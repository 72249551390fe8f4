"""The plan phase: from what the steps do to the pipeline, its dependencies with their reasons."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence

from kale_lite.analysis.bindings import Import
from kale_lite.analysis.declared import declared
from kale_lite.analysis.flow import Flow, StepFlow, names_in
from kale_lite.analysis.paths import conflict, shown
from kale_lite.analysis.versions import Transfers, iterate_needs, transfers
from kale_lite.notebook import slugs
from kale_lite.notebook.model import Notebook, Role
from kale_lite.pipeline import STATE_PREFIX, Dependency, Load, Metric, Payload, Pipeline, Step

__all__ = ["plan"]


def plan(notebook: Notebook, flow: Flow) -> Pipeline:
    """The pipeline of a notebook whose flow has no errors."""
    moved = transfers(flow)
    kept = [i for i, step in enumerate(flow.steps) if step.runs or moved[i].groups]
    names = [flow.steps[i].segment.name for i in kept]
    safe = slugs(names)
    ids = _payload_ids(flow, moved, safe)
    steps = tuple(_step(flow, i, moved, ids, safe) for i in kept)
    needs = tuple(_dependencies(flow, moved, set(kept)))
    dependencies = (*needs, *declared([flow.steps[i].segment for i in kept], needs))
    libraries = tuple(sorted(_libraries(flow)))
    return Pipeline(notebook.name, steps, dependencies, notebook.parameters, notebook.kernel, libraries)


def _libraries(flow: Flow) -> set[str]:
    """The top-level packages and modules that any cell imports, also inside functions."""
    found: set[str] = set()
    for node in (n for step in flow.steps for code in step.segment.codes for n in ast.walk(code.tree)):
        match node:
            case ast.Import(names=names):
                found.update(alias.name.partition(".")[0] for alias in names)
            case ast.ImportFrom(module=str(module), level=0):
                found.add(module.partition(".")[0])
    return found


def _payload_ids(
    flow: Flow, moved: Sequence[Transfers], safe: Mapping[str, str]
) -> Mapping[tuple[int, str], tuple[str, tuple[str, ...]]]:
    """For each (step, saved name) the payload's id and names."""
    found = {}
    for i, one in enumerate(moved):
        slug = safe.get(flow.steps[i].segment.name, "")
        for number, group in enumerate(one.groups):
            found.update({(i, name): (f"{slug}.{number}", group) for name in group})
    return found


def _step(
    flow: Flow,
    index: int,
    moved: Sequence[Transfers],
    ids: Mapping[tuple[int, str], tuple[str, tuple[str, ...]]],
    safe: Mapping[str, str],
) -> Step:
    mine = moved[index]
    saves = dict(ids[(index, name)] for group in mine.groups for name in group)
    variables = [n for n in mine.needs if not n.startswith(STATE_PREFIX)]
    outputs = [n for group in mine.groups for n in group if not n.startswith(STATE_PREFIX)]
    step = flow.steps[index]
    log = step.log
    return Step(
        name=step.segment.name,
        slug=safe[step.segment.name],
        role=step.segment.role.value,
        cells=tuple(code.cell.number for code in step.segment.codes),
        inputs=tuple(sorted(variables)),
        outputs=tuple(sorted(outputs)),
        parameters=tuple(sorted(mine.parameters)),
        replays=tuple(_replays(mine.replays.values())),
        loads=tuple(_loads(mine, ids)),
        saves=tuple(Payload(ident, names) for ident, names in saves.items()),
        readonly=tuple(sorted(mine.readonly)),
        metrics=tuple(_metrics(step)) if step.segment.role is Role.METRICS else (),
        files_read=tuple(sorted({shown(p) for p, writes in log.files if not writes and not log.files[p, writes].soft})),
        files_written=tuple(sorted({shown(p) for p, writes in log.files if writes})),
        effects=tuple(sorted(_effects(step))),
        kept=tuple(sorted(_kept(flow, index))),
        kinds=dict(sorted(step.kinds.items())),
        within=tuple(one.name for one in step.segment.within.chain) if step.segment.within is not None else (),
        options=step.segment.options,
    )


def _effects(step: StepFlow) -> Iterator[str]:
    """What the step is known to do to the world beyond files: the harness watches for the rest."""
    log = step.log
    if log.external:
        yield "external"
    yield from (f"service:{name}" for name in log.services)
    yield from (f"draw:{kind}" for kind in log.draws)
    yield from (name for name in log.bound if name.startswith(STATE_PREFIX))
    yield from (name for name in step.bound if name.startswith(STATE_PREFIX) and step.bound[name].fresh)


def _kept(flow: Flow, index: int) -> Iterator[str]:
    """The names of other steps that a step with dynamic code, as far as analysis knows, leaves bound as they are."""
    log = flow.steps[index].log
    if log.dynamic:
        codes = [code for i, step in enumerate(flow.steps) if i != index for code in step.segment.codes]
        yield from {name for code in codes for name in names_in(code.tree)} - log.bound.keys()


def _replays(found: object) -> Iterator[str]:
    assert hasattr(found, "__iter__")
    origins = sorted({o for o in found if isinstance(o, Import)}, key=lambda o: (o.cell, o.line, o.source))
    seen: set[str] = set()
    for origin in origins:
        for line in origin.source.split("\n"):
            if line not in seen:
                seen.add(line)
                yield line


def _loads(mine: Transfers, ids: Mapping[tuple[int, str], tuple[str, tuple[str, ...]]]) -> Iterator[Load]:
    wanted: dict[tuple[int, str], list[str]] = {}
    for need in mine.needs.values():
        wanted.setdefault((need.maker, ids[(need.maker, need.name)][0]), []).append(need.name)
    yield from (Load(ident, tuple(sorted(names))) for (_, ident), names in sorted(wanted.items()))


def _metrics(step: StepFlow) -> Iterator[Metric]:
    """``print(x)`` lines and bare names of a metrics cell; ``name = expression`` lines count as well."""
    found: dict[str, str] = {}
    for code in step.segment.codes:
        for node in code.tree.body:
            match node:
                case ast.Expr(ast.Call(ast.Name("print"), args)):
                    for argument in [a for a in args if not isinstance(a, ast.Constant | ast.JoinedStr)]:
                        text = ast.unparse(argument)
                        found[text] = text
                case ast.Expr(ast.Name(id=name)) | ast.Assign(targets=[ast.Name(id=name)]):
                    found[name] = name
    within = step.segment.within
    for name, expression in found.items():
        # Metrics of an embedded notebook begin with its name, as its steps do.
        yield Metric(within.full_name(name) if within is not None else name, expression)


def _dependencies(flow: Flow, moved: Sequence[Transfers], kept: set[int]) -> Iterator[Dependency]:
    names = [step.segment.name for step in flow.steps]
    for i, need in iterate_needs(moved):
        kind = "state" if need.name.startswith(STATE_PREFIX) else need.kind
        place = need.cause.location
        name = need.name.removeprefix(STATE_PREFIX)
        yield Dependency(names[need.maker], names[i], name, kind, place.cell, place.line, need.cause.rule)
    yield from _file_dependencies(flow, kept)
    yield from _service_dependencies(flow)


def _file_dependencies(flow: Flow, kept: set[int]) -> Iterator[Dependency]:
    """Each step after the nearest earlier steps whose files it may meet; farther ones follow from those."""
    touching = [i for i in sorted(kept) if flow.steps[i].log.files]
    ancestors: dict[int, set[int]] = {}
    for place, i in enumerate(touching):
        ancestors[i] = set()
        for j in reversed(touching[:place]):
            if j in ancestors[i]:
                continue
            reason = _first_conflict(flow.steps[j], flow.steps[i])
            if reason is not None:
                ancestors[i] |= {j} | ancestors[j]
                yield reason


def _first_conflict(earlier: StepFlow, later: StepFlow) -> Dependency | None:
    for one in earlier.log.files.values():
        for other in later.log.files.values():
            if conflict(one, other):
                place = other.cause.location
                path = shown(other.path if other.path.strip("\0") else one.path)
                return Dependency(earlier.segment.name, later.segment.name, path, "file", place.cell, place.line,
                                  other.cause.rule)  # fmt: skip
    return None


def _service_dependencies(flow: Flow) -> Iterator[Dependency]:
    last: dict[str, str] = {}
    for step in flow.steps:
        for service, cause in step.log.services.items():
            if service in last:
                place = cause.location
                yield Dependency(
                    last[service], step.segment.name, service, "service", place.cell, place.line, cause.rule
                )
            last[service] = step.segment.name
