"""Files of the notebook's folder: which travel with a step, and what is told of the others."""

from __future__ import annotations

from pathlib import Path

import pytest

from kale_lite.targets.kfp.bundle import read_bundle
from tests.conftest import WriteNotebook
from tests.kfp.test_compile import findings, to_python


def test_files_that_cannot_travel(write_notebook: WriteNotebook, tmp_path: Path) -> None:
    (tmp_path / "large.csv").write_bytes(bytes(100_000))
    (tmp_path / "small.csv").write_bytes(b"1")
    path = write_notebook([
        ("step:large", "a = open('large.csv').read()"), ("step:small", "b = open('small.csv').read()"),
        ("step:elsewhere", "c = open('/somewhere/in.csv').read()"), ("step:unknown", "import sys\nd = open(sys.argv[1])"),
        ("step:mounted|volume:claim:/mnt/data", "e = open('/mnt/data/x.csv').read()"),
    ])  # fmt: skip
    found = findings(path)
    assert "step 'large' reads 'large.csv', which is too large" in found["KL704"]
    assert "step 'elsewhere' uses '/somewhere/in.csv', outside" in found["KL705"]
    assert "step 'unknown' reads files" in found["KL706"]


@pytest.mark.parametrize(
    "code",
    ["names = os.listdir('.')", "names = os.listdir('./')", "names = [*os.walk('.')]", "names = [*os.scandir('.')]"],
)
def test_a_step_that_lists_the_folder_is_told(write_notebook: WriteNotebook, tmp_path: Path, code: str) -> None:
    """There it gets what its cells name, so the list is another one: also after a step whose files travel."""
    (tmp_path / "a.csv").write_text("1")
    path = write_notebook(
        [("imports", "import os"), ("step:write", "open('b.csv', 'w').write('2')"), ("step:list", code)]
    )
    assert "step 'list' lists the notebook's folder" in findings(path)["KL706"]
    assert "KL706" not in findings(path, include=("*.csv",))


def test_a_file_that_a_parameter_names_is_shipped(write_notebook: WriteNotebook, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("1")
    path = write_notebook([("parameters", "path = 'in.csv'"), ("step:a", "x = open(path).read()")])
    assert "KL706" not in findings(path)
    to_python(path, tmp_path / "flow.py")
    assert list(read_bundle(tmp_path / "flow_steps" / "a")["files"]) == ["in.csv"]
