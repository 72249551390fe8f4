"""The page: the record and its cells in one HTML file that needs nothing else."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from kale_lite.report.drawing import SYMBOLS, draw_graph
from kale_lite.report.view import RunView, StepView, place, read_run, spent

__all__ = ["render_report", "write_report"]

_HERE = Path(__file__).parent


def write_report(folder: Path) -> Path:
    """Write ``report.html`` beside the record in a folder, whole or not at all. OSError, ValueError when it cannot."""
    part, path = folder / ".report.html.part", folder / "report.html"
    part.write_text(render_report(read_run(folder)), "utf-8", "replace")
    os.replace(part, path)
    return path


def render_report(run: RunView) -> str:
    """The report as HTML. It fetches nothing and runs no script, which its content security policy states as well."""
    from jinja2 import Environment, FileSystemLoader
    from markupsafe import Markup

    from kale_lite.report.cells import code_style

    environment = Environment(loader=FileSystemLoader(_HERE), autoescape=True, trim_blocks=True, lstrip_blocks=True)
    environment.filters |= {"spent": spent, "place": place, "value": _value}
    environment.globals |= {"symbols": SYMBOLS}
    style = (_HERE / "style.css").read_text("utf-8") + code_style()
    started = run.record["started"]
    return environment.get_template("page.html.j2").render(
        run=run, record=run.record, style=Markup(style), graph=Markup(draw_graph(run)),
        started=time.strftime("%Y-%m-%d %H:%M:%S %z", time.localtime(started)),
        bars={step.name: _bar(step, run) for step in run.steps}, ticks=list(_ticks(run.times)),
        cells={step.name: Markup(text) for step, text in _cells(run)}, counts=_counts(run),
    )  # fmt: skip


def _cells(run: RunView) -> Iterator[tuple[StepView, str]]:
    from kale_lite.report.cells import cells_html

    for step in run.steps:
        path = run.folder / "steps" / f"{step.slug}.ipynb"
        if step.shown and path.exists():
            yield step, cells_html(path, run.numbers)


def _bar(step: StepView, run: RunView) -> tuple[float, float] | None:
    """Where the bar of a step begins and how long it is, in percent; None for a step that never ran."""
    if step.begins is None or step.reused:
        return None
    begins = min(100 * step.begins / run.times, 99.5)
    return begins, max(min(100 * step.lasts / run.times, 100 - begins), 0.5)


def _ticks(times: float) -> Iterator[tuple[float, str]]:
    """Round moments along the picture of times: (percent, label)."""
    rough = times / 5
    unit = 10 ** math.floor(math.log10(rough))
    step = next(unit * factor for factor in (1, 2, 5, 10) if unit * factor >= rough)
    for number in range(int(times / step) + 1):
        yield 100 * number * step / times, f"{number * step:g} s"


def _counts(run: RunView) -> Mapping[str, int]:
    """How many steps there are of each state, in the order of their first."""
    found: dict[str, int] = {}
    for step in run.steps:
        state = "reused" if step.reused else step.status
        found[state] = found.get(state, 0) + 1
    return found


def _value(value: Any) -> str:
    text = f"{value:.6g}" if isinstance(value, float) else value if isinstance(value, str) else repr(value)
    return text if len(text) <= 300 else f"{text[:300]}…"
