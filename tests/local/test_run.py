"""Real runs: real kernels through papermill, and what is left of them on disk."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import nbformat
import pytest

from kale_lite.errors import RefusedError, UsageError
from kale_lite.project import load
from kale_lite.targets.local import RunResult
from tests.conftest import Cells, WriteNotebook


def run(path: Path, folder: Path, **options: Any) -> RunResult:
    return load(path).run(output_dir=folder / "out", **options)


def outputs(path: Path) -> dict[int, str]:
    """Printed text of each cell of a notebook, by its number."""
    content = nbformat.read(path, as_version=4)
    return {
        i: "".join(o.get("text", o.get("data", {}).get("text/plain", "")) for o in cell.outputs)
        for i, cell in enumerate(content.cells, 1)
        if cell.cell_type == "code"
    }


BRANCHES: Cells = [
    ("parameters", "n = 3"),
    ("md", "# text"),
    ("step:load", "x = list(range(n))\nprint('loaded', x)"),
    ("step:bad|retry:1", "print('before')\n\nvalue = 1\nvalue / 0\nprint('after')"),
    ("step:good", "y = sum(x)\ny"),
    ("step:needs", "z = value"),
    ("step:last", "print('last', y)"),
    ("skip", "print('skipped')"),
    ("pipeline-metrics", "print(y)"),
]


@pytest.fixture(scope="module")
def failed(tmp_path_factory: pytest.TempPathFactory) -> tuple[RunResult, Path]:
    """A run in which one branch fails (its outputs saved before by somebody else)."""
    from tests.conftest import make_notebook

    folder = tmp_path_factory.mktemp("failed")
    content = make_notebook(BRANCHES)
    content.cells[7].outputs = [nbformat.v4.new_output("stream", text="from before\n")]
    nbformat.write(content, folder / "nb.ipynb")
    return run(folder / "nb.ipynb", folder, parameters={"n": 4}), folder


def test_a_failure_stops_only_what_depends_on_it(failed: tuple[RunResult, Path]) -> None:
    result, _ = failed
    assert result.status == "failed"
    assert {name: step.status for name, step in result.steps.items()} == {
        "load": "done", "bad": "failed", "good": "done", "needs": "skipped", "last": "done", "metrics": "done",
    }  # fmt: skip
    assert result.steps["bad"].attempts == 2
    assert result.metrics == {"y": 6}


def test_the_failure_is_told_in_the_users_terms(failed: tuple[RunResult, Path]) -> None:
    result, _ = failed
    (problem,) = result.steps["bad"].diagnostics
    assert (problem.code, str(problem.location)) == ("KL402", "cell 4, line 4")
    assert "ZeroDivisionError: division by zero" in problem.message
    shown = result.steps["bad"].traceback
    assert ">    4 | value / 0" in shown
    assert "cell 4, line 4" in shown
    assert "\x1b" not in shown
    assert "kale_lite" not in shown
    assert "ipykernel" not in shown


def test_the_record(failed: tuple[RunResult, Path]) -> None:
    _, folder = failed
    out = folder / "out"
    record = json.loads((out / "run.json").read_text())
    assert (record["status"], record["parameters"], record["metrics"]) == ("failed", {"n": 4}, {"y": 6})
    assert record["steps"]["bad"]["diagnostics"][0]["code"] == "KL402"
    assert record["steps"]["needs"]["status"] == "skipped"
    assert record["environment"]["hash_seed"].isdigit()
    events = [json.loads(line) for line in (out / "events.jsonl").read_text().splitlines()]
    assert events[0]["type"] == "run-started"
    assert events[-1]["type"] == "run-finished"
    assert [e["type"] for e in events if e.get("step") == "bad"] == [
        "step-started", "step-retried", "step-started", "step-finished",
    ]  # fmt: skip
    assert json.loads((out / "pipeline.json").read_text())["edges"]
    assert {p.name for p in (out / "steps").iterdir()} >= {"load.ipynb", "bad.ipynb", "good.ipynb"}
    assert (out / "store").stat().st_mode & 0o777 == 0o700


def test_the_notebook_of_the_record(failed: tuple[RunResult, Path]) -> None:
    _, folder = failed
    found = outputs(folder / "out" / "notebook.ipynb")
    assert found[3] == "loaded [0, 1, 2, 3]\n"
    assert found[4].startswith("before")
    assert (found[5], found[7], found[8]) == ("6", "last 6\n", "")
    content = nbformat.read(folder / "out" / "notebook.ipynb", as_version=4)
    nbformat.validate(content)
    counts = [c.execution_count for c in content.cells if c.cell_type == "code" and c.execution_count]
    assert counts == sorted(counts)
    source = nbformat.read(folder / "nb.ipynb", as_version=4)
    assert source.cells[7].outputs[0].text == "from before\n"


def test_error_in_a_function_of_another_step(write_notebook: WriteNotebook, tmp_path: Path) -> None:
    path = write_notebook([("step:a", "def f(x):\n    y = 1\n    return y / x"), ("step:b", "ok = 1\nf(0)")])
    result = run(path, tmp_path)
    (problem,) = result.diagnostics
    assert str(problem.location) == "cell 2, line 2"
    assert "cell 1, line 3" in result.steps["b"].traceback


def test_unserialisable_value(write_notebook: WriteNotebook, tmp_path: Path) -> None:
    result = run(write_notebook([("step:a", "gen = (i for i in range(3))"), ("step:b", "next(gen)")]), tmp_path)
    (problem,) = result.steps["a"].diagnostics
    assert problem.code == "KL401"
    assert "'gen'" in problem.message
    assert problem.location
    assert problem.location.cell == 1
    assert result.steps["b"].status == "skipped"


def test_a_kernel_that_dies(write_notebook: WriteNotebook, tmp_path: Path) -> None:
    path = write_notebook([("step:a", "import os\nos._exit(3)"), ("step:b", "x = 1")])
    result = run(path, tmp_path)
    assert [d.code for d in result.steps["a"].diagnostics] == ["KL404"]
    assert result.steps["b"].status == "done"


def test_a_cell_that_never_ends(write_notebook: WriteNotebook, tmp_path: Path) -> None:
    path = write_notebook([("step:a", "print('begun', flush=True)\nwhile True:\n    pass")])
    result = run(path, tmp_path, timeout=4.0)
    (problem,) = result.steps["a"].diagnostics
    assert problem.code == "KL403"
    assert "4 s" in problem.message
    assert json.loads((tmp_path / "out" / "run.json").read_text())["status"] == "failed"


def test_200_mb_of_prints(write_notebook: WriteNotebook, tmp_path: Path) -> None:
    path = write_notebook(
        [("step:a", "line = 'x' * 99_999\nfor _ in range(2000):\n    print(line)\ny = 1"), ("step:b", "y")]
    )
    result = run(path, tmp_path)
    assert result.status == "done"
    assert [(d.code, d.is_error) for d in result.diagnostics] == [("KL409", False)]
    kept = outputs(tmp_path / "out" / "notebook.ipynb")[1]
    assert len(kept) < 2_100_000
    assert "truncated" in kept
    assert (tmp_path / "out" / "steps" / "a.ipynb").stat().st_size < 5_000_000


def test_a_full_disk(write_notebook: WriteNotebook, tmp_path: Path) -> None:
    """On a file system of 3 MB: the step says so, and the rest of the record is whole."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "none", disk], capture_output=True)
    if mounted.returncode:
        pytest.skip(f"a small file system cannot be mounted here: {mounted.stderr.decode().strip()}")
    try:
        path = write_notebook([("step:a", "x = bytes(50_000_000)"), ("step:b", "len(x)"), ("step:c", "z = 1")])
        result = load(path).run(output_dir=disk / "out")
        assert [d.code for d in result.steps["a"].diagnostics] == ["KL405"]
        assert "disk is full" in result.steps["a"].diagnostics[0].message
        assert (result.steps["b"].status, result.steps["c"].status) == ("skipped", "done")
        assert json.loads((disk / "out" / "run.json").read_text())["status"] == "failed"
        assert list((disk / "out" / "store").iterdir()) == []
    finally:
        subprocess.run(["umount", disk], check=True)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["ctrl-c", "sigterm"])
def test_interrupt(write_notebook: WriteNotebook, tmp_path: Path, number: signal.Signals) -> None:
    marker = tmp_path / "pid"
    path = write_notebook(
        [("step:a", f"import os, time\nopen({str(marker)!r}, 'w').write(str(os.getpid()))\ntime.sleep(600)"),
         ("step:b", "x = 1")]
    )  # fmt: skip
    command = [sys.executable, "-m", "kale_lite", "run", path, "--output-dir", tmp_path / "out", "--jobs", "1"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True)
    deadline = time.monotonic() + 60
    while not (marker.exists() and marker.read_text()) and time.monotonic() < deadline:
        time.sleep(0.1)
    kernel = int(marker.read_text())
    process.send_signal(number)
    assert process.wait(timeout=30) == 130
    record = json.loads((tmp_path / "out" / "run.json").read_text())
    assert record["status"] == "interrupted"
    assert {name: step["status"] for name, step in record["steps"].items()} == {"a": "cancelled", "b": "cancelled"}
    assert (tmp_path / "out" / "notebook.ipynb").exists()
    with pytest.raises(ProcessLookupError):
        os.kill(kernel, 0)


def test_step_environment_and_working_directory(write_notebook: WriteNotebook, tmp_path: Path) -> None:
    work = tmp_path / "elsewhere"
    work.mkdir()
    code = "import os\nout = (os.environ['KL_LEVEL'], os.path.basename(os.getcwd()), os.environ['PYTHONHASHSEED'])\nprint(out)"
    path = write_notebook([("step:a|env:KL_LEVEL:high:er", code)])
    assert run(path, tmp_path, cwd=work).status == "done"
    assert outputs(tmp_path / "out" / "notebook.ipynb")[1] == "('high:er', 'elsewhere', '0')\n"


def test_raises_exception_goes_on(write_notebook: WriteNotebook, tmp_path: Path) -> None:
    path = write_notebook([("step:a|raises-exception", "1 / 0"), ("step:a", "x = 1"), ("step:b", "print(x)")])
    assert run(path, tmp_path).status == "done"


def test_missing_kernel(write_notebook: WriteNotebook, tmp_path: Path) -> None:
    with pytest.raises(RefusedError, match="KL006") as caught:
        run(write_notebook([("step:a", "x = 1")]), tmp_path, kernel="no-such-kernel")
    assert "python3" in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_kernel_without_ipykernel(
    write_notebook: WriteNotebook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, program in (("bare", "/usr/bin/python3"), ("gone", "/no/such/python")):
        folder = tmp_path / "jupyter" / "kernels" / name
        folder.mkdir(parents=True)
        argv = [program, "-I", "-S", "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        (folder / "kernel.json").write_text(json.dumps({"argv": argv, "display_name": name, "language": "python"}))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))
    path = write_notebook([("step:a", "x = 1")])
    for name in ("bare", "gone"):
        with pytest.raises(RefusedError, match="KL007"):
            run(path, tmp_path, kernel=name)


def test_output_folder_that_cannot_be_used(write_notebook: WriteNotebook, tmp_path: Path) -> None:
    path = write_notebook([("step:a", "x = 1")])
    (tmp_path / "file").write_text("")
    full = tmp_path / "full"
    full.mkdir()
    (full / "thesis.txt").write_text("precious")
    for folder in (tmp_path / "file", tmp_path / "file" / "below", full):
        with pytest.raises(UsageError, match="KL504"):
            load(path).run(output_dir=folder)
    assert (full / "thesis.txt").read_text() == "precious"
    assert [p.name for p in full.iterdir()] == ["thesis.txt"]


def test_a_record_is_written_over_by_the_next_run(write_notebook: WriteNotebook, tmp_path: Path) -> None:
    path = write_notebook([("step:a", "x = 1")])
    assert run(path, tmp_path).status == "done"
    assert run(path, tmp_path).status == "done"


def test_files_are_put_back_before_a_retry(write_notebook: WriteNotebook, tmp_path: Path) -> None:
    code = (
        "with open('log.txt', 'a') as f:\n    f.write('x')\n"
        "open('new.txt', 'a').write('n')\nassert open('new.txt').read() == 'nn'"
    )
    path = write_notebook([("step:a|retry:2", code)])
    (tmp_path / "log.txt").write_text("before ")
    assert run(path, tmp_path).steps["a"].attempts == 3
    assert (tmp_path / "log.txt").read_text() == "before x"
    assert (tmp_path / "new.txt").read_text() == "n"


def test_any_step_name_is_safe_on_disk(write_notebook: WriteNotebook, tmp_path: Path) -> None:
    names = ["../up", 'say "hi"; rm -rf', "データ", "a/b", "変数", "{x} '''"]
    path = write_notebook([(f"step:{name}", f"v{i} = {i}\nprint({i})") for i, name in enumerate(names)])
    result = run(path, tmp_path)
    assert result.status == "done", result.diagnostics
    assert list(result.steps) == names
    assert len(list((tmp_path / "out" / "steps").iterdir())) == len(names)
    assert not (tmp_path / "up.ipynb").exists()
    assert [text.strip() for text in outputs(tmp_path / "out" / "notebook.ipynb").values()] == list("012345")


def test_kales_notebook_runs_unchanged(write_notebook: WriteNotebook, tmp_path: Path) -> None:
    """Every tag of Kale that means something here, old and new spelling, and its metadata."""
    train = "step:train|prev:load|cache:enabled|label:k:v|image:repo/img:1|secret:s:k:TOKEN"
    cells: Cells = [
        ("imports", "import math"),
        ("pipeline-parameters", "n = 4\nscale = -1.5"),
        ("functions", "def twice(v):\n    return 2 * v"),
        ("block:load|limit:nvidia.com/gpu:1|annotation:a:b", "x = list(range(n))"),
        ("skip", "x"),
        ("", "x.append(9)"),
        (train, "y = [twice(v) * scale for v in x]"),
        ("block:plain|prev:load|report:disabled", "z = math.floor(2.5)"),
        ("pipeline-metrics", "total = sum(y)\nprint(total)\nprint(z)"),
    ]
    kale = {
        "pipeline_name": "old", "experiment": {"id": "", "name": ""}, "docker_image": "x", "volumes": [],
        "autosnapshot": False, "katib_run": False, "snapshot_volumes": False,
    }  # fmt: skip
    path = write_notebook(cells, kubeflow_notebook=kale)
    project = load(path)
    assert [d.code for d in project.diagnostics] == []
    result = project.run(output_dir=tmp_path / "out")
    assert result.status == "done", result.diagnostics
    assert result.metrics == {"total": -45.0, "z": 2}
    assert project.compile().name == "old"
