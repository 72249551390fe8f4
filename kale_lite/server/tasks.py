"""What the worker processes do: from a notebook's JSON to the JSON that the page is answered with."""

from __future__ import annotations

import re
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from kale_lite.cells import notebook_of, own_number
from kale_lite.diagnostics import Diagnostic, Location
from kale_lite.errors import RefusedError
from kale_lite.graph import render
from kale_lite.notebook import all_parameters, own_cells, role_tags
from kale_lite.notebook.model import Cell, Notebook, Parameter
from kale_lite.project import Project, load
from kale_lite.server.answers import Problem
from kale_lite.server.fixes import fixes
from kale_lite.targets import Target, target

__all__ = ["TASKS"]

_OURS = "made by kale-lite from "
"""Stands in the first lines of what was compiled."""


def warm() -> dict[str, Any]:
    """Have imported what an analysis needs."""
    cell: dict[str, Any] = {"cell_type": "code", "metadata": {"tags": ["step:a"]}, "source": "x = print(1)"}
    cell |= {"outputs": [], "execution_count": None}
    notebook = {"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 4}
    return {"steps": len(load("warm.ipynb", notebook).compile().steps)}


def analyse(path: str, notebook: Any, client: str, target: str = "") -> dict[str, Any]:
    """An analysis: pipeline, roles of cells, findings with their fixes, parameters, settings."""
    begun = time.perf_counter()
    project = load(path, notebook)
    cells = _cells(project, notebook)
    found = (*project.diagnostics, *_of_target(project, target))
    whole = project.notebook.parameters if project.notebook is not None else all_parameters(cells)[0]
    pipeline = project.pipeline
    return {
        "pipeline": pipeline.to_json() if pipeline is not None else None,
        "mermaid": render(pipeline, "mermaid") if pipeline is not None else "",
        "cells": list(map(_cell_json, _with_first(cells))),
        "diagnostics": [{**one.to_json(), "fixes": fixes(one, cells)} for one in sorted(found, key=_place)],
        "parameters": [_parameter_json(one) for one in {one.name: one for one in reversed(whole)}.values()][::-1],
        "settings": dict(project.notebook.settings) if project.notebook is not None else {},
        "client": client,
        "seconds": round(time.perf_counter() - begun, 4),
    }


def _cells(project: Project, notebook: Any) -> tuple[Cell, ...]:
    """The notebook's own cells, counted as it counts them."""
    content = project.notebook.file if project.notebook is not None else notebook
    try:
        return own_cells(content)
    except ValueError:
        return ()


def _with_first(cells: Iterable[Cell]) -> Iterator[tuple[Cell, bool]]:
    """Each cell, and whether its step begins there."""
    begun: set[str] = set()
    for cell in cells:
        yield cell, bool(cell.step) and cell.step not in begun
        begun.add(cell.step)


def _cell_json(one: tuple[Cell, bool]) -> dict[str, Any]:
    cell, first = one
    return {
        "cell": cell.number, "role": cell.role.value, "step": cell.step, "first": first,
        "tagged": bool(role_tags(cell.tags)), "tags": list(cell.tags),
    }  # fmt: skip


def _parameter_json(one: Parameter) -> dict[str, Any]:
    return {
        "name": one.name, "type": one.type, "default": one.default, "cell": own_number(one.cell), "line": one.line,
        "notebook": notebook_of(one.cell),
    }  # fmt: skip


def _of_target(project: Project, name: str) -> tuple[Diagnostic, ...]:
    """What the target cannot honour."""
    if not name or project.pipeline is None or project.notebook is None:
        return ()
    from kale_lite.targets.local import TARGET

    settings = TARGET.check_settings(project.notebook) if name == TARGET.name else ()
    return (*_target(name).check(project.pipeline), *settings)


@cache
def _target(name: str) -> Target:
    """Looking for the entry points of all packages takes as long as a small analysis."""
    return target(name)


def _place(finding: Diagnostic) -> Location:
    return finding.location or Location(0)


def suggest(path: str, notebook: Any) -> dict[str, Any]:
    """The JSON of ``kale-lite tag --auto --json``. RefusedError for a notebook that cannot be read."""
    from kale_lite.analysis.propose import propose

    project = load(path, notebook)
    if project.notebook is None:
        raise RefusedError(project.diagnostics)
    return propose(project.notebook).to_json()


def compiled(path: str, notebook: Any, format: str, save: bool, overwrite: bool, root: str) -> dict[str, Any]:
    """The files of the pipeline for Kubeflow, and where they were saved. RefusedError with all findings."""
    from kale_lite.targets.kfp.environment import forget

    project = load(path, notebook)
    pipeline = project.compile()
    assert project.notebook is not None
    forget()
    found = [*project.diagnostics]
    try:
        files, more = _files(project.notebook, project, format)
    except RefusedError as error:
        raise RefusedError((*found, *error.diagnostics)) from None
    saved = _saved(Path(path).parent, files, overwrite=overwrite) if save else []
    return {
        "files": [{"name": name, "text": text} for name, text in files.items()],
        "saved": [Path(one).relative_to(root).as_posix() for one in saved],
        "steps": len(pipeline.steps),
        "diagnostics": [one.to_json() for one in (*found, *more)],
    }


def _files(notebook: Notebook, project: Project, format: str) -> tuple[dict[str, str], Sequence[Diagnostic]]:
    from kale_lite.targets.kfp import CompileOptions, compile_to_python, compile_to_yaml

    pipeline, stem = project.compile(), project.path.stem
    if format == "yaml":
        text, problems = compile_to_yaml(notebook, pipeline, CompileOptions())
        return {f"{stem}.yaml": f"# {stem}.yaml, {_OURS}{project.path.name}\n{text}"}, problems
    with tempfile.TemporaryDirectory(prefix="kale-lite-") as folder:
        module = re.sub(r"\W", "_", stem)
        path = Path(folder) / f"{module if module.isidentifier() else f'_{module}'}.py"
        problems = compile_to_python(notebook, pipeline, path, CompileOptions())
        places = [path, *sorted(one for one in Path(folder).rglob("*") if one.is_file() and one != path)]
        return {one.relative_to(folder).as_posix(): one.read_text("utf-8") for one in places}, problems


def _saved(folder: Path, files: Mapping[str, str], *, overwrite: bool) -> list[str]:
    """Write the files; gives their full paths. Problem (409) when one is there that kale-lite did not write."""
    first = next(iter(files))
    foreign = [
        name for name in (first, first.removesuffix(".py") + "_steps") if _is_foreign(folder / name, folder / first)
    ]
    if foreign and not overwrite:
        raise Problem(409, f"{foreign[0]} is there already, and kale-lite did not write it", "rename or move that file")
    try:
        for name, text in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text, "utf-8")
    except OSError as error:
        raise Problem(422, f"{error.filename or folder} cannot be written: {error.strerror}",
                      "is the folder read-only?") from None  # fmt: skip
    return [str(folder / name) for name in files]


def _is_foreign(path: Path, first: Path) -> bool:
    """Whether something is there that kale-lite did not write: what begins otherwise, or a folder without its file."""
    if path.is_symlink() or not path.exists():
        return path.is_symlink()
    try:
        with first.open(encoding="utf-8") as file:
            return _OURS not in file.read(1000)
    except (OSError, UnicodeDecodeError):
        return True


TASKS: Mapping[str, Callable[..., dict[str, Any]]] = {
    "warm": warm, "analyse": analyse, "suggest": suggest, "compile": compiled,
}  # fmt: skip
