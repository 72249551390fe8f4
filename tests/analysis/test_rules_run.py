"""The rules of the catalogue are true: what they are about is run on small arguments, and does nothing that they deny.

``make rules`` prints the table of all libraries, and what is wrong.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from kale_lite.analysis.effect import Effect
from tests.analysis.rulerun import watching
from tests.analysis.rulerun.judging import Call, run
from tests.analysis.rulerun.standard import OBJECTS


@pytest.mark.parametrize("library", ["stdlib", "numpy", "pandas"])
def test_rules_are_true(library: str) -> None:
    """In a process of its own: what is run closes files, and is given arguments that nobody means.

    The other libraries take minutes: ``make rules`` runs them all.
    """
    done = subprocess.run(
        [sys.executable, "-m", "tests.analysis.rulerun", library],
        cwd=Path(__file__).parents[2], capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr[-2000:]


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (Call("append", "L", None, "LL", "builtins.list"), "changes receiver"),
        (Call("reversed", "LL", reversed), "gives what shares"),
        (Call("list", "LL", list), "gives what shares"),
        (Call("os.mkdir", "'made'", __import__("os").mkdir), "writes the file 'made'"),
        (Call("random.random", "", __import__("random").random), "changes the state random"),
        (Call("os.putenv", "'A'", lambda _: __import__("os").environ.update(A="1")), "changes the state os.environ"),
    ],
    ids=lambda value: value if isinstance(value, str) else value.name,
)
def test_a_wrong_rule_is_found(call: Call, said: str, tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """A rule that calls everything fresh and without effect is not believed."""
    monkeypatch.chdir(str(tmp_path))
    watching.remember()
    problems = run(call, [Effect("wrong", returns="fresh")], OBJECTS).problems
    assert any(said in problem for problem in problems), problems
