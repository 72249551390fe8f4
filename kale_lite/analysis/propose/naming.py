"""Names of steps, as a data scientist would choose them: from headings, comments, models, or what cells do."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Sequence

from kale_lite.analysis.propose.traits import Traits, calls_of
from kale_lite.analysis.transform import Code
from kale_lite.notebook.names import folded

__all__ = ["Namer", "comment_of", "made_by", "model_of", "task_of"]

_SHORT, _WORDS, _LENGTH = 3, 4, 32
_ARTICLES = frozenset({"a", "an", "the"})
_FILLERS = frozenset(re.findall(r"\w+", """
    a an and are as at be by can do for from get has have how i in into is it its let lets me my next now of on or our
    out s some that the their them then these they this those to us use using we what which who will with you
"""))  # fmt: skip
_NUMBERING = re.compile(
    r"^\s*(?:(?:step|part|section|chapter|task|phase)\s+)?(?:\d+(?:\.\d+)*|[ivx]+(?=[.)]))\s*[.):–—-]*\s+", re.I
)
_VAGUE = re.compile(r"(.{1,2}|model|clf|reg|est|estimator|classifier|regressor|pipe|pipeline|grid|search|m|best)_?\d*$")
_HELPER = re.compile(r"(Scaler|Encoder|Imputer|Transformer|Vectorizer|Pipeline|Fold|Split|DataFrame|Series)$")
_CONSTRUCTOR = re.compile(r"[A-Z][A-Za-z0-9]*[a-z][A-Za-z0-9]*$|[A-Z]{2,}$")
_TRAINS = frozenset(
    {"fit", "fit_predict", "fit_transform", "train", "partial_fit", "cross_val_score", "cross_validate"}
)
_RULES = re.compile(r"^[\W_]*(.*?)[\W_]*$")
_SAVES = re.compile(r"(to_(csv|parquet|json|excel|pickle|sql|feather|hdf)|dump|save|savefig|savez|write_text|write)$")


class Namer:
    """Gives each step a name that no other step has."""

    def __init__(self, taken: Iterable[str]) -> None:
        self._taken = {folded(name) for name in taken}

    def __call__(self, *candidates: str) -> str:
        """The first candidate that is free, else the first one with a number."""
        slugs = [s for s in map(_slug, candidates) if s] or ["step"]
        numbered = (f"{slugs[0]}-{number}" for number in range(2, len(self._taken) + 3))
        name = next(n for n in (*slugs, *numbered) if folded(n) not in self._taken)
        self._taken.add(folded(name))
        return name


def _slug(text: str) -> str:
    words = folded(_NUMBERING.sub("", text)).split("-")
    dropped = _FILLERS if len(words) > _SHORT else _ARTICLES
    telling = [word for word in words if word not in dropped] or words
    slug = ""
    for word in telling[:_WORDS]:
        if slug and len(slug) + len(word) >= _LENGTH:
            break
        slug = f"{slug}-{word}" if slug else word
    return slug[:_LENGTH].strip("-")


def comment_of(code: Code) -> str:
    """The cell's first line, when it is a comment that reads like a heading."""
    first = code.cell.source.strip().split("\n")[0]
    if not first.startswith("#") or first.startswith("#!"):
        return ""
    found = _RULES.match(first)
    text = found.group(1) if found else ""
    return text if 0 < len(text.split()) <= 7 and not re.search(r"[=()\[\]]", text) else ""


def model_of(codes: Sequence[Code]) -> str:
    """What the one model that the cells fit is called; empty when they fit none or several."""
    if not any(name in _TRAINS for code in codes for name in calls_of(code.tree.body)):
        return ""
    receivers: dict[str, None] = {}
    classes: dict[str, None] = {}
    for code in codes:
        receivers.update(dict.fromkeys(_fitted(code.tree)))
        classes.update(dict.fromkeys(_constructed(code.tree)))
    telling = [name for name in receivers if not _VAGUE.match(name)]
    if len(telling) == 1:
        return telling[0]
    if len(receivers) <= 1 and classes:
        last = list(classes)[-1]
        kebab = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", last)
        return re.sub(r" (Classifier|Regressor|CV|Regression)$", "", kebab) if " " in kebab else kebab
    return next(iter(receivers), "") if len(receivers) == 1 else ""


def _fitted(tree: ast.Module) -> Iterator[str]:
    """The names of what is fitted."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(ast.Attribute(ast.Name(id=name), method)) if method in _TRAINS:
                yield name
            case ast.Assign([ast.Name(id=name)], ast.Call(ast.Attribute(ast.Call(), "fit"))):
                yield name


def _constructed(tree: ast.Module) -> Iterator[str]:
    """The classes of what is made, innermost last, helpers of preparation left out."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(ast.Name(id=name)) | ast.Call(ast.Attribute(attr=name)) if _CONSTRUCTOR.match(name):
                if not _HELPER.search(name):
                    yield name


def made_by(codes: Sequence[Code]) -> str:
    """The one name that the cells bind, when it tells something; else empty."""
    stores = (n.id for code in codes for s in code.tree.body for n in ast.walk(s)
              if isinstance(s, ast.Assign) and isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store))  # fmt: skip
    names = [name for name in dict.fromkeys(stores) if not _VAGUE.match(name)]
    return names[0] if len(names) == 1 else ""


def task_of(codes: Sequence[Code], traits: Sequence[Traits], *, first: bool, trained: bool) -> str:
    """What cells without a heading do, in a word. ``first``: no step stands above; ``trained``: a slow one does."""
    called = {name for code in codes for name in calls_of(code.tree.body)}
    if any(one.heavy for one in traits):
        return "train" if called & _TRAINS else "compute"
    if any(one.loads for one in traits):
        return "load"
    if first:
        return "setup"
    if any(_SAVES.match(name) for name in called):
        return "export"
    if not any(one.bound for one in traits):
        return "report"
    return "evaluate" if trained else "prepare"
