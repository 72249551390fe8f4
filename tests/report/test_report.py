"""The report of real runs: what it shows, that it runs nothing and fetches nothing, and what it leaves out."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

from kale_lite.project import load
from kale_lite.report import write_report
from kale_lite.report.cells import LONGEST_TEXT
from kale_lite.targets.local import TARGET, RunResult
from tests.conftest import Cells, WriteNotebook, make_notebook

EVIL = """
<script>alert(1)</script><img src=x onerror=alert(2)><a href="javascript:alert(3)">j</a>
<svg onload=alert(4)></svg><iframe srcdoc="<script>alert(5)</script>"></iframe><math><mi xlink:href="javascript:1"></mi></math>
<img src="https://example.org/p.png"><p style="position:fixed;background:url(https://example.org/x)" onclick="f()">kept</p>
<link rel=stylesheet href="https://example.org/a.css"><meta http-equiv=refresh content="0;url=https://example.org">
</div></div></details></main><style>body{display:none}</style><form action="https://example.org"><input></form>
<a href="data:text/html,<script>alert(6)</script>">d</a><b id="step-a" class="state is-failed">forged</b>
"""
CELLS: Cells = [
    ("parameters", "rate = 0.5"),
    ("step:load", "import pandas as pd\nframe = pd.DataFrame({'n': [1, 2], '<b>': [3, 4]})\nframe"),
    ("step:plot", "import matplotlib.pyplot as plt\nplt.plot(frame.n)\nplt.show()"),
    ("step:evil <b>", f"from IPython.display import HTML, SVG, Markdown, Javascript, display\ndisplay(HTML({EVIL!r}))\n"
     "display(SVG('<svg xmlns=\"http://www.w3.org/2000/svg\" onload=\"alert(7)\"><rect width=\"9\" height=\"9\"/></svg>'))\n"
     "display(Markdown('**strong** <script>alert(8)</script>'))\ndisplay(Javascript('alert(9)'))\n"
     "print('\\x1b[31mred\\x1b[0m <script>alert(10)</script>')"),
    ("step:long", "print('x' * 300_000)"),
    ("step:quiet|report:disabled", "print('not in the report')"),
    ("step:bad", "print('before')\nframe.n.sum() / 0 if rate > 2 else [][1]"),
    ("step:after|prev:bad", "print('never')"),
    ("pipeline-metrics", "total = int(frame.n.sum())\nprint(total)"),
]  # fmt: skip


class _Page(HTMLParser):
    """Collects elements as a browser would meet them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[RunResult, str]:
    """A run that fails, and its report."""
    import nbformat

    folder = tmp_path_factory.mktemp("report")
    nbformat.write(make_notebook(CELLS), folder / "nb.ipynb")
    result = load(folder / "nb.ipynb").run({"rate": 1.5}, output_dir=folder / "out")
    assert result.report == (folder / "out" / "report.html").resolve()
    return result, result.report.read_text("utf-8")


def _step(text: str, slug: str) -> str:
    return text.split(f'id="step-{slug}"')[1].split("<details")[0]


def test_a_failed_run_has_a_report_with_everything(made: tuple[RunResult, str]) -> None:
    result, text = made
    assert result.status == "failed"
    assert not result.problems
    bad = _step(text, "bad")
    for shown in ("cell 7", "KL402", "IndexError", "before", "list index out of range"):
        assert shown in bad
    assert "not run, because bad did not succeed" in _step(text, "after")
    assert re.search(r"total</th><td>3<", text)
    assert re.search(r"rate</th><td>1.5<", text)
    assert "<th>1</th>" in _step(text, "load")
    assert "<td>4</td>" in _step(text, "load")
    assert 'src="data:image/png;base64,' in _step(text, "plot")
    assert 'src="data:image/svg+xml;base64,' in _step(text, "evil-b")


def test_no_code_of_the_notebook_runs_and_nothing_is_fetched(made: tuple[RunResult, str]) -> None:
    _, text = made
    assert "kept" in _step(text, "evil-b")
    assert "<strong>strong</strong>" in text
    for tag, attributes in _Page(text).elements:
        assert tag not in {"script", "iframe", "link", "form", "input", "object", "embed", "base", "math"}
        assert not any(name.startswith("on") or name == "srcdoc" for name in attributes), (tag, attributes)
        assert not (attributes.get("src") or "data:image/").partition("data:image/")[0]
        assert (attributes.get("href") or "#").startswith(("#", "https:")), attributes
        assert "url(" not in (attributes.get("style") or "")
        assert "position" not in (attributes.get("style") or "")
    assert text.count("<style") == 1
    policy = next(a["content"] for t, a in _Page(text).elements if a.get("http-equiv") == "Content-Security-Policy")
    assert policy
    assert "default-src 'none'" in policy
    assert "script" not in policy


def test_output_cannot_pass_for_a_part_of_the_page(made: tuple[RunResult, str]) -> None:
    _, text = made
    assert "<b>forged</b>" in text
    ids = [a["id"] for _, a in _Page(text).elements if a.get("id")]
    assert len(ids) == len(set(ids))
    assert text.count("</main>") == 1
    assert text.count("<details") == text.count("</details>") == 8


def test_what_is_left_out_is_told(made: tuple[RunResult, str]) -> None:
    _, text = made
    assert f"{300_001 - LONGEST_TEXT:,} more characters: see steps/long.ipynb" in text
    assert "tag report:disabled; see steps/quiet.ipynb" in text
    assert "<pre>not in the report" not in text
    assert "not shown: application/javascript; see steps/evil-b.ipynb" in _step(text, "evil-b")
    assert "scripts and styles; see steps/evil-b.ipynb" in text


def test_the_graph_and_the_times(made: tuple[RunResult, str]) -> None:
    _, text = made
    graph = text.split('<svg class="graph"')[1].split("</svg>")[0]
    assert graph.count("<rect") == 8
    assert "load → plot: frame" in graph
    assert 'class="node is-failed"' in graph
    x0, y0, width, height = map(float, re.search(r'viewBox="([\d. ]+)"', graph)[1].split())  # type: ignore[index]
    for x, y in re.findall(r'<rect x="([\d.]+)" y="([\d.]+)"', graph):
        assert x0 <= float(x) <= width - 148
        assert y0 <= float(y) <= height - 44
    rows = re.findall(r'<tr class="is-(\w+)">.*?</tr>', text.split('class="times"')[1].split("</table>")[0], re.S)
    assert rows == ["done", "done", "done", "done", "done", "failed", "skipped", "done"]


def test_the_option_of_a_step_means_something_here(write_notebook: WriteNotebook) -> None:
    pipeline = load(write_notebook([("step:a|report:disabled", "x = 1")])).compile()
    assert TARGET.check(pipeline) == ()


def test_a_run_without_report(write_notebook: WriteNotebook, tmp_path: Path) -> None:
    command = [sys.executable, "-X", "importtime", "-m", "kale_lite", "run", write_notebook([("step:a", "x = 1")])]
    done = subprocess.run([*command, "--output-dir", tmp_path / "out", "--no-report"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert not (tmp_path / "out" / "report.html").exists()
    assert "report:" not in done.stdout
    assert "nbconvert" not in done.stderr


def test_where_it_is_is_said(write_notebook: WriteNotebook, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "kale_lite", "run", write_notebook([("step:a", "x = 1")]), "--output-dir", "out"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert done.stdout.splitlines()[-1] == "report: out/report.html"
    done = subprocess.run([*command, "--json"], capture_output=True, text=True, cwd=tmp_path)
    assert Path(json.loads(done.stdout.splitlines()[-1])["report"]) == (tmp_path / "out" / "report.html").resolve()


def test_an_old_report_does_not_stay_when_a_new_one_cannot_be_made(
    write_notebook: WriteNotebook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_notebook([("step:a", "x = 1")])
    assert load(path).run(output_dir=tmp_path / "out").report
    monkeypatch.setattr("kale_lite.report.page.draw_graph", lambda run: 1 / 0)
    result = load(path).run(output_dir=tmp_path / "out")
    assert result.status == "done"
    assert result.report is None
    (problem,) = result.diagnostics
    assert problem.code == "KL413"
    assert "division by zero" in problem.message
    assert not (tmp_path / "out" / "report.html").exists()


def test_cells_of_embedded_notebooks_are_named(write_notebook: WriteNotebook, tmp_path: Path) -> None:
    write_notebook([("step:load", "print('inner')")], "prepare.ipynb")
    path = write_notebook([("notebook:prepare", "%run prepare.ipynb"), ("step:b", "print('outer')")])
    result = load(path).run(output_dir=tmp_path / "out")
    assert result.report
    text = result.report.read_text("utf-8")
    assert ">cell 1 of prepare.ipynb<" in text
    assert ">cell 2<" in text


def test_a_record_in_another_place_gives_the_same_report(made: tuple[RunResult, str], tmp_path: Path) -> None:
    result, text = made
    shutil.copytree(result.output_dir, tmp_path / "moved")
    assert write_report(tmp_path / "moved").read_text("utf-8") == text
