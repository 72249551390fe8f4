"""The history: rows of many processes, states as they are, damaged files, records found again and deleted."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from kale_lite.errors import UsageError
from kale_lite.history import Entry, History, HistoryError, add_records, find_entry, home, refreshed
from kale_lite.project import load
from kale_lite.targets.local import RunOptions
from tests.conftest import Cells, WriteNotebook

CELLS: Cells = [("parameters", "n = 2"), ("step:a", "x = n"), ("step:b", "1 / x"), ("pipeline-metrics", "print(x)")]


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A history of its own, empty."""
    monkeypatch.setenv("KALE_LITE_HOME", str(tmp_path / "home"))
    return tmp_path / "home" / "history.sqlite"


def kale_lite(*args: object, **options: Any) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "NO_COLOR": "1"}
    command = [sys.executable, "-m", "kale_lite", *map(str, args)]
    return subprocess.run(command, capture_output=True, text=True, env=env, timeout=300, **options)


def test_runs_are_listed_shown_and_deleted(own: Path, write_notebook: WriteNotebook, tmp_path: Path) -> None:
    assert kale_lite("runs", "list").stdout == "no runs yet\n"
    path = write_notebook(CELLS)
    assert kale_lite("run", path, "--output-dir", tmp_path / "one", "--no-report").returncode == 0
    assert kale_lite("run", path, "-p", "n=0", "--output-dir", tmp_path / "two", "--no-report").returncode == 1
    assert own.stat().st_mode & 0o077 == 0 or own.parent.stat().st_mode & 0o077 == 0
    lines = kale_lite("runs", "list").stdout.splitlines()
    assert lines[0].split() == ["run", "notebook", "state", "started", "time", "parameters", "metrics"]
    assert [line.split()[:3] for line in lines[1:]] == [["2", "nb.ipynb", "failed"], ["1", "nb.ipynb", "done"]]
    assert lines[2].split()[-2:] == ["n=2", "x=2"]
    found = json.loads(kale_lite("runs", "list", path, "--json").stdout)
    assert [(one["run"], one["status"], one["parameters"]) for one in found] == [
        (2, "failed", {"n": 0}),
        (1, "done", {"n": 2}),
    ]
    assert all(one["seconds"] > 0 and time.time() - 600 < one["started"] < time.time() for one in found)

    shown = kale_lite("runs", "show", "last").stdout
    assert "run 2 of" in shown
    assert "ZeroDivisionError" in shown
    assert f"record: {tmp_path / 'two'}" in shown
    assert [line.split()[:2] for line in shown.splitlines() if line.startswith(("a ", "b "))] == [
        ["a", "done"],
        ["b", "failed"],
    ]
    assert json.loads(kale_lite("runs", "show", tmp_path / "one", "--json").stdout)["steps"]["a"]["status"] == "done"

    (tmp_path / "two" / "mine.txt").write_text("precious")
    done = kale_lite("runs", "delete", "1", "two", cwd=tmp_path)
    assert "also holds mine.txt" in done.stdout
    assert not (tmp_path / "one").exists()
    assert [p.name for p in (tmp_path / "two").iterdir()] == ["mine.txt"]
    assert History().entries() == []


def test_a_killed_run_is_told_as_interrupted(own: Path, write_notebook: WriteNotebook, tmp_path: Path) -> None:
    path = write_notebook([("step:a", "x = 1"), ("step:b", "import time\nprint(x)\nopen('up', 'w')\ntime.sleep(600)")])
    command = [sys.executable, "-m", "kale_lite", "run", path, "--output-dir", tmp_path / "out"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 120
    while not (tmp_path / "up").exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    (entry,) = History().entries()
    assert refreshed(entry).status == "running"
    with pytest.raises(UsageError, match="KL504.*still going"):
        load(path).run(output_dir=tmp_path / "out")
    assert "still running" in kale_lite("runs", "delete", entry.id).stderr
    process.send_signal(signal.SIGKILL)
    process.wait()
    deadline = time.monotonic() + 30
    while refreshed(entry).status == "running" and time.monotonic() < deadline:
        time.sleep(0.1)
    assert refreshed(entry).status == "interrupted"
    shown = kale_lite("runs", "show", entry.id).stdout
    assert [line.split()[:2] for line in shown.splitlines() if line.startswith(("a ", "b "))] == [
        ["a", "done"], ["b", "interrupted"],
    ]  # fmt: skip
    write_notebook([("step:a", "x = 1"), ("step:b", "print(x)")])
    done = kale_lite("runs", "resume", entry.id, "--output-dir", tmp_path / "again", cwd=tmp_path)
    assert done.returncode == 2
    assert "up, of step 'b', may be half written" in done.stderr
    (tmp_path / "up").unlink()
    done = kale_lite("runs", "resume", entry.id, "--output-dir", tmp_path / "again", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "↺ a reused" in done.stdout
    assert "✓ b" in done.stdout
    assert kale_lite("runs", "delete", entry.id).returncode == 0
    assert (tmp_path / "again" / "store").is_dir()


WRITER = """
import sys
from pathlib import Path
from kale_lite.history import Entry, History
for i in range(25):
    number = History().put(Entry(Path(f"/r/{sys.argv[1]}-{i}"), "nb", "nb", "running", float(i)))
    History().finish(number, "done", 1.0, {"by": sys.argv[1]})
"""


def test_many_processes_write_at_once(own: Path) -> None:
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, str(i)], stderr=subprocess.PIPE) for i in range(6)]
    assert [(w.communicate()[1], w.returncode) for w in writers] == [(b"", 0)] * 6
    found = History().entries()
    assert len({entry.id for entry in found}) == 150
    assert all(e.status == "done" and e.folder.name.startswith(f"{e.metrics['by']}-") for e in found)


@pytest.mark.parametrize("how", ["text", "cut", "table"])
def test_a_damaged_database_is_told_and_nothing_is_lost(
    own: Path, write_notebook: WriteNotebook, tmp_path: Path, how: str
) -> None:
    for i in range(200):
        History().put(Entry(Path(f"/r/{i}"), "nb", "nb", "done", float(i)))
    if how == "text":
        own.write_text("this is no database " * 100)
    elif how == "cut":
        own.write_bytes(own.read_bytes()[:6000])
    else:
        with sqlite3.connect(own) as database:
            database.execute("DROP TABLE runs")
    damaged = own.read_bytes()
    result = load(write_notebook(CELLS)).run(output_dir=tmp_path / "out", report=False)
    assert result.status == "done"
    assert [d.code for d in result.diagnostics] == ["KL414"]
    assert own.read_bytes() == damaged
    with pytest.raises(HistoryError, match=r"KL507.*damaged") as caught:
        History().entries()
    assert "runs add" in caught.value.hint
    own.rename(own.with_suffix(".old"))
    done = kale_lite("runs", "add", tmp_path)
    assert done.stdout.splitlines()[-1] == "1 run added"
    (entry,) = History().entries()
    assert (entry.status, entry.parameters, entry.metrics) == ("done", {"n": 2}, {"x": 2})
    assert add_records(History(), [tmp_path]) == []


def test_a_folder_that_cannot_be_used(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("KALE_LITE_HOME", str(tmp_path / "file"))
    with pytest.raises(HistoryError, match="KL507.*cannot be used"):
        History().put(Entry(Path("/r"), "nb", "nb", "done", 0.0))


def test_a_history_of_a_newer_version(own: Path) -> None:
    History().put(Entry(Path("/r"), "nb", "nb", "done", 0.0))
    with sqlite3.connect(own) as database:
        database.execute("PRAGMA user_version = 99")
    with pytest.raises(HistoryError, match="newer"):
        History().entries()


def test_a_history_of_an_older_version_keeps_its_runs(own: Path) -> None:
    own.parent.mkdir(parents=True)
    with sqlite3.connect(own) as database:
        database.execute(
            "CREATE TABLE runs (id INTEGER PRIMARY KEY AUTOINCREMENT, folder TEXT NOT NULL UNIQUE, notebook TEXT NOT NULL,"
            " pipeline TEXT NOT NULL, status TEXT NOT NULL, started REAL NOT NULL, seconds REAL NOT NULL,"
            " parameters TEXT NOT NULL, metrics TEXT NOT NULL)"
        )
        database.execute("INSERT INTO runs VALUES (7, '/r/a', '/nb.ipynb', 'nb', 'done', 1.0, 2.0, '{\"n\": 1}', '{}')")
        database.execute("PRAGMA user_version = 1")
    number = History().put(Entry(Path("/r/b"), "/nb.ipynb", "nb", "running", 3.0, target="kfp"))
    rows = [(one.id, one.target, dict(one.parameters)) for one in History().entries("/nb.ipynb")]
    assert rows == [(number, "kfp", {}), (7, "local", {"n": 1})]


def test_a_folder_that_moves_takes_its_runs_along_and_no_other(own: Path) -> None:
    for folder, notebook in (("/w/a/runs/1", "/w/a/nb.ipynb"), ("/w/ab/runs/1", "/w/ab/nb.ipynb"), ("/else/2", "")):
        History().put(Entry(Path(folder), notebook, "nb", "done", 1.0))
    assert History().moved(Path("/w/a"), Path("/w/b")) == 1
    found = {(str(one.folder), one.notebook) for one in History().entries()}
    assert found == {("/w/b/runs/1", "/w/b/nb.ipynb"), ("/w/ab/runs/1", "/w/ab/nb.ipynb"), ("/else/2", "")}


def test_names_of_runs(own: Path) -> None:
    for folder in ("/x/a", "/y/a", "/y/b"):
        History().put(Entry(Path(folder), "nb", "nb", "done", 1.0))
    assert find_entry(History(), "b").id == find_entry(History(), "last").id == find_entry(History(), "/y/b").id == 3
    with pytest.raises(UsageError, match=r"KL506: 2 runs are called 'a'(?s:.*)2, 1"):
        find_entry(History(), "a")
    with pytest.raises(UsageError, match="KL506: there is no run '9'"):
        find_entry(History(), "9")


def test_a_run_in_the_same_folder_takes_the_place_of_the_earlier_one(own: Path) -> None:
    for status in ("failed", "done"):
        number = History().put(Entry(Path("/x/a"), "nb", "nb", status, 1.0))
    assert [(e.id, e.status) for e in History().entries()] == [(number, "done")] == [(2, "done")]


def test_where_it_lies(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("KALE_LITE_HOME")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    if sys.platform == "linux":
        assert home() == tmp_path / "kale-lite"
    assert RunOptions(tmp_path).history
