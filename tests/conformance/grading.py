"""Cases as tagged notebooks, and the grades of what a tool does with them (see README.md)."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
DIAGNOSTICS = {
    "unserialisable": r"unseriali[sz]able|(can ?not|can't|could not|not) (be )?(seriali[sz]|pickle)|not (seriali[sz]able|pick(le)?able)",
    "undefined-name": r"undefined|not defined|no (earlier )?step (defines|provides|produces)|unresolved|never (defined|bound)|NameError",
    "cycle": r"cycl|circular|depends on itself|own predecessor",
    "conflicting-mutation": r"conflict|both (mutate|write|modify)|concurrent|race|ambiguous",
    "syntax": r"syntax|indentation|incomplete|invalid python|could not parse|outside function",
    "interpreter-state": r"interpreter[- ]state|process[- ]state|global state|state .*(not|cannot)",
    "ipython-history": r"history|output cache|\bOut\[|last result|'_'|`_`",
    "dynamic": r"dynamic|exec|eval|globals\(\)|locals\(\)|vars\(\)|user_ns|%run|run_line_magic|@name",
    "unsupported": r"unsupported|not supported|does not support",
    "monkeypatch": r"monkey|patch|attribute of (the )?module",
    "aliasing": r"alias|shared memory|same object",
    "view": r"\bview\b",
    "unknown-step": r"unknown|no (such )?step|does not exist|not (a|found)|undefined step",
    "duplicate": r"duplicate|twice|already",
    "split": r"split|apart|not adjacent|non-?contiguous|reopen",
    "runtime": r"error|exception|failed",
    "conflicting": r"conflict",
    "ambiguous": r"ambiguous",
}  # fmt: skip
PROBE = """\
import builtins as _kl_b, json as _kl_j, os as _kl_o, pathlib as _kl_p
_kl_p.Path(_kl_o.environ["CONFORMANCE_OUT"]).write_text(_kl_j.dumps({%s}), "utf-8");
"""

Case = dict[str, Any]


def cases() -> list[Case]:
    """The given cases; those that reviews and users brought; and ours of what must stay apart, and in order."""
    files = ("cases.jsonl", "more_cases.jsonl", "parallel_cases.jsonl", "ordered_cases.jsonl")
    texts = [(HERE / name).read_text("utf-8") for name in files]
    return [json.loads(line) for text in texts for line in text.splitlines() if line]


def notebook(case: Case) -> Any:
    """The tagged notebook of a case; its last step gets one more cell, which writes the graded values."""
    import nbformat

    nb = nbformat.v4.new_notebook()
    nb.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nb.metadata["language_info"] = {"name": "python"}

    def add(source: str, tags: list[str]) -> None:
        nb.cells.append(nbformat.v4.new_code_cell(source, metadata={"tags": tags}))

    if case.get("params"):
        add("\n".join(f"{k} = {v!r}" for k, v in case["params"].items()), ["pipeline-parameters"])
    for step in case["steps"]:
        cells = [step["code"]] if isinstance(step["code"], str) else step["code"]
        tags = [f"step:{step['name']}", *(f"prev:{p}" for p in step.get("after", []))]
        for i, cell in enumerate(cells):
            add(cell, tags if i == 0 else tags[:1])
    if case.get("final"):
        body = ", ".join(f'"{n}": _kl_b.repr({n})' for n in case["final"])
        add(PROBE % body, [f"step:{case['steps'][-1]['name']}"])
    return nb


def plain(name: object) -> str:
    return re.sub(r"[^a-z0-9]", "", str(name).lower())


def reaches(edges: set[tuple[str, str]], a: str, b: str) -> bool:
    seen: set[str] = set()
    todo = [plain(a)]
    while todo:
        node = todo.pop()
        new = {y for x, y in edges if x == node} - seen
        seen |= new
        todo.extend(new)
    return plain(b) in seen


def dag_problems(case: Case, pipeline: dict[str, Any]) -> list[str]:
    """What is wrong with a pipeline's graph, one line each. ``pipeline`` is its JSON form."""
    edges = {(plain(a), plain(b)) for a, b in pipeline["edges"]}
    inputs = {plain(step["name"]): set(step["inputs"]) for step in pipeline["steps"]}
    problems = []
    for a, b in case.get("order", []) + case.get("order_declared", []):
        if not reaches(edges, a, b):
            problems.append(f"missing order {a} > {b}")
    for a, b in case.get("unordered", []):
        if reaches(edges, a, b) or reaches(edges, b, a):
            problems.append(f"needless order between {a} and {b}")
    for step, io in case.get("outputs", {}).items():
        lacking = set(io.get("in", ())) - inputs.get(plain(step), set(io.get("in", ())))
        if lacking:
            problems.append(f"{step} lacks inputs {sorted(lacking)}")
    return problems


def same(got: str, want: str) -> bool:
    """Equal as text, or equal as literals."""
    if got == want:
        return True
    try:
        return repr(ast.literal_eval(got)) == repr(ast.literal_eval(want))
    except (ValueError, SyntaxError, TypeError):
        return False


def diagnosed(case: Case, code: int, text: str) -> bool:
    """Whether a refusal is the diagnostic which the case allows."""
    if code == 0 or "error" not in case:
        return False
    known = any(re.search(DIAGNOSTICS[c], text, re.I) for c in case["error"].split("|"))
    return known and case.get("mentions", "") in text


def grade(case: Case, code: int, text: str, values: dict[str, str] | None, pipeline: Any) -> tuple[str, str]:
    """(grade, detail) from the exit code, what was printed, the values found and the pipeline's JSON form."""
    tail = text[-3000:]
    want = case.get("final")
    if not want:
        return ("flagged", "") if diagnosed(case, code, text) else ("silent", f"exit {code}: {tail}")
    if code != 0:
        return ("flagged", "") if diagnosed(case, code, text) else ("failed", f"exit {code}: {tail}")
    if values is None:
        return "wrong", f"the graded cell did not run: {tail}"
    bad = [n for n in want if n not in values or not same(values[n], want[n])]
    if bad:
        return "wrong", "; ".join(f"{n} is {values.get(n)}, should be {want[n]}" for n in bad)
    problems = dag_problems(case, pipeline) if pipeline is not None else ["no pipeline found"]
    return ("order", "; ".join(problems)) if problems else ("pass", "")
