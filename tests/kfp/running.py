"""Compiled pipelines run from their YAML by kfp's own local runner."""

from __future__ import annotations

import io
import json
import logging
import sys
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kale_lite.project import Project, load
from kale_lite.targets.kfp import CompileOptions, compile_to_yaml

__all__ = ["Ran", "compiled", "run_yaml"]


@dataclass(frozen=True)
class Ran:
    """A run: whether it ended well, all it logged, and its folder with a folder for each task."""

    ok: bool
    log: str
    folder: Path

    def output(self, task: str, name: str) -> Path:
        return self.folder / task / name

    def metadata(self, task: str, name: str) -> dict[str, Any]:
        data = json.loads((self.folder / task / "executor_output.json").read_text())
        found: dict[str, Any] = data["artifacts"][name]["artifacts"][0]["metadata"]
        return found


def compiled(path: Path, **options: Any) -> tuple[Project, str]:
    """A notebook, and its YAML for an image that has all packages."""
    project = load(path)
    pipeline = project.compile()
    assert project.notebook is not None
    text, _ = compile_to_yaml(project.notebook, pipeline, CompileOptions(**{"install": False, **options}))
    return project, text


def run_yaml(
    text: str, root: Path, arguments: Mapping[str, Any] | None = None, python: str = sys.executable, runner: Any = None
) -> Ran:
    """Run a pipeline's YAML below a folder; ``python`` is the interpreter of the components, without a ``runner``."""
    from kfp import components, local

    log = io.StringIO()
    before = set(root.iterdir()) if root.is_dir() else set()
    with warnings.catch_warnings(), _logged(log), _executable(python), redirect_stdout(log):
        warnings.simplefilter("ignore")
        local.init(
            runner=runner or local.SubprocessRunner(use_venv=False), pipeline_root=str(root), raise_on_error=True
        )
        try:
            components.load_component_from_text(text)(**(arguments or {}))
            ok = True
        except RuntimeError as error:
            log.write(f"\n{error}\n")
            ok = False
    (folder,) = {one for one in set(root.iterdir()) - before if one.is_dir()}
    return Ran(ok, log.getvalue(), folder)


@contextmanager
def _logged(log: io.StringIO) -> Iterator[None]:
    handler = logging.StreamHandler(log)
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    try:
        yield
    finally:
        root.removeHandler(handler)
        root.setLevel(level)


@contextmanager
def _executable(python: str) -> Iterator[None]:
    """kfp takes this process's interpreter for the components'."""
    before = sys.executable
    sys.executable = python
    try:
        yield
    finally:
        sys.executable = before
