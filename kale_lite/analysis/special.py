"""Calls with a meaning of their own: dynamic code, attribute access by name, imports, paths as text."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from kale_lite.analysis import calls, definitions, expressions, namespace, statements
from kale_lite.analysis.canonical import BUILTINS
from kale_lite.analysis.heap import ADDRESS, NOTHING, UNKNOWN_TEXT, Value, joined
from kale_lite.analysis.machine import Frame, Machine
from kale_lite.analysis.scope import scopes

if TYPE_CHECKING:
    from kale_lite.analysis.calls import Arguments

__all__ = ["known_external", "special_call", "text_method"]

_JOINS = frozenset({"os.path.join", "pathlib.Path", "pathlib.PurePath", "pathlib.PosixPath", "pathlib.PurePosixPath"})
_SAME_TEXT = frozenset({"str", "os.fspath", "os.path.normpath", "os.path.expanduser"})
_IMPORTERS = frozenset({"__import__", "importlib.import_module"})
_BACKENDS = frozenset({"matplotlib.use", "matplotlib.pyplot.switch_backend"})


def special_call(m: Machine, frame: Frame, node: ast.Call) -> Value | None:
    """The value of a call that has a meaning of its own; None for any other."""
    if isinstance(node.func, ast.Attribute):
        return _super_method(m, frame, node, node.func)
    if not isinstance(node.func, ast.Name) or node.func.id in m.names:
        return None
    name = node.func.id
    if name not in BUILTINS and name != "get_ipython":
        return None
    handler = _HANDLERS.get(name)
    return handler(m, frame, node) if handler is not None else None


def _super_method(m: Machine, frame: Frame, node: ast.Call, func: ast.Attribute) -> Value | None:
    """``super().method(...)``: looked up in the bases, bound to the same instance."""
    match func.value:
        case ast.Call(func=ast.Name("super")):
            pass
        case _:
            return None
    owner = frame.owner
    while owner is None and frame.parent is not None:
        frame = frame.parent
        owner = frame.owner
    arguments = calls.evaluate_arguments(m, frame, node)
    if owner is None:
        return calls.unknown_call(m, frame, node, NOTHING, arguments)
    bases = namespace.classes_of(m, owner)[1:]
    held = [m.heap[i] for base in bases for i in sorted(base.attrs.get(func.attr, ()))]
    if held:
        full = (frame.receiver, *arguments.positional)
        methods = Value(frozenset(t.id for t in held if t.kind == "function") or
                        frozenset(i for t in held for i in t.items))  # fmt: skip
        return calls.call_value(m, frame, methods, full, node)
    if func.attr in ("__init__", "__new__", "__init_subclass__", "__setattr__"):
        for thing in m.heap.things(frame.receiver):
            m.heap.hold(thing, joined(arguments.all or (NOTHING,)).objects)
            m.mutate([thing.id], node)
        return frame.receiver
    return calls.unknown_call(m, frame, node, frame.receiver, arguments)


def _exec(m: Machine, frame: Frame, node: ast.Call) -> Value | None:
    values = [expressions.evaluate(m, frame, argument) for argument in node.args]
    if len(node.args) > 1 or node.keywords:
        return calls.unknown_call(m, frame, node, NOTHING, calls.Arguments(tuple(values[1:])))
    code = values[0].text if values else None
    if code is None or UNKNOWN_TEXT in code or frame.kind != "module":
        name = node.func.id if isinstance(node.func, ast.Name) else "exec"
        return m.refuse_dynamic(
            frame,
            f"`{name}` runs dynamic code that analysis cannot follow",
            node,
            hint=f"write the code into the cell, or give it a namespace of its own: {name}(code, {{...}})",
        )
    return _run_text(m, frame, node, code)


def _run_text(m: Machine, frame: Frame, node: ast.Call, code: str) -> Value:
    """Code in a constant string is as good as code in the cell."""
    try:
        tree = ast.parse(code.strip())
        m.scopes.update(scopes(tree, ast.unparse(tree)))
    except SyntaxError as error:
        m.report("KL201", f"syntax error in the text given to exec or eval: {error.msg}", node)
        return NOTHING
    m.keep_alive.append(tree)
    for child in ast.walk(tree):
        ast.copy_location(child, node)
    if len(tree.body) == 1 and isinstance(tree.body[0], ast.Expr):
        return expressions.evaluate(m, frame, tree.body[0].value)
    statements.run_block(m, frame, tree.body)
    return NOTHING


def _namespace(m: Machine, frame: Frame, node: ast.Call) -> Value | None:
    if node.args or node.keywords:
        return None
    name = node.func.id if isinstance(node.func, ast.Name) else ""
    if name != "globals" and frame.kind != "module":
        held = m.opaque(node, frame, "builtins.dict")
        m.heap.hold(held, joined([*frame.local.values(), NOTHING]).objects)
        return Value(frozenset({held.id}))
    m.report(
        "KL209",
        f"`{name}()` gives dynamic access to all variables, which analysis cannot follow",
        node,
        hint="use the variables themselves, or keep such values in a dict of your own",
    )
    return NOTHING


def _dir(m: Machine, frame: Frame, node: ast.Call) -> Value | None:
    """Without an argument the names of the running scope."""
    return None if node.args or node.keywords or frame.kind != "module" else _namespace(m, frame, node)


def _constant_name(node: ast.Call) -> str | None:
    match node.args:
        case [_, ast.Constant(value=str(name)), *_]:
            return name
    return None


def _getattr(m: Machine, frame: Frame, node: ast.Call) -> Value | None:
    name = _constant_name(node)
    if name is None:
        return None
    default = expressions.evaluate(m, frame, node.args[2]) if len(node.args) > 2 else NOTHING
    read = ast.copy_location(ast.Attribute(node.args[0], name, ast.Load()), node)
    return joined([m.synthetic(frame, node, read), default])


def _hasattr(m: Machine, frame: Frame, node: ast.Call) -> Value | None:
    """Runs a property, as reading the attribute does."""
    return None if _getattr(m, frame, node) is None else NOTHING


def _setattr(m: Machine, frame: Frame, node: ast.Call) -> Value | None:
    from kale_lite.analysis.assignment import assign

    name = _constant_name(node)
    if name is None or len(node.args) != 3:
        return None
    value = expressions.evaluate(m, frame, node.args[2])
    target = ast.copy_location(ast.Attribute(node.args[0], name, ast.Store()), node)
    assign(m, frame, target, value, None)
    return NOTHING


def _identity(m: Machine, frame: Frame, node: ast.Call) -> Value | None:
    """The address of an object, which is another one in each step that it gets to."""
    for argument in node.args:
        m.identify(expressions.evaluate(m, frame, argument).objects)
    address = m.opaque(node, frame, ADDRESS, mutable=False)
    m.addresses.add(address.id)
    return Value(frozenset({address.id}))


def _type(m: Machine, frame: Frame, node: ast.Call) -> Value | None:
    if len(node.args) != 1:
        return None
    value = expressions.evaluate(m, frame, node.args[0])
    classes = [t.code.id for t in m.heap.things(value) if t.kind == "instance" and t.code is not None]
    return Value(frozenset(classes))


def _kernel(m: Machine, frame: Frame, node: ast.Call) -> Value | None:
    m.report(
        "KL209",
        "`get_ipython()` gives dynamic access to the kernel, which analysis cannot follow",
        node,
        hint="use the magic itself (`%time ...`), or plain Python",
    )
    return NOTHING


_HANDLERS = {
    "exec": _exec,
    "eval": _exec,
    "dir": _dir,
    "globals": _namespace,
    "locals": _namespace,
    "vars": _namespace,
    "getattr": _getattr,
    "hasattr": _hasattr,
    "setattr": _setattr,
    "id": _identity,
    "type": _type,
    "get_ipython": _kernel,
}


def known_external(m: Machine, frame: Frame, node: ast.AST, dotted: str, arguments: Arguments) -> Value | None:
    """Library calls whose result is known beyond what the catalogue can say."""
    if dotted in _JOINS or dotted in _SAME_TEXT:
        kind = "pathlib.Path" if dotted.startswith("pathlib") else "builtins.str"
        return _path_text(arguments, kind)
    if dotted in _IMPORTERS and arguments.positional and arguments.positional[0].text:
        name = arguments.positional[0].text
        definitions.touch_module(m, name, node)
        return m.external(name)
    if dotted == "numpy.shares_memory" or dotted == "numpy.may_share_memory":
        m.identify(joined(arguments.all or (NOTHING,)).objects)
        return NOTHING
    if dotted == "dataclasses.field":
        made = m.opaque(node, frame, namespace.FIELD)
        made.code = arguments.at("kw:default_factory")
        m.heap.hold(made, (arguments.at("kw:default") or NOTHING).objects)
        return Value(frozenset({made.id}))
    if dotted == "ipython.names":
        m.read_all(node)
        return NOTHING
    if dotted in ("kernel.display", "IPython.display.display"):
        expressions.show(m, frame, joined(arguments.all or (NOTHING,)), node)
        if dotted == "kernel.display":
            return NOTHING
    if m.log.backend is None and _keeps_figures(dotted, [value.text for value in arguments.positional]):
        m.log.backend = m.cause(node)
    return None


def _keeps_figures(dotted: str, texts: list[str | None]) -> bool:
    """Whether a call chooses a backend of matplotlib that leaves figures open at the end of a cell."""
    if dotted not in _BACKENDS and (dotted, texts[:1]) != ("ipython.setting", ["matplotlib"]):
        return False
    return not texts or texts[-1] is None or "inline" not in texts[-1]


def _path_text(arguments: Arguments, kind: str) -> Value | None:
    if any(value.objects for value in arguments.all):
        return None if kind == "builtins.str" else Value(text=UNKNOWN_TEXT, type=kind)
    parts = [UNKNOWN_TEXT if v.text is None else v.text for v in arguments.positional]
    return Value(text="/".join(parts) if parts else ".", type=kind)


def text_method(receiver: Value, name: str, arguments: Arguments) -> Value | None:
    """Methods of known strings and paths that make another one."""
    if receiver.objects or receiver.text is None:
        return None
    if receiver.type == "pathlib.Path":
        if name == "joinpath":
            parts = [UNKNOWN_TEXT if v.text is None else v.text for v in arguments.positional]
            return Value(text="/".join([receiver.text, *parts]), type="pathlib.Path")
        if name in ("resolve", "absolute", "expanduser"):
            return receiver
        if name in ("with_suffix", "with_name", "with_stem", "relative_to"):
            return Value(text=UNKNOWN_TEXT, type="pathlib.Path")
    elif name == "format":
        return Value(text=re.sub(r"\{[^{}]*\}", UNKNOWN_TEXT, receiver.text), type="builtins.str")
    return None
