"""Reading a notebook file: validated, upgraded in memory, with every problem as a diagnostic."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from kale_lite.cells import own_number
from kale_lite.diagnostics import Diagnostic, diagnose, has_errors
from kale_lite.notebook.compose import compose
from kale_lite.notebook.file import content_of, read_content
from kale_lite.notebook.given import given_options
from kale_lite.notebook.mapping import all_parameters
from kale_lite.notebook.metadata import kernel_of, notebook_settings, step_defaults
from kale_lite.notebook.model import Cell, Notebook, Role
from kale_lite.notebook.roles import RawCell, resolve_roles
from kale_lite.notebook.settings import read_settings

__all__ = ["own_cells", "read_notebook", "with_tags"]


def read_notebook(path: Path, data: Any = None) -> tuple[Notebook | None, tuple[Diagnostic, ...]]:
    """Read a notebook. None with diagnostics when it cannot be used; the file is never written to.

    ``data`` is the notebook's JSON where that is not what the file holds: then there need not be a file.
    SettingsError when the project's settings are wrong.
    """
    content, problem = read_content(path) if data is None else content_of(data, path)
    if content is None:
        return None, (problem,) if problem else ()
    return _understand(content, path)


def own_cells(data: Any) -> tuple[Cell, ...]:
    """The code cells of a notebook's JSON (nbformat 4) with their roles, also where their tags have errors.

    Notebooks that it embeds are not read. ValueError for what is no such JSON.
    """
    try:
        raw = [
            RawCell(number, "".join(cell["source"]), tuple(map(str, cell["metadata"].get("tags", ()))),
                    given_options(cell["metadata"]))
            for number, cell in enumerate(data["cells"], 1) if cell["cell_type"] == "code"
        ]  # fmt: skip
        return resolve_roles(raw)[0]
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"no notebook: {error!r}") from None


def with_tags(notebook: Notebook, tags: Mapping[int, Sequence[str]]) -> tuple[Notebook | None, tuple[Diagnostic, ...]]:
    """The notebook as it would be read with these tags on these of its own cells."""
    from nbformat import NotebookNode

    own = {own_number(cell.number): tags[cell.number] for cell in notebook.cells if cell.number in tags}
    cells = [_tagged(cell, own[i]) if i in own else cell for i, cell in enumerate(notebook.file["cells"], 1)]
    return _understand(NotebookNode(notebook.file, cells=cells), notebook.path or Path(notebook.name))


def _tagged(cell: Any, tags: Sequence[str]) -> Any:
    kind = type(cell)
    return kind(cell, metadata=kind(cell.metadata, tags=list(tags)))


def _understand(content: Any, path: Path) -> tuple[Notebook | None, tuple[Diagnostic, ...]]:
    kernel = kernel_of(content.metadata)
    if kernel.language != "python":
        return None, (diagnose(
            "KL005", f"the notebook's kernel {kernel.name!r} speaks {kernel.language}, not Python",
            hint="kale-lite runs Python notebooks",
        ),)  # fmt: skip
    settings, found = notebook_settings(content.metadata)
    problems = list(found)
    whole, more = compose(content, path, kernel, step_defaults(settings))
    problems += more
    if not any(c.source.strip() and c.role is not Role.SKIP for c in whole.cells):
        skipped = any(cell.source.strip() for cell in whole.cells)
        hint = "remove the tag `skip` of a cell" if skipped else "write a code cell"
        problems.append(diagnose("KL004", f"{path.name} has no code cells to run", hint=hint))
    parameters, found = all_parameters(whole.cells)
    problems += found
    problems = _once(problems)
    if has_errors(problems):
        return None, tuple(problems)
    return Notebook(
        name=str(settings.get("pipeline_name") or path.stem),
        cells=whole.cells,
        kernel=kernel,
        parameters=parameters,
        settings=settings,
        path=path,
        content=whole.content,
        file=content,
        mapped=whole.mapped,
        effects=read_settings(path.resolve().parent).effects,
    ), tuple(problems)


def _once(problems: Sequence[Diagnostic]) -> list[Diagnostic]:
    """What is found in a notebook that stands in several places is told once."""
    told = {(one.code, one.message, str(one.location)): one for one in reversed(problems)}
    return list(told.values())[::-1]
