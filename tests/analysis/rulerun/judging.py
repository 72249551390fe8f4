"""One call, run on small real arguments, and what it did that the rules for it do not say."""

from __future__ import annotations

import ast
import contextlib
import io
import os
import signal
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from kale_lite.analysis.canonical import call_text
from kale_lite.analysis.effect import Effect, preferred
from kale_lite.analysis.effects import load_catalogue
from tests.analysis.rulerun import objects, watching

SECONDS = 10
SHALLOW = ("builtins.", "collections.", "array.")
Makers = Mapping[str, Callable[[], Any]]
_ARRAYS = ("numpy", "pandas", "scipy", "torch", "polars")


@cache
def _parsed(arguments: str) -> ast.Call:
    node = ast.parse(f"f({arguments})", mode="eval").body
    assert isinstance(node, ast.Call)
    return node


class TooLong(BaseException):
    """A call that does not end: BaseException, so that no library catches it."""


@dataclass(frozen=True, slots=True)
class Call:
    """A function by its full name, or a method (``receiver`` is the name of its maker), with arguments as source."""

    name: str
    arguments: str
    function: Callable[..., Any] | None = None
    receiver: str = ""
    type: str = ""

    @property
    def text(self) -> str:
        return call_text(f"_.{self.name}" if self.receiver else self.name, self.node)

    @property
    def node(self) -> ast.Call:
        return _parsed(self.arguments)

    def effects(self, found: Sequence[Effect]) -> tuple[Effect, ...]:
        """Of the rules whose text matches those that hold, as analysis chooses them."""
        if not self.receiver:
            return preferred(e for e in found if e.form != "method")
        family = {self.type, *load_catalogue().bases(self.type)}
        return preferred(e for e in found if e.form == "method" and (not e.receiver or family & set(e.receiver)))


@dataclass(slots=True)
class Outcome:
    """What came of one call: it may not have worked on these arguments."""

    call: Call
    worked: bool
    problems: list[str] = field(default_factory=list)
    result: Any = None
    drew: bool = False


class Operands:
    """Fresh operands of a call, by the catalogue's places."""

    def __init__(self, call: Call, makers: Makers) -> None:
        names = {n.id for n in ast.walk(call.node) if isinstance(n, ast.Name)} & makers.keys()
        space = {name: makers[name]() for name in names}
        value = [eval(ast.unparse(a), {**space}) for a in call.node.args]
        self.keywords = {k.arg or "": eval(ast.unparse(k.value), {**space}) for k in call.node.keywords}
        self.positional = value
        self.receiver = makers[call.receiver]() if call.receiver else None
        self.places: dict[str, Any] = {f"arg:{n}": v for n, v in enumerate(value)}
        self.places |= {f"kw:{k}": v for k, v in self.keywords.items()}
        if call.receiver:
            self.places["receiver"] = self.receiver

    def named(self, places: Sequence[str]) -> set[str]:
        """The operands that places of a rule name."""
        return {p for place in places for p in self.places if place == p or (place == "arg:*" and p != "receiver")}


def works(call: Call, effects: Sequence[Effect], makers: Makers) -> bool:
    """Whether a call works on its arguments at all: most do not, and watching takes long."""
    try:
        operands = Operands(call, makers)
        paths = operands.named([p for e in effects for p in (*e.reads_files, *e.writes_files)])
        if any(isinstance(operands.places[p], int) for p in paths):
            return False  # the number of an open file of this process
        target = call.function if call.function is not None else getattr(operands.receiver, call.name)
        with _quiet():
            _timed(target, operands)
    except (Exception, TooLong, SystemExit):
        return False
    watching.put_back()
    return True


def run(call: Call, effects: Sequence[Effect], makers: Makers) -> Outcome:
    """Run a call once and judge it by the rules that hold."""
    try:
        operands = Operands(call, makers)
        twins = Operands(call, makers)
    except Exception:
        return Outcome(call, worked=False)
    target = call.function if call.function is not None else getattr(operands.receiver, call.name, None)
    before = {place: objects.digest(value) for place, value in operands.places.items()}
    common = _common(operands, twins)
    joined = dict(_links(operands, common))
    with _quiet(), watching.watched() as world:
        try:
            result = _timed(target, operands)  # type: ignore[arg-type]
        except (Exception, TooLong, SystemExit):
            return Outcome(call, worked=False)
    outcome = Outcome(call, worked=True, result=result, drew=any("random" in s for s in world.states))
    with _quiet():
        outcome.problems += _changes(effects, operands, before)
        outcome.problems += _result(effects, operands, result, common)
        outcome.problems += _kept(effects, operands, joined, common)
    outcome.problems += _world(effects, operands, world)
    return outcome


def _common(operands: Operands, twins: Operands) -> frozenset[int]:
    """What two operands made apart have in common belongs to the library."""
    one = {id(p) for v in operands.places.values() for p in objects.parts(v)}
    return frozenset(one & {id(p) for v in twins.places.values() for p in objects.parts(v)})


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    with contextlib.ExitStack() as stack:
        stack.enter_context(contextlib.redirect_stdout(io.StringIO()))
        stack.enter_context(contextlib.redirect_stderr(io.StringIO()))
        filters = list(warnings.filters)
        showing, warnings.showwarning = warnings.showwarning, lambda *_a, **_k: None
        stack.callback(setattr, warnings, "showwarning", showing)
        yield
        del filters


def _timed(target: Callable[..., Any], operands: Operands) -> Any:
    def stop(_number: int, _frame: Any) -> None:
        raise TooLong

    old = signal.signal(signal.SIGALRM, stop)
    signal.alarm(SECONDS)
    try:
        return target(*operands.positional, **operands.keywords)
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, old)


def _changes(effects: Sequence[Effect], operands: Operands, before: Mapping[str, Any]) -> Iterator[str]:
    allowed = operands.named([place for e in effects for place in e.mutates])
    allowed |= {p for p, v in operands.places.items() if hasattr(v, "__next__") and _is_read_on(p, effects, operands)}
    for place, value in operands.places.items():
        if place in allowed or objects.digest(value) == before[place]:
            continue
        if not any(objects.shared(value, operands.places[other]) for other in allowed):
            yield f"changes {place}"


def _is_read_on(place: str, effects: Sequence[Effect], operands: Operands) -> bool:
    """Iterators and open files that a call gets, and does not keep for later, are read on (knowledge.py)."""
    return any(
        (e.calls and place not in operands.named(e.holds)) or place in operands.named(e.holds_elements) for e in effects
    )


def _result(effects: Sequence[Effect], operands: Operands, result: Any, common: frozenset[int]) -> Iterator[str]:
    returns = {e.returns for e in effects}
    if returns == {"scalar"}:
        if not objects.is_unchanging(result):
            yield f"gives a {type(result).__name__}, which can be changed: no scalar"
        return
    if "unknown" in returns:
        return
    whole = operands.named(
        [p for e in effects for p in (*e.holds, *e.holds_cells, e.returns.replace("part", "receiver"))]
    )
    if returns & {"elements", "receiver"}:
        whole |= {"receiver"} | operands.named([p for e in effects for p in e.keeps])
    inside = operands.named([p for e in effects for p in (*e.holds_elements, *e.holds_objects)])
    inside |= {"arg:0"} if "copy" in returns else set()
    for place, value in operands.places.items():
        if place in whole:
            continue
        found = (
            _holds(result, value)
            if place in inside and not _is_numeric(value)
            else objects.shared(result, value, common)
        )
        if found and not any(objects.shared(value, operands.places[other]) for other in whole):
            yield f"gives what shares {found} with {place}"
    types = {e.type for e in effects if e.type.partition(".")[0] in _ARRAYS}
    if types and "fresh" in returns and type(result) in (list, dict, set) and not objects.is_unchanging(tuple(result)):
        yield f"gives a {type(result).__name__}, not a {types}"


def _is_numeric(value: Any) -> bool:
    dtype = getattr(value, "dtype", None)
    return dtype is not None and not getattr(dtype, "hasobject", True)


def _holds(result: Any, value: Any) -> str:
    """Whether a value itself, and not only its elements, is in the result."""
    return "itself" if any(p is value for p in objects.parts(result)) else ""


def _links(operands: Operands, common: frozenset[int]) -> Iterator[tuple[tuple[str, str], str]]:
    names = list(operands.places)
    for n, one in enumerate(names):
        for other in names[n + 1 :]:
            yield (one, other), objects.shared(operands.places[one], operands.places[other], common)


def _kept(
    effects: Sequence[Effect], operands: Operands, joined: Mapping[tuple[str, str], str], common: frozenset[int]
) -> Iterator[str]:
    """Operands that share since the call: the receiver keeps an argument, or one argument another."""
    allowed = operands.named([p for e in effects for p in e.keeps])
    for (one, other), found in _links(operands, common):
        if found and not joined[one, other] and not {one, other} & allowed:
            yield f"{one} and {other} share {found} afterwards"


def _world(effects: Sequence[Effect], operands: Operands, world: watching.World) -> Iterator[str]:
    written, reading = (
        _paths(operands, [p for e in effects for p in places(e)])
        for places in (lambda e: e.writes_files, lambda e: (*e.reads_files, *e.writes_files))
    )
    outside = any(e.external for e in effects)
    for kind, seen, known in (("writes", world.written, written), ("reads", world.read, reading)):
        missed = [p for p in sorted(seen) if not any(_below(p, k) for k in known)]
        if missed and "*" not in known and not outside:
            yield f"{kind} the file {missed[0]!r}"
    if "service" in world.outside and not any(e.services for e in effects):
        yield "touches a service"
    if "program" in world.outside and not outside:
        yield "starts a program"
    known_states = {s for e in effects for s in (*e.writes_state, *e.draws, *e.seeds)}
    for kind in sorted(world.states - known_states):
        yield f"changes the state {kind}"


def _paths(operands: Operands, places: Sequence[str]) -> set[str]:
    found = {"*"} if "*" in places else set()
    for place in operands.named(places):
        with contextlib.suppress(TypeError):
            found.add(os.path.normpath(os.fsdecode(operands.places[place])))
    return found


def _below(path: str, known: str) -> bool:
    """A rule's path is the file's own, or its folder's. Libraries may add an ending."""
    known = os.path.relpath(known) if os.path.isabs(known) else known
    return path == known or path.startswith(known) or known == "."
