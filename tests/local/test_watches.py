"""What analysis cannot see happens in a module of the user's; the harness sees it and says so."""

from __future__ import annotations

from pathlib import Path

import pytest

from kale_lite.project import load
from tests.conftest import Cells, WriteNotebook

HELPER = """
import threading, time
import numpy as np

def save(path): open(path, "w").write("x")
def read(): return open("data.txt").read()
def draw(): return np.random.rand()
def change(frame):
    frame.iloc[0, 0] = 99
    return frame
def environ():
    import os
    os.environ["SEEN_BY_NOBODY"] = "1"
def wait(): time.sleep(30)
class Sneaky(list):
    def describe(self): self.append(1)
def linger(): threading.Thread(target=wait, name="lingering").start()
"""


@pytest.mark.parametrize(
    ("cells", "step", "code", "said", "place"),
    [
        ([("step:a", "import helper\nhelper.save('out.txt')"), ("step:b", "t = open('out.txt').read()")],
         "b", "KL408", "'out.txt'", "cell 2"),
        ([("step:a", "open('data.txt', 'w').write('1')"), ("step:b", "import helper\nhelper.read()")],
         "b", "KL408", "'data.txt'", "cell 2"),
        ([("step:a", "import numpy as np\nnp.random.seed(1)"), ("step:b", "import helper\nv = helper.draw()"),
          ("step:c", "w = np.random.rand()")], "b", "KL408", "numpy.random", "cell 2"),
        ([("step:a", "import helper"), ("", "helper.environ()"), ("", "y = 1"), ("step:b", "x = 1")],
         "a", "KL408", "os.environ", "cell 2"),
        ([("step:a", "import pandas as pd\ndf = pd.DataFrame({'v': [1, 2]})"),
          ("step:b", "import helper\nn = len(df.pipe(helper.change))"), ("step:c", "s = df.sum()")],
         "b", "", "", ""),
        ([("step:a", "import helper\nx = helper.Sneaky()"), ("step:b", "k = len(x)"), ("", "k += 1\nn = x.describe()"),
          ("", "k"), ("step:c", "m = len(x)")], "b", "KL407", "`x.describe()`", "cell 3, line 2"),
        ([("step:a", "import helper"), ("", ""), ("", "%%capture out\nhelper.linger()"), ("", "x = 1")],
         "a", "KL406", "lingering", "cell 3"),
        ([("step:a", "import subprocess\np = subprocess.Popen(['sleep', '30'])")], "a", "KL406", "sleep 30", "cell 1"),
    ],
    ids=["missed-write", "missed-read", "missed-draw", "missed-environment", "callback-may-change", "changed-input", "thread", "process"],
)  # fmt: skip
def test_watch(
    write_notebook: WriteNotebook, tmp_path: Path, cells: Cells, step: str, code: str, said: str, place: str
) -> None:
    (tmp_path / "helper.py").write_text(HELPER)
    result = load(write_notebook(cells)).run(output_dir=tmp_path / "out", jobs=1)
    if not code:
        assert result.status == "done"
        return
    (problem,) = result.steps[step].diagnostics
    assert problem.code == code
    assert said in problem.message
    assert str(problem.location) == place
    assert problem.hint


QUIET: Cells = [
    ("step:a", "import helper, os, threading\nhelper.save('nobody_reads_this.bin')\nv = helper.draw()"),
    ("step:b", "t = threading.Thread(target=print)\nt.start()\nt.join()"),
    ("step:c", "open('mine.txt', 'w').write('1')\nopen('mine.txt').read()"),
    ("step:d", "from joblib import Parallel, delayed\nr = Parallel(n_jobs=2)(delayed(abs)(i) for i in range(4))"),
    (
        "step:e",
        "import tempfile\nwith tempfile.TemporaryDirectory() as d:\n    open(os.path.join(d, 'x'), 'w').close()",
    ),
]


def test_no_false_alarm(write_notebook: WriteNotebook, tmp_path: Path) -> None:
    (tmp_path / "helper.py").write_text(HELPER)
    result = load(write_notebook(QUIET)).run(output_dir=tmp_path / "out")
    assert result.status == "done", result.diagnostics
