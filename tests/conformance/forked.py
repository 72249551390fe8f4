"""Runs cases fast: each step in a forked child with a real IPython shell, on the real step notebook.

The steps run in an order that differs from the notebook's wherever the graph allows it, so that an edge
that is missing shows.
"""

from __future__ import annotations

import gc
import json
import os
import sys
import tempfile
import traceback
from pathlib import Path
from typing import Any

import nbformat

from kale_lite.analysis import compile_notebook
from kale_lite.artifacts import build_step_notebook, ship_harness, step_spec
from kale_lite.notebook import read_notebook, set_parameters
from kale_lite.notebook.model import Notebook
from kale_lite.pipeline import Pipeline, Step
from tests.conformance import grading

PRELOAD = ("numpy", "pandas", "matplotlib.figure", "asyncio", "sqlite3", "statistics", "multiprocessing",
           "sklearn.linear_model", "sklearn.ensemble", "sklearn.model_selection", "sklearn.pipeline", "sklearn.datasets")  # fmt: skip


def preload() -> None:
    """What every worker imports once, before it forks."""
    import matplotlib.pyplot  # noqa: F401

    for module in PRELOAD:
        __import__(module)
    # What is here now never becomes garbage: looking at it would only copy pages in every child.
    gc.freeze()


def run_case(case: grading.Case) -> dict[str, Any]:
    """Compile and run a case. ``grade``, ``detail``, and the ``diagnostics`` that came before any step ran."""
    with tempfile.TemporaryDirectory(prefix="kl") as tmp:
        folder = Path(tmp)
        path = folder / "case.ipynb"
        nbformat.write(grading.notebook(case), path)
        notebook, problems = read_notebook(path)
        pipeline = None
        if notebook is not None:
            pipeline, found = compile_notebook(notebook)
            problems += found
        text = "\n".join(map(str, problems))
        if notebook is None or pipeline is None:
            result = grading.grade(case, 2, text, None, None)
            return {"grade": result[0], "detail": result[1], "diagnostics": problems, "ran": False}
        code, output, values = _run(notebook, pipeline, folder)
        result = grading.grade(case, code, f"{text}\n{output}", values, pipeline.to_json())
        return {"grade": result[0], "detail": result[1], "diagnostics": problems, "ran": True, "output": output}


def contrary_order(pipeline: Pipeline) -> list[Step]:
    """A topological order that takes the latest step of the notebook which may run."""
    before = {name: set(names) for name, names in pipeline.predecessors().items()}
    left, order = list(pipeline.steps), []
    while left:
        step = next(s for s in reversed(left) if not before[s.name] & {one.name for one in left})
        left.remove(step)
        order.append(step)
    return order


def _run(notebook: Notebook, pipeline: Pipeline, folder: Path) -> tuple[int, str, dict[str, str] | None]:
    work, out = folder / "work", folder / "final.json"
    work.mkdir()
    harness = ship_harness(folder)
    values, _ = set_parameters(notebook.parameters, {})
    for step in contrary_order(pipeline):
        result = folder / f"{step.slug}.result.json"
        spec = folder / f"{step.slug}.spec.json"
        spec.write_text(json.dumps(step_spec(
            step, pipeline, store=folder / "store", result=result, parameters=values)))  # fmt: skip
        content = build_step_notebook(step, notebook.cells, notebook, harness=harness, spec=spec)
        failure = _fork([cell.source for cell in content.cells], work, out)
        if failure:
            return 1, f"step {step.name}: {failure}", None
    return 0, "", json.loads(out.read_text()) if out.exists() else None


def _fork(sources: list[str], work: Path, out: Path) -> str:
    """Run cells in a child; the failure as text, empty when there is none."""
    report = work.parent / "failure.txt"
    report.unlink(missing_ok=True)
    child = os.fork()
    if child == 0:
        try:
            report.write_text(_in_child(sources, work, out), "utf-8")
        except BaseException:
            report.write_text(traceback.format_exc(), "utf-8")
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    return report.read_text("utf-8") if report.exists() else "the interpreter died"


def _in_child(sources: list[str], work: Path, out: Path) -> str:
    import types

    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    os.chdir(work)
    os.environ.update(IPYTHONDIR=str(work.parent / "ipython"), CONFORMANCE_OUT=str(out), MPLBACKEND="Agg")
    null = os.open(os.devnull, os.O_RDWR)
    for handle in (0, 1, 2):
        os.dup2(null, handle)
    sys.path.insert(0, "")
    main = types.ModuleType("__main__")
    sys.modules["__main__"] = main

    class Shell(InteractiveShell):
        def enable_gui(self, gui: object = None) -> None:
            """As in a kernel, ``%matplotlib inline`` needs no event loop."""

    config = Config()
    config.HistoryManager.hist_file = ":memory:"
    shell = Shell.instance(config=config, user_module=main)
    for source in sources:
        result = shell.run_cell(source, store_history=True)
        error = result.error_before_exec or result.error_in_exec
        if error is not None:
            return f"{type(error).__name__}: {error}"
    return ""
