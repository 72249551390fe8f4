"""All calls of a library's table, run and judged."""

from __future__ import annotations

import ast
import inspect
import os
import re
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kale_lite.analysis.effects import load_catalogue
from tests.analysis.rulerun import watching
from tests.analysis.rulerun.judging import Call, run, works
from tests.analysis.rulerun.tables import Table, functions

MOST_RUNS = 5
"""Argument lists on which a name is run; then its keywords one by one."""
_FLIPPED = {"True": "False", "False": "True"}


@dataclass(slots=True)
class Report:
    """``ran`` and ``names`` count the functions and methods; ``problems`` are what rules do not say, by name."""

    names: set[str] = field(default_factory=set)
    ran: set[str] = field(default_factory=set)
    problems: dict[str, list[str]] = field(default_factory=dict)
    rules: set[str] = field(default_factory=set)
    run_rules: set[str] = field(default_factory=set)
    calls: int = 0
    silent_draws: set[str] = field(default_factory=set)

    @property
    def share(self) -> float:
        return 100 * len(self.ran) / max(1, len(self.names))


def check(table: Table) -> Report:
    """Run what a table names in a folder of its own: plain calls, then those that worked with more keywords."""
    report = Report()
    here = os.getcwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        watching.remember()
        try:
            if table.files is not None:
                table.files(Path(folder))
            groups = [list(calls) for calls in _groups(table)]
            worked = _run_all(groups, table, report, Path(folder), MOST_RUNS)
            _run_all([list(_with_keywords(call, table)) for call in worked], table, report, Path(folder), 1_000)
        finally:
            os.chdir(here)
    return report


def _run_all(groups: list[list[Call]], table: Table, report: Report, folder: Path, most: int) -> list[Call]:
    """Run each group until enough calls worked; the first that worked of each."""
    texts = list({call.text: None for calls in groups for call in calls})
    matched: dict[str, Any] = {}
    for start in range(0, len(texts), 2000):
        some = texts[start : start + 2000]
        matched.update(zip(some, load_catalogue().match(some), strict=True))
    found = []
    for calls in groups:
        known = [(c, effects) for c in calls if (effects := c.effects(matched[c.text]))]
        if known:
            _note(known, report)
        worked: list[Call] = []
        for call, effects in known:
            if _run(call, effects, table, report, folder):
                worked.append(call)
            if len(worked) >= most:
                break
        found += worked[:1]
    return found


def _note(known: list[tuple[Call, Any]], report: Report) -> None:
    report.names.add(_title(known[0][0]))
    report.rules |= {e.rule for _, effects in known for e in effects}


def _title(call: Call) -> str:
    return f"{call.type}.{call.name}" if call.receiver else call.name


def _groups(table: Table) -> Iterator[list[Call]]:
    """The calls to try, by name."""
    for name, function in functions(table).items():
        if name not in table.skipped:
            yield [Call(name, arguments, function) for arguments in table.arguments]
    for receiver, kind in table.receivers.items():
        value = table.makers[receiver]()
        for name in dir(value):
            full = f"{kind}.{name}"
            if not name.startswith("_") and full not in table.skipped and _is_method(value, name):
                yield [Call(name, a, None, receiver, kind) for a in table.method_arguments]


def _is_method(value: Any, name: str) -> bool:
    try:
        return callable(getattr(value, name))
    except Exception:
        return False


def _run(call: Call, effects: Any, table: Table, report: Report, folder: Path) -> bool:
    """Run one call; whether it worked."""
    if os.environ.get("RULERUN_TRACE"):
        os.write(2, f"{call.text}\n".encode())
    if not works(call, effects, table.makers):
        return False
    os.chdir(folder)
    if table.files is not None:
        _refill(table, folder)
    outcome = run(call, effects, table.makers)
    os.chdir(folder)
    if not outcome.worked:
        return False
    report.calls += 1
    report.ran.add(_title(call))
    report.run_rules |= {e.rule for e in effects}
    for problem in outcome.problems:
        text = f"{call.text}: {problem} [{', '.join(e.rule for e in effects)}]"
        if not any(re.search(pattern, text) for pattern in table.accepted):
            report.problems.setdefault(_title(call), []).append(text)
    return True


def _refill(table: Table, folder: Path) -> None:
    import shutil

    for entry in folder.iterdir():
        shutil.rmtree(entry) if entry.is_dir() and not entry.is_symlink() else entry.unlink()
    assert table.files is not None
    table.files(folder)


def _with_keywords(call: Call, table: Table) -> Iterator[Call]:
    """The call with one more keyword each: switches the other way round, an output, a random state, axes."""
    function = call.function if call.function is not None else getattr(table.makers[call.receiver](), call.name)
    given = {k.arg for k in call.node.keywords}
    for name, default in _keywords(function).items():
        values = [_FLIPPED[repr(default)]] if isinstance(default, bool) else KEYWORDS.get(name, [])
        for value in values if name not in given else []:
            used = {n.id for n in ast.walk(ast.parse(value)) if isinstance(n, ast.Name)} - {"True", "False", "None"}
            if used <= table.makers.keys():
                arguments = ", ".join(filter(None, (call.arguments, f"{name}={value}")))
                yield Call(call.name, arguments, call.function, call.receiver, call.type)


KEYWORDS = {"out": ["OUT", "OUT2"], "random_state": ["0", "RS"], "rng": ["GEN"], "seed": ["0"], "ax": ["AX"],
            "copy": ["False", "None"], "deep": ["False"], "where": ["MASK"], "output": ["OUT", "OUT2"], "x0": ["A"],
            "fp": ["FILE"], "file": ["FILE"], "index": ["A"], "n_jobs": ["1"], "cv": ["KF"],
            "sample_weight": ["V"], "weights": ["V"], "name": ["'in.txt'"]}  # fmt: skip


def _keywords(function: Any) -> Mapping[str, Any]:
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return {"out": None, "copy": None}
    return {p.name: p.default for p in parameters if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD, p.POSITIONAL_ONLY)}


def summary(library: str, report: Report) -> str:
    """One line of the table that is printed."""
    kinds = Counter(p.split(": ", 1)[1].split(" ")[0] for ps in report.problems.values() for p in ps)
    return (f"{library:12} {len(report.names):5} {len(report.ran):5} {report.share:5.0f} % {len(report.rules):5} "
            f"{len(report.run_rules):5} {report.calls:6} {len(report.problems):4}  {dict(kinds)}")  # fmt: skip
