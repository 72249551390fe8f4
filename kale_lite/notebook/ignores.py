"""Comments that switch findings off: ``# kale-lite: ignore[KL301]`` for a line, or alone on a line for the cell."""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from kale_lite.diagnostics import CODES, Diagnostic, Location, diagnose
from kale_lite.notebook.model import Cell, Role

__all__ = ["Ignore", "apply_ignores", "read_ignores"]

_PRAGMA = re.compile(r"#\s*kale[-_ ]?lite\s*:\s*(?P<rest>[^#]*)", re.IGNORECASE)
_IGNORE = re.compile(r"ignore\s*\[(?P<codes>[^\]]*)\]")
_FORM = "write `# kale-lite: ignore[KL301]`, or several codes: `ignore[KL108, KL301]`"


@dataclass(frozen=True, slots=True)
class Ignore:
    """One comment: its place, its codes, and the lines of the cell it is for (``None``: all of them)."""

    place: Location
    codes: tuple[str, ...]
    lines: range | None

    def covers(self, code: str, place: Location | None) -> bool:
        """Whether the comment speaks of this finding."""
        if code not in self.codes or place is None or place.cell != self.place.cell:
            return False
        return self.lines is None or place.line in self.lines


def read_ignores(cells: Iterable[Cell]) -> tuple[tuple[Ignore, ...], tuple[Diagnostic, ...]]:
    """The comments of the cells that are in the pipeline, and what is wrong with the way they are written."""
    found: list[Ignore] = []
    problems: list[Diagnostic] = []
    for cell in cells:
        if cell.role is Role.SKIP or "kale" not in cell.source.lower():
            continue
        for text, place, lines in _comments(cell):
            for match in _PRAGMA.finditer(text):
                codes = _codes(match["rest"], place, problems)
                if codes:
                    found.append(Ignore(place, codes, lines))
    return tuple(found), tuple(problems)


def _comments(cell: Cell) -> Iterator[tuple[str, Location, range | None]]:
    """Each comment with its place and the lines it is for: those of its statement, or None when it stands alone."""
    started, pending = 0, []
    try:
        for token in tokenize.generate_tokens(io.StringIO(cell.source).readline):
            line, column = token.start
            if token.type == tokenize.COMMENT:
                pending.append((token.string, Location(cell.number, line, column + 1)))
            elif token.type in (tokenize.NEWLINE, tokenize.NL) and (token.type == tokenize.NEWLINE or not started):
                for text, place in pending:
                    yield text, place, range(started, line + 1) if started else None
                started, pending = 0, []
            elif token.type not in (tokenize.INDENT, tokenize.DEDENT, tokenize.NL):
                started = started or line
    except (tokenize.TokenError, SyntaxError):
        # Magics and shell lines need not be Python's tokens: from here on, each line speaks for itself.
        first = pending[0][1].line if pending else started or 1
        yield from _plain_comments(cell, first)


def _plain_comments(cell: Cell, first: int) -> Iterator[tuple[str, Location, range | None]]:
    for number, line in enumerate(cell.source.splitlines(), 1):
        column = line.find("#")
        if number >= first and column >= 0:
            alone = not line[:column].strip()
            yield line[column:], Location(cell.number, number, column + 1), None if alone else range(number, number + 1)


def _codes(rest: str, place: Location, problems: list[Diagnostic]) -> tuple[str, ...]:
    match = _IGNORE.match(rest)
    if match is None:
        problems.append(diagnose("KL601", f"the comment `kale-lite: {rest.strip()}` does not parse", place, hint=_FORM))
        return ()
    codes = tuple(dict.fromkeys(code.strip() for code in match["codes"].split(",") if code.strip()))
    if not codes:
        problems.append(diagnose("KL601", "the ignore comment names no code", place, hint=_FORM))
    for code in codes:
        if code not in CODES:
            known = ", ".join(known.number for known in CODES.values() if known.ignorable)
            hint = (
                f"do you mean {code.upper()}?" if code.upper() in CODES else f"codes that may be ignored are: {known}"
            )
            problems.append(diagnose("KL601", f"there is no code {code!r} to ignore", place, hint=hint))
    return tuple(code for code in codes if code in CODES)


def apply_ignores(
    diagnostics: Iterable[Diagnostic], ignores: Iterable[Ignore], *, complete: bool = True
) -> tuple[Diagnostic, ...]:
    """The findings that are left, and one for each ignored code that has no effect.

    ``complete`` says that the analysis came to its end; before that, a comment that matches nothing is not told.
    """
    ignores, kept = tuple(ignores), []
    used: set[tuple[Ignore, str]] = set()
    for finding in diagnostics:
        mine = [i for i in ignores if i.covers(finding.code, finding.location)]
        used.update((i, finding.code) for i in mine)
        if not mine or not CODES[finding.code].ignorable:
            kept.append(finding)
    for ignore in ignores:
        kept += [_without_effect(ignore, code) for code in ignore.codes
                 if not CODES[code].ignorable or (complete and (ignore, code) not in used)]  # fmt: skip
    return tuple(kept)


def _without_effect(ignore: Ignore, code: str) -> Diagnostic:
    title = CODES[code].title
    if not CODES[code].ignorable:
        return diagnose(
            "KL602",
            f"{code} ({title}) cannot be ignored: without it a run could end with other results than the notebook",
            ignore.place,
            hint=f"remove {code} from the comment; `kale-lite explain {code}` says how to settle it",
        )
    where = "on this line" if ignore.lines is not None else "in this cell"
    return diagnose(
        "KL603",
        f"there is no {code} ({title}) {where}: the comment has no effect",
        ignore.place,
        hint="remove it; alone on a line the comment is for the whole cell, at the end of a line for that line",
    )
