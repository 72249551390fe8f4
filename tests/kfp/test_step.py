"""A step on Kubeflow is the step as it is locally: values, checks, messages, files."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest

from kale_lite.errors import UsageError
from kale_lite.project import load
from kale_lite.targets.kfp.parameters import to_arguments
from tests.conftest import Cells, WriteNotebook
from tests.kfp.cases import server
from tests.kfp.conftest import RunCells
from tests.kfp.running import Ran, compiled, run_yaml


def printed(ran: Ran, task: str) -> str:
    """What the cells of a step printed, from its executed notebook."""
    content = nbformat.read(ran.output(task, "notebook"), as_version=4)
    outputs = [one for cell in content.cells for one in cell.get("outputs", [])]
    return "".join(one.get("text", "") for one in outputs if one.output_type == "stream")


PARAMETERS = """\
lr = 0.1
LR = 3
_x = -1
größe = [1, 2.5, {"b": 1, "a": [True, "x"]}]
holes = [1, None]
floats = [1.0, 2.0]
order = {"z": 1, "a": {"y": 2, "x": 3}}
pair = (1, "two")
keyed = {1: "a", (2, 3): "b"}
big = 2**3
huge = 9007199254740993
nothing = None
nan = 1e400
meta = ["{{$.x}}", "{{"]
flag = True
text = 'say "hi"\\n\\\\ {braces} ' + ""
plain = "it's {{$.inputs}} $HOME %s"
quoted = "'quoted'"
lines = "a\\nb"
type: float = 1
"""
SHOW = "\n".join(
    f"print({name!r}, repr({name}))"
    for name in ("lr", "LR", "_x", "größe", "holes", "floats", "order", "pair", "keyed", "huge", "nothing", "nan", "meta", "flag",
                 "plain", "quoted", "lines", "type")
)  # fmt: skip


def test_parameters_arrive_as_the_notebook_has_them(run_cells: RunCells) -> None:
    ran = run_cells([("parameters", PARAMETERS), ("step:show", SHOW)])
    assert ran.ok, ran.log
    scope: dict[str, Any] = {}
    exec(PARAMETERS, scope)
    names = [line.split("'")[1] for line in SHOW.splitlines()]
    assert printed(ran, "show") == "".join(f"{name} {scope[name]!r}\n" for name in names)


def test_parameters_that_are_set_arrive_too(run_cells: RunCells, write_notebook: WriteNotebook) -> None:
    cells: Cells = [("parameters", PARAMETERS), ("step:show", SHOW)]
    notebook = load(write_notebook(cells)).notebook
    assert notebook is not None
    given: dict[str, Any] = {
        "LR": 7, "lr": 2.0, "größe": [3, 4], "floats": [3.0], "order": {"z": 5, "a": {"y": 2, "x": 3}, "q": 1},
        "pair": (5, 6), "keyed": {5: "c"}, "huge": 2**60, "nothing": "text", "nan": 0.5, "flag": False,
        "plain": "5", "quoted": "None", "lines": "c\nd", "_x": 4,
    }  # fmt: skip
    ran = run_cells(cells, to_arguments(notebook.parameters, given))
    assert ran.ok, ran.log
    shown = printed(ran, "show")
    for name, value in given.items():
        assert f"{name} {value!r}\n" in shown


@pytest.mark.parametrize("value", [[3, 4.0], [1, 2, {"b": 1, "c": 2, "a": 3}]], ids=["number", "order"])
def test_values_that_would_arrive_as_others_are_refused(write_notebook: WriteNotebook, value: Any) -> None:
    """The step could not tell 4.0 from 4, nor the order of keys: a local run would go on with another value."""
    notebook = load(write_notebook([("parameters", PARAMETERS), ("step:show", SHOW)])).notebook
    assert notebook is not None
    with pytest.raises(UsageError, match="parameter 'größe' would arrive in KFP as"):
        to_arguments(notebook.parameters, {"größe": value})


def test_a_failing_cell_is_told_as_locally(run_cells: RunCells, write_notebook: WriteNotebook, tmp_path: Path) -> None:
    cells: Cells = [("step:load", "x = 1"), ("step:use", "print('before')"), ("", "y = 1\nz = x / 0")]
    ran = run_cells(cells)
    result = load(write_notebook(cells)).run(output_dir=tmp_path / "out")
    (finding,) = result.diagnostics
    assert not ran.ok
    assert f"nb.ipynb: {finding}" in ran.log
    assert "cell 3, line 2: error KL402: step 'use' failed: ZeroDivisionError" in ran.log
    assert ">    2 | z = x / 0" in ran.log
    assert "_kale_lite_runtime" not in ran.log.split("KL402")[1]
    # The executed notebook and the report are there although the step failed.
    assert printed(ran, "use") == "before\n"
    assert "ZeroDivisionError" in ran.output("use", "report").read_text()


@pytest.mark.parametrize(
    ("cells", "code"),
    [
        ([("step:a", "import threading\nlock = threading.Lock()"), ("step:b", "lock.acquire()")], "KL401"),
        ([("step:a", "import threading, time\nt = threading.Thread(target=time.sleep, args=[9])\nt.start()")], "KL406"),
        ([("step:a", "import os\nos.kill(os.getpid(), 9)")], "KL404"),
    ],
    ids=["unserialisable", "alive", "died"],
)
def test_checks_at_run_time_are_the_same(run_cells: RunCells, cells: Cells, code: str) -> None:
    ran = run_cells(cells)
    assert not ran.ok
    assert re.search(rf"nb\.ipynb: cell \d+.*error {code}: step 'a'", ran.log), ran.log


def test_an_image_with_another_python_is_refused(run_cells: RunCells, monkeypatch: pytest.MonkeyPatch) -> None:
    from kale_lite.targets.kfp import target
    from kale_lite.targets.kfp.environment import Environment

    monkeypatch.setattr(target, "author_environment", lambda kernel: Environment((3, 9)))
    ran = run_cells([("step:a", "x = 1")])
    assert not ran.ok
    assert "error KL709: this image has Python 3.11, the pipeline was compiled for 3.9" in ran.log


def test_metrics_are_numbers_of_a_metrics_artifact(run_cells: RunCells) -> None:
    ran = run_cells([
        ("step:a", "import numpy as np\naccuracy, loss, word = 0.5, np.float64('nan'), 'good'"),
        ("pipeline-metrics", "print(accuracy)\nprint(loss)\nprint(word)"),
    ])  # fmt: skip
    assert ran.ok, ran.log
    assert ran.metadata("metrics", "metrics") == {"accuracy": 0.5}
    assert json.loads(ran.output("metrics", "metrics").read_text())["word"] == "good"


def test_artifacts_say_what_they_hold(run_cells: RunCells) -> None:
    ran = run_cells([("step:a", "import numpy as np\nx = np.zeros((2, 3))"), ("step:b", "print(x.sum())")])
    assert ran.ok, ran.log
    about = ran.metadata("a", "x")
    assert about["values"] == {"x": "numpy.ndarray (2, 3)"}
    assert len(about["sha256"]) == 64


def test_files_travel_with_the_steps_that_made_them(run_cells: RunCells, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "in.csv").write_text("1,2\n")
    (tmp_path / "helper.py").write_text("import deeper\n\ndef double(x):\n    return deeper.two * x\n")
    (tmp_path / "deeper.py").write_text("two = 2\n")
    ran = run_cells([
        ("step:read", "rows = open('data/in.csv').read()"),
        ("step:write", "import os, helper\nos.makedirs('out')\nopen('out/a.txt', 'w').write('a')\n"
                       "open('b.txt', 'w').write(str(helper.double(21)))\nos.chmod('b.txt', 0o755)"),
        ("step:change", "open('out/a.txt', 'a').write(rows)\nos.remove('b.txt')"),
        ("step:look", "print(open('out/a.txt').read(), sorted(os.listdir('.')))"),
    ])  # fmt: skip
    assert ran.ok, ran.log
    assert printed(ran, "look").startswith("a1,2\n")
    assert "b.txt" not in printed(ran, "look")
    assert ran.metadata("write", "files")["written"] == ["b.txt", "out/a.txt"]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["data", "deeper.py", "helper.py", "nb.ipynb", "root"]


def test_a_file_that_analysis_missed_is_an_error_where_it_could_be_missed(run_cells: RunCells) -> None:
    hidden = "import importlib\nimportlib.import_module('pathlib').Path('x.txt').write_text('1')"
    ran = run_cells([("step:a", f"def f():\n    {hidden.splitlines()[0]}\n    {hidden.splitlines()[1]}\nf()"),
                     ("step:b", "import os\nprint(os.path.exists('x.txt'))")])  # fmt: skip
    if ran.ok:
        assert printed(ran, "b") == "True\n"
    else:
        assert "KL408" in ran.log


def test_a_damaged_payload_is_refused(tmp_path: Path, write_notebook: WriteNotebook) -> None:
    damage = (
        "import glob, os\n"
        "path = max(glob.glob(os.environ['KL_ROOT'] + '/*/a/x/buffers.bin'))\n"
        "data = bytearray(open(path, 'rb').read()); data[0] ^= 1; open(path, 'wb').write(data)"
    )
    cells: Cells = [("step:a", "import numpy as np\nx = np.arange(1000.0)"), ("step:harm|prev:a", damage),
                    ("step:b|prev:harm", "print(x[0])")]  # fmt: skip
    _, text = compiled(write_notebook(cells))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KL_ROOT", str(tmp_path / "root"))
        ran = run_yaml(text, tmp_path / "root", python=server().program)
    assert not ran.ok
    assert "error KL410: step 'b': payload a.0 is damaged: a buffer's checksum differs" in ran.log


def test_interpreter_state_travels_and_secrets_do_not(run_cells: RunCells, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KL_SECRET", "geheim")
    ran = run_cells([
        ("step:a", "import os, random\nrandom.seed(3)\nos.environ['KL_MODE'] = 'fast'\nos.makedirs('deep')\nos.chdir('deep')"),
        ("step:b", "print(random.random(), os.environ['KL_MODE'], os.path.basename(os.getcwd()))"),
    ])  # fmt: skip
    assert ran.ok, ran.log
    assert printed(ran, "b") == "0.23796462709189137 fast deep\n"
    for path in ran.folder.rglob("*"):
        assert not path.is_file() or path.name in ("data.pkl",) or b"geheim" not in path.read_bytes()
    assert not any(b"geheim" in path.read_bytes() for path in ran.folder.rglob("data.pkl"))


def test_sets_iterate_alike_in_all_steps(run_cells: RunCells) -> None:
    words = "words = {w: 0 for w in {'alpha', 'beta', 'gamma', 'delta', 'epsilon'}}"
    ran = run_cells(
        [("step:a", words), ("step:b", words.replace("words", "again") + "\nprint(list(words) == list(again))")]
    )
    assert ran.ok, ran.log
    assert printed(ran, "b") == "True\n"


def test_a_container_without_kale_lite(tmp_path: Path, write_notebook: WriteNotebook) -> None:
    """In processes of their own, as a cluster starts them, whose Python cannot import kale-lite."""
    (tmp_path / "block").mkdir()
    (tmp_path / "block" / "sitecustomize.py").write_text(
        "import sys\nclass Block:\n    def find_spec(self, name, path=None, target=None):\n"
        "        if name.split('.')[0] == 'kale_lite':\n            raise ImportError('blocked: ' + name)\n"
        "sys.meta_path.insert(0, Block())\n"
    )
    cells: Cells = [("step:a", "x = [1, 2]"), ("step:b", "try:\n    import kale_lite\nexcept ImportError as e:\n    print(e, x)"),
                    ("", "1 / 0")]  # fmt: skip
    _, text = compiled(write_notebook(cells))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(tmp_path / "block"))
        probe = subprocess.run([sys.executable, "-c", "import kale_lite"], capture_output=True, check=False)
        assert probe.returncode
        ran = run_yaml(text, tmp_path / "root")
    assert printed(ran, "b") == "blocked: kale_lite [1, 2]\n"
    assert "nb.ipynb: cell 3, line 1: error KL402: step 'b' failed: ZeroDivisionError: division by zero" in ran.log


def test_many_steps_share_one_harness(run_cells: RunCells, monkeypatch: pytest.MonkeyPatch) -> None:
    from kale_lite.targets.kfp import plan

    monkeypatch.setattr(plan, "_SHARED_FROM", 3)
    ran = run_cells([("step:a", "x = 1"), ("step:b", "y = x + 1"), ("step:c", "print(y)\n1 / 0")])
    assert ran.output("a", "kale_lite_harness").exists()
    assert not ran.output("b", "kale_lite_harness").exists()
    assert printed(ran, "c") == "2\n"
    assert "nb.ipynb: cell 3, line 2: error KL402: step 'c' failed: ZeroDivisionError" in ran.log


def test_what_no_step_can_see_alone_fails_the_run(run_cells: RunCells, tmp_path: Path) -> None:
    (tmp_path / "numbering.py").write_text(
        "count = 0\n\ndef number():\n    global count\n    count += 1\n    return count\n"
    )
    cells: Cells = [("step:one", "import numbering\na = numbering.number()"), ("step:two", "import numbering\nb = numbering.number()"),
                    ("step:show", "print(a, b)")]  # fmt: skip
    ran = run_cells(cells)
    local = load(tmp_path / "nb.ipynb").run(output_dir=tmp_path / "out")
    findings = [str(one) for one in local.diagnostics]
    assert (ran.ok, local.status) in ((False, "failed"), (True, "done"))
    assert all(one.split("\n")[0] in ran.log for one in findings)
    assert ran.ok is (printed(ran, "show") == "1 2\n")


def test_what_a_cell_prints_is_bounded_in_the_notebook(run_cells: RunCells) -> None:
    lines = "for _ in range(30):\n    print('x' * 99_999)\nprint('the end')"
    ran = run_cells([("step:a", f"{lines}\ny = 1"), ("step:b", "print('y', y)")])
    assert ran.ok, ran.log
    kept = printed(ran, "a")
    assert 2_000_000 < len(kept) < 2_000_100
    assert kept.endswith("[kale-lite: output truncated after 2,000,000 characters]\n")
    assert "nb.ipynb: cell 1: warning KL409: its output was truncated in the step's notebook, not here" in ran.log
    # The log has all, once.
    assert ran.log.count("the end") == 1
    assert ran.log.count("x" * 99_999) == 30
    assert printed(ran, "b") == "y 1\n"
