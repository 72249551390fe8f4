"""The notebook's kernel lives in an environment of its own, which has neither kale-lite nor cloudpickle."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from kale_lite.project import load
from tests.conftest import WriteNotebook

CODE = """
import importlib.util, sys
found = [name for name in ("kale_lite", "cloudpickle", "papermill") if importlib.util.find_spec(name)]
print(sys.prefix, found)
k = 2
def f(x):
    return x * k
class Box:
    def __init__(self, v): self.v = v
box = Box([1, 2])
fs = {"f": f, "g": lambda x: x + k}
"""


def test_kernel_of_another_environment(
    write_notebook: WriteNotebook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    venv = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", venv], check=True)
    pip = [venv / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "ipykernel"]
    subprocess.run(pip, check=True)
    spec = tmp_path / "jupyter" / "kernels" / "bare"
    spec.mkdir(parents=True)
    argv = [str(venv / "bin" / "python"), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    (spec / "kernel.json").write_text(json.dumps({"argv": argv, "display_name": "bare", "language": "python"}))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))
    path = write_notebook(
        [("step:a", CODE), ("step:b", "k = 10\nprint(f(2), fs['f'](3), fs['g'](1), isinstance(box, Box), box.v)")]
    )
    result = load(path).run(output_dir=tmp_path / "out", kernel="bare")
    assert result.status == "done", result.diagnostics
    content = json.loads((tmp_path / "out" / "notebook.ipynb").read_text())
    first, second = ("".join(cell["outputs"][0]["text"]) for cell in content["cells"])
    assert first.strip() == f"{venv} []"
    assert second.strip() == "20 30 11 True [1, 2]"
