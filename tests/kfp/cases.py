"""Dataflow cases, compiled for Kubeflow and run from their YAML: the same grades as locally."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any
from unittest import mock

import nbformat

from kale_lite.errors import KaleLiteError
from kale_lite.project import load
from kale_lite.targets.kfp import CompileOptions, compile_to_yaml
from tests.conformance import grading
from tests.kfp.forkserver import Server
from tests.kfp.running import run_yaml

__all__ = ["run_case", "server"]

_SERVER: list[Server] = []


def server() -> Server:
    """This process's fork server, started when it is first needed."""
    if not _SERVER:
        _SERVER.append(Server())
    return _SERVER[0]


def run_case(case: grading.Case) -> dict[str, Any]:
    """Compile a case to YAML and run it: ``grade``, ``detail``, and what was printed."""
    with tempfile.TemporaryDirectory(prefix="kc") as tmp:
        folder = Path(tmp)
        path, out = folder / "case.ipynb", folder / "final.json"
        nbformat.write(grading.notebook(case), path)
        project = load(path)
        text = "\n".join(map(str, project.diagnostics))
        try:
            pipeline = project.compile()
            assert project.notebook is not None
            yaml, problems = compile_to_yaml(project.notebook, pipeline, CompileOptions(install=False))
        except KaleLiteError as error:
            grade, detail = grading.grade(case, 2, f"{text}\n{error}", None, None)
            return {"grade": grade, "detail": detail, "output": str(error)}
        text += "\n".join(map(str, problems))
        with mock.patch.dict(os.environ, CONFORMANCE_OUT=str(out), MPLBACKEND="Agg"):
            ran = run_yaml(yaml, folder / "root", python=server().program)
        values = json.loads(out.read_text()) if out.exists() else None
        code = 0 if ran.ok else 1
        grade, detail = grading.grade(case, code, f"{text}\n{ran.log}", values, pipeline.to_json())
        return {"grade": grade, "detail": detail, "output": ran.log}
