"""The rules of the catalogue are true: what they are about is run on small arguments, and does nothing that they deny.

``python -m tests.analysis.rulerun -v`` prints the table, and what is wrong.
"""

from __future__ import annotations

import pytest

from kale_lite.analysis.effect import Effect
from tests.analysis.rulerun import learning, watching
from tests.analysis.rulerun.checking import Report, check
from tests.analysis.rulerun.judging import Call, run
from tests.analysis.rulerun.library_tables import TABLES
from tests.analysis.rulerun.standard import OBJECTS

OPTIONAL = ("seaborn", "polars", "torch", "joblib")


@pytest.mark.parametrize("library", [*TABLES])
def test_rules_are_true(library: str) -> None:
    if library in OPTIONAL:
        pytest.importorskip(library, reason="rules of an optional library are run where it is installed")
    table = TABLES[library]()
    report = check(table)
    assert report.problems == {}
    assert report.share >= table.floor


def test_estimators() -> None:
    report = Report()
    watching.remember()
    learning.check_estimators(report)
    assert report.problems == {}
    assert report.share >= 90


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
