"""Examples and dataflow cases in containers, compared with the local target."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import nbformat

from kale_lite.errors import KaleLiteError
from tests.conformance import grading
from tests.examples.test_examples import NOTEBOOKS, shown
from tests.kfp.docker.daemon import daemon
from tests.kfp.docker.image import image
from tests.kfp.running import Ran, compiled, run_yaml

__all__ = ["CASES", "EXAMPLES", "Containers", "containers"]

EXAMPLES = ("diabetes", "digits", "tumours", "wines")
CASES = (
    "plain-many-types", "func-lambda-in-dict", "func-generator-function", "class-slots-getstate", "class-enum",
    "mut-closure-mutates", "alias-np-view", "ctl-del-then-undefined", "imp-future", "ipy-writefile-import", "ipy-cd",
    "ipy-shell-interp-brace", "state-np-seed", "state-environ", "state-rcparams", "file-overwrite-after-read",
    "file-subprocess", "par-branches-mutate", "unser-file-handle", "ser-exception-with-traceback", "name-dunder-main",
    "param-path",
)  # fmt: skip


@dataclass(frozen=True)
class Containers:
    """A daemon with the image."""

    image: str

    def run(self, yaml: str, root: Path, **variables: str) -> Ran:
        """Run a pipeline's YAML: a container a task, without a network, with these environment variables."""
        from kfp import local

        # the last digit of a sum depends on the processor's instructions that a library was told to use
        numeric = {name: value for name, value in os.environ.items() if name.startswith(("OPENBLAS_", "OMP_", "MKL_"))}
        runner = local.DockerRunner(network_mode="none", environment={**numeric, **variables})
        ran = run_yaml(yaml, root, runner=runner)
        # kfp takes a container that is gone before it was asked for its end to have ended well
        silent = [
            folder.name
            for folder in ran.folder.iterdir()
            if folder.is_dir() and not (folder / "executor_output.json").exists()
        ]
        return Ran(ran.ok and not silent, ran.log, ran.folder)

    def example(self, name: str) -> str:
        """What differs between an example run here and by the local target; empty when nothing does."""
        with tempfile.TemporaryDirectory(prefix="klx-") as tmp:
            folder = Path(tmp)
            shutil.copytree(NOTEBOOKS, folder / "notebooks")
            project, yaml = compiled(folder / "notebooks" / f"{name}.ipynb", image=self.image)
            ran = self.run(yaml, folder / "root")
            if not ran.ok:
                return ran.log[-3000:]
            local = project.run(output_dir=folder / "out")
            if local.status != "done":
                return f"the local run: {local.status}, {local.diagnostics}"
            return _differing(
                _by_cell(ran.folder.glob("*/notebook")), _by_cell((folder / "out" / "steps").glob("*.ipynb"))
            )

    def case(self, ident: str) -> str:
        """What is wrong with a dataflow case; empty when it is graded as right, and the local run has the same values."""
        (case,) = (one for one in grading.cases() if one["id"] == ident)
        with tempfile.TemporaryDirectory(prefix="klx-") as tmp:
            folder = Path(tmp)
            nbformat.write(grading.notebook(case), folder / "case.ipynb")
            try:
                project, yaml = compiled(folder / "case.ipynb", image=self.image)
            except KaleLiteError as error:
                grade, detail = grading.grade(case, 2, str(error), None, None)
                return "" if grade == "flagged" else detail
            (folder / "root").mkdir()
            mine, theirs = folder / "root" / "final.json", folder / "local.json"
            ran = self.run(yaml, folder / "root", CONFORMANCE_OUT=str(mine), MPLBACKEND="Agg")
            with mock.patch.dict(os.environ, CONFORMANCE_OUT=str(theirs), MPLBACKEND="Agg"):
                local = project.run(output_dir=folder / "out")
            code = 0 if ran.ok else 1
            grade, detail = grading.grade(case, code, ran.log, _json(mine), project.compile().to_json())
            if grade not in ("pass", "flagged"):
                return f"{grade}: {detail}"
            if ran.ok != (local.status == "done") or _json(mine) != _json(theirs):
                return f"the local run: {local.status}, {_json(theirs)}; in containers: {ran.ok}, {_json(mine)}"
            return ""


@contextmanager
def containers(say: Callable[[str], None] = lambda text: None) -> Iterator[Containers]:
    """A daemon that has the image, until the block ends; raises Unavailable where that cannot be."""
    import docker

    started = time.monotonic()
    with daemon() as address:
        client = docker.DockerClient(address)
        try:
            name = image(client, say)
            say(f"ready after {time.monotonic() - started:.0f} s: Docker {client.version()['Version']}, image {name}")
            with mock.patch.dict(os.environ, DOCKER_HOST=address):
                yield Containers(name)
        finally:
            client.close()


def _json(path: Path) -> Any:
    return json.loads(path.read_text("utf-8")) if path.exists() else None


def _by_cell(paths: Any) -> dict[int, Any]:
    """What the user's cells showed in executed step notebooks, by the number of the cell."""
    found = {}
    for path in paths:
        content = nbformat.read(path, as_version=4)
        outputs = shown(content)
        for place, cell in enumerate(content.cells, 1):
            if "cell" in cell.metadata.get("kale_lite", {}):
                found[int(cell.metadata["kale_lite"]["cell"])] = outputs[place]
    return found


def _differing(mine: dict[int, Any], theirs: dict[int, Any]) -> str:
    if set(mine) != set(theirs) or not mine:
        return f"cells {sorted(mine)} ran in containers, {sorted(theirs)} locally"
    bad = [number for number in sorted(mine) if mine[number] != theirs[number]]
    return "\n".join(
        f"cell {number}: {str(mine[number])[:500]}\n  locally: {str(theirs[number])[:500]}" for number in bad
    )
