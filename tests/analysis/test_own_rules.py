"""Effect rules of a project: found through pyproject.toml, checked when loaded, and stronger than ours."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from kale_lite.analysis.effects import CatalogueError
from kale_lite.cli.app import app
from kale_lite.notebook.settings import SettingsError, read_settings
from kale_lite.project import load
from tests.conftest import WriteNotebook

REPORT = "import lab, pandas as pd\ndf = pd.DataFrame({'a': [1]})"
CELLS = [("step:load", REPORT), ("step:report", "text = lab.report(df)"), ("step:total", "total = df['a'].sum()")]
RULES = """\
library: lab
rules:
  - id: lab-report
    doc: Summarises a frame and leaves it alone.
    functions: [lab.report]
    returns: fresh
"""
CLEAN = "library: lab\nrules:\n  - {id: lab-drop, methods: [drop], receiver: [pandas.DataFrame], mutates: receiver}\n"


def project(folder: Path, rules: str, setting: str = 'effects = ["rules/lab.yml"]') -> None:
    (folder / "rules").mkdir()
    (folder / "rules" / "lab.yml").write_text(rules)
    (folder / "pyproject.toml").write_text(f"[tool.kale-lite]\n{setting}\n")


def test_a_rule_takes_needless_order_away(write_notebook: WriteNotebook, tmp_path: Path) -> None:
    path = write_notebook(CELLS)
    assert ("report", "total") in load(path).compile().edges
    project(tmp_path, RULES)
    assert ("report", "total") not in load(path).compile().edges


def test_rules_that_were_changed_are_read_again(write_notebook: WriteNotebook, tmp_path: Path) -> None:
    """As in a server's process, which lives long."""
    path = write_notebook(CELLS)
    project(tmp_path, RULES)
    assert ("report", "total") not in load(path).compile().edges
    (tmp_path / "rules" / "lab.yml").write_text(RULES + "    mutates: arg:0\n")
    assert ("report", "total") in load(path).compile().edges


def test_own_rules_are_stronger(write_notebook: WriteNotebook, tmp_path: Path) -> None:
    cells = [("step:load", "import pandas as pd\ndf = pd.DataFrame({'a': [1]})"), ("step:drop", "x = df.drop(0)"),
             ("step:total", "total = df['a'].sum()")]  # fmt: skip
    path = write_notebook(cells)
    assert ("drop", "total") not in load(path).compile().edges
    project(tmp_path, CLEAN)
    assert ("drop", "total") in load(path).compile().edges


def test_settings_come_from_the_nearest_project(tmp_path: Path) -> None:
    project(tmp_path, RULES)
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    assert read_settings(inner).effects == (tmp_path / "rules" / "lab.yml",)
    (inner / "pyproject.toml").write_text("[project]\nname = 'x'\n")
    assert read_settings(inner).effects == (tmp_path / "rules" / "lab.yml",)


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ('effect = ["x.yml"]', "do you mean 'effects'"),
        ('effects = "x.yml"', "no list of paths"),
        ('effects = ["none.yml"]', "does not exist"),
        ("effects = [", "cannot be read"),
    ],
)
def test_bad_settings_are_told(tmp_path: Path, setting: str, message: str) -> None:
    project(tmp_path, RULES, setting)
    with pytest.raises(SettingsError) as caught:
        read_settings(tmp_path)
    assert message in str(caught.value)
    assert "pyproject.toml" in str(caught.value)


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        (RULES.replace("returns", "retrns"), "do you mean 'returns'"),
        (RULES.replace("fresh", "frsh"), "none of scalar, fresh"),
        (RULES.replace("functions: [lab.report]", "rule: {kind: no_such_kind}"), "ast-grep refuses the rule"),
        (RULES.replace("returns: fresh", "mutates: arg0"), "bad place"),
    ],
)
def test_a_bad_rule_is_refused_with_its_place(
    write_notebook: WriteNotebook, tmp_path: Path, rules: str, message: str
) -> None:
    project(tmp_path, rules)
    with pytest.raises(CatalogueError) as caught:
        load(write_notebook(CELLS))
    assert message in str(caught.value)
    assert "lab.yml, line 3, rule 'lab-report'" in str(caught.value)


def test_check_ends_with_2_for_a_bad_rule(write_notebook: WriteNotebook, tmp_path: Path) -> None:
    project(tmp_path, RULES.replace("returns", "retrns"))
    result = CliRunner().invoke(app, ["check", str(write_notebook(CELLS))])
    assert isinstance(result.exception, CatalogueError)
    assert result.exception.exit_code == 2


@pytest.mark.parametrize(
    ("call", "rule"),
    [
        ("pandas.DataFrame.drop", "frame-maybe-inplace"),
        ("df.drop(cols, inplace=True)", "frame-inplace"),
        ("np.random.shuffle", "numpy-random-shuffle"),
        ("sorted", "builtin-sorted"),
        ("pl.read_csv('x.csv')", "polars-read"),
        ("joblib.dump", "joblib-save"),
        ("xgboost.train", "boosting-train"),
        ("requests.get", "http"),
        ("sqlalchemy.create_engine", "sql-engine"),
    ],
)
def test_the_command_tells_what_is_known(call: str, rule: str) -> None:
    result = CliRunner().invoke(app, ["effects", call, "--json"])
    assert result.exit_code == 0, result.output
    assert rule in {row["rule"] for row in json.loads(result.output)}


def test_the_command_tells_own_rules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project(tmp_path, RULES)
    monkeypatch.chdir(tmp_path)
    shown = CliRunner().invoke(app, ["effects", "lab.report"]).output
    assert "lab-report  (lab.yml:3, yours)" in shown
    assert "changes none of its operands" in shown


def test_an_unknown_call(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["effects", "numpy.random.shufle"])
    assert result.exit_code == 2
    assert "nothing is known" in result.output
    assert "near: numpy.random.shuffle" in result.output


@pytest.mark.parametrize(
    ("cells", "ordered"),
    [
        (["import polars as pl\nf = pl.DataFrame({'a': [1]})", "g = f.with_columns(pl.col('a') + 1)", "n = f.head()"], False),
        (["import polars as pl\nf = pl.DataFrame({'a': [1]})", "f.extend(f)", "n = f.head()"], True),
        (["import joblib\nm = {'w': 1}", "joblib.dump(m, 'a.joblib')", "k = joblib.load('b.joblib')"], False),
        (["import joblib\nm = {'w': 1}", "joblib.dump(m, 'a.joblib')", "k = joblib.load('a.joblib')"], True),
        (["import requests", "a = requests.post('x')", "b = requests.get('y')"], True),
        (["from urllib.parse import quote", "a = quote('x')", "b = quote('y')"], False),
        (["import sqlalchemy as sa\ne = 'sqlite://'", "a = sa.text('x')", "b = sa.text('y')"], False),
        (["import sqlalchemy as sa\nu = 'sqlite:///x.db'", "a = sa.create_engine(u)", "b = sa.create_engine(u)"], True),
        (["import xgboost as xgb\nd = xgb.DMatrix([[1]])", "a = xgb.train({}, d)", "b = xgb.train({}, d)"], True),
    ],
)  # fmt: skip
def test_libraries_order_what_they_must(write_notebook: WriteNotebook, cells: list[str], ordered: bool) -> None:
    names = ("one", "two", "three")
    path = write_notebook([(f"step:{name}", cell) for name, cell in zip(names, cells, strict=True)])
    assert (("two", "three") in load(path).compile().edges) is ordered


@pytest.mark.parametrize(
    ("call", "said"),
    [
        ("predict", "sklearn-predict"),
        ("os.environ", "reads state: os.environ"),
        ("df.drop(c, inplace=True)", "changes: receiver"),
        ("np.random.seed", "seeds: numpy.random"),
        ("sklearn.svm.SVC()", "type sklearn.UnseededEstimator"),
        ("sklearn.svm.SVC(random_state=0)", "type sklearn.BaseEstimator"),
        ("model.fit(X)", "the receiver keeps: arg:*, if an operand is or holds a sklearn.Keeping"),
        ("plt.savefig('a.png')", "writes the file at: arg:0"),
        ("np.array(rows)", "which keeps objects in arg:0"),
    ],
)
def test_what_effects_tells(call: str, said: str) -> None:
    result = CliRunner().invoke(app, ["effects", call])
    assert result.exit_code == 0
    assert said in result.output
