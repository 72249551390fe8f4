"""Exceptions that a notebook keeps: with their traceback, cause and context, which pickle leaves out.

A traceback arrives with files, functions and lines, as it is printed; the variables of its frames do not travel.
"""

from __future__ import annotations

import ast
import itertools
import types
from typing import Any, Dict, List, NamedTuple, Optional, Tuple

from .sources import lines_of, remember

__all__ = ["reduce_exception"]


class _Entry(NamedTuple):
    file: str
    function: str
    line: int
    place: Tuple[int, int, int, int]
    module: str
    lines: Optional[List[str]]
    """The source, where there is no such file."""


class _Raised(Exception):
    """Raised to get a frame."""


def reduce_exception(error: BaseException) -> Any:
    """How to pickle an exception."""
    extra = (_entries(error), error.__cause__, error.__context__, error.__suppress_context__)
    if type(error).__reduce__ is BaseException.__reduce__:
        return _make, (type(error), error.args), (dict(error.__dict__), extra), None, None, _fill
    reduced: Any = error.__reduce__()
    if isinstance(reduced, str):
        return reduced
    return reduced[0], reduced[1], (reduced[2] if len(reduced) > 2 else None, extra), None, None, _fill


def _make(kind: Any, arguments: Tuple[Any, ...]) -> Any:
    """Past an ``__init__`` of the notebook's own, which need not take what the exception keeps as its arguments."""
    made = kind.__new__(kind, *arguments)
    builtin = next(base for base in kind.__mro__ if base.__module__ == "builtins")
    builtin.__init__(made, *arguments)
    return made


def _fill(error: BaseException, state: Tuple[Optional[Dict[str, Any]], Tuple[Any, ...]]) -> None:
    own, (entries, cause, context, suppressed) = state
    if own:
        error.__setstate__(own)
    error.__cause__, error.__context__, error.__suppress_context__ = cause, context, suppressed
    error.__traceback__ = _traceback(entries)


def _entries(error: BaseException) -> List[_Entry]:
    found = []
    place = error.__traceback__
    while place is not None:
        code = place.tb_frame.f_code
        module = str(place.tb_frame.f_globals.get("__name__", ""))
        found.append(
            _Entry(code.co_filename, code.co_name, place.tb_lineno, _place(place), module, lines_of(code.co_filename))
        )
        place = place.tb_next
    return found


def _traceback(entries: List[_Entry]) -> Optional[types.TracebackType]:
    made = None
    for entry in reversed(entries):
        if entry.lines is not None:
            remember(entry.file, entry.lines)
        frame = _frame(entry)
        made = types.TracebackType(made, frame, frame.f_lasti, entry.line)
    return made


def _frame(entry: _Entry) -> types.FrameType:
    """A frame that says of itself that it runs this place: only code that was left has one to be kept."""
    name, stop = ast.Name("_Raised", ast.Load()), ast.Raise()
    stop.exc = name
    for node in (name, stop):
        node.lineno, node.end_lineno, node.col_offset, node.end_col_offset = entry.place
    code = compile(ast.Module([stop], []), entry.file, "exec", dont_inherit=True).replace(co_name=entry.function)
    try:
        exec(code, {"_Raised": _Raised, "__name__": entry.module, "__file__": entry.file})
    except _Raised as raised:
        inner = raised.__traceback__ and raised.__traceback__.tb_next
        if inner is not None:
            return inner.tb_frame
    raise RuntimeError("no frame was left")  # cannot be: the code does nothing but raise


def _place(traceback: types.TracebackType) -> Tuple[int, int, int, int]:
    """First and last line and column of what was running; columns are -1 where they are not known."""
    positions = getattr(traceback.tb_frame.f_code, "co_positions", None)  # since Python 3.11
    found = next(itertools.islice(positions(), traceback.tb_lasti // 2, None), None) if positions is not None else None
    if found is None or None in found:
        return traceback.tb_lineno, traceback.tb_lineno, -1, -1
    return found  # type: ignore[no-any-return]
