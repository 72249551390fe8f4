"""The page of a step: drawn with the image's nbconvert, and written without it where that is missing or broken."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

INSIDE = Path(__file__).parents[2] / "kale_lite" / "targets" / "kfp" / "inside"
PAGE = """
import sys
sys.path[:0] = [{broken!r}, {inside!r}, {runtime!r}]
import nbformat, publish
cell = nbformat.v4.new_code_cell("print('<1>')", metadata={{"kale_lite": {{"cell": 1}}}})
cell.outputs = [nbformat.v4.new_output("stream", text="<1>")]
print(publish._page({{"step": "a & b"}}, nbformat.v4.new_notebook(cells=[cell])))
"""


@pytest.mark.parametrize("line", ["raise ImportError", "ALLOWED_STYLES", "raise OSError('a library is missing')"])
def test_a_broken_nbconvert_fails_no_step(tmp_path: Path, line: str) -> None:
    (tmp_path / "nbconvert.py").write_text(line)
    code = PAGE.format(broken=str(tmp_path), inside=str(INSIDE), runtime=str(INSIDE.parents[2] / "runtime"))
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert shown.returncode == 0, shown.stderr
    assert "<title>a &amp; b</title>" in shown.stdout
    assert "<pre>&lt;1&gt;</pre>" in shown.stdout
