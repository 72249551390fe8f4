"""The flow phase: runs the steps abstractly in notebook order, and says what each reads, makes and changes."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache

from kale_lite.analysis import expressions, statements
from kale_lite.analysis.bindings import Binding
from kale_lite.analysis.counting import CountingLibrary
from kale_lite.analysis.heap import Value
from kale_lite.analysis.kinds import kinds_left
from kale_lite.analysis.machine import Frame, Machine, StepLog
from kale_lite.analysis.magics import IPYTHON
from kale_lite.analysis.replay import (
    PATCH_PREFIX,
    Lookup,
    back_inline,
    continued,
    is_constant_patch,
    is_setting,
    origin_of,
    replay_patches,
    replay_source,
    shadows_builtins,
)
from kale_lite.analysis.scope import bound_names, scopes
from kale_lite.analysis.steps import Segment
from kale_lite.analysis.transform import Code
from kale_lite.diagnostics import Diagnostic
from kale_lite.notebook.ignores import Ignore
from kale_lite.notebook.model import Parameter, Role
from kale_lite.notebook.reference import is_constant
from kale_lite.pipeline import LIBRARY_PREFIX, STATE_PREFIX

__all__ = ["Flow", "StepFlow", "names_in", "run_flow"]

_OWN_READERS = frozenset({"numpy.random", "random", "torch.random", "sys.path"})
"""State that a step sees only where it says so; other state may be seen by any call."""
_PLOTTING = frozenset({"matplotlib", "seaborn", "pylab", "mpl_toolkits"})


@dataclass(frozen=True, slots=True)
class StepFlow:
    """What one step does.

    ``bound`` are the names that it may have bound, as it leaves them; ``reach`` the things that names which are
    mentioned later can get at then, where these are others than before the step. ``kinds`` says which names it leaves
    with tables, models and figures.
    """

    segment: Segment
    log: StepLog
    bound: Mapping[str, Binding]
    reach: Mapping[str, frozenset[int]]
    runs: bool
    kinds: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Flow:
    """What all steps do, in order."""

    steps: tuple[StepFlow, ...]
    diagnostics: tuple[Diagnostic, ...]

    def reach_after(self, index: int) -> dict[str, frozenset[int]]:
        """The things that each name which is mentioned later can get at after a step."""
        found: dict[str, frozenset[int]] = {}
        for step in self.steps[: index + 1]:
            found |= step.reach
        return found


def run_flow(
    parts: Sequence[Segment],
    parameters: Sequence[Parameter],
    skipped: Mapping[str, int],
    lookup: Lookup,
    bases: Callable[[str], frozenset[str]],
    ignores: Sequence[Ignore] = (),
    counting: Iterable[str] = (),
) -> Flow:
    """Run the segments one after the other. ``counting`` are libraries that number what they make."""
    machine = Machine(lookup, bases)
    machine.skipped = skipped
    machine.ignores = ignores
    machine.binding_cell = _binding_cells(parts)
    machine.evaluate = lambda frame, node: expressions.evaluate(machine, frame, node)
    reached, counted = _Reached(_last_mentions(parts)), tuple(map(CountingLibrary, sorted(counting)))
    steps = tuple(_run_segment(machine, i, part, parameters, reached, counted) for i, part in enumerate(parts))
    return Flow(steps, tuple(machine.diagnostics.values()))


def _run_segment(
    m: Machine,
    index: int,
    part: Segment,
    parameters: Sequence[Parameter],
    reached: _Reached,
    counted: Iterable[CountingLibrary],
) -> StepFlow:
    m.log = StepLog(index)
    m.history, m.dead, m.step_name = False, False, part.name
    m.names.settle()
    runs = part.role in (Role.STEP, Role.METRICS)
    for code in part.codes:
        runs |= _run_cell(m, part, code, parameters)
    _implicit_reads(m, part)
    for library in counted:
        library.after_step(m, part, runs)
    return StepFlow(part, m.log, dict(m.names.bound), reached.update(m, index), runs, kinds_left(m, part))


def _binding_cells(parts: Sequence[Segment]) -> Callable[[str], int]:
    """Tells the last cell that binds a name; 0 for none. Nothing is looked at before the first question."""

    @cache
    def cells() -> dict[str, int]:
        return {name: code.cell.number for part in parts for code in part.codes for name in bound_names(code.tree)}

    return lambda name: cells().get(name, 0)


class _Reached:
    """The things that names can get at, brought up to date after each step where something changed."""

    def __init__(self, mentions: Mapping[str, int]) -> None:
        self._mentions = mentions
        self._reach: dict[str, frozenset[int]] = {}
        self._names: dict[int, set[str]] = defaultdict(set)
        self._mark = 0

    def update(self, m: Machine, index: int) -> dict[str, frozenset[int]]:
        """The names mentioned after this step whose things are others than before it."""
        grown, self._mark = m.heap.grown_since(self._mark)
        stale = set(m.names.bound).union(*(self._names[thing] for thing in grown if thing in self._names))
        changed = {name: self._now(m, name) for name in stale if self._mentions.get(name, -1) > index}
        for name, things in changed.items():
            for thing in self._reach.get(name, frozenset()) - things:
                self._names[thing].discard(name)
            for thing in things:
                self._names[thing].add(name)
        self._reach |= changed
        return changed

    def _now(self, m: Machine, name: str) -> frozenset[int]:
        """What matters for sharing: what can be changed, or told apart by identity."""
        return frozenset(i for i in m.heap.reach(m.names[name].value.objects) if m.heap[i].kind != "external")


def _run_cell(m: Machine, part: Segment, code: Code, parameters: Sequence[Parameter]) -> bool:
    """Run one cell; whether its step must run because of it (and not only its replayed statements)."""
    m.cell, m.site = code.cell.number, None
    m.scopes.update(scopes(code.tree, code.text))
    frame = Frame("module")
    mine = {p.name: p for p in parameters if p.cell == code.cell.number}
    runs = False
    for statement in code.tree.body:
        if m.dead and not code.cell.raises_exception:
            break
        m.dead = False
        m.budget = 0
        runs |= _run_top_level(m, frame, part, statement, mine)
    m.dead = m.dead and not code.cell.raises_exception
    for name in mine:
        _bind_parameter(m, name, code.tree)
    last = code.tree.body[-1] if code.tree.body else None
    if isinstance(last, ast.Expr):
        m.history = True
        _display(m, frame, last)
    return runs


def _display(m: Machine, frame: Frame, node: ast.Expr) -> None:
    """The last expression of a cell is shown, which calls its representation."""
    value = m.evaluated.get((node.value, frame.context))
    if value is not None:
        expressions.show(m, frame, value, node)


def _run_top_level(
    m: Machine, frame: Frame, part: Segment, statement: ast.stmt, parameters: Mapping[str, Parameter]
) -> bool:
    bound, patched = dict(m.log.bound), set(m.log.patched)
    origins = {name: m.names[name].origin for name in m.names.states()}
    if isinstance(statement, ast.ImportFrom) and statement.module == "__future__":
        m.postponed_annotations = True
        m.names[f"{STATE_PREFIX}__future__"] = Binding(origin=origin_of(m, statement, ast.unparse(statement)))
        return False
    if part.role is Role.NOTEBOOK and isinstance(statement, ast.Assign | ast.AnnAssign):
        return _map_parameter(m, frame, statement)
    statement = back_inline(m, statement)
    replayed = None if shadows_builtins(m, statement) else replay_source(statement, m.lookup)
    everywhere = replayed is not None and is_setting(statement)
    statements.run_statement(m, frame, statement)
    if isinstance(statement, ast.Import | ast.ImportFrom):
        return statements.imports_written(m, statement)
    if replayed is not None and (everywhere or part.role is not Role.STEP):
        new = [n for n in m.log.bound if n not in bound and n.startswith(STATE_PREFIX)]
        for name in new:
            source = continued(m, origins.get(name), statement, replayed)
            m.names[name] = Binding(origin=origin_of(m, statement, source), fresh=True)
            del m.log.bound[name]
        return False
    new_patches = m.log.patched.keys() - patched
    repeatable = not (part.raises_exception(m.cell) or shadows_builtins(m, statement))
    if new_patches and repeatable and is_constant_patch(m, statement):
        replay_patches(m, statement, new_patches)
        return part.role is Role.STEP
    return not (_does_nothing(statement) or isinstance(statement, ast.Pass) or _sets_parameter(statement, parameters))


def _does_nothing(statement: ast.stmt) -> bool:
    """Docstrings, and magics that only show something or are the default in every kernel."""
    match statement:
        case ast.Expr(ast.Constant()):
            return True
        case ast.Expr(ast.Call(ast.Attribute(ast.Name(id=name), "display"))):
            return name == IPYTHON
    return False


def _sets_parameter(statement: ast.stmt, parameters: Mapping[str, Parameter]) -> bool:
    match statement:
        case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
            return name in parameters
    return False


def _map_parameter(m: Machine, frame: Frame, statement: ast.Assign | ast.AnnAssign) -> bool:
    """A parameter of an embedded notebook gets its value; whether a step must run for that.

    A constant is repeated where it is needed, as an import is. ``x = x`` leaves all as it is.
    """
    target = statement.target if isinstance(statement, ast.AnnAssign) else statement.targets[0]
    assert isinstance(target, ast.Name)
    assert statement.value is not None
    before, bound = m.names.get(target.id), dict(m.log.bound)
    statements.run_statement(m, frame, statement)
    if isinstance(statement.value, ast.Name) and statement.value.id == target.id and before is not None:
        m.names[target.id] = before
        m.log.bound.clear()
        m.log.bound.update(bound)
        return False
    if is_constant(statement.value):
        source = f"{target.id} = {ast.unparse(statement.value)}"
        m.names[target.id] = replace(m.names[target.id], origin=origin_of(m, statement, source))
        return False
    return True


def _bind_parameter(m: Machine, name: str, tree: ast.Module) -> None:
    """A parameter's value may be any of its kind: constants of the cell are only defaults."""
    known = m.names.get(name)
    value = Value(known.value.objects) if known is not None else Value()
    m.names[name] = Binding(value, fresh=True, origin="parameter")
    m.log.bound.pop(name, None)


_EVERYWHERE = frozenset({"__future__", "ipython.config", f"{PATCH_PREFIX}IPython"})
"""What is seen by code that calls nothing: how it is read, and what of a cell is shown."""


def _implicit_reads(m: Machine, part: Segment) -> None:
    """Settings are seen by code that does not name them: formats, styles, warnings, the working directory."""
    active = m.log.calls or m.log.external or bool(m.log.files)
    node = part.codes[-1].tree
    m.cell = part.first_cell
    for name in m.names.states():
        kind = name.removeprefix(STATE_PREFIX)
        if kind in _OWN_READERS or kind.startswith(LIBRARY_PREFIX) or not m.names[name].present:
            continue
        if kind == "matplotlib.rcParams" and not _may_plot(m):
            continue
        if kind == "matplotlib.rcParams" and not active:
            m.read(name, node, certain=False)  # a figure is shown
        seen = kind.removeprefix(PATCH_PREFIX) in m.log.roots  # reading an attribute is no call
        if active or seen or kind in _EVERYWHERE:
            m.read(name, node, certain=False)


def _may_plot(m: Machine) -> bool:
    """Whether a step draws, calls what may, or is given a figure, which it may show."""
    if m.log.plots or m.log.unknown or m.log.roots & _PLOTTING:
        return True
    given = [binding.value for binding in map(m.names.get, m.log.reads) if binding is not None]
    return any(m.heap[i].type.startswith("matplotlib.") for value in given for i in m.heap.reach(value.objects))


def _last_mentions(parts: Sequence[Segment]) -> dict[str, int]:
    """The last step that can read a name, as far as the text tells: in functions, any later step."""
    found: dict[str, int] = {}
    for index, part in enumerate(parts):
        for code in part.codes:
            nodes = list(ast.walk(code.tree))
            inner = _names_in_definitions(nodes)
            everything = any(isinstance(n, ast.Name) and n.id in _NAMESPACE for n in nodes)
            for name in _names_of(nodes):
                found[name] = max(found.get(name, 0), len(parts) if name in inner else index)
            if everything:
                return _Everything(len(parts))
    return found


_NAMESPACE = frozenset({"globals", "locals", "vars", "exec", "eval", "query"})


class _Everything(dict[str, int]):
    """Dynamic code may read any name."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self.count = count

    def get(self, key: str, default: object = None) -> int:
        return self.count


def names_in(tree: ast.AST) -> set[str]:
    """The names that code mentions, also in short texts such as those for ``query``."""
    return _names_of(list(ast.walk(tree)))


def _names_of(nodes: Sequence[ast.AST]) -> set[str]:
    plain = {n.id.removeprefix(f"{IPYTHON}maybe_") for n in nodes if isinstance(n, ast.Name)}
    texts = {word for n in nodes if isinstance(n, ast.Constant) and isinstance(n.value, str)
             for word in n.value.replace("@", " ").split() if word.isidentifier()}  # fmt: skip
    return plain | texts


def _names_in_definitions(nodes: Sequence[ast.AST]) -> set[str]:
    kinds = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef | ast.GeneratorExp
    return {name for node in nodes if isinstance(node, kinds) for name in names_in(node)}
