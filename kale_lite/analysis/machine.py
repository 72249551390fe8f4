"""The state of the flow phase: bindings of names, the heap, and the log of what each step does."""

from __future__ import annotations

import ast
import difflib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from kale_lite.analysis import bindings
from kale_lite.analysis.bindings import ABSENT, Binding, Import, Names
from kale_lite.analysis.canonical import BUILTINS
from kale_lite.analysis.effect import Effect
from kale_lite.analysis.heap import NOTHING, Heap, Thing, Value, joined
from kale_lite.analysis.scope import Scope
from kale_lite.diagnostics import Diagnostic, Location, Severity, diagnose
from kale_lite.notebook.ignores import Ignore
from kale_lite.pipeline import STATE_PREFIX

__all__ = ["GENERATORS", "Cause", "FileEffect", "Frame", "Given", "Machine", "Pending", "State", "StepLog"]


_UNCHANGED_BY_CALLEES = frozenset({"function", "class", "external"})
GENERATORS = ("numpy.random", "random", "torch.random")
"""The interpreter state that is a global random generator."""
_MOST_SUGGESTIONS = 50
"""Near names are looked for in so many findings: in a notebook with more, they are not what is wrong."""


@dataclass(frozen=True, slots=True)
class Cause:
    """Where something happens, and the catalogue rule that says so, if any."""

    location: Location
    rule: str = ""


@dataclass(frozen=True, slots=True)
class FileEffect:
    """A step reads or writes the files of a path (``UNKNOWN_TEXT`` stands for any characters)."""

    path: str
    writes: bool
    cause: Cause
    soft: bool = False


@dataclass(slots=True)
class StepLog:
    """What one step was seen to do."""

    index: int
    reads: dict[str, Cause] = field(default_factory=dict)
    certain_reads: set[str] = field(default_factory=set)
    bound: dict[str, Cause] = field(default_factory=dict)
    mutated: dict[int, Cause] = field(default_factory=dict)
    identity: set[int] = field(default_factory=set)
    cleared: set[int] = field(default_factory=set)
    uncompared: set[int] = field(default_factory=set)
    files: dict[tuple[str, bool], FileEffect] = field(default_factory=dict)
    services: dict[str, Cause] = field(default_factory=dict)
    patched: dict[str, Cause] = field(default_factory=dict)
    registered: dict[str, Cause] = field(default_factory=dict)
    roots: set[str] = field(default_factory=set)
    plots: Cause | None = None
    current_figure: Cause | None = None
    made_figure: bool = False
    backend: Cause | None = None
    external: bool = False
    calls: bool = False
    unknown: bool = False
    dynamic: bool = False
    draws: dict[str, Cause] = field(default_factory=dict)


@dataclass(slots=True)
class State:
    """The part of the machine that branches: names of the module and of the running function."""

    names: Names
    local: dict[str, Value]
    dead: bool = False


@dataclass(slots=True)
class Frame:
    """One scope being run. ``context`` tells the same code run from different places apart."""

    kind: str
    scope: Scope | None = None
    parent: Frame | None = None
    context: tuple[int, ...] = ()
    cells: dict[str, Thing] = field(default_factory=dict)
    local: dict[str, Value] = field(default_factory=dict)
    returned: list[Value] = field(default_factory=list)
    yielded: list[Value] = field(default_factory=list)
    exits: list[State] = field(default_factory=list)
    returned_early: bool = False
    exited: bool = False
    class_name: str = ""
    owner: Thing | None = None
    receiver: Value = NOTHING
    loops: list[list[State]] = field(default_factory=list)
    handlers: list[list[State]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Given:
    """What library code may call a function with: a method's ``receiver``, and an ``argument`` at any place."""

    receiver: Value | None
    argument: Value


class Pending:
    """The functions that library code may call while one call of a library runs, and what they return."""

    def __init__(self) -> None:
        self.calls: dict[int, Given] = {}
        self.results: dict[int, Value] = {}

    def add(self, ident: int, given: Given) -> None:
        """A function may also be called with these; it is called once, with all that it may be given."""
        known = self.calls.get(ident, given)
        receivers = [r for r in (known.receiver, given.receiver) if r is not None]
        self.calls[ident] = Given(joined(receivers) if receivers else None, joined([known.argument, given.argument]))

    def result(self, wanted: Iterable[int]) -> Value:
        """What any of these functions may return, as far as is known by now."""
        return joined([NOTHING, *(self.results.get(ident, NOTHING) for ident in wanted)])

    def learned(self) -> tuple[dict[int, Given], dict[int, Value]]:
        return dict(self.calls), dict(self.results)


class Machine:
    """Runs code abstractly, one step after the other. The other modules of the phase act on it."""

    def __init__(self, lookup: Callable[[str], tuple[Effect, ...]], bases: Callable[[str], frozenset[str]]) -> None:
        self.lookup = lookup
        self.bases = bases
        self.heap = Heap()
        self.scopes: dict[ast.AST, Scope] = {}
        self.names = Names()
        self.dead = False
        self.log = StepLog(-1)
        self.cell = 0
        self.site: Location | None = None
        self.uncertain = 0
        self.catching = 0
        self.raised: list[Value] = []
        self.calling: list[Thing] = []
        self.pending: Pending | None = None
        self.addresses: set[int] = set()
        """The things that ``id`` gave."""
        self.invoked: dict[tuple[frozenset[tuple[int, Given]], int], tuple[int, Names, Value]] = {}
        self.copied_at: dict[int, frozenset[tuple[ast.AST, tuple[int, ...]]]] = {}
        self.keep_alive: list[ast.AST] = []
        self.written_modules: set[str] = set()
        self.made: dict[tuple[ast.AST, str], ast.expr] = {}
        self.evaluate: Callable[[Frame, ast.expr], Value] = lambda frame, node: NOTHING
        self.budget = 0
        self.diagnostics: dict[tuple[str, str, Location | None], Diagnostic] = {}
        self.skipped: Mapping[str, int] = {}
        self.ignores: Sequence[Ignore] = ()
        self.binding_cell: Callable[[str], int] = lambda name: 0
        self.evaluated: dict[tuple[ast.AST, tuple[int, ...]], Value] = {}
        self.history = False
        self.postponed_annotations = False
        self.step_name = ""

    # Places and findings.

    def place(self, node: ast.AST) -> Location:
        """Where code is, for the user: the call site of the notebook for code inside functions."""
        if self.site is not None:
            return self.site
        return Location(self.cell, getattr(node, "lineno", 0), getattr(node, "col_offset", -1) + 1)

    def cause(self, node: ast.AST, rule: str = "") -> Cause:
        return Cause(self.place(node), rule)

    def report(self, code: str, message: str, node: ast.AST, *, hint: str = "") -> None:
        place = self.place(node)
        finding = diagnose(code, message, place, hint=hint, step=self.step_name)
        self.diagnostics.setdefault((code, message, Location(place.cell, place.line)), finding)

    def refuse_dynamic(self, frame: Frame, message: str, node: ast.AST, *, hint: str) -> Value:
        """Code that cannot be followed. Where the user ignores that, it is taken to read and change all variables;
        that it binds none which later steps use is checked when the step has run."""
        place = self.place(node)
        ignored = any(ignore.covers("KL203", place) for ignore in self.ignores)
        severity = Severity.INFO if ignored else Severity.ERROR
        finding = diagnose("KL203", message, place, hint=hint, step=self.step_name, severity=severity)
        self.diagnostics.setdefault(("KL203", message, Location(place.cell, place.line)), finding)
        if not ignored:
            return NOTHING
        self.log.dynamic = True
        everything = joined([self.read_all(node), *frame.local.values()])
        self.mutate((i for i in self.heap.reach(everything.objects) if self.heap[i].kind != "external"), node)
        return everything

    # Branches.

    def fork(self, frame: Frame) -> State:
        return State(self.names.fork(), dict(frame.local), self.dead)

    def restore(self, frame: Frame, state: State) -> None:
        self.names, self.dead = state.names.fork(), state.dead
        frame.local.clear()
        frame.local.update(state.local)

    def join(self, frame: Frame, states: Iterable[State]) -> None:
        """Go on with all of these states as possible ones; dead ones no longer count."""
        living = [s for s in states if not s.dead]
        if not living:
            self.dead = True
            return
        self.dead = False
        self.names = bindings.join([s.names for s in living])
        merged = _join_locals([s.local for s in living])
        frame.local.clear()
        frame.local.update(merged)

    def one_of(self, frame: Frame, possible: Sequence[Callable[[], Value]]) -> list[Value]:
        """The values of all of these, of which the code does one: what each binds holds afterwards perhaps."""
        if len(possible) < 2:
            return [do() for do in possible]
        before = self.fork(frame)
        results, after = [], []
        self.uncertain += 1
        for do in possible:
            self.restore(frame, before)
            results.append(do())
            after.append(self.fork(frame))
        self.uncertain -= 1
        self.join(frame, after)
        return results

    def synthetic(self, frame: Frame, node: ast.AST, expression: ast.expr) -> Value:
        """Evaluate an expression made by the analysis; the same node each time the place runs."""
        key = (node, type(expression).__name__)
        return self.evaluate(frame, self.made.setdefault(key, expression))

    # Names of the notebook.

    def bind(self, name: str, value: Value, node: ast.AST, origin: Import | str | None = None) -> None:
        self.names[name] = Binding(value, fresh=True, origin=origin)
        self.log.bound.setdefault(name, Cause(self.place(node)))

    def unbind(self, name: str, node: ast.AST) -> None:
        self.names[name] = replace(ABSENT, fresh=True)
        self.log.bound.setdefault(name, Cause(self.place(node)))

    def read(self, name: str, node: ast.AST, *, certain: bool = True, rule: str = "") -> Value | None:
        """The value of a notebook's name, logged as a read of this step; None when it has none."""
        binding = self.names.get(name)
        if binding is None:
            return None
        if not binding.fresh:
            self.log.reads.setdefault(name, Cause(self.place(node), rule))
            if certain and not self.uncertain:
                self.log.certain_reads.add(name)
        return binding.value if binding.present else None

    def read_all(self, node: ast.AST) -> Value:
        """Dynamic code reads the whole namespace."""
        names = [n for n in self.names if not n.startswith(STATE_PREFIX)]
        found = [self.read(name, node, certain=False) for name in names]
        return joined([v for v in found if v is not None] or [NOTHING])

    def undefined(self, name: str, node: ast.AST) -> None:
        """A name is read that nothing can have bound."""
        if self.catching:
            return
        hint = self._where_it_may_be(name)
        if self.uncertain:
            self.report("KL208", f"name {name!r} may be undefined here: no earlier cell defines it", node, hint=hint)
        else:
            self.report("KL202", f"name {name!r} is undefined: no earlier step defines it", node, hint=hint)

    def _where_it_may_be(self, name: str) -> str:
        skipped, bound = self.skipped.get(name), self.binding_cell(name)
        if skipped:
            return f"cell {skipped} would define it, but is tagged `skip`"
        if bound > self.cell:
            return f"cell {bound} defines it, but stands below: move it up"
        if len(self.diagnostics) < _MOST_SUGGESTIONS:
            known = [n for n in self.names if not n.startswith(STATE_PREFIX)]
            near = difflib.get_close_matches(name, [*known, *BUILTINS], 2, 0.75)
            if near:
                return f"do you mean {' or '.join(map(repr, near))}?"
        return "define it in an earlier cell, or restart the kernel and run the notebook top to bottom"

    # Objects.

    def opaque(self, node: ast.AST, frame: Frame, type: str = "", salt: object = "", mutable: bool = True) -> Thing:
        return self.heap.make((node, frame.context, salt), "opaque", type=type, mutable=mutable, born=self.log.index)

    def external(self, dotted: str) -> Value:
        """A module or what is in it, by its full name."""
        dotted = dotted.removeprefix("builtins.")
        self.log.roots.add(dotted.split(".")[0])
        thing = self.heap.make(dotted, "external", dotted=dotted, mutable=False)
        return Value(frozenset({thing.id}))

    def builtin(self, name: str) -> Value | None:
        return self.external(name) if name in BUILTINS else None

    def mutate(self, objects: Iterable[int], node: ast.AST, rule: str = "") -> None:
        """These things may be changed here."""
        cause = Cause(self.place(node), rule)
        for ident in objects:
            thing: Thing | None = self.heap[ident]
            while thing is not None:
                if thing.id not in self.log.mutated:
                    self._mutate_one(thing, cause)
                thing = self.heap[thing.view_of] if thing.view_of is not None else None

    def _mutate_one(self, thing: Thing, cause: Cause) -> None:
        for ident in self.heap.alike(thing.id):
            if self.heap[ident].mutable:
                self.log.mutated.setdefault(ident, cause)

    def identify(self, objects: Iterable[int]) -> None:
        """Code tells these things from others by identity."""
        for ident in objects:
            self.log.identity |= self.heap.alike(ident)

    def deep(self, value: Value) -> frozenset[int]:
        """What code that is given this value could change: not through functions, classes, modules."""
        return self.heap.reach(value.objects, _UNCHANGED_BY_CALLEES)

    # Interpreter state, kept as names that no variable can have.

    def read_state(self, kind: str, node: ast.AST, rule: str = "") -> None:
        self.read(STATE_PREFIX + kind, node, rule=rule)

    def write_state(self, kind: str, node: ast.AST, rule: str = "", *, whole: bool = False) -> None:
        name = STATE_PREFIX + kind
        if not whole:
            self.read(name, node, rule=rule)
        known = self.names.get(name) or ABSENT
        fresh = whole or known.fresh or not known.present
        self.names[name] = Binding(fresh=fresh)
        self.log.bound.setdefault(name, Cause(self.place(node), rule))

    def draw(self, kind: str, node: ast.AST, rule: str = "") -> None:
        """Draw from a global random generator: an order only once it may have been seeded."""
        self.log.draws.setdefault(kind, self.cause(node, rule))
        if (self.names.get(STATE_PREFIX + kind) or ABSENT).present:
            self.write_state(kind, node, rule)

    def may_draw(self, node: ast.AST) -> None:
        """Code of a library that no rule is about may draw from any generator that the notebook has seeded."""
        for kind in GENERATORS:
            if (self.names.get(STATE_PREFIX + kind) or ABSENT).present:
                self.draw(kind, node)

    def touch_file(self, path: str, node: ast.AST, *, writes: bool, rule: str = "", soft: bool = False) -> None:
        if writes and path.endswith(".py"):
            self.written_modules.add(path.rpartition("/")[2][: -len(".py")])
        effect = FileEffect(path, writes, Cause(self.place(node), rule), soft)
        self.log.files.setdefault((path, writes), effect)


def _join_locals(all_locals: list[dict[str, Value]]) -> dict[str, Value]:
    if len(all_locals) == 1:
        return all_locals[0]
    keys = dict.fromkeys(key for local in all_locals for key in local)
    return {key: joined([local[key] for local in all_locals if key in local]) for key in keys}
