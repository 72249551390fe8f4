"""A step in its container: inputs linked, the step notebook run by papermill, outputs and reports published."""

from __future__ import annotations

import json
import os
import sys
import traceback
from typing import Any, NoReturn

import bounds
import publish
import telling
import values
import workspace

__all__ = ["run"]

_START_TIMEOUT = 120


def run(arguments: Any, bundle: Any, task_root: Any) -> None:
    """Run the packed step with the component's arguments; a failure is told, and ends the process with code 1.

    ``task_root`` is the folder in which KFP keeps the outputs of this task.
    """
    step = bundle["step"]
    _check_python(step)
    if step.get("kind") == "check":
        lines = telling.missed(bundle, arguments)
        if lines:
            _end(lines)
        return
    publish.harness(step, arguments, bundle)
    with workspace.Workspace(step, task_root) as work:
        work.unpack(bundle)
        problem = work.take(arguments)
        error = report = None
        if problem is None:
            os.environ["PYTHONHASHSEED"] = step["hash_seed"]
            error = _execute(work, step, bundle, values.parameters(step, arguments))
            report = work.report()
            problem = work.problem(report)
        publish.notebook(step, arguments, work.executed, report)
        if problem is not None or report is None or report["status"] != "ok":
            _fail(step, bundle, work, error, problem or report)
        publish.outputs(step, arguments, work, report)


def _check_python(step: Any) -> None:
    wanted, found = ["{}.{}".format(*one) for one in (step["python"], sys.version_info[:2])]
    if found != wanted:
        _end(
            f"error KL709: this image has Python {found}, the pipeline was compiled for {wanted}: values and functions "
            f"do not travel between versions\n    hint: choose an image with Python {wanted}, by --image or image:REF"
        )


def _execute(work: Any, step: Any, bundle: Any, parameters: Any) -> Any:
    """Run the step notebook; the error that papermill raised, if any: the harness has the last word."""
    import logging

    import papermill
    from jupyter_client.manager import AsyncKernelManager

    class Manager(AsyncKernelManager):  # type: ignore[misc,unused-ignore]
        """Talks to its kernel through files, which no other process of the machine can listen to."""

        def __init__(self, **options: Any) -> None:
            super().__init__(**options, transport="ipc")

    os.environ["JUPYTER_RUNTIME_DIR"] = work.sockets
    if not os.access(os.path.expanduser("~"), os.W_OK):
        os.environ.setdefault("IPYTHONDIR", os.path.join(work.root, "ipython"))
    bounds.register(Manager, lambda number: _tell_truncated(step, number))
    logging.getLogger("papermill").setLevel(logging.CRITICAL)
    logging.getLogger("traitlets").setLevel(logging.ERROR)
    content = telling.step_notebook(bundle, work.harness, work.write_spec(step["spec"], parameters))
    try:
        papermill.execute_notebook(
            content, work.executed, engine_name=bounds.ENGINE, kernel_name="python3", progress_bar=False,
            cwd=work.folder, start_timeout=_START_TIMEOUT,
        )  # fmt: skip
    except Exception as raised:  # papermill, nbclient, zmq and the disk raise as they like
        return raised
    return None


def _tell_truncated(step: Any, number: Any) -> None:
    for cell in step["cells"]:
        if cell["number"] == number:
            where = f"{step['notebook']}: cell {cell['label']}"
            print(f"{where}: warning KL409: its output was truncated in the step's notebook, not here", flush=True)


def _fail(step: Any, bundle: Any, work: Any, error: Any, report: Any) -> None:
    try:
        lines = telling.failure(bundle, error, work.executed, report)
    except Exception:  # what went wrong must be told even when telling it well goes wrong
        traceback.print_exc()
        lines = f"step {step['step']!r} failed: {json.dumps(report)} {error!r}"
    _end(lines)


def _end(text: Any) -> NoReturn:
    sys.stdout.flush()
    print(text, file=sys.stderr, flush=True)
    raise SystemExit(1)
