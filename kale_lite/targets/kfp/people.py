"""Outputs for people: the typed artifacts of a step beside its payloads. KFP wants their types when it compiles."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from kale_lite.notebook.model import Notebook
from kale_lite.pipeline import Metric, Step
from kale_lite.targets.kfp.imports import parsed

__all__ = ["Copy", "copies_of"]

_MOST = 20
"""Copies of one kind that a step gives: those that go to other steps first."""
_ARTIFACTS = {"table": "Dataset", "model": "Model", "figure": "HTML", "classification": "ClassificationMetrics"}
_PREFIXES = {"table": "dataset", "model": "model", "classification": "classification"}
_SOURCES = re.compile(
    r"^(confusion_matrix|crosstab|roc_curve|ConfusionMatrixDisplay|RocCurveDisplay|from_predictions|from_estimator)$"
)
_TELLING = re.compile(r"confusion|conf_?mat|(^|_)cm($|_)|(^|_)roc(_curve)?$", re.I)
_NUMBERS = re.compile(r"score|auc|float|int|round|sum|mean|len|min|max")
_WRAPPERS = frozenset(
    {"DataFrame", "array", "asarray", "list", "tuple", "dict", "zip", "tolist", "astype", "round", "to_numpy"}
)
_RATES = (("fpr",), ("tpr",), ("thresholds", "threshold"))


@dataclass(frozen=True, slots=True)
class Copy:
    """One output for people.

    ``kind`` is ``table``, ``model``, ``figure`` or ``classification``, ``names`` are the variables (or metrics) that
    it shows: one, but for figures and for a curve that is reported in parts. ``shown`` is what it is called,
    ``artifact`` its type in KFP.
    """

    kind: str
    names: tuple[str, ...]
    shown: str
    artifact: str


def copies_of(step: Step, notebook: Notebook) -> tuple[tuple[Copy, ...], tuple[str, ...]]:
    """The outputs for people of a step, and the names that are too many for that."""
    if step.options.copies is False:
        return (), ()
    given = {name for save in step.saves for name in save.names}
    found: list[Copy] = []
    left: list[str] = []
    for kind in ("table", "model"):
        names = sorted((n for n, one in step.kinds.items() if one == kind), key=lambda n: (n not in given, n))
        found += [_copy(kind, (name,)) for name in names[:_MOST]]
        left += names[_MOST:]
    figures = tuple(name for name, kind in step.kinds.items() if kind == "figure")
    if figures:
        found.append(Copy("figure", figures, "figures", "HTML"))
    found += [_copy("classification", names) for names in _classifications(step.metrics, notebook)]
    return tuple(found), tuple(left)


def _copy(kind: str, names: tuple[str, ...]) -> Copy:
    shown = names[0] if len(names) == 1 else "roc"
    return Copy(kind, names, f"{_PREFIXES[kind]}_{shown}", _ARTIFACTS[kind])


def _classifications(metrics: Sequence[Metric], notebook: Notebook) -> Iterator[tuple[str, ...]]:
    """The metrics that look like a confusion matrix or a curve, by the calls that made them or by their names."""
    if not metrics:
        return
    made = _made(notebook)
    own = {metric.name: metric.expression for metric in metrics}
    parts = [next((name for name, text in own.items() if text in rate), "") for rate in _RATES]
    rates = {own.get(name) for name in parts[:2]}
    together = tuple(filter(None, parts)) if rates <= made.unpacked else ()
    if together:
        yield together
    for name, text in own.items():
        if name not in together and (_wraps(ast.parse(text, mode="eval").body, made.names) or made.is_told(text)):
            yield (name,)


@dataclass(frozen=True, slots=True)
class _Made:
    """Assignments of a notebook: ``values`` by name, ``names`` of those that hold a matrix or a curve.

    ``unpacked`` are names that take a part of what a call gives.
    """

    values: Mapping[str, Sequence[ast.expr]]
    names: frozenset[str]
    unpacked: frozenset[str]

    def is_told(self, name: str) -> bool:
        """Whether a name tells what it is, and calls of which nothing is known made it."""
        values = self.values.get(name, ())
        unknown = all(isinstance(one, ast.Call) and not _NUMBERS.search(_called(one)) for one in values)
        return bool(_TELLING.search(name)) and name.isidentifier() and unknown


def _made(notebook: Notebook) -> _Made:
    values: dict[str, list[ast.expr]] = {}
    unpacked: set[str] = set()
    for node in (node for cell in notebook.cells for tree in parsed(cell.source) for node in ast.walk(tree)):
        if not isinstance(node, ast.Assign):
            continue
        for target in node.targets:
            match target, node.value:
                case ast.Name(id=name), value:
                    values.setdefault(name, []).append(value)
                case ast.Tuple(elts=parts) | ast.List(elts=parts), ast.Call():
                    unpacked |= {part.id for part in parts if isinstance(part, ast.Name)}
    names: frozenset[str] = frozenset()
    while True:
        more = frozenset(name for name, found in values.items() if any(_wraps(one, names) for one in found))
        if more == names:
            return _Made(values, names, frozenset(unpacked))
        names = more


def _called(node: ast.Call) -> str:
    """The last part of a called function's name."""
    function = node.func
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def _wraps(node: ast.expr, names: Iterable[str]) -> bool:
    """Whether an expression is a matrix or curve: a call that makes one, a name of one, or those in another form."""
    match node:
        case ast.Name(id=name):
            return name in names
        case ast.Tuple(elts=parts) | ast.List(elts=parts):
            return any(_wraps(one, names) for one in parts)
        case ast.Dict(values=parts):
            return any(_wraps(one, names) for one in parts)
        case ast.BinOp(left=left):
            return _wraps(left, names)
        case ast.Call(func=function, args=args, keywords=keywords):
            called = _called(node)
            if _SOURCES.match(called):
                return True
            inside = [*args, *(one.value for one in keywords)]
            inside += [function.value] if isinstance(function, ast.Attribute) else []
            return called in _WRAPPERS and any(_wraps(one, names) for one in inside)
    return False
