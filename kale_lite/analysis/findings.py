"""Findings about the pipeline as a whole: what cannot be carried, and what explains a surprise."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from kale_lite.analysis.bindings import Import
from kale_lite.analysis.flow import Flow
from kale_lite.analysis.scope import bound_names
from kale_lite.diagnostics import Diagnostic, Location, diagnose
from kale_lite.notebook.model import Cell, Role
from kale_lite.pipeline import LIBRARY_PREFIX, STATE_PREFIX, Dependency, Pipeline

__all__ = ["findings"]

CARRIED = frozenset({
    "numpy.random", "random", "torch.random", "os.environ", "cwd", "sys.path", "sys.recursionlimit",
    "warnings.filters", "pandas.options", "matplotlib.rcParams", "numpy.printoptions", "numpy.errstate",
    "decimal.context", "locale", "logging", "sklearn.config", "os.umask", "gc", "socket.timeout", "csv.dialects",
    "time.zone", "pandas.accessors", "ipython.config", "__future__",
})  # fmt: skip
"""Interpreter state that the harness can take from one process to another, beside the counters of libraries."""

_GENERATORS = {"numpy.random": "NumPy's", "random": "Python's", "torch.random": "PyTorch's"}
_OWN_GENERATOR = {
    "numpy.random": "to run them side by side pass random_state=..., or draw from numpy.random.default_rng(SEED)",
    "random": "to run them side by side draw from a random.Random(SEED) of each step's own",
    "torch.random": "to run them side by side pass generator=torch.Generator().manual_seed(SEED)",
}


def findings(flow: Flow, pipeline: Pipeline, skipped: Mapping[str, int]) -> list[Diagnostic]:
    """All findings that need the whole pipeline."""
    return [
        *_patched(flow),
        *_registered(flow),
        *_figures(flow),
        *_uncarried(pipeline),
        *_skipped_but_read(flow, skipped),
        *_ordered_by_random(flow, pipeline),
        *_ordered_by_counting(pipeline),
        *_replayed(flow, pipeline),
        *_declared_branches(pipeline),
        *_replaced_variables(flow, pipeline),
    ]


def _patched(flow: Flow) -> Iterator[Diagnostic]:
    """A library changed in one step's process is unchanged in the next."""
    for i, step in enumerate(flow.steps):
        for dotted, cause in step.log.patched.items():
            root = dotted.split(".")[0]
            # Objects of the library reach steps that do not name it, so any step that calls something may see it.
            later = [
                s.segment.name for s in flow.steps[i + 1 :] if root in s.log.roots or s.log.calls or root == "builtins"
            ]
            if later:
                yield diagnose(
                    "KL206",
                    f"this patches {dotted!r} (a monkeypatch): interpreter state that does not reach step "
                    f"{later[0]!r}, whose process has {root!r} as it was installed",
                    cause.location,
                    hint=f"put the patch into the same step as {later[0]!r}, or use a function or subclass instead",
                    step=step.segment.name,
                )


def _registered(flow: Flow) -> Iterator[Diagnostic]:
    """What a module was told in one step's process (an adapter, a codec) it does not know in the next."""
    for i, step in enumerate(flow.steps):
        for module, cause in step.log.registered.items():
            later = [s.segment.name for s in flow.steps[i + 1 :] if module.split(".")[0] in s.log.roots]
            if later:
                yield diagnose(
                    "KL206",
                    f"this registers something with {module!r}: "
                    f"interpreter state that does not reach step {later[0]!r}",
                    cause.location,
                    hint=f"do it in step {later[0]!r} as well, or in a module that both import",
                    step=step.segment.name,
                )


def _figures(flow: Flow) -> Iterator[Diagnostic]:
    """With a backend that keeps figures, pyplot's current figure reaches from cell to cell."""
    drawn = ""
    kept = False
    for step in flow.steps:
        kept = kept or step.log.backend is not None
        if kept and drawn and step.log.current_figure is not None:
            yield diagnose(
                "KL207",
                f"pyplot's current figure is interpreter state that cannot be carried from step {drawn!r}",
                step.log.current_figure.location,
                hint="leave out matplotlib.use(...) or %matplotlib, "
                "or pass the figure: fig, ax = plt.subplots(); ax.plot(...)",
                step=step.segment.name,
            )
            return
        if kept and step.log.plots is not None:
            drawn = step.segment.name


def _uncarried(pipeline: Pipeline) -> Iterator[Diagnostic]:
    for need in pipeline.dependencies:
        if need.kind == "state" and need.name not in CARRIED and not need.name.startswith(LIBRARY_PREFIX):
            yield diagnose(
                "KL207",
                f"interpreter state {need.name!r} of step {need.before!r} cannot be carried to {need.after!r}",
                _place(need),
                hint="make the change in the step that needs it, or (constant arguments) in a cell tagged `imports`",
                step=need.after,
            )


def _skipped_but_read(flow: Flow, skipped: Mapping[str, int]) -> Iterator[Diagnostic]:
    told: set[str] = set()
    for step in flow.steps:
        for name, cause in step.log.reads.items():
            if name in skipped and name not in told and skipped[name] < cause.location.cell:
                told.add(name)
                yield diagnose(
                    "KL108",
                    f"{name!r} is read here as the cells before left it, but skipped cell {skipped[name]} changes it",
                    cause.location,
                    hint="remove the `skip` tag if the change is meant",
                    step=step.segment.name,
                )


def _ordered_by_random(flow: Flow, pipeline: Pipeline) -> Iterator[Diagnostic]:
    """Steps that could run side by side, were it not for a seeded generator that they draw from."""
    causes = {step.segment.name: step.log for step in flow.steps}
    for kind, whose in _GENERATORS.items():
        needs = [n for n in pipeline.dependencies if (n.kind, n.name) == ("state", kind)]
        otherwise = _ancestors(pipeline, (n for n in pipeline.dependencies if n not in needs))
        drawn = [n for n in needs if kind in causes[n.before].draws and kind in causes[n.after].draws]
        chained = [n for n in drawn if n.before not in otherwise[n.after]]
        if chained:
            steps = list(dict.fromkeys(name for need in drawn for name in (need.before, need.after)))
            seed = causes[needs[0].before].bound[STATE_PREFIX + kind].location
            known = all(causes[name].draws[kind].rule for need in drawn for name in (need.before, need.after))
            yield diagnose(
                "KL301",
                f"steps {_listed(steps)} run one after another because they {'draw' if known else 'may draw'} from "
                f"{whose} global random generator, which cell {seed.cell} seeds",
                _place(chained[0]),
                hint=_OWN_GENERATOR[kind]
                if known
                else f"{_OWN_GENERATOR[kind]}; or add an effect rule for calls that do not draw (docs/effects.md)",
            )


def _ordered_by_counting(pipeline: Pipeline) -> Iterator[Diagnostic]:
    """Steps that could run side by side, were it not for what a library keeps within itself."""
    counting = {n.name for n in pipeline.dependencies if n.kind == "state" and n.name.startswith(LIBRARY_PREFIX)}
    for state in sorted(counting):
        needs = [n for n in pipeline.dependencies if n.name == state]
        otherwise = _ancestors(pipeline, (n for n in pipeline.dependencies if n.name != state))
        chained = [n for n in needs if n.before not in otherwise[n.after]]
        if chained:
            steps = list(dict.fromkeys(name for need in needs for name in (need.before, need.after)))
            yield diagnose(
                "KL301",
                f"steps {_listed(steps)} run one after another because what "
                f"{state.removeprefix(LIBRARY_PREFIX)!r} keeps within itself goes on through the whole notebook",
                _place(chained[0]),
                hint="tag the cells that use it as one step, and others can run beside it",
            )


def _ancestors(pipeline: Pipeline, needs: Iterable[Dependency]) -> Mapping[str, set[str]]:
    """The steps that each step comes after because of these dependencies. Notebook order is topological."""
    direct: dict[str, set[str]] = {step.name: set() for step in pipeline.steps}
    for need in needs:
        direct[need.after].add(need.before)
    return _closure(direct)


def _replayed(flow: Flow, pipeline: Pipeline) -> Iterator[Diagnostic]:
    """Settings that steps repeat instead of waiting for the step that makes them."""
    found: dict[str, Import] = {}
    for step in flow.steps:
        for binding in step.bound.values():
            if isinstance(binding.origin, Import):
                found.setdefault(binding.origin.source.split("\n")[-1], binding.origin)
    given = {c.cell.number for s in flow.steps if s.segment.role is Role.NOTEBOOK for c in s.segment.codes}
    repeated = {
        line: origin
        for line, origin in found.items()
        if not line.startswith(("import ", "from ")) and origin.cell not in given
    }
    users = [step.name for step in pipeline.steps if set(step.replays) & repeated.keys()]
    used = [line for line in repeated if any(line in step.replays for step in pipeline.steps)]
    if used:
        first = repeated[used[0]]
        what = f"`{_source_line(flow, first)}`"
        what += f" and {len(used) - 1} more setting{'s' * (len(used) > 2)} are" if len(used) > 1 else " is"
        yield diagnose(
            "KL303",
            f"{what} repeated at the start of step{'s' * (len(users) > 1)} {_listed(users)}",
            Location(first.cell, first.line),
            hint="a setting with constant arguments is the same in every process, so no step waits for it",
        )


def _source_line(flow: Flow, origin: Import) -> str:
    """The line as the user wrote it, shortened."""
    cells = {code.cell.number: code.cell for step in flow.steps for code in step.segment.codes}
    text = cells[origin.cell].source.splitlines()[origin.line - 1].strip()
    return text if len(text) <= 60 else f"{text[:57]}..."


def _listed(names: Sequence[str]) -> str:
    """``a, b and c``; of long lists the first few."""
    if len(names) > 6:
        return f"{', '.join(names[:5])} and {len(names) - 5} more"
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def _declared_branches(pipeline: Pipeline) -> Iterator[Diagnostic]:
    """A step with declared predecessors reads from a step that is not among their ancestors."""
    declared: dict[str, set[str]] = {}
    for need in pipeline.dependencies:
        if need.kind == "declared":
            declared.setdefault(need.after, set()).add(need.before)
    closed = _closure(declared)
    tagged = {step.name for step in pipeline.steps if step.role == "step"}
    within = {step.name: set(step.within) for step in pipeline.steps}
    # A step that is declared after a notebook comes after all steps of that.
    wholes = {name: set().union(*(within[b] for b in declared[name])) - within[name] for name in declared}
    told: set[tuple[str, str]] = set()
    for need in pipeline.dependencies:
        pair = (need.before, need.after)
        hidden = need.after in declared and need.kind != "declared" and need.before not in closed[need.after]
        if hidden and need.before in tagged and not within[need.before] & wholes[need.after]:
            if pair not in told:
                yield diagnose(
                    "KL302",
                    f"step {need.after!r} also runs after {need.before!r}, which made the {need.name!r} that it reads",
                    _place(need),
                    hint="declared order only adds order: what a step reads is always what the notebook gives it",
                    step=need.after,
                )
            told.add(pair)


def _replaced_variables(flow: Flow, pipeline: Pipeline) -> Iterator[Diagnostic]:
    """Defaults of an embedded notebook's parameters that take the place of a variable from outside of it."""
    defaults = {(p.cell, p.name): p for p in pipeline.parameters}
    bound: dict[str, Cell] = {}
    for step in flow.steps:
        for code in step.segment.codes:
            cell = code.cell
            for name in sorted(bound_names(code.tree)):
                mine, other = defaults.get((cell.number, name)), bound.get(name)
                inside = cell.within is None or (other is not None and other.within is not None
                                                 and cell.within in other.within.chain)  # fmt: skip
                if mine is not None and other is not None and not inside and (other.number, name) not in defaults:
                    yield diagnose(
                        "KL115",
                        f"the default of parameter {name!r} replaces the variable {name!r} that cell {other.number} "
                        "binds",
                        Location(cell.number, mine.line),
                        hint=f"write `{name} = {name}` into the cell that stands for this notebook, if it is to have "
                        "that value; else rename one of them",
                        step=step.segment.name,
                    )
                bound[name] = cell


def _closure(declared: Mapping[str, set[str]]) -> Mapping[str, set[str]]:
    closed: dict[str, set[str]] = {}
    for step, before in declared.items():
        closed[step] = set(before).union(*(closed.get(b, set()) for b in before))
    return closed


def _place(need: Dependency) -> Location | None:
    return Location(need.cell, need.line) if need.cell else None
