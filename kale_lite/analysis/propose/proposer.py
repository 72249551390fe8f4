"""From an untagged (or partly tagged) notebook to a proposal: headings and dataflow decide."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from kale_lite.analysis.propose.draft import Compiled, Draft, compiled, settled
from kale_lite.analysis.propose.grouping import grouped, order_of
from kale_lite.analysis.propose.naming import Namer, comment_of, made_by, model_of, task_of
from kale_lite.analysis.propose.proposal import Proposal, listing
from kale_lite.analysis.propose.view import View, roles_by_text, view_of
from kale_lite.notebook.model import Notebook

__all__ = ["propose"]

_MANY = 6


def propose(notebook: Notebook) -> Proposal:
    """Propose tags for the cells that have none.

    Tags that stand are kept, and so are untagged cells that continue a tagged step under the same heading.
    Steps are merged until the proposal compiles; when it still does not, its diagnostics say why.
    """
    view = view_of(notebook)
    roles = roles_by_text(view)
    parts = tuple((n,) for n in sorted(view.open) if n not in roles and not view.is_empty(n))
    draft = Draft(parts, {n: tag for n, (tag, _) in roles.items()}, view.barriers)
    why = {n: reason for n, (_, reason) in roles.items()}
    draft = draft.merged(_ties(view, parts))
    result = settled(notebook, draft, view.knowledge)
    if result.pipeline is None:
        result, reasons = _without_broken(notebook, view, draft, result)
        why |= reasons
    if result.pipeline is not None:
        result = settled(notebook, grouped(view, result.draft, result.pipeline), view.knowledge)
    names = _names(view, result.draft)
    return _proposal(notebook, view, compiled(notebook, result.draft, view.knowledge, names), names, why)


def _ties(view: View, parts: Sequence[tuple[int, ...]]) -> Iterator[tuple[int, int]]:
    """Parts that must be one because what they share cannot travel: open files, connections, generators."""
    numbers = [part[0] for part in parts]
    for i, first in enumerate(numbers):
        for name in view.traits(first).stuck:
            last = i
            for j, number in enumerate(numbers[i + 1 :], i + 1):
                if name in view.traits(number).read:
                    last = j
                if name in view.traits(number).bound:
                    break
            yield i, last


def _without_broken(
    notebook: Notebook, view: View, draft: Draft, failed: Compiled
) -> tuple[Compiled, Mapping[int, str]]:
    """Leave out cells at which the notebook itself stops, if no other cell needs them."""
    broken = {d.location.cell: d.message for d in failed.diagnostics if d.code == "KL202" and d.location}
    if not broken or not broken.keys() <= view.open:
        return failed, {}
    parts = tuple(rest for part in draft.parts if (rest := tuple(n for n in part if n not in broken)))
    result = settled(
        notebook, Draft(parts, {**draft.roles, **dict.fromkeys(broken, "skip")}, draft.barriers), view.knowledge
    )
    if result.pipeline is None:
        return failed, {}
    return result, {n: f"cannot run: {message}" for n, message in broken.items()}


def _names(view: View, draft: Draft) -> list[str]:
    """A name for each step, from its heading, its first comment, the model it fits, or what it makes or does."""
    namer = Namer(cell.step for n, cell in view.cells.items() if n not in view.open and cell.step)
    sizes = Counter(view.sections[part[0]].number for part in draft.parts)
    headed: set[int] = set()
    trained = False
    names: list[str] = []
    for part in draft.parts:
        section = view.sections[part[0]]
        codes = [view.codes[n] for n in part if n in view.codes]
        known = [view.traits(n) for n in part]
        heavy = any(one.heavy for one in known)
        headings = (*section.path[-1:], " ".join(section.path[-2:]))
        alone = sizes[section.number] == 1 or not (heavy or section.number in headed)
        if section.path and alone:
            headed.add(section.number)
            names.append(namer(*headings))
        else:
            own = (model_of(codes) if heavy else "", comment_of(codes[0]) if codes else "")
            made = made_by(codes) if section.path else ""
            task = "" if section.path else task_of(codes, known, first=not names, trained=trained)
            names.append(namer(*filter(None, (*own, made, task, *headings))))
        trained |= heavy
    return names if len(names) != 1 or names[0] != "setup" else ["analysis"]


def _proposal(
    notebook: Notebook, view: View, final: Compiled, names: Sequence[str], why: Mapping[int, str]
) -> Proposal:
    reasons = dict(why)
    for n, role in final.draft.roles.items():
        if role == "functions":
            reasons[n] = "only definitions"
    beside = _beside(view, final)
    for part, name in zip(final.draft.parts, names, strict=True):
        path = view.sections[part[0]].path
        place = f"heading {path[-1]!r}" if path else "by what it does"
        reasons[part[0]] = f"{place}{beside.get(name, '')}"
        reasons |= dict.fromkeys(part[1:], f"goes with cell {part[0]}")
    old = {cell.number: cell.tags for cell in notebook.cells}
    tags = {n: (*old[n], tag) for n, tag in sorted(final.draft.tags(names).items())}
    result = final.notebook or notebook
    return Proposal(result, listing(result, {n: reasons[n] for n in tags}), tags, final.pipeline, final.diagnostics)


def _beside(view: View, final: Compiled) -> Mapping[str, str]:
    """For each slow step the others that can run at the same time, in words."""
    if final.pipeline is None:
        return {}
    order, nodes = order_of(view, final.pipeline)
    steps = final.pipeline.steps
    found = {}
    for i in {i for n, i in nodes.items() if view.traits(n).heavy}:
        others = [steps[j].name for j in order.beside(i)]
        more = f" and {len(others) - _MANY} more" if len(others) > _MANY else ""
        if others:
            found[steps[i].name] = f"; can run beside {', '.join(others[:_MANY])}{more}"
    return found
