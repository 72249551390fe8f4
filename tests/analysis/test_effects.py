"""The catalogue: what its rules say of typical calls, and how a bad rule is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kale_lite.analysis.effects import CatalogueError, load_catalogue


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("len(_)", {"returns": "scalar", "mutates": ()}),
        ("_.append(_)", {"mutates": ("receiver",)}),
        ("open('a.csv', 'w')", {"writes_files": ("arg:0", "kw:file", "kw:filename")}),
        ("open('a.csv', 'rb')", {"writes_files": (), "reads_files": ("arg:0", "kw:file", "kw:filename")}),
        ("open(_)", {"writes_files": ()}),
        ("open(_, _)", {"writes_files": ("arg:0", "kw:file", "kw:filename")}),
        ("numpy.random.seed(0)", {"seeds": ("numpy.random",)}),
        ("numpy.random.rand(3)", {"draws": ("numpy.random",)}),
        ("numpy.zeros(3)", {"returns": "fresh", "type": "numpy.ndarray"}),
        ("numpy.add(_, _, out=_)", {"mutates": ("kw:out",)}),
        (
            "pandas.read_csv('a.csv')",
            {"reads_files": ("arg:0", "kw:filepath_or_buffer", "kw:io", "kw:path", "kw:path_or_buf")},
        ),
        ("_.drop(_, inplace=True)", {"mutates": ("receiver",)}),
        ("_.drop(columns=_)", {"mutates": (), "returns": "fresh"}),
        ("_.query('a > @b')", {"names_at": ("arg:0",)}),
        ("sklearn.svm.SVC(C=1)", {"type": "sklearn.UnseededEstimator"}),
        ("sklearn.svm.SVC(random_state=0)", {"type": "sklearn.BaseEstimator"}),
        ("_.fit(_, _)", {"mutates": ("receiver",), "returns": "receiver"}),
        ("sklearn.model_selection.train_test_split(_, _)", {"draws": ("numpy.random",)}),
        ("sklearn.model_selection.train_test_split(_, _, random_state=0)", {"draws": ()}),
        ("matplotlib.pyplot.plot(_)", {"plots": True}),
        ("matplotlib.rcParams['x'] = _", {"writes_state": ("matplotlib.rcParams",), "form": "store"}),
        ("os.environ['X'] = _", {"writes_state": ("os.environ",)}),
        ("os.environ", {"reads_state": ("os.environ",), "form": "attribute"}),
        ("subprocess.run(_)", {"external": True}),
        ("requests.get(_)", {"services": ("http",)}),
        ("warnings.filterwarnings('ignore')", {"replayable": True}),
        ("torch.manual_seed(0)", {"seeds": ("torch.random",)}),
    ],
)
def test_rules(line: str, expected: dict[str, Any]) -> None:
    effect, *_ = load_catalogue().match([line])[0]
    assert {name: getattr(effect, name) for name in expected} == expected


@pytest.mark.parametrize(
    "line", ["unheard_of.call(_)", "_.unheard_of(_)", "x = 1", "my_len(_)", "numpy.vectorize.x(_)"]
)
def test_unknown(line: str) -> None:
    assert load_catalogue().match([line]) == ((),)


def test_lines_do_not_disturb_each_other() -> None:
    lines = ["len(_)", "foo(_)", "_.append(_)"] * 50
    one_by_one = tuple(load_catalogue().match([line])[0] for line in lines)
    assert load_catalogue().match(lines) == one_by_one


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("rules: [{id: r, functions: f, mutates: first}]", "'r'"),
        ("rules: [{id: r, functions: f, mutatse: receiver}]", "mutatse"),
        ("rules: [{id: r, functions: f, returns: twin}]", "returns: twin"),
        ("rules: [{id: r, rule: {kind: no_such_kind}}]", "'r'"),
        ("rules: [{id: r}]", "'r'"),
        ("rules: [{functions: f}]", "rule 1"),
        ("nothing: 1", "rules"),
        ("rules: [", "read"),
    ],
)
def test_bad_rules_are_named(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "mine.yml"
    path.write_text(text)
    with pytest.raises(CatalogueError, match="mine.yml") as caught:
        load_catalogue((path,))
    assert said in str(caught.value)


def test_users_rules_are_added(tmp_path: Path) -> None:
    path = tmp_path / "mine.yml"
    path.write_text("library: lab\nrules: [{id: lab-read, functions: lab.read, returns: fresh, reads_files: 'arg:0'}]")
    (effect,) = load_catalogue((path,)).match(["lab.read(_)"])[0]
    assert (effect.rule, effect.library, effect.reads_files) == ("lab-read", "lab", ("arg:0",))


@pytest.mark.parametrize("library", ["numpy", "pandas", "sklearn"])
def test_plain_names_exist(library: str) -> None:
    """Function names of the catalogue that are written out are names of the library."""
    import importlib

    import yaml

    missing = []
    folder = Path(__file__).parents[2] / "kale_lite/analysis/catalogue"
    for rule in yaml.safe_load((folder / f"{library}.yml").read_text())["rules"]:
        value = rule.get("functions", [])
        words = " ".join(value if isinstance(value, list) else [value]).split()
        for name in (w for w in words if w.startswith(library) and "*" not in w):
            *parts, last = name.split(".")
            owner: Any = importlib.import_module(parts[0])
            for i, part in enumerate(parts[1:], 2):
                try:
                    owner = importlib.import_module(".".join(parts[:i]))
                except ImportError:
                    owner = getattr(owner, part, None)
            if not hasattr(owner, last):
                missing.append(name)
    assert missing == []
