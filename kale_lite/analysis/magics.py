"""What IPython's magics mean to the analysis: each becomes plain code or a known call.

IPython turns ``%time y = f(x)`` into ``get_ipython().run_line_magic('time', 'y = f(x)')``. Here that
becomes the code it runs, or a call of the pseudo-module ``ipython`` whose effects stand in
``catalogue/ipython.yml`` like those of any library.
"""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Callable, Iterable
from string import Formatter
from typing import TypeVar

__all__ = ["IPYTHON", "MagicError", "Magics"]

IPYTHON = "__kale_lite_ipython__"
"""The name that stands for the pseudo-module ``ipython`` in transformed code."""

_RUN_CODE = frozenset({"time", "prun", "memit", "mprun", "lprun", "debug", "pyinstrument", "scalene"})
_TIMEIT = frozenset({"timeit", "memit"})
_SCRIPTS = frozenset(
    {"bash", "sh", "script", "system", "sx", "!", "perl", "ruby", "cmd", "python", "python2", "python3", "pypy"}
)
_DISPLAY = frozenset({"html", "HTML", "markdown", "latex", "javascript", "js", "svg", "SVG"})
_FILE = frozenset({"writefile", "file"})
_HARMLESS = frozenset({
    "pinfo", "pinfo2", "psource", "pdoc", "pfile", "pdef", "lsmagic", "magic", "page", "quickref", "colors", "pdb",
    "automagic", "alias_magic", "xmode", "matplotlib", "autosave", "tb", "load_ext", "reload_ext", "unload_ext",
    "autoreload", "config", "clear", "cls", "watermark", "dirs", "connect_info",
})  # fmt: skip
_LISTING = frozenset({"who", "who_ls", "whos", "psearch"})
"""They list variables, so the step needs all of them."""
_SHELL_LINE = frozenset(
    {
        "system",
        "sx",
        "sc",
        "ls",
        "ll",
        "cat",
        "cp",
        "mv",
        "rm",
        "mkdir",
        "rmdir",
        "man",
        "more",
        "less",
        "pip",
        "conda",
        "mamba",
        "uv",
        "bookmark",
    }
)
_DYNAMIC = frozenset(
    {
        "run",
        "load",
        "loadpy",
        "macro",
        "store",
        "reset",
        "reset_selective",
        "xdel",
        "edit",
        "rerun",
        "recall",
        "rep",
        "pastebin",
        "pylab",
        "cython",
    }
)
_REPLAYED = frozenset({"load_ext", "reload_ext", "autoreload", "config"})
_STATE = {"pwd": "getcwd", "cd": "chdir", "pushd": "chdir", "popd": "chdir", "set_env": "set_env"}


N = TypeVar("N", bound=ast.AST)


class MagicError(Exception):
    """A magic that cannot become code: ``code`` and ``message`` of the diagnostic, ``line`` in the cell."""

    def __init__(self, code: str, message: str, hint: str, line: int) -> None:
        super().__init__(message)
        self.code, self.message, self.hint, self.line = code, message, hint, line


class Magics(ast.NodeTransformer):
    """Replaces calls of IPython's magic functions. ``parse`` turns IPython source into a tree."""

    def __init__(self, parse: Callable[[str], ast.Module]) -> None:
        self._parse = parse

    def visit_Expr(self, node: ast.Expr) -> ast.AST | list[ast.stmt]:
        """A magic on a line of its own may become several statements."""
        name, line, body = _magic(node.value)
        if name is None:
            return self.generic_visit(node)
        if body is not None:
            return self._cell_magic(name, line, body, node)
        if name in _TIMEIT:
            return self._timed(_without_flags(line), node)
        if name in _RUN_CODE:
            return self._inline(_without_flags(line), node.lineno)
        return ast.copy_location(ast.Expr(self._line_magic(name, line, node.value)), node)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        name, line, body = _magic(node)
        if name is not None and body is None:
            return self._line_magic(name, line, node)
        method = _shell_method(node)
        if method is not None and isinstance(node.args[0], ast.Constant):
            return _call("shell", _interpolated(str(node.args[0].value)), node)
        return self.generic_visit(node)

    def _line_magic(self, name: str, line: str, node: ast.AST) -> ast.expr:
        if name in _TIMEIT or name in _RUN_CODE:
            code = self._parse(_without_flags(line))
            if len(code.body) == 1 and isinstance(code.body[0], ast.Expr):
                timed = ast.Lambda(_no_arguments(), code.body[0].value)
                return _call("timeit", [_moved(timed, node)], node)
            raise _refusal(name, "only an expression can stand on the right of an assignment", node)
        if name == "env":
            return _environment(line, node)
        if name in _STATE:
            return _call(_STATE[name], _interpolated(line), node)
        if name in _REPLAYED:
            return _call("setting", [ast.Constant(name), ast.Constant(line)], node)
        if name == "matplotlib" and line.strip() not in ("", "--list", "-l"):
            # Figures are shown inline from the start; `flow` knows whether another backend was chosen since.
            known = "display" if line.strip() == "inline" else "setting"
            return _call(known, [ast.Constant(name), ast.Constant(line.strip())], node)
        if name in _LISTING:
            return _call("names", [], node)
        if name in _HARMLESS:
            names = _identifiers(line) if name.startswith("p") else []
            return _call("display", names, node)
        if name in _SHELL_LINE:
            return _call("shell", _interpolated(line), node)
        raise _runs_notebook(line, node) if name == "run" and ".ipynb" in line else _refusal(name, "", node)

    def _cell_magic(self, name: str, line: str, body: str, node: ast.Expr) -> list[ast.stmt]:
        inner = node.lineno + 1
        if name == "capture":
            target = [word for word in line.split() if word.isidentifier()]
            return [*self._inline(body, inner), *(_bind(word, "capture", node) for word in target)]
        if name in _TIMEIT:
            setup = self._inline(_without_flags(line), node.lineno)
            return [*setup, *self._timed(body, node, inner)]
        if name in _RUN_CODE:
            return [*self._inline(_without_flags(line), node.lineno), *self._inline(body, inner)]
        if name in _FILE:
            words = shlex.split(line)
            path = next((word for word in words if not word.startswith("-")), "")
            kind = "append_file" if "-a" in words or "--append" in words else "write_file"
            return [_statement(_call(kind, [ast.Constant(path)], node), node)]
        if name in _DISPLAY:
            return [_statement(_call("display", [], node), node)]
        if name in _SCRIPTS:
            found = re.findall(r"--(?:out|err)(?:=|\s+)(\w+)", line)
            call = _statement(_call("shell", [], node), node)
            return [call, *(_bind(word, "text", node) for word in found)]
        raise _refusal(name, "", node, cell=True)

    def _inline(self, source: str, line: int) -> list[ast.stmt]:
        """The statements of code that a magic runs in the notebook's namespace."""
        try:
            tree = self._parse(source)
        except SyntaxError as error:
            error.lineno = (error.lineno or 1) + line - 1
            raise
        return list(ast.increment_lineno(tree, line - 1).body) if tree.body else []

    def _timed(self, source: str, node: ast.Expr, line: int | None = None) -> list[ast.stmt]:
        """Code that runs in a scope of its own: it reads the namespace and binds nothing in it."""
        body = self._inline(source, line or node.lineno)
        if not body:
            return []
        name = f"{IPYTHON}timed"
        function = ast.FunctionDef(name, _no_arguments(), body, [], None, None)
        call = ast.Expr(ast.Call(ast.Name(name, ast.Load()), [], []))
        return [_moved(function, node, deep=False), _moved(call, node)]


def _magic(node: ast.AST) -> tuple[str | None, str, str | None]:
    """(name, line, body) of ``get_ipython().run_line_magic/run_cell_magic``; name None for other nodes."""
    method = _ipython_method(node)
    if method is None or not isinstance(node, ast.Call):
        return None, "", None
    words = [arg.value for arg in node.args if isinstance(arg, ast.Constant)]
    texts = [word for word in words if isinstance(word, str)]
    if method == "run_line_magic" and len(texts) == len(node.args) == 2:
        return texts[0], texts[1], None
    if method == "run_cell_magic" and len(texts) == len(node.args) == 3:
        return texts[0], texts[1], texts[2]
    return None, "", None


def _shell_method(node: ast.Call) -> str | None:
    method = _ipython_method(node)
    return method if method in ("system", "getoutput") and len(node.args) == 1 else None


def _ipython_method(node: ast.AST) -> str | None:
    match node:
        case ast.Call(func=ast.Attribute(value=ast.Call(func=ast.Name("get_ipython"), args=[]), attr=attr)):
            return attr
    return None


def _without_flags(line: str) -> str:
    """The code after a magic's options (``-n1 -r 3 -o``)."""
    return re.sub(r"^(\s*-(?:[nrpslTDm]\s*\S+|[a-zA-Z]+)(?=\s|$))+", "", line).strip()


def _environment(line: str, node: ast.AST) -> ast.expr:
    text = line.strip()
    if "=" in text or " " in text:
        return _call("set_env", _interpolated(line), node)
    return _call("get_env", [ast.Constant(text)], node)


def _interpolated(text: str) -> list[ast.expr]:
    """The expressions that IPython puts into a shell or magic line: ``{x + 1}``, ``$name``."""
    found: list[ast.expr] = []
    try:
        fields = [field for _, field, _, _ in Formatter().parse(text) if field]
    except ValueError:
        fields = re.findall(r"\{([^{}]+)\}", text)
    for field in fields:
        try:
            found.append(ast.parse(field.strip(), mode="eval").body)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
    names = re.findall(r"(?<![\\$])\$\{?([A-Za-z_]\w*)", text)
    return [*found, *(ast.Name(f"{IPYTHON}maybe_{name}", ast.Load()) for name in names)]


def _identifiers(text: str) -> list[ast.expr]:
    return [ast.Name(f"{IPYTHON}maybe_{word}", ast.Load()) for word in re.findall(r"[A-Za-z_]\w*", text)[:1]]


def _call(function: str, arguments: Iterable[ast.expr], node: ast.AST) -> ast.expr:
    func = ast.Attribute(ast.Name(IPYTHON, ast.Load()), function, ast.Load())
    return _moved(ast.Call(func, list(arguments), []), node)


def _bind(name: str, function: str, node: ast.AST) -> ast.stmt:
    return _moved(ast.Assign([ast.Name(name, ast.Store())], _call(function, [], node)), node)


def _statement(call: ast.expr, node: ast.AST) -> ast.stmt:
    return _moved(ast.Expr(call), node)


def _no_arguments() -> ast.arguments:
    return ast.arguments([], [], None, [], [], None, [])


def _moved(node: N, place: ast.AST, *, deep: bool = True) -> N:
    """The node with the line and column of another."""
    for child in ast.walk(node) if deep else (node,):
        if deep or not hasattr(child, "lineno"):
            ast.copy_location(child, place)
    return node


def _runs_notebook(line: str, node: ast.AST) -> MagicError:
    return MagicError(
        "KL209",
        f"%run {line.strip()} runs another notebook",
        "tag the cell `notebook:NAME`: the cells of that notebook are then part of the pipeline",
        getattr(node, "lineno", 1),
    )


def _refusal(name: str, why: str, node: ast.AST, *, cell: bool = False) -> MagicError:
    line = getattr(node, "lineno", 1)
    shown = f"%{'%' if cell else ''}{name}"
    if name in _DYNAMIC:
        message = f"{shown} runs dynamic code that analysis cannot follow"
        return MagicError("KL209", message, "write the code into cells, or import it from a module", line)
    message = f"magic {shown} is not supported{': ' + why if why else ''}"
    return MagicError("KL205", message, "call the library's Python function instead, or tag the cell `skip`", line)
