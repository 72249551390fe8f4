"""The cells of an executed step notebook as HTML: by nbconvert, bounded and made harmless."""

from __future__ import annotations

import html
import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from kale_lite.report.clean import cleaned, cleaned_output, needs_more

__all__ = ["LONGEST_TEXT", "cells_html", "code_style"]

LONGEST_TEXT = 50_000
"""Characters of an output shown; the record has them all."""
LARGEST_DATA = 4_000_000
"""Characters of a picture or table shown."""
_PICTURES = ("image/svg+xml", "image/png", "image/jpeg", "image/gif", "image/webp")
_TEMPLATE = """\
{%- extends 'basic/index.html.j2' -%}
{%- block codecell -%}
<section class="cell"><div class="number">cell {{ cell.metadata.kale_lite.label | e }}</div>
{{ super() }}</section>
{%- endblock codecell -%}
{%- block in_prompt -%}{%- endblock in_prompt -%}
{%- block output_area_prompt -%}{%- endblock output_area_prompt -%}
"""


def cells_html(path: Path, numbers: Mapping[int, str]) -> str:
    """The user's cells in a step notebook, with their outputs. OSError or ValueError when it cannot be read.

    ``numbers`` has what users call a cell that they do not count as the record does.
    """
    import nbformat

    content = json.loads(path.read_text("utf-8"))
    mine = []
    for cell in content["cells"]:
        number = cell.get("metadata", {}).get("kale_lite", {}).get("cell")
        if cell["cell_type"] == "code" and number:
            outputs = [_shown(output, path.name) for output in cell["outputs"]]
            metadata = {"kale_lite": {"label": numbers.get(number, str(number))}}
            mine.append(nbformat.v4.new_code_cell(_joined(cell["source"]), metadata=metadata, outputs=outputs))
            mine[-1].execution_count = cell["execution_count"]
    notebook = nbformat.v4.new_notebook(cells=mine, metadata={"language_info": {"name": "ipython3"}})
    return cleaned(_exporter().from_notebook_node(notebook)[0])


@lru_cache(maxsize=1)
def _exporter() -> Any:
    from jinja2 import DictLoader
    from nbconvert import HTMLExporter

    loader = DictLoader({"kale-lite-cells.html.j2": _TEMPLATE})
    exporter = HTMLExporter(template_name="basic", extra_loaders=[loader])
    exporter.template_file = "kale-lite-cells.html.j2"
    return exporter


def _shown(output: Mapping[str, Any], notebook: str) -> Any:
    """An output with just what the report shows of it."""
    from nbformat import from_dict

    if output["output_type"] == "stream":
        return from_dict({**output, "text": _bounded(_joined(output["text"]), notebook)})
    if output["output_type"] == "error":
        return from_dict({**output, "traceback": [_bounded("\n".join(output["traceback"]), notebook)]})
    data = {kind: _joined(value) for kind, value in output["data"].items()}
    return from_dict({"output_type": "display_data", "metadata": {}, "data": _chosen(data, output, notebook)})


def _chosen(data: Mapping[str, Any], output: Mapping[str, Any], notebook: str) -> dict[str, str]:
    """One form of an output, as the report can show it, with a word on what it cannot."""
    source, text = data.get("text/html"), data.get("text/plain", "")
    if source and not (needs_more(source) and _says_something(text)) and len(source) <= LARGEST_DATA:
        note = _note("shown without its scripts and styles", notebook) if needs_more(source) else ""
        return {"text/html": cleaned_output(source) + note}
    for kind in _PICTURES:
        if data.get(kind):
            return {"text/html": _picture(kind, data[kind], output, notebook)}
    if source:
        why = "is too large for the report" if len(source) > LARGEST_DATA else "needs scripts and styles"
        return {"text/html": f"<pre>{html.escape(_bounded(text, notebook))}</pre>{_note(f'its HTML {why}', notebook)}"}
    if data.get("text/markdown"):
        return {"text/markdown": _bounded(data["text/markdown"], notebook)}
    plain = data.get("text/latex") or text
    more = [kind for kind in data if kind not in ("text/latex", "text/plain")]
    if more or not plain:
        note = _note(f"not shown: {', '.join(more) or 'an output without data'}", notebook)
        return {"text/html": f"<pre>{html.escape(_bounded(plain, notebook))}</pre>{note}"}
    return {"text/plain": _bounded(plain, notebook)}


def _says_something(text: str) -> bool:
    return bool(text) and not (text.startswith("<") and text.endswith(">"))


def _picture(kind: str, data: str, output: Mapping[str, Any], notebook: str) -> str:
    import base64

    if len(data) > LARGEST_DATA:
        return _note("a picture that is too large for the report", notebook)
    sizes = output.get("metadata", {}).get(kind, {})
    size = "".join(f' {key}="{int(sizes[key])}"' for key in ("width", "height") if _is_number(sizes.get(key)))
    coded = base64.b64encode(data.encode()).decode() if kind == "image/svg+xml" else "".join(data.split())
    words = html.escape(str(output["data"].get("text/plain", "")) or "picture", quote=True)
    return f'<img src="data:{kind};base64,{coded}" alt="{words}"{size}>'


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and 0 < value < 100_000


def _note(what: str, notebook: str) -> str:
    return f'<p class="note">{html.escape(what)}; see steps/{html.escape(notebook)}</p>'


def _bounded(text: str, notebook: str) -> str:
    more = len(text) - LONGEST_TEXT
    return f"{text[:LONGEST_TEXT]}\n… {more:,} more characters: see steps/{notebook}" if more > 0 else text


def _joined(value: Any) -> Any:
    """Notebooks may hold texts as lists of lines."""
    return "".join(value) if isinstance(value, list) else value if isinstance(value, str) else json.dumps(value)


def code_style() -> str:
    """The colours of code, for light and for dark."""
    from pygments.formatters import HtmlFormatter

    light = HtmlFormatter(style="default").get_style_defs(".highlight")
    dark = HtmlFormatter(style="github-dark").get_style_defs(".highlight")
    return f"{light}\n@media screen and (prefers-color-scheme: dark) {{\n{dark}\n}}"
