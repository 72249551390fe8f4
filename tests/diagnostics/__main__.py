"""Writes into the pages what their examples say today, and the index: ``python -m tests.diagnostics [CODE]...``."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from kale_lite.diagnostics import CODES, THEMES
from tests.conformance.forked import preload
from tests.diagnostics.pages import FOLDER, outcome, read_page

HEAD = """\
# Diagnostics

Every finding of kale-lite has a code that stays the same, a cell, a line, and a way out. `kale-lite explain KL203`
shows a page in the terminal. Errors stop a run before its first step (those of *While steps run* end the step);
warnings do so with `--strict` or `--fail-on warning`; infos explain.

A comment in the cell switches a finding off, where that cannot make a run end with other results:

```python
x = float(raw)  # kale-lite: ignore[KL301]          this line (all lines of the statement)
# kale-lite: ignore[KL108, KL301] and why           alone on a line: the whole cell
```
"""


def index() -> str:
    """The index of all pages, by theme."""
    parts = [HEAD]
    for prefix, theme in THEMES.items():
        parts.append(f"\n## {theme}\n\n| code | severity | may be ignored | |\n|---|---|---|---|\n")
        parts += [
            f"| [{c.number}]({c.number}.md) | {c.severity} | {'yes' if c.ignorable else 'no'} | {c.title} |\n"
            for c in CODES.values()
            if c.number.startswith(prefix)
        ]
    return "".join(parts)


def main() -> None:
    preload()
    for code in sys.argv[1:] or CODES:
        page = read_page(code)
        if page.example is None:
            continue
        with tempfile.TemporaryDirectory() as folder:
            said = outcome(page.example, Path(folder))
        text = page.text.replace(f"```text\n{page.output}```", f"```text\n{said}\n```")
        (FOLDER / f"{code}.md").write_text(text, "utf-8")
    (FOLDER / "README.md").write_text(index(), "utf-8")


if __name__ == "__main__":
    main()
