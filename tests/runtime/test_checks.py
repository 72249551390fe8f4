"""What the harness looks at when a step ends."""

from __future__ import annotations

import subprocess
import sys

import pytest

from kale_lite.runtime import checks


@pytest.mark.skipif(sys.platform != "linux", reason="children are looked up in /proc")
def test_a_process_that_starts_or_exits_is_never_nameless() -> None:
    for _ in range(100):
        child = subprocess.Popen(["true"])
        while child.pid in (living := checks._children()):
            assert living[child.pid]
        child.wait()


@pytest.mark.skipif(sys.platform != "linux", reason="children are looked up in /proc")
def test_a_process_that_has_exited_is_not_running() -> None:
    child = subprocess.Popen(["true"], stdout=subprocess.PIPE)
    assert child.stdout
    with child.stdout as output:
        output.read()  # ends when the process has given up its memory and closed its files
    assert child.pid not in checks._children()
    child.wait()


@pytest.mark.skipif(sys.platform != "linux", reason="children are looked up in /proc")
def test_a_process_that_runs_is_seen() -> None:
    with subprocess.Popen(["sh", "-c", "echo; read line"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout
        child.stdout.readline()
        assert checks._children()[child.pid] == "sh -c echo; read line"
