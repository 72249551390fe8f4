"""Statements, run abstractly: what they bind, in which branches, and what may happen on the way."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from typing import Any

from kale_lite.analysis import assignment, contexts, definitions, expressions, patterns
from kale_lite.analysis.bindings import Import
from kale_lite.analysis.heap import NOTHING, Value
from kale_lite.analysis.machine import Frame, Machine, State

__all__ = ["imports_written", "run_block", "run_statement"]

_LOOP_ROUNDS = 4


def run_block(m: Machine, frame: Frame, body: Sequence[ast.stmt]) -> None:
    """Run statements in order. In a ``try`` block each end of a statement may reach the handlers."""
    for statement in body:
        if m.dead:
            return
        if frame.returned_early and not frame.exited:
            # Some path has left the function: what follows need not run. The caller resets the count.
            frame.exited = True
            m.uncertain += 1
        run_statement(m, frame, statement)
        if frame.handlers and not m.dead:
            frame.handlers[-1].append(m.fork(frame))


def run_statement(m: Machine, frame: Frame, node: ast.stmt) -> None:
    _STATEMENTS[type(node)](m, frame, node)


def _expression(m: Machine, frame: Frame, node: ast.Expr) -> None:
    m.evaluated[(node.value, frame.context)] = expressions.evaluate(m, frame, node.value)


def _assign(m: Machine, frame: Frame, node: ast.Assign) -> None:
    value = expressions.evaluate(m, frame, node.value)
    for target in node.targets:
        assignment.assign(m, frame, target, value, node.value)


def _annotated(m: Machine, frame: Frame, node: ast.AnnAssign) -> None:
    if frame.kind != "function":
        expressions.evaluate(m, frame, node.annotation)
    if node.value is not None:
        assignment.assign(m, frame, node.target, expressions.evaluate(m, frame, node.value), node.value)


def _augmented(m: Machine, frame: Frame, node: ast.AugAssign) -> None:
    assignment.augment(m, frame, node)


def _delete(m: Machine, frame: Frame, node: ast.Delete) -> None:
    for target in node.targets:
        assignment.delete(m, frame, target)


def _if(m: Machine, frame: Frame, node: ast.If) -> None:
    expressions.truth(m, frame, node.test)
    if _is_main(node.test):
        run_block(m, frame, node.body)
        return
    _branches(m, frame, [lambda: run_block(m, frame, node.body), lambda: run_block(m, frame, node.orelse)])


def _is_main(test: ast.expr) -> bool:
    """``__name__ == "__main__"`` holds in a notebook."""
    match test:
        case ast.Compare(left=ast.Name("__name__"), ops=[ast.Eq()], comparators=[ast.Constant("__main__")]):
            return True
    return False


def _branches(m: Machine, frame: Frame, branches: Sequence[Callable[[], None]]) -> None:
    before = m.fork(frame)
    ends: list[State] = []
    m.uncertain += 1
    for branch in branches:
        m.restore(frame, before)
        branch()
        ends.append(m.fork(frame))
    m.uncertain -= 1
    m.join(frame, ends)


def _for(m: Machine, frame: Frame, node: ast.For | ast.AsyncFor) -> None:
    iterable = expressions.evaluate(m, frame, node.iter)

    def once() -> None:
        assignment.assign(m, frame, node.target, expressions.elements(m, frame, iterable, node), None)
        run_block(m, frame, node.body)

    _loop(m, frame, once, node.orelse, certainly=_never_empty(node.iter))


def _never_empty(node: ast.expr) -> bool:
    """Loops over displays and constant ranges run at least once."""
    match node:
        case ast.List(elts) | ast.Tuple(elts) | ast.Set(elts):
            return any(not isinstance(e, ast.Starred) for e in elts)
        case ast.Call(ast.Name("range"), [ast.Constant(int(n))], []):
            return n > 0
        case ast.Constant(str(text)):
            return bool(text)
    return False


def _while(m: Machine, frame: Frame, node: ast.While) -> None:
    expressions.truth(m, frame, node.test)
    forever = isinstance(node.test, ast.Constant) and bool(node.test.value)

    def once() -> None:
        run_block(m, frame, node.body)
        if not m.dead:
            expressions.truth(m, frame, node.test)

    _loop(m, frame, once, node.orelse, certainly=forever, endless=forever)


def _loop(
    m: Machine,
    frame: Frame,
    once: Callable[[], None],
    orelse: list[ast.stmt],
    *,
    certainly: bool,
    endless: bool = False,
) -> None:
    """Run a body until nothing new is learned; ends of the loop are joined."""
    entry = m.fork(frame)
    breaks: list[State] = []
    ends: list[State] = [] if certainly else [entry]
    m.uncertain += 1
    for _ in range(_LOOP_ROUNDS):
        changes, names = m.heap.changes, m.names.fork()
        frame.loops.append([])
        frame.loops.append(breaks)
        once()
        frame.loops.pop()
        continued = frame.loops.pop()
        m.join(frame, [m.fork(frame), *continued])
        if m.dead:
            break
        ends.append(m.fork(frame))
        m.join(frame, [entry, m.fork(frame)])
        if m.heap.changes == changes and m.names == names:
            break
    m.uncertain -= 1
    m.join(frame, [] if endless else ends)
    if not m.dead and orelse:
        run_block(m, frame, orelse)
    m.join(frame, [m.fork(frame), *breaks])


def _break(m: Machine, frame: Frame, node: ast.Break) -> None:
    frame.loops[-1].append(m.fork(frame))
    m.dead = True


def _continue(m: Machine, frame: Frame, node: ast.Continue) -> None:
    frame.loops[-2].append(m.fork(frame))
    m.dead = True


def _try(m: Machine, frame: Frame, node: ast.Try | ast.TryStar) -> None:
    reached = [m.fork(frame)]
    frame.handlers.append(reached)
    raised = len(m.raised)
    catches = any(_catches_name_error(h) for h in node.handlers)
    m.catching += catches
    m.uncertain += bool(node.handlers)
    run_block(m, frame, node.body)
    m.uncertain -= bool(node.handlers)
    m.catching -= catches
    frame.handlers.pop()
    if not m.dead:
        run_block(m, frame, node.orelse)
    ends = [m.fork(frame)]
    for handler in node.handlers:
        m.join(frame, reached)
        m.uncertain += 1
        _handler(m, frame, handler, m.raised[raised:])
        m.uncertain -= 1
        ends.append(m.fork(frame))
    _finally(m, frame, node.finalbody, ends)


def _finally(m: Machine, frame: Frame, body: list[ast.stmt], ends: list[State]) -> None:
    m.join(frame, ends)
    leaving = m.dead
    if leaving and body:
        # The block also runs on the way out; what it does counts although nothing follows it.
        m.restore(frame, State(ends[0].names, ends[0].local))
    run_block(m, frame, body)
    m.dead = m.dead or leaving


def _catches_name_error(handler: ast.ExceptHandler) -> bool:
    if handler.type is None:
        return True
    names = {n.id for n in ast.walk(handler.type) if isinstance(n, ast.Name)}
    return bool(names & {"NameError", "Exception", "BaseException"})


def _handler(m: Machine, frame: Frame, node: ast.ExceptHandler, raised: Sequence[Value]) -> None:
    """Run a handler. The exception is one that code of the notebook raised on the way, or a library's."""
    caught = expressions.evaluate(m, frame, node.type) if node.type is not None else NOTHING
    if node.name is None:
        run_block(m, frame, node.body)
        return
    error = m.opaque(node, frame, "builtins.Exception")
    m.heap.hold(error, caught.objects)
    assignment.store(m, frame, node.name, Value(frozenset({error.id}).union(*(v.objects for v in raised))), node)
    run_block(m, frame, node.body)
    if not m.dead:
        assignment.unset(m, frame, node.name, node)


def _with(m: Machine, frame: Frame, node: ast.With | ast.AsyncWith) -> None:
    managers = []
    suppresses = any(contexts.suppresses(m, frame, item.context_expr) for item in node.items)
    for item in node.items:
        manager = expressions.evaluate(m, frame, item.context_expr)
        managers.append(manager)
        entered = expressions.implicit_call(m, frame, manager, ("__enter__", "__aenter__"), node)
        if item.optional_vars is not None:
            assignment.assign(m, frame, item.optional_vars, entered, None)
    reached = [m.fork(frame)]
    if suppresses:
        frame.handlers.append(reached)
    m.uncertain += suppresses
    m.catching += suppresses
    run_block(m, frame, node.body)
    m.catching -= suppresses
    m.uncertain -= suppresses
    if suppresses:
        frame.handlers.pop()
        m.join(frame, [m.fork(frame), *reached])
    dead, m.dead = m.dead, False
    for manager in managers:
        expressions.implicit_call(m, frame, manager, ("__exit__", "__aexit__"), node)
    # Whether others suppress what is raised is not known: what follows may run.
    m.dead = dead and all(t.type.startswith("io.") for manager in managers for t in m.heap.things(manager))


def _match(m: Machine, frame: Frame, node: ast.Match) -> None:
    subject = expressions.evaluate(m, frame, node.subject)

    def case(found: ast.match_case) -> Callable[[], None]:
        def run() -> None:
            patterns.bind_pattern(m, frame, found.pattern, subject)
            if found.guard is not None:
                expressions.truth(m, frame, found.guard)
            run_block(m, frame, found.body)

        return run

    last = node.cases[-1]
    complete = last.guard is None and isinstance(last.pattern, ast.MatchAs) and last.pattern.pattern is None
    otherwise: list[Callable[[], None]] = [] if complete else [lambda: None]
    _branches(m, frame, [*(case(c) for c in node.cases), *otherwise])


def _return(m: Machine, frame: Frame, node: ast.Return) -> None:
    frame.returned.append(expressions.evaluate(m, frame, node.value) if node.value is not None else NOTHING)
    frame.exits.append(m.fork(frame))
    frame.returned_early = True
    m.dead = True


def _raise(m: Machine, frame: Frame, node: ast.Raise) -> None:
    for part in (node.exc, node.cause):
        if part is not None:
            m.raised.append(expressions.evaluate(m, frame, part))
    if frame.handlers:
        frame.handlers[-1].append(m.fork(frame))
    m.dead = True


def _assert(m: Machine, frame: Frame, node: ast.Assert) -> None:
    expressions.truth(m, frame, node.test)
    if node.msg is not None:
        before = m.fork(frame)
        m.uncertain += 1
        expressions.evaluate(m, frame, node.msg)
        m.uncertain -= 1
        m.restore(frame, before)


def _import(m: Machine, frame: Frame, node: ast.Import) -> None:
    for alias in node.names:
        root = alias.name.split(".")[0]
        name, dotted = (alias.asname, alias.name) if alias.asname else (root, root)
        text = f"import {alias.name}" + (f" as {alias.asname}" if alias.asname else "")
        _imported(m, frame, name, dotted, text, node)


def _import_from(m: Machine, frame: Frame, node: ast.ImportFrom) -> None:
    module = "." * node.level + (node.module or "")
    for alias in node.names:
        if alias.name == "*":
            _import_star(m, frame, module, node)
            continue
        text = f"from {module} import {alias.name}" + (f" as {alias.asname}" if alias.asname else "")
        _imported(m, frame, alias.asname or alias.name, f"{module}.{alias.name}", text, node)


def _imported(m: Machine, frame: Frame, name: str, dotted: str, text: str, node: ast.stmt) -> None:
    definitions.touch_module(m, dotted, node)
    value = m.external(dotted)
    if imports_written(m, node):
        # Repeated elsewhere it could come before the file is there: the name is a result of this step.
        m.touch_file(f"{dotted.partition('.')[0]}.py", node, writes=False)
        assignment.store(m, frame, name, value, node)
    elif frame.kind == "module" and not m.uncertain and not dotted.startswith("__future__"):
        earlier = m.names.get(name)
        if text.startswith("import ") and " as " not in text and earlier and isinstance(earlier.origin, Import):
            # `import a.b` after `import a.c`: the name needs both statements.
            known = earlier.origin.source.split("\n")
            text = "\n".join([*known, text]) if text not in known and _same_root(known[-1], text) else text
        m.bind(name, value, node, Import(text, m.cell, node.lineno))
    else:
        assignment.store(m, frame, name, value, node)


def imports_written(m: Machine, node: ast.stmt) -> bool:
    """Whether a statement imports a module whose file the notebook has written."""
    match node:
        case ast.Import(names=names):
            return any(alias.name.partition(".")[0] in m.written_modules for alias in names)
        case ast.ImportFrom(module=str(module), level=0):
            return module.partition(".")[0] in m.written_modules
    return False


def _same_root(one: str, other: str) -> bool:
    first, second = (text.removeprefix("import ").split(".")[0] for text in (one, other))
    return one.startswith("import ") and " as " not in one and first == second


def _import_star(m: Machine, frame: Frame, module: str, node: ast.ImportFrom) -> None:
    definitions.touch_module(m, module, node)
    names = definitions.public_names(module)
    if names is None:
        m.report(
            "KL209",
            f"`from {module} import *`: dynamic import, its names are not known before it runs",
            node,
            hint=f"name what you need: `from {module} import a, b`",
        )
        return
    for name in names:
        origin = Import(f"from {module} import {name}", m.cell, node.lineno)
        m.bind(name, m.external(f"{module}.{name}"), node, None if m.uncertain else origin)


def _pass(m: Machine, frame: Frame, node: ast.stmt) -> None:
    """``pass``, ``global`` and ``nonlocal`` do nothing when they run."""


_STATEMENTS: dict[type[ast.stmt], Callable[[Machine, Frame, Any], None]] = {
    ast.Expr: _expression,
    ast.Assign: _assign,
    ast.AnnAssign: _annotated,
    ast.AugAssign: _augmented,
    ast.Delete: _delete,
    ast.If: _if,
    ast.For: _for,
    ast.AsyncFor: _for,
    ast.While: _while,
    ast.Break: _break,
    ast.Continue: _continue,
    ast.Try: _try,
    ast.TryStar: _try,
    ast.With: _with,
    ast.AsyncWith: _with,
    ast.Match: _match,
    ast.Return: _return,
    ast.Raise: _raise,
    ast.Assert: _assert,
    ast.Import: _import,
    ast.ImportFrom: _import_from,
    ast.Pass: _pass,
    ast.Global: _pass,
    ast.Nonlocal: _pass,
    ast.FunctionDef: definitions.define_function,
    ast.AsyncFunctionDef: definitions.define_function,
    ast.ClassDef: definitions.define_class,
}
