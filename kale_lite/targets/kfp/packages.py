"""The packages of each step: those that provide what it imports, pinned to the author's versions."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from kale_lite.diagnostics import Diagnostic, Location, Severity, diagnose
from kale_lite.notebook.model import Notebook
from kale_lite.pipeline import Pipeline, Step
from kale_lite.targets.kfp.environment import Environment
from kale_lite.targets.kfp.imports import Imported, imports_in, parsed, without_installs

__all__ = ["HARNESS_PACKAGES", "Needs", "needs_of_steps"]

HARNESS_PACKAGES = ("kfp", "papermill", "ipykernel", "cloudpickle", "nbconvert")
"""What a step's image must have beside what the notebook imports."""


@dataclass(slots=True)
class Needs:
    """What a step needs: distributions (pinned), requirements as written, modules of the notebook's folder."""

    distributions: set[str] = field(default_factory=set)
    written: list[str] = field(default_factory=list)
    modules: set[str] = field(default_factory=set)

    def packages(self, environment: Environment) -> tuple[str, ...]:
        """For pip: what the cells name wins over what is installed here."""
        named = {_plain(re.split(r"[\[=<>!~]", one)[0]) for one in self.written}
        mine = {name for name in {*self.distributions, *HARNESS_PACKAGES} if _plain(name) not in named}
        pinned = [f"{name}=={environment.versions[name]}" if name in environment.versions else name for name in mine]
        return tuple(dict.fromkeys([*sorted(pinned), *self.written]))


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def needs_of_steps(
    notebook: Notebook, pipeline: Pipeline, environment: Environment, *, install: bool
) -> tuple[Mapping[str, Needs], tuple[Diagnostic, ...]]:
    """The needs of each step by name. What a step loads may need what its maker imports, so that counts as well."""
    folder = (notebook.path or Path(".")).resolve().parent
    finder = _Finder(folder, environment, install)
    makers = {save.id: step.name for step in pipeline.steps for save in step.saves}
    found: dict[str, Needs] = {}
    written: list[str] = []
    for step in pipeline.steps:
        needs = Needs()
        for cell, one in _imports(step, notebook):
            finder.add(needs, one, Location(cell, one.line) if cell else Location(step.cells[0]), step)
        for maker in {makers[load.payload] for load in step.loads}:
            needs.distributions |= found[maker].distributions
            needs.modules |= found[maker].modules
        for source in [cell.source for cell in notebook.cells if cell.number in step.cells]:
            written += [one for one in without_installs(source)[1] if one not in written]
        needs.written = list(written)
        found[step.name] = needs
    return found, tuple(finder.problems)


def _imports(step: Step, notebook: Notebook) -> Iterator[tuple[int, Imported]]:
    for source in step.replays:
        yield from ((0, one) for tree in parsed(source) for one in imports_in(tree))
    for cell in notebook.cells:
        if cell.number in step.cells:
            yield from ((cell.number, one) for tree in parsed(cell.source) for one in imports_in(tree))


class _Finder:
    """Finds where imports come from; each unknown one is told once."""

    def __init__(self, folder: Path, environment: Environment, install: bool) -> None:
        self.folder, self.environment, self.install = folder, environment, install
        self.problems: list[Diagnostic] = []
        self._told: set[str] = set()

    def add(self, needs: Needs, one: Imported, place: Location, step: Step) -> None:
        """Note what provides an import."""
        root = one.name.partition(".")[0]
        local = self._local(root)
        if local:
            for name in local - needs.modules:
                needs.modules.add(name)
                self._follow(needs, name, place, step)
        elif root not in self.environment.standard:
            self._installed(needs, root, one, place, step)

    def _local(self, root: str) -> set[str]:
        """The files of a module or package of the notebook's folder, which Python finds first."""
        package = self.folder / root
        if (package / "__init__.py").is_file():
            return {str(p.relative_to(self.folder)) for p in package.rglob("*.py") if "__pycache__" not in p.parts}
        return {f"{root}.py"} if (self.folder / f"{root}.py").is_file() else set()

    def _follow(self, needs: Needs, name: str, place: Location, step: Step) -> None:
        try:
            tree = ast.parse((self.folder / name).read_text("utf-8"))
        except (OSError, ValueError, SyntaxError):
            return
        for one in imports_in(tree):
            self.add(needs, one, place, step)

    def _installed(self, needs: Needs, root: str, one: Imported, place: Location, step: Step) -> None:
        dists = self.environment.providers.get(root, ())
        here = [name for name in dists if name not in self.environment.local]
        needs.distributions.update(here)
        if here or root in self._told or one.optional or not self.install:
            return
        self._told.add(root)
        if dists:
            what = f"{root!r} comes from a folder or repository ({dists[0]}), which a container cannot install by name"
        elif needs.written:
            return
        else:
            what = f"no installed package provides {root!r}, so which one a container needs is not known"
        self.problems.append(diagnose(
            "KL703", what, place, step=step.name, severity=Severity.ERROR,
            hint="write `%pip install NAME` in a cell above; or compile with --no-install for an image that has it",
        ))  # fmt: skip
