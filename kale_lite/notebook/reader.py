"""Reading a notebook file: validated, upgraded in memory, with every problem as a diagnostic."""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from kale_lite.diagnostics import Diagnostic, diagnose, has_errors
from kale_lite.notebook.model import Kernel, Notebook, Role
from kale_lite.notebook.parameters import find_parameters
from kale_lite.notebook.roles import RawCell, resolve_roles
from kale_lite.notebook.settings import read_settings

__all__ = ["read_notebook", "with_tags"]

_SETTINGS = frozenset({
    "pipeline_name", "pipeline_description", "experiment_name", "experiment", "base_image", "docker_image",
    "enable_caching", "volumes", "steps_defaults", "kfp_host", "security_context", "autosnapshot", "snapshot_volumes",
    "katib_run", "katib_metadata", "volume_access_mode", "storage_class_name",
})  # fmt: skip

_HALF = re.compile(r"\\u[dD][89a-fA-F]")


def read_notebook(path: Path) -> tuple[Notebook | None, tuple[Diagnostic, ...]]:
    """Read a notebook. None with diagnostics when it cannot be used; the file is never written to.

    SettingsError when the project's settings are wrong.
    """
    text, problem = _read(path)
    if problem is not None or text is None:
        return None, (problem,) if problem else ()
    content, problem = _parse(text, path)
    if content is None:
        return None, (problem,) if problem else ()
    return _understand(content, path)


def with_tags(notebook: Notebook, tags: Mapping[int, Sequence[str]]) -> tuple[Notebook | None, tuple[Diagnostic, ...]]:
    """The notebook as it would be read with these tags on these cells (by number, from 1)."""
    from nbformat import NotebookNode

    cells = [_tagged(cell, tags[i]) if i in tags else cell for i, cell in enumerate(notebook.content["cells"], 1)]
    return _understand(NotebookNode(notebook.content, cells=cells), notebook.path or Path(notebook.name))


def _tagged(cell: Any, tags: Sequence[str]) -> Any:
    kind = type(cell)
    return kind(cell, metadata=kind(cell.metadata, tags=list(tags)))


def _read(path: Path) -> tuple[str | None, Diagnostic | None]:
    if path.is_dir():
        return None, diagnose("KL001", f"{path} is a folder, not a notebook", hint="name the .ipynb file in it")
    try:
        return path.read_text("utf-8-sig"), None
    except FileNotFoundError:
        near = sorted(p.name for p in path.parent.glob("*.ipynb"))[:5] if path.parent.is_dir() else []
        hint = f"notebooks there: {', '.join(near)}" if near else "check the path"
        return None, diagnose("KL001", f"{path} does not exist", hint=hint)
    except UnicodeDecodeError:
        return None, diagnose("KL001", f"{path} is not a text file, so no notebook", hint="name an .ipynb file")
    except OSError as error:
        return None, diagnose("KL001", f"{path} cannot be read: {error.strerror}", hint="check the permissions")


def _parse(text: str, path: Path) -> tuple[Any, Diagnostic | None]:
    import nbformat

    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        return None, diagnose(
            "KL001", f"{path} is not JSON: {error}", hint="restore the file, or save it again in Jupyter"
        )
    if _HALF.search(text) and not _is_unicode(data):
        return None, diagnose(
            "KL002", f"{path} has text that is not valid Unicode (half of a surrogate pair)",
            hint="find it by its escape (\\ud8.. to \\udf..), and remove it",
        )  # fmt: skip
    if not isinstance(data, dict) or not ("cells" in data or "worksheets" in data) or "nbformat" not in data:
        return None, diagnose(
            "KL002", f"{path} is not a Jupyter notebook", hint="name the .ipynb file that Jupyter saved"
        )
    major = data.get("nbformat")
    if isinstance(major, int) and major > nbformat.current_nbformat:
        return None, diagnose(
            "KL003",
            f"{path} has notebook format {major}; the newest that can be read here is {nbformat.current_nbformat}",
            hint="upgrade nbformat, or save the notebook in an older format",
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            content = nbformat.reads(text, as_version=4)
            nbformat.validate(content)
    except Exception as error:  # nbformat raises its own, jsonschema's and plain KeyErrors alike
        reason = str(error).split("\n")[0][:200]
        return None, diagnose("KL002", f"{path} is not a valid notebook: {reason}", hint="open and save it in Jupyter")
    return content, None


def _is_unicode(data: Any) -> bool:
    try:
        json.dumps(data, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


def _understand(content: Any, path: Path) -> tuple[Notebook | None, tuple[Diagnostic, ...]]:
    problems: list[Diagnostic] = []
    kernel = _kernel(content.metadata)
    if kernel.language != "python":
        return None, (diagnose(
            "KL005", f"the notebook's kernel {kernel.name!r} speaks {kernel.language}, not Python",
            hint="kale-lite runs Python notebooks",
        ),)  # fmt: skip
    settings = _settings(content.metadata, problems)
    raw = [RawCell(i, cell.source, tuple(map(str, cell.metadata.get("tags", []))))
           for i, cell in enumerate(content.cells, 1) if cell.cell_type == "code"]  # fmt: skip
    cells, found = resolve_roles(raw, tuple(map(str, settings.get("steps_defaults", []) or [])))
    problems += found
    if not any(c.source.strip() and c.role is not Role.SKIP for c in cells):
        problems.append(
            diagnose("KL004", f"{path} has no code cells to run", hint="write a code cell, or remove `skip`")
        )
    parameters, found = find_parameters(cells)
    problems += found
    if has_errors(problems):
        return None, tuple(problems)
    name = str(settings.get("pipeline_name") or path.stem)
    effects = read_settings(path.resolve().parent).effects
    return Notebook(name, cells, kernel, parameters, settings, path, content, effects), tuple(problems)


def _kernel(metadata: Mapping[str, Any]) -> Kernel:
    spec = metadata.get("kernelspec") or {}
    language = spec.get("language") or (metadata.get("language_info") or {}).get("name") or "python"
    return Kernel(spec.get("name") or "python3", spec.get("display_name") or "", str(language).lower())


def _settings(metadata: Mapping[str, Any], problems: list[Diagnostic]) -> dict[str, Any]:
    """``kale_lite`` settings over Kale's ``kubeflow_notebook``; unknown keys are told, never an error."""
    merged: dict[str, Any] = {}
    for key in ("kubeflow_notebook", "kale_lite"):
        section = metadata.get(key)
        if isinstance(section, Mapping):
            merged.update(section)
            problems += _unknown_settings(key, section)
    return merged


def _unknown_settings(key: str, section: Mapping[str, Any]) -> Iterator[Diagnostic]:
    for name in section:
        if name not in _SETTINGS:
            yield diagnose("KL110", f"notebook setting {key}.{name} is unknown and has no effect",
                           hint="remove it from the notebook's metadata")  # fmt: skip
