"""Services, databases, programs and clocks: ordered where both sides may touch the same one, and not otherwise."""

from __future__ import annotations

import pytest

from kale_lite.project import load
from tests.analysis.test_compile import edges
from tests.conftest import WriteNotebook

FIRST = {("a", "b"), ("a", "c")}
BOTH = ("b", "c")


@pytest.mark.parametrize(
    ("b", "c", "ordered"),
    [
        ("requests.post('http://x/y')", "r = requests.get('http://x/z').text", True),
        ("s = requests.Session()\ns.get('http://x')", "t = urllib.request.urlopen('http://x')", True),
        ("requests.post('http://x/y')", "d = pd.read_sql('select 1', engine)", False),
        ("df.to_sql('t', engine)", "d = pd.read_sql('select 1', engine)", True),
        ("k = sqlite3.connect('one.db').execute('create table t (x)')", "m = sqlite3.connect('one.db').execute('select * from t')", True),
        ("k = sqlite3.connect('one.db').execute('create table t (x)')", "m = sqlite3.connect('two.db').execute('select 1')", False),
        ("k = sqlite3.connect(':memory:').execute('select 1')", "m = sqlite3.connect(':memory:').execute('select 2')", False),
        ("subprocess.run(['make'])", "d = open('made.txt').read()", True),
        ("subprocess.run(['make'])", "n = len(df)", False),
        ("subprocess.run(['one'])", "subprocess.run(['two'])", True),
        ("t = time.time()", "u = time.time()", False),
        ("t = urllib.parse.quote('a b')", "r = requests.get('http://x')", False),
        ("x = sns.load_dataset('tips')", "r = requests.get('http://x')", True),
    ],
    ids=["service-http", "service-session-and-urllib", "http-and-sql-apart", "service-sql", "database-file",
         "databases-apart", "databases-in-memory-apart", "program-and-file", "program-and-memory-apart", "programs", "clock-apart", "text-apart",
         "service-download"],
)  # fmt: skip
def test_order(write_notebook: WriteNotebook, b: str, c: str, ordered: bool) -> None:
    imports = (
        "import requests, sqlite3, subprocess, time, urllib.parse, urllib.request\nimport pandas as pd, seaborn as sns"
    )
    made = "\nfrom sqlalchemy import create_engine\nimport numpy as np\ndf = pd.DataFrame({'a': [1]})\nengine = create_engine('sqlite://')"
    assert (BOTH in edges(write_notebook, imports + made, b, c)) == ordered


@pytest.mark.parametrize(
    ("make", "compared"),
    [
        ("from sklearn.neighbors import KNeighborsClassifier as Model", False),
        ("from sklearn.linear_model import LogisticRegression as Model", True),
    ],
    ids=["counts-its-calls", "plain"],
)
def test_models_that_count_their_calls_are_not_compared(
    write_notebook: WriteNotebook, make: str, compared: bool
) -> None:
    cells = [("step:fit", f"import numpy as np\n{make}\nX = np.eye(4)\nmodel = Model().fit(X, [0, 1, 0, 1])"),
             ("step:one", "p = model.predict(X)"), ("step:two", "q = model.predict_proba(X)")]  # fmt: skip
    pipeline = load(write_notebook(cells)).compile()
    (step,) = [step for step in pipeline.steps if step.name == "one"]
    assert ("model" in step.readonly) == compared
    assert ("one", "two") not in pipeline.edges
