"""Notebooks damaged at random: their JSON, or the source of their cells. One number gives one notebook."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable
from typing import Any

__all__ = ["mutated"]

_SOURCES = (
    "import numpy as np\nimport pandas as pd\nfrom pathlib import Path",
    "n = 3\nname = 'a'\nrate: float = 0.5",
    "def load(path, *, sep=','):\n    '''Doc.'''\n    with open(path) as f:\n        return [line.split(sep) for line in f]",
    "class Model:\n    kind = 'm'\n    def fit(self, x):\n        self.x = x\n        return self\nm = Model().fit([1, 2])",
    "df = pd.DataFrame({'a': range(n)})\ndf['b'] = df.a * 2\ndf.head()",
    "rows = []\nfor i in range(3):\n    rows.append(i)\nelse:\n    rows += [4]",
    "try:\n    v = m.x[5]\nexcept (IndexError, KeyError) as e:\n    v = None\nfinally:\n    print(v)",
    "if n > 2:\n    s = {k: v for k, v in zip('ab', rows)}\nelse:\n    s = {}",
    "it = iter(rows)\nfirst = next(it)\nlast = [x async for x in it] if False else None",
    "%matplotlib inline\n!ls {n}\nfiles = !ls $name",
    "%%bash\nls | wc -l",
    "%%capture out\nprint(sum(rows))",
    "?print\nrows?\n%timeit -n 1 sum(rows)",
    "match rows:\n    case [a, *rest] if a:\n        pass\n    case {'k': v, **others}:\n        pass\n    case _:\n        pass",
    "f = lambda *a, **k: (y := sum(a))\nz = f(*rows, **s)\nprint(f'{z!r:>{n}}')",
    "def deco(fn):\n    global n\n    n += 1\n    def inner(*args):\n        nonlocal fn\n        return fn(*args)\n    return inner\n@deco\ndef g(x): return x",
    "del rows[0], s\nassert n, 'no'\nmatch = case = type = _ = 1",
    "await load('x')\nasync with open('x') as h: pass",
    "globals()['dyn'] = 1\nexec('q = 1')\nsetattr(m, 'w', 2)",
    "np.random.seed(0)\nnoise = np.random.rand(n)\nview = noise[1:]\nview[0] = 1",
)  # fmt: skip
_TAGS = (
    "step:a", "step:b", "step:c", "step:load data", "block:d", "prev:a", "prev:b", "prev:zz", "skip", "imports",
    "functions", "parameters", "pipeline-metrics", "notebook:x", "limit:gpu:1", "retry:2", "retry:x", "step:", "stpe:a",
    "image:", "timeout:-1", "env:A:b", "raises-exception", "hide-input", "", " ", ":", "step:\ud800", "step:é", "step:" + "x" * 300,
)  # fmt: skip
_FRAGMENTS = (
    "\t", "\f", "\0", "\r", "\r\n", "\n", "\\", "\\\n", ";", "(", ")", "[", "]", "{", "}", "'''", '"', "'", "#", ":", ":=",
    "%", "%%", "!", "?", "??", "%run x.py", "%%bash\n", "!ls {x}\n", "%load_ext y\n", "$", "`", "é", "\ufeff", "\u2028",
    "\x0c\n", "\x1b[31m", "\u202e", "\ud800", "𝐱 = 1\n", "ª", "await ", "async ", "yield ", "return\n", "lambda: ", "*", "**",
    "*a, = b\n", "def f(*args: *Ts): pass\n", "x[*a]\n", "match x:\n case 1: pass\n", "print(", "f'{", "}'", "0x", "1_000_", "1e999",
    "9" * 5000, "    ", "else:\n", "except* E:\n", "global n\n", "nonlocal q\n", "from x import *\n", "from . import y\n",
    "import \n", "@", "->", "...", "...\n", "# kale-lite: ignore[KL203]\n", "# kale-lite: ignore[\n", "_ = Out[3]\n", "__x = 1\n",
    "get_ipython().run_line_magic('run', n)\n", "get_ipython().system(\n", "%time x = 1\n", "%%time\n", "%%writefile f.py\n", "%env A=1\n",
    "%cd ..\n", "%who\n", "%%timeit -n\n", "%%capture\n", "%%sql\nselect 1\n", "!\n", "x = !\n", "x = %\n", "x = %time\n", "?\n",
)  # fmt: skip
_ODD: tuple[Any, ...] = (
    None, True, -1, 0, 1.5, 1e308, float("nan"), float("inf"), "", "x", "\ud800", "x" * 100_000, [], {}, [None], [[]], {"": None},
    ["step:a", 5], {"name": 5}, 10**400,
)  # fmt: skip


def mutated(seed: int) -> bytes:
    """The bytes of a notebook file, damaged in one to four places."""
    draw = random.Random(seed)
    book = _notebook(draw)
    for _ in range(draw.choice((1, 1, 1, 2, 4))):
        draw.choice((_damage_source, _damage_source, _damage_json))(book, draw)
    text = json.dumps(book, ensure_ascii=draw.random() < 0.7, indent=draw.choice((None, 1)))
    return _damage_file(text.encode("utf-8", "surrogatepass"), draw)


def _notebook(draw: random.Random) -> dict[str, Any]:
    cells: list[dict[str, Any]] = []
    minor = draw.choice((5, 5, 5, 4, 2, 0))
    for i, source in enumerate(_SOURCES):
        if i > 7 and draw.random() < 0.6:
            continue
        tags = draw.sample(_TAGS, draw.choice((1, 1, 2))) if draw.random() < 0.05 else [f"step:s{i}"]
        kind = draw.choice(("markdown", "raw")) if draw.random() < 0.02 else "code"
        cell: dict[str, Any] = {"cell_type": kind, "metadata": {"tags": tags}, "source": source}
        if minor == 5:
            cell["id"] = f"c{i}"
        if kind == "code":
            cell |= {"outputs": [], "execution_count": None}
        cells.append(cell)
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    metadata: dict[str, Any] = {"kernelspec": kernel, "language_info": {"name": "python"}}
    if draw.random() < 0.2:
        metadata[draw.choice(("kale_lite", "kubeflow_notebook"))] = {
            "pipeline_name": "p",
            "steps_defaults": ["retry:1"],
        }
    return {"nbformat": 4, "nbformat_minor": minor, "metadata": metadata, "cells": cells}


def _damage_source(book: Any, draw: random.Random) -> None:
    cells = [c for c in book.get("cells") or [] if isinstance(c, dict) and isinstance(c.get("source"), str)] \
        if isinstance(book, dict) and isinstance(book.get("cells"), list) else []  # fmt: skip
    if cells:
        cell = draw.choice(cells)
        cell["source"] = draw.choice(_SOURCE_DAMAGES)(cell["source"], draw)


def _insert(source: str, draw: random.Random) -> str:
    at = draw.randint(0, len(source))
    return source[:at] + draw.choice(_FRAGMENTS) + source[at:]


def _insert_line(source: str, draw: random.Random) -> str:
    lines = source.split("\n")
    lines.insert(draw.randint(0, len(lines)), draw.choice(_FRAGMENTS))
    return "\n".join(lines)


def _drop(source: str, draw: random.Random) -> str:
    at = draw.randint(0, len(source))
    return source[:at] + source[at + draw.randint(1, 6) :]


def _swap_tokens(source: str, draw: random.Random) -> str:
    words = source.split(" ")
    at, to = draw.randrange(len(words)), draw.randrange(len(words))
    words[at], words[to] = words[to], draw.choice((words[at], words[to]))
    return " ".join(words)


def _nest(source: str, draw: random.Random) -> str:
    depth = draw.choice((5, 50, 90, 150, 250, 1000, 5000))
    last = source.split("\n")[-1].strip() or "1"
    nested: dict[str, Callable[[], str]] = {
        "round": lambda: "x = " + "(" * depth + "1" + ")" * depth,
        "square": lambda: "x = " + "[" * depth + "]" * depth,
        "calls": lambda: "x = " + "f(" * depth + "1" + ")" * depth,
        "attributes": lambda: "x = n" + ".a" * depth,
        "chained": lambda: "x = n" + ".a()" * depth,
        "subscripts": lambda: "x = n" + "[0]" * depth,
        "sums": lambda: "x = " + "1 + " * depth + "1",
        "nots": lambda: "x = " + "not " * depth + "1",
        "minus": lambda: "x = " + "-" * depth + "1",
        "lambdas": lambda: "x = " + "lambda: " * depth + "1",
        "ternaries": lambda: "x = " + "1 if n else " * depth + "1",
        "ifs": lambda: "".join(" " * i + "if n:\n" for i in range(min(depth, 250))) + " " * min(depth, 250) + last,
        "functions": lambda: "".join(" " * i + f"def f{i}():\n" for i in range(min(depth, 250))) + " " * 250 + "pass",
        "elifs": lambda: "if n: x = 1\n" + "".join(f"elif n == {i}: x = {i}\n" for i in range(min(depth, 1000))),
        "line": lambda: "x = '" + "y" * 100_000 + "'",
    }  # fmt: skip
    return source + "\n" + nested[draw.choice(sorted(nested))]()


_SOURCE_DAMAGES = (_insert, _insert, _insert_line, _insert_line, _drop, _swap_tokens, _nest)


def _damage_json(book: Any, draw: random.Random) -> None:
    spots = list(_spots(book))
    parent, key = draw.choice(spots)
    match draw.randrange(6):
        case 0:
            del parent[key]
        case 1 | 2:
            parent[key] = copy.deepcopy(draw.choice(_ODD))
        case 3:
            parent[key] = [parent[key]]
        case 4 if isinstance(parent, dict):
            parent[draw.choice(("tags", "attachments", "kale_lite", "steps_defaults", "nbformat", "source", "id"))] = (
                copy.deepcopy(draw.choice(_ODD))
            )
        case _:
            deep: Any = parent[key]
            for _ in range(draw.choice((10, 300))):
                deep = [deep] if draw.random() < 0.5 else {"k": deep}
            parent[key] = deep
    if draw.random() < 0.1:
        book["nbformat"] = draw.choice((1, 2, 3, 4, 5, "4", 4.5, None))


def _spots(value: Any, depth: int = 0) -> Any:
    """Every (container, key) that can be damaged."""
    if depth > 8:
        return
    for key in list(value) if isinstance(value, dict) else range(len(value)):
        yield value, key
        if isinstance(value[key], dict | list):
            yield from _spots(value[key], depth + 1)


def _damage_file(data: bytes, draw: random.Random) -> bytes:
    at = draw.randrange(len(data))
    match draw.randrange(40):
        case 0:
            return b"\xef\xbb\xbf" + data
        case 1:
            return data[:at] + b"\xff\xfe" + data[at:]
        case 2:
            return data[:at]
        case 3:
            return data.replace(b'"metadata"', b'"metadata": {}, "metadata"')
        case 4:
            return b"[" * 100_000
        case 5:
            return data.decode("utf-8", "replace").encode("utf-16")
        case _:
            return data
