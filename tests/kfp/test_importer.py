"""Large files of the notebook's folder, which KFP imports."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from kale_lite.diagnostics import Diagnostic
from kale_lite.errors import RefusedError
from kale_lite.project import load
from kale_lite.targets.kfp import CompileOptions, compile_to_python, compile_to_yaml
from tests.conftest import WriteNotebook
from tests.kfp.conftest import RunCells
from tests.kfp.running import compiled

CELLS = [
    ("step:count", "rows = open('data/big.csv').read().count('row')"),
    ("step:change", "with open('data/big.csv', 'a') as f:\n    f.write('row')"),
    ("step:again", "more = open('data/big.csv').read().count('row')\nassert more == rows + 1, (more, rows)"),
    ("step:other", "x = 1"),
]


def refused(path: Path, *imports: str) -> list[Diagnostic]:
    project = load(path)
    assert project.notebook is not None
    with pytest.raises(RefusedError) as caught:
        compile_to_yaml(project.notebook, project.compile(), CompileOptions(install=False, imports=imports))
    return [one for one in caught.value.diagnostics if one.code in ("KL704", "KL710")]


@pytest.fixture
def bucket(tmp_path: Path) -> Path:
    """Where KFP imports from: the file is not in the notebook's folder at all."""
    place = tmp_path / "bucket"
    place.mkdir()
    (place / "store.csv").write_text("row\n" * 30_000)
    return place / "store.csv"


def test_steps_have_imported_files_and_their_changes(run_cells: RunCells, bucket: Path) -> None:
    ran = run_cells(CELLS, imports=(f"data/big.csv={bucket}",))
    assert ran.ok, ran.log
    assert bucket.read_text() == "row\n" * 30_000


def test_a_folder_is_imported_whole(run_cells: RunCells, tmp_path: Path) -> None:
    place = tmp_path / "bucket" / "set"
    place.mkdir(parents=True)
    (place / "a.txt").write_text("a" * 70_000)
    (place / "b.txt").write_text("b")
    cells = [("step:read", "import glob\nfound = [len(open(p).read()) for p in sorted(glob.glob('set/*.txt'))]"),
             ("step:show", "assert found == [70_000, 1], found")]  # fmt: skip
    ran = run_cells(cells, imports=(f"set={place}",))
    assert ran.ok, ran.log


def test_only_steps_that_read_a_file_take_it(write_notebook: WriteNotebook, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "big.csv").write_bytes(bytes(100_000))
    path = write_notebook(CELLS)
    _, text = compiled(path, imports=("data/big.csv=s3://bucket/big.csv",))
    (spec, *_) = yaml.safe_load_all(text)
    tasks = spec["root"]["dag"]["tasks"]
    (importer,) = [name for name, task in tasks.items() if task["taskInfo"]["name"] == "import data/big.csv"]
    takers = {name for name, task in tasks.items() if importer in task.get("dependentTasks", ())}
    assert takers == {"count", "change", "again"}
    (executor,) = [one["importer"] for one in spec["deploymentSpec"]["executors"].values() if "importer" in one]
    assert executor["artifactUri"] == {"constant": "s3://bucket/big.csv"}


def test_the_notebook_can_name_them(write_notebook: WriteNotebook, bucket: Path, tmp_path: Path) -> None:
    path = write_notebook(CELLS)
    content = json.loads(path.read_text())
    content["metadata"]["kale_lite"] = {"imported_files": {"data/big.csv": f"file://{bucket}"}}
    path.write_text(json.dumps(content))
    project, text = compiled(path)
    assert not [one for one in project.check() if one.code == "KL110"]
    assert project.notebook is not None
    compile_to_python(project.notebook, project.compile(), tmp_path / "pipeline.py", CompileOptions(install=False))
    assert f"artifact_uri='{bucket}'" in (tmp_path / "pipeline.py").read_text().replace('"', "'")
    assert str(bucket) in text


def test_a_file_that_is_not_there_is_told(run_cells: RunCells) -> None:
    ran = run_cells(CELLS, imports=("data/big.csv=/nowhere/big.csv",))
    assert not ran.ok
    assert (
        "KL710: step 'count': file 'data/big.csv' cannot be imported from /nowhere/big.csv: No such file or directory"
        in ran.log
    )


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("data/big.csv", "'data/big.csv' names no file and place"),
        ("data/big.csv=bucket/big.csv", "'bucket/big.csv' is no place that KFP can import from"),
        ("data/big.csv=https://host/big.csv", "'https://host/big.csv' is no place that KFP can import from"),
        ("../big.csv=s3://bucket/big.csv", "'../big.csv' is not below the notebook's folder"),
        ("/data/big.csv=s3://bucket/big.csv", "'/data/big.csv' is not below the notebook's folder"),
        ("data/bag.csv=s3://bucket/big.csv", "no step reads the imported file 'data/bag.csv'"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_an_import(write_notebook: WriteNotebook, given: str, said: str) -> None:
    found = refused(write_notebook(CELLS), given)
    assert any(said in str(one) for one in found), found
    assert all(one.hint for one in found)


def test_the_hint_for_a_large_file_names_the_option(write_notebook: WriteNotebook, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "big.csv").write_bytes(bytes(100_000))
    assert "--import data/big.csv=s3://BUCKET/data/big.csv" in refused(write_notebook(CELLS))[0].hint
