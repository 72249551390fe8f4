"""Files and folders that an importer brings: those of the notebook's folder that are too large to travel."""

from __future__ import annotations

import fnmatch
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from kale_lite.diagnostics import Diagnostic, diagnose
from kale_lite.notebook.model import Notebook
from kale_lite.pipeline import Pipeline, Step

__all__ = ["Import", "check_imports", "imports_of", "lists_folder", "reads_anything", "takes"]

_URI = re.compile(r"(gs|s3|minio|oci)://\S+|file:///\S.*|/.*")
_FORM = "write FILE=URI, such as data/big.csv=s3://bucket/big.csv"


@dataclass(frozen=True, slots=True)
class Import:
    """A file or folder at ``path``, from the notebook's folder, whose content KFP takes from ``uri``."""

    path: str
    uri: str

    @property
    def task(self) -> str:
        """What stands for its task where steps' tasks have the name of a function; no function is called so."""
        return f"import {self.path}"


def imports_of(notebook: Notebook, given: Iterable[str]) -> tuple[tuple[Import, ...], tuple[Diagnostic, ...]]:
    """What the setting ``imported_files`` and the pairs ``FILE=URI`` name; pairs win."""
    setting = notebook.settings.get("imported_files") or {}
    if not isinstance(setting, Mapping):
        return (), (_wrong("notebook setting 'imported_files' is no object", 'write {"data/big.csv": "s3://…"}'),)
    pairs = {str(path): str(uri) for path, uri in setting.items()}
    problems = []
    for text in given:
        path, equals, uri = text.partition("=")
        if not equals or not path.strip():
            problems.append(_wrong(f"--import {text!r} names no file and place", _FORM))
            continue
        pairs[path] = uri
    found = {}
    for path, uri in pairs.items():
        normal = os.path.normpath(path.strip())
        if os.path.isabs(normal) or normal.startswith("..") or normal == ".":
            problems.append(_wrong(f"imported file {path!r} is not below the notebook's folder",
                                   "name it as the cells do, from the notebook's folder"))  # fmt: skip
        elif not _URI.fullmatch(uri):
            problems.append(_wrong(f"imported file {path!r}: {uri!r} is no place that KFP can import from",
                                   "places begin with gs://, s3://, minio:// or oci://"))  # fmt: skip
        else:
            found[normal] = Import(normal, uri.removeprefix("file://"))
    return tuple(found.values()), tuple(problems)


def check_imports(pipeline: Pipeline, imports: Iterable[Import]) -> Iterator[Diagnostic]:
    """Those that no step reads: a misspelt name would be missed in silence."""
    for one in imports:
        if not any(takes(step, one.path) for step in pipeline.steps):
            reads = sorted({path for step in pipeline.steps for path in step.files_read if path.strip("*./")})
            read = f"steps read: {', '.join(reads[:6])}" if reads else "no step reads files"
            yield _wrong(f"no step reads the imported file {one.path!r}", read)


def reads_anything(step: Step) -> bool:
    """Whether a step reads files whose names are known only when it runs."""
    return "*" in map(os.path.normpath, step.files_read)


def lists_folder(step: Step) -> bool:
    """Whether a step looks at what is in the notebook's folder."""
    return "." in map(os.path.normpath, step.files_read)


def takes(step: Step, path: str) -> bool:
    """Whether a step reads an imported file or folder, or may: it reads names known only when it runs."""
    return lists_folder(step) or any(_meet(os.path.normpath(pattern), path) for pattern in step.files_read)


def _meet(pattern: str, path: str) -> bool:
    return (
        fnmatch.fnmatch(path, pattern) or pattern.startswith(path + os.sep)
        or path.startswith(pattern.rstrip("*").rstrip(os.sep) + os.sep)
    )  # fmt: skip


def _wrong(message: str, hint: str) -> Diagnostic:
    return diagnose("KL710", message, hint=hint)
