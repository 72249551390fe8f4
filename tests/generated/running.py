"""Runs a program both ways: top to bottom in one process, and as a pipeline in an order that differs where it may."""

from __future__ import annotations

import atexit
import compileall
import contextlib
import functools
import gc
import hashlib
import importlib.util
import io
import json
import os
import re
import resource
import shutil
import signal
import sys
import tempfile
import traceback
import types
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import nbformat

from kale_lite.analysis import compile_notebook
from kale_lite.analysis.compiler import Knowledge
from kale_lite.analysis.effects import load_catalogue
from kale_lite.artifacts import build_step_notebook, ship_harness, step_spec
from kale_lite.notebook import read_notebook, set_parameters
from kale_lite.pipeline import Pipeline
from kale_lite.runtime import fingerprint
from tests.conformance import forked, grading
from tests.generated import pristine, templates
from tests.generated.programs import Cell, Program, notebook

__all__ = ["Outcome", "examine", "prepare", "working"]

_LIMIT = 30
_MOST_MEMORY = 6 * 2**30
_WARM = (
    templates.HEADER, "df = pd.DataFrame({'u': [1, 2], 'w': [2, 1]})", "LinearRegression().fit(df[['u']], df['w']).coef_.round(3)",
    "StandardScaler().fit_transform(df)", "df.eval('z = u + w').query('u > 1').merge(df, on='u').groupby('u').sum()", "df / 3",
    "pd.read_csv(__import__('io').StringIO(df.to_csv()))", "class A: pass", "@dataclasses.dataclass\nclass B:\n    x: int",
    "copy.deepcopy(LinearRegression())", "np.random.default_rng(0).random(2)",
)  # fmt: skip
"""Much that libraries do the first time only is done before the forks."""
_LARGE = 400
_SHELL: list[Any] = []
_HARNESS: list[Path] = []
_MODULES = ("sklearn.preprocessing", "sklearn.linear_model", "glob", "json", "dataclasses", "itertools", "contextlib")
_UNREAD = ("generator", "module", "TextIOWrapper", "itertools", "map", "_io", "operator")


@dataclass(frozen=True)
class Outcome:
    """What came of a program. ``kind`` is same, refused, differs, failed, random or invalid; ``detail`` says more."""

    kind: str
    detail: str = ""
    codes: tuple[str, ...] = ()
    steps: int = 0
    edges: int = 0
    parallel: int = 0
    needless: tuple[str, ...] = ()
    apart: int = 0


@dataclass
class Seen:
    """One run: what each cell printed, the fingerprints where steps end, the files left, the error if any."""

    printed: dict[int, str] = field(default_factory=dict)
    prints: dict[str, Any] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    error: str = ""


def prepare() -> None:
    """What a worker does once, before it forks: import the libraries, and start a shell."""
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    os.environ["MPLBACKEND"] = "Agg"
    for module in _MODULES:
        __import__(module)
    config = Config()
    config.HistoryManager.enabled = False
    shell = InteractiveShell.instance(config=config, user_module=types.ModuleType("__main__"))
    for source in _WARM:
        with contextlib.redirect_stdout(io.StringIO()):
            shell.run_cell(source)
    shell.reset()
    _SHELL.append(shell)
    # Compiled once: each step imports it anew.
    _HARNESS.append(ship_harness(Path(tempfile.mkdtemp(prefix="kl"))))
    compileall.compile_dir(_HARNESS[0], quiet=1)
    atexit.register(shutil.rmtree, _HARNESS[0].parent, ignore_errors=True)
    _import_harness(_HARNESS[0])
    # What is here now never becomes garbage: looking at it would only copy pages in every child.
    gc.collect()
    gc.freeze()


def _import_harness(folder: Path) -> None:
    """As the step's load cell does; a child then finds the modules, which hold nothing yet."""
    scope: dict[str, Any] = {}
    exec((folder / "boot.py").read_text("utf-8"), scope)
    found = importlib.util.spec_from_file_location(
        scope["NAME"], folder / "__init__.py", submodule_search_locations=[str(folder)]
    )
    assert found is not None
    sys.modules[scope["NAME"]] = importlib.util.module_from_spec(found)
    importlib.import_module(scope["NAME"] + ".harness")


def working(program: Program) -> Program | None:
    """The program without the statements that fail, grow too large or take too long; None if little is left."""
    found = _in_child(lambda folder: _working_cells(program), "working")
    if not isinstance(found, list):
        if "died" in found:
            return None  # Recursion without end, or out of memory: no program that anyone would have.
        raise RuntimeError(found)
    cells = [replace(cell, statements=tuple(kept)) for cell, kept in zip(program.cells, found[0], strict=True)]
    cells = [cell for cell in cells if cell.statements]
    if found[1] and not program.branches:
        cells.append(Cell("end", tuple(f"print(type({name}).__name__)" for name in found[1])))
    return replace(program, cells=tuple(cells)) if len({c.step for c in cells}) > 2 else None


def _working_cells(program: Program) -> list[Any]:
    """The statements of each cell that work, and the names that they leave, but for what cannot travel."""
    bad: set[tuple[int, int]] = set()
    while True:
        names: dict[str, Any] = {"__name__": "__main__"}
        for path in Path().iterdir():
            path.unlink() if path.is_file() else path.rmdir()
        for place, text in _places(program):
            ending = program.cells[place[0]].fails and place[1] == len(program.cells[place[0]].statements) - 1
            if place not in bad and not ending and not _runs(text, names):
                bad.add(place)
                break
        else:
            break
    kept = [
        [text for s, text in enumerate(cell.statements) if (c, s) not in bad] for c, cell in enumerate(program.cells)
    ]
    left = [
        n
        for n, v in names.items()
        if not n.startswith("__") and not any(u in str(type(v)) for u in _UNREAD) and type(v).__name__ != "type"
    ]
    return [kept, sorted(left) if len(left) % 3 else []]


def _places(program: Program) -> list[tuple[tuple[int, int], str]]:
    return [((c, s), text) for c, cell in enumerate(program.cells) for s, text in enumerate(cell.statements)]


def _runs(text: str, names: dict[str, Any]) -> bool:
    signal.setitimer(signal.ITIMER_REAL, 2)
    try:
        try:
            exec(compile(text, "<statement>", "exec"), names)
            return all(_is_small(value) for value in list(names.values()))
        except BaseException:
            return False
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
    except TimeoutError:  # the bell rang while it was put off
        return False


def _is_small(value: Any) -> bool:
    if isinstance(value, int):
        return value.bit_length() < 60
    return not isinstance(value, (list, dict, set, tuple, str)) or len(value) < _LARGE


def examine(program: Program) -> Outcome:
    """Compile and run a program, and compare with the plain run."""
    with tempfile.TemporaryDirectory(prefix="kl") as tmp:
        path = Path(tmp) / "program.ipynb"
        nbformat.write(notebook(program), path)
        read, problems = read_notebook(path)
        if read is None:
            return Outcome("invalid", "\n".join(map(str, problems)))
        pipeline, found = compile_notebook(read, knowledge=_knowledge())
        codes = tuple(sorted({d.code for d in (*problems, *found) if d.is_error}))
        if pipeline is None:
            return Outcome("refused", "\n".join(str(d) for d in (*problems, *found) if d.is_error), codes)
        plain = _plain(program, pipeline)
        if plain.error:
            return Outcome("invalid", plain.error)
        piped = _piped(read, pipeline, Path(tmp))
    shape = _shape(program, pipeline)
    if piped.error:
        code = re.search(r"KL\d{3}", piped.error)
        return replace(
            shape, kind="refused" if code else "failed", detail=piped.error, codes=(code.group(),) if code else ()
        )
    differences, apart = _differences(plain, piped, pipeline)
    if differences:
        again = _plain(program, pipeline)
        if (again.printed, again.prints, again.files) != (plain.printed, plain.prints, plain.files):
            return replace(shape, kind="random", detail="two plain runs differ: " + _unlike(plain, again))
        return replace(shape, kind="differs", detail="\n".join(differences))
    return replace(shape, kind="same", apart=apart)


@functools.cache
def _knowledge() -> Knowledge:
    """One for all programs: what the catalogue says of a text is looked up once."""
    return Knowledge((), load_catalogue())


def _shape(program: Program, pipeline: Pipeline) -> Outcome:
    edges = {(grading.plain(a), grading.plain(b)) for a, b in pipeline.edges}
    names = [step.name for step in pipeline.steps]
    pairs = [(a, b) for i, a in enumerate(names) for b in names[i + 1 :]]
    free = [pair for pair in pairs if not grading.reaches(edges, *pair)]
    apart = program.branches
    needless = [p for p in pairs if p not in free and p[0] in apart and p[1] in apart and apart[p[0]] != apart[p[1]]]
    reasons = [
        f"{a} > {b}: " + ", ".join(sorted({f"{d.kind} {d.name}" for d in pipeline.reasons(a, b)})) for a, b in needless
    ]
    return Outcome("same", steps=len(names), edges=len(pipeline.edges), parallel=len(free), needless=tuple(reasons))


def _differences(plain: Seen, piped: Seen, pipeline: Pipeline) -> tuple[list[str], int]:
    found = [
        f"cell {n} prints {piped.printed.get(n)!r}, not {text!r}"
        for n, text in plain.printed.items()
        if piped.printed.get(n, text) != text
    ]
    if plain.files != piped.files:
        found.append(f"files are {piped.files}, not {plain.files}")
    apart = 0
    for step in pipeline.steps:
        wanted, got = plain.prints[step.name], piped.prints[step.name]
        found += [f"step {step.name}: {what}" for what in _other_values(wanted["names"], got["names"], step.outputs)]
        shared, expected = ({tuple(p) for p in one["shares"]} for one in (got, wanted))
        found += [
            f"step {step.name}: {a} and {b} share an object in the pipeline only" for a, b in sorted(shared - expected)
        ]
        apart += len({p for p in expected if set(p) <= got["names"].keys()} - shared)
    return found, apart


def _other_values(wanted: dict[str, Any], got: dict[str, Any], outputs: Sequence[str]) -> list[str]:
    found = [f"{name} is lost" for name in outputs if name in wanted and name not in got]
    for name, one in got.items():
        if name not in wanted:
            found.append(f"{name} exists in the pipeline only")
        elif (one["type"], one["digest"]) != (wanted[name]["type"], wanted[name]["digest"]):
            found.append(f"{name} is {one['shown']}, not {wanted[name]['shown']}")
    return found


def _plain(program: Program, pipeline: Pipeline) -> Seen:
    ends = {step.cells[-1]: step.name for step in pipeline.steps if step.cells}
    cells = [(number, cell.source, cell.fails) for number, cell in enumerate(program.cells, 1)]
    return _seen(lambda folder: _run_cells(cells, ends), "plain")


def _run_cells(cells: Sequence[tuple[int, str, bool]], ends: dict[int, str]) -> Seen:
    seen = Seen()
    shell = _SHELL[0]
    for number, source, fails in cells:
        printed, error = _run_cell(shell, source)
        if error and not fails:
            seen.error = f"cell {number}: {error}"
            break
        if number > 0:
            seen.printed[number] = printed
        if number in ends:
            seen.prints[ends[number]] = fingerprint.snapshot(shell.user_ns)
    seen.files = {
        str(p): hashlib.sha1(p.read_bytes()).hexdigest()[:8] if p.is_file() else "" for p in sorted(Path().rglob("*"))
    }
    return seen


def _run_cell(shell: Any, source: str) -> tuple[str, str]:
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(io.StringIO()):
        result = shell.run_cell(source, store_history=True)
    error = result.error_before_exec or result.error_in_exec
    text = re.sub(r"^Out\[\d+\]: ?", "Out: ", out.getvalue(), flags=re.M)
    text = re.sub(r"0x[0-9a-f]{6,}", "0x", text.split("-" * 75)[0])
    return text, f"{type(error).__name__}: {error}" if error is not None else ""


def _piped(read: Any, pipeline: Pipeline, folder: Path) -> Seen:
    """All steps in one child, one after the other, each with what a process of its own has at its start."""
    values, _ = set_parameters(read.parameters, {})
    jobs = []
    for step in forked.contrary_order(pipeline):
        spec, prints = folder / f"{step.slug}.spec.json", folder / f"{step.slug}.prints.json"
        spec.write_text(json.dumps(step_spec(step, pipeline, store=folder / "store", result=folder / f"{step.slug}.json",
                                             parameters=values, fingerprints=prints)))  # fmt: skip
        content = build_step_notebook(step, read.cells, read, harness=_HARNESS[0], spec=spec)
        cells = [
            (c.metadata.get("kale_lite", {}).get("cell", 0), c.source, "raises-exception" in c.metadata["tags"])
            for c in content.cells
        ]
        jobs.append((step.name, cells, prints))
    return _seen(lambda _: _run_steps(jobs), "steps")


def _run_steps(jobs: Sequence[tuple[str, Sequence[tuple[int, str, bool]], Path]]) -> Seen:
    whole = Seen()
    start = pristine.capture()
    for name, cells, prints in jobs:
        pristine.restore(start, _SHELL[0])
        seen = _run_cells(cells, {})
        whole.printed |= seen.printed
        whole.files = seen.files
        if seen.error:
            whole.error = f"step {name}: {seen.error}"
            break
        whole.prints[name] = json.loads(prints.read_text("utf-8"))
    return whole


def _seen(work: Callable[[Path], Seen], what: str) -> Seen:
    found = _in_child(lambda folder: vars(work(folder)), what)
    return (
        Seen(**{k: ({int(n): t for n, t in v.items()} if k == "printed" else v) for k, v in found.items()})
        if isinstance(found, dict)
        else Seen(error=str(found))
    )


def _in_child(work: Callable[[Path], Any], what: str) -> Any:
    """What a forked child makes of it, as JSON, in a folder of its own; a text when it fails."""
    with tempfile.TemporaryDirectory(prefix="kl") as tmp:
        report = Path(tmp) / "report.json"
        where = Path(tmp) / "work"
        where.mkdir()
        child = os.fork()
        if child == 0:
            try:
                _enter(where)
                report.write_text(json.dumps(work(where)), "utf-8")
            except BaseException:
                report.write_text(json.dumps(f"{what}: {traceback.format_exc()}"), "utf-8")
            finally:
                os._exit(0)
        os.waitpid(child, 0)
        return (
            json.loads(report.read_text("utf-8"))
            if report.exists() and report.stat().st_size
            else f"{what}: the interpreter died"
        )


def _bark(number: int, frame: object) -> None:
    raise TimeoutError


def _enter(folder: Path) -> None:
    import numpy

    gc.disable()
    signal.signal(signal.SIGALRM, _bark)
    signal.alarm(_LIMIT)
    # A statement may catch the alarm, and a list may double itself in a loop.
    resource.setrlimit(resource.RLIMIT_CPU, (2 * _LIMIT, 2 * _LIMIT))
    resource.setrlimit(resource.RLIMIT_AS, (_MOST_MEMORY, _MOST_MEMORY))
    numpy.random.seed(int.from_bytes(os.urandom(4), "big"))
    os.chdir(folder)
    os.environ["IPYTHONDIR"] = str(folder.parent / "ipython")
    null = os.open(os.devnull, os.O_RDWR)
    for handle in (0, 1, 2):
        os.dup2(null, handle)
    sys.path.insert(0, "")
    sys.modules["__main__"] = _SHELL[0].user_module


def _unlike(one: Seen, other: Seen) -> str:
    cells = [f"cell {n}" for n, text in one.printed.items() if other.printed.get(n) != text]
    names = {name for step, prints in one.prints.items() for name, value in prints["names"].items()
             if other.prints[step]["names"].get(name, {}).get("digest") != value["digest"]}  # fmt: skip
    return ", ".join([*cells, *sorted(names)])
