"""The text of a notebook file as validated JSON of nbformat 4, with what is wrong with it as a diagnostic."""

from __future__ import annotations

import json
import re
import warnings
from pathlib import Path
from typing import Any

from kale_lite.diagnostics import Diagnostic, diagnose
from kale_lite.notebook.lean import import_nbformat

__all__ = ["content_of", "read_content"]

_HALF = re.compile(r"\\u[dD][89a-fA-F]")


def read_content(path: Path) -> tuple[Any, Diagnostic | None]:
    """What a file holds; None with a finding for one that is no valid notebook. The file is never written to."""
    text, problem = _read(path)
    return (None, problem) if text is None else _parse(text, path)


def content_of(data: Any, path: Path) -> tuple[Any, Diagnostic | None]:
    """The JSON of a notebook that need not be saved, as ``read_content`` gives that of a file; ``path`` is its name."""
    return _parse(json.dumps(data), path)


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
    nbformat = import_nbformat()
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
