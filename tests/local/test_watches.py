"""What analysis cannot see happens in a module of the user's; the harness sees it and says so."""

from __future__ import annotations

import socket
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
          ("step:c", "w = np.random.rand()")], "b", "", "", ""),
        ([("step:a", "import helper"), ("", "helper.environ()"), ("", "y = 1"), ("step:b", "x = 1")],
         "a", "KL408", "os.environ", "cell 2"),
        ([("step:a", "import pandas as pd\ndf = pd.DataFrame({'v': [1, 2]})"),
          ("step:b", "import helper\nn = len(df.pipe(helper.change))"), ("step:c", "s = df.sum()")],
         "b", "", "", ""),
        ([("step:a", "import helper\nx = helper.Sneaky()"), ("step:b", "k = len(x)"), ("", "k += 1\nn = x.describe()"),
          ("", "k"), ("step:c", "m = len(x)")], "b", "KL407", "`x.describe()`", "cell 3, line 2"),
        ([("step:a", "import helper"), ("", ""), ("", "%%capture out\nhelper.linger()"), ("", "x = 1")],
         "a", "KL406", "lingering", "cell 3"),
        ([("step:a", "import subprocess\nsubprocess.Popen(['sleep', '30']) and None")], "a", "KL406", "sleep 30", "cell 1"),
        ([("step:a", "import subprocess\np = subprocess.Popen(['sleep', '30'])"), ("step:b", "code = p.wait()")],
         "a", "KL406", "'p' holds it, and a process cannot be serialised", "cell 1"),
        ([("step:a", "import os, tempfile\ntmp = tempfile.TemporaryDirectory()"), ("", "name = tmp.name"),
          ("step:b", "there = os.path.exists(name)")], "a", "KL406", "'name' holds the path", "cell 1"),
        ([("step:a", "import os, tempfile\nf = tempfile.NamedTemporaryFile()\nparts = [f.name]"),
          ("step:b", "there = os.path.exists(parts[0])")], "a", "KL406", "'parts' holds the path", "cell 1"),
        ([("step:a", "import os, tempfile\nname = tempfile.mkdtemp()\nwith tempfile.TemporaryDirectory() as gone: pass"),
          ("step:b", "there = os.path.exists(name), os.path.exists(gone)\nos.rmdir(name)")], "a", "", "", ""),
        ([("step:a", "import asyncio\nasync def wait(): await asyncio.sleep(30)\ntask = asyncio.create_task(wait())")],
         "a", "KL406", "task 'wait'", "cell 1"),
        ([("step:a", "import asyncio\nasync def wait(): await asyncio.sleep(0)\ntask = asyncio.create_task(wait())\nawait task\nx = 1")],
         "a", "", "", ""),
    ],
    ids=["missed-write", "missed-read", "draw-of-a-library", "missed-environment", "callback-may-change", "changed-input", "thread", "process", "process-passed-on", "temporary-folder",
         "temporary-file", "temporary-that-stays", "task", "task-awaited"],
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


OUTSIDE = """
import socket, subprocess

def program(): subprocess.run(["true"])
def service(port): socket.create_connection(("127.0.0.1", port)).close()
"""


@pytest.mark.parametrize(
    ("first", "second", "said"),
    [
        ("", "open('mine.txt', 'w').close()", "starts the program 'true'"),
        ("", "x = 1", ""),
        ("service", "helper.service({port})", "connects to '127.0.0.1:{port}', as step 'a' does"),
        ("service", "x = 1", ""),
        ("service", "helper.service({other})", ""),
    ],
    ids=["program-and-files", "program-alone", "service-of-two", "service-of-one", "two-services"],
)
def test_what_leaves_the_process_is_told_where_another_step_could_care(
    write_notebook: WriteNotebook, tmp_path: Path, first: str, second: str, said: str
) -> None:
    (tmp_path / "helper.py").write_text(OUTSIDE)
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as two:
        ports = {"port": one.getsockname()[1], "other": two.getsockname()[1]}
        call = f"helper.service({ports['port']})" if first else "helper.program()"
        steps = [("step:a", call), ("step:b", second.format(**ports))]
        steps = steps if first else [steps[1], ("step:c", "y = 2"), ("", call)]
        cells = [("imports", "import helper"), *steps]
        result = load(write_notebook(cells)).run(output_dir=tmp_path / "out", jobs=1)
    assert result.status == "done"
    found = [d for step in result.steps.values() for d in step.diagnostics]
    assert [d.code for d in found] == (["KL411"] if said else [])
    if said:
        assert said.format(**ports) in found[0].message
        assert found[0].step == ("b" if first else "c")
        assert str(found[0].location) == ("cell 3" if first else "cell 4")


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
