"""Warm kernels: what a step sees is what it sees in an ordinary kernel, and what goes wrong with them is told."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import nbformat
import pytest

from kale_lite.notebook import read_notebook
from kale_lite.project import load
from kale_lite.targets.local import RunResult
from kale_lite.targets.local.leading import leading_imports
from kale_lite.verify.outputs import canonical
from tests.conftest import Cells, WriteNotebook

IMPORTS = "%matplotlib inline\nimport os\nimport numpy as np\nimport pandas as pd\nimport matplotlib.pyplot as plt\nfrom sklearn.ensemble import RandomForestClassifier"

PROCESS = """
# An ordinary kernel makes only the imports that its step needs.
np, pd, plt, RandomForestClassifier
import sys, os, gc, signal, threading, logging, locale, warnings, resource, multiprocessing, asyncio
handlers = {n: str(signal.getsignal(n)).split(" at ")[0] for n in sorted(signal.valid_signals())}
print(os.getsid(0) == os.getpid() == os.getpgid(0), os.getcwd(), sys.argv[0], sys.argv[1], sys.argv[3:], sys.flags, sys.path)
print(handlers, gc.isenabled(), gc.get_threshold(), sorted(t.name for t in threading.enumerate()))
print(locale.setlocale(locale.LC_ALL), sorted(map(str, warnings.filters)), logging.root.handlers, logging.root.level)
print(sorted(set(os.environ) ), os.environ["MPLBACKEND"], hash("a"), sys.getrecursionlimit(), os.umask(0o22))
print(resource.getrlimit(resource.RLIMIT_NOFILE), multiprocessing.get_start_method(allow_none=True))
print(sorted(vars(sys.modules["__main__"]).keys() - {"_dh"})[:8], type(sys.modules["__main__"]).__name__)
print(type(sys.stdin).__name__, os.read(0, 1), type(sys.stdout).__name__, sys.stderr.isatty(), sys.excepthook.__name__)
print(len(os.listdir("/proc/self/fd")), sorted(set(os.readlink(f"/proc/self/fd/{n}").split(":")[0].rsplit("/")[-1]
      for n in range(3, 12) if os.path.islink(f"/proc/self/fd/{n}"))))
# scikit-learn brings it, and it takes hold of a stream when it is imported.
held = sys.modules.get("charset_normalizer.api")
if held is not None:
    held.explain_handler.stream.write("through a handler of a library")
# What libraries found out about where they run when they were imported.
import matplotlib, scipy, sklearn
def options(tree):
    return {k: options(v) if isinstance(v, dict) else repr(v) for k, v in tree.items()}
print(options(object.__getattribute__(pd.options, "d")))
print({k: v for k, v in matplotlib.rcParams.items() if k != "backend"}, np.get_printoptions(), np.geterr(), sklearn.get_config())
"""

LIBRARIES = """
import subprocess, asyncio, multiprocessing, warnings
a = np.arange(250_000.0).reshape(500, 500)
print(float((a @ a).trace()))
x, y = np.arange(200.0).reshape(100, 2), np.arange(100) % 2
forest = RandomForestClassifier(20, n_jobs=2, random_state=0).fit(x, y)
print(forest.predict(x).sum())
print(subprocess.run(["echo", "from a subprocess"], capture_output=True, text=True).stdout)
for method in ("fork", "spawn", "forkserver"):
    with multiprocessing.get_context(method).Pool(2) as pool:
        print(method, pool.map(abs, [-1, -2]), float(np.linalg.norm(a)))
async def later():
    await asyncio.sleep(0.01)
    return "awaited"
print(await later())
try:
    input("?")
except Exception as error:
    print(type(error).__name__)
warnings.warn("once")
pd.DataFrame({"a": [1]})
"""

CELLS: Cells = [
    ("imports", IMPORTS),
    ("step:process", PROCESS),
    ("step:libraries", LIBRARIES),
    ("step:libraries", "status = os.system('echo from the shell')"),
    ("step:plot", "plt.plot([1, 2])\nplt.show()\nprint(plt.get_backend())"),
]

DRAWS = """
import random, uuid, tempfile, multiprocessing
{name} = (random.random(), float(np.random.rand()), float(np.random.default_rng().random()), uuid.uuid4().hex,
     next(tempfile._get_candidate_names()), bytes(multiprocessing.current_process().authkey))
"""


def run(path: Path, folder: Path, **options: Any) -> tuple[RunResult, dict[str, Any]]:
    """A run and what its record says of kernels."""
    result = load(path).run(output_dir=folder, **options)
    return result, json.loads((folder / "run.json").read_text())["kernels"]


def shown(folder: Path) -> list[list[Any]]:
    content = nbformat.read(folder / "notebook.ipynb", as_version=4)
    return [
        [re.sub(r"ipykernel_\d+", "", o.get("text", "")) or sorted(o.get("data", o)) for o in cell.outputs]
        for cell in content.cells
    ]


def compared(folder: Path) -> list[Any]:
    """Outputs of cells, each stream as one text: how the two interleave depends on timing."""
    content = nbformat.read(folder / "notebook.ipynb", as_version=4)
    return [canonical(cell.outputs) for cell in content.cells if cell.cell_type == "code"]


def test_steps_see_what_they_see_in_an_ordinary_kernel(write_notebook: WriteNotebook, tmp_path: Path) -> None:
    path = write_notebook(CELLS)
    warm, kernels = run(path, tmp_path / "warm")
    assert (warm.status, kernels["warm"]) == ("done", ["libraries", "plot", "process"]), warm.diagnostics
    assert "import pandas" in kernels["preloaded"], kernels
    cold, kernels = run(path, tmp_path / "cold", warm=False)
    assert cold.status == "done"
    assert kernels["ordinary"]["plot"] == "--no-warm"
    for mine, other in zip(compared(tmp_path / "warm"), compared(tmp_path / "cold"), strict=True):
        assert mine == other


def test_what_is_drawn_at_random_differs(write_notebook: WriteNotebook, tmp_path: Path) -> None:
    check = "print([p == q for p, q in zip(a, b)])"
    path = write_notebook([
        ("imports", "import numpy as np"), ("step:a", DRAWS.format(name="a")), ("step:b", DRAWS.format(name="b")),
        ("step:c", check),
    ])  # fmt: skip
    result, kernels = run(path, tmp_path / "out")
    assert (result.status, kernels["warm"], kernels["preloaded"]) == ("done", ["a", "b", "c"], ["import numpy"])
    assert shown(tmp_path / "out")[3] == [str([False] * 6) + "\n"]


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("import os\nos._exit(3)", "(exit code 3)"),
        ("import os\nos.kill(os.getpid(), 9)", "(killed by signal 9)"),
        # The template itself goes.
        ("import os, time\nos.kill(os.getppid(), 9)\ntime.sleep(60)", "its kernel died"),
    ],
    ids=["exit", "signal", "template"],
)
def test_a_kernel_that_dies_is_told(write_notebook: WriteNotebook, tmp_path: Path, code: str, told: str) -> None:
    path = write_notebook([("step:a", code), ("step:b", "print('b')")])
    result, kernels = run(path, tmp_path / "out", jobs=1)
    (problem,) = result.diagnostics
    assert (problem.code, result.steps["b"].status) == ("KL404", "done")
    assert told in problem.message
    assert kernels["warm"][:1] == ["a"]


def test_a_module_of_the_folder_is_never_preloaded(write_notebook: WriteNotebook, tmp_path: Path) -> None:
    (tmp_path / "numpy.py").write_text("import os\nparent = os.getpid()\nmine = True")
    path = write_notebook(
        [("imports", "import numpy"), ("step:a", "import os\nprint(numpy.mine, numpy.parent == os.getpid())")]
    )
    result, kernels = run(path, tmp_path / "out")
    assert (result.status, kernels["preloaded"]) == ("done", []), result.diagnostics
    assert "numpy" in kernels["not_preloaded"]
    assert shown(tmp_path / "out")[1] == ["True True\n"]


def test_a_step_with_an_environment_has_an_ordinary_kernel(write_notebook: WriteNotebook, tmp_path: Path) -> None:
    path = write_notebook([("step:a|env:OMP_NUM_THREADS:1", "x = 1"), ("step:b", "y = x")])
    result, kernels = run(path, tmp_path / "out")
    assert (result.status, kernels["warm"], list(kernels["ordinary"])) == ("done", ["b"], ["a"])


def test_nothing_is_left_when_the_command_is_killed(write_notebook: WriteNotebook, tmp_path: Path) -> None:
    marker = tmp_path / "pids"
    code = f"import os, time\nopen({str(marker)!r}, 'w').write(f'{{os.getpid()}} {{os.getppid()}} .')\ntime.sleep(600)"
    path = write_notebook([("step:a", code)])
    process = subprocess.Popen([sys.executable, "-m", "kale_lite", "run", path, "--output-dir", tmp_path / "out"],
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip
    deadline = time.monotonic() + 60
    while not (marker.exists() and marker.read_text().endswith(".")) and time.monotonic() < deadline:
        time.sleep(0.1)
    pids = [int(part) for part in marker.read_text().split()[:2]]
    process.send_signal(signal.SIGKILL)
    process.wait()
    while any(map(_runs, pids)) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not any(map(_runs, pids))


def _runs(pid: int) -> bool:
    """Whether a process is there and no zombie, which it may stay in a container."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")")[1].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ([("", "import numpy as np, os\nfrom scipy import stats")], ("import numpy", "from scipy import stats")),
        ([("parameters", "n = 3"), ("imports", "%matplotlib inline\nimport matplotlib.pyplot as plt")],
         ("import matplotlib.figure",)),
        ([("", "import os\nos.environ['OMP_NUM_THREADS'] = '1'\nimport numpy")], ()),
        ([("", "import numpy\nimport torch\nimport pandas")], ("import numpy",)),
        ([("", "%env OMP_NUM_THREADS=1"), ("", "import numpy")], ()),
        ([("", "import local_settings\nimport numpy")], ()),
        ([("", "from . import x\nimport numpy")], ()),
        ([("skip", "import pandas"), ("", "import numpy")], ("import numpy",)),
        ([("", "__name__ = 'x'\nimport numpy")], ()),
    ],
    ids=["both", "constants", "environment", "unknown", "magic", "local", "relative", "skip", "dunder"],
)  # fmt: skip
def test_leading_imports(write_notebook: WriteNotebook, cells: Cells, expected: tuple[str, ...]) -> None:
    notebook, _ = read_notebook(write_notebook([*cells, ("step:a", "x = 1")]))
    assert notebook is not None
    assert leading_imports(notebook) == expected
