"""Failures of a step, told by the user's own cells and lines."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from kale_lite.diagnostics import Diagnostic, Location, diagnose
from kale_lite.notebook.model import Cell, Notebook
from kale_lite.pipeline import Step
from kale_lite.targets.local.options import StepResult
from kale_lite.targets.local.suspects import binding_of, change_of

__all__ = ["failed_step"]

_ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_IN = re.compile(r"(?:Cell |Input )In ?\[(\d+)\](?:, in [^\n]*)?(?:, line (\d+))?")
_FILE = re.compile(r"File (\S*ipykernel_\d+[/\\](\d+)\.py):(\d+)")
_MINE = re.compile(r"_kale_lite_runtime|kale_lite[/\\]runtime|harness[/\\]boot\.py")


def failed_step(
    step: Step,
    notebook: Notebook,
    error: Exception | None,
    executed: Path,
    report: dict[str, Any] | None,
    manager: Any,
    warnings: tuple[Diagnostic, ...],
) -> StepResult:
    """The result of a step that failed: from the harness's report, the failing cell, or the kernel's end."""
    if report is not None and report.get("diagnostics"):
        found = tuple(_from_harness(step, notebook, one) for one in report["diagnostics"])
        return StepResult("failed", diagnostics=(*found, *warnings))
    content = _read_notebook(executed)
    place = _failing_output(content) if content is not None else None
    if place is not None and content is not None:
        problem, shown = _from_cell(step, notebook, content, *place)
        return StepResult("failed", diagnostics=(problem, *warnings), traceback=shown)
    return StepResult("failed", diagnostics=(_from_error(step, error, manager), *warnings))


def _from_harness(step: Step, notebook: Notebook, one: dict[str, Any]) -> Diagnostic:
    """What the harness found, with the place in the step's cells that most likely brought it about."""
    cells = [cell for cell in notebook.cells if cell.number in step.cells]
    name, message, hint = one["name"], one["message"], one["hint"]
    place = Location(step.cells[-1])
    suspect = None
    if one["code"] == "KL407":
        suspect = change_of(name, cells)
        if suspect is not None and suspect.code:
            message = f"{message}; the last call that could have done so is `{suspect.code}`"
    elif one["code"] == "KL401":
        suspect = binding_of(name, cells)
    elif one["ran"]:
        place = Location([cell.number for cell in cells if cell.source.strip()][one["ran"] - 1])
    if suspect is not None:
        place = suspect.place
    return diagnose(one["code"], f"step {step.name!r}: {message}", place, hint=hint, step=step.name)


def _read_notebook(path: Path) -> Any:
    import nbformat

    try:
        return nbformat.read(path, as_version=4)
    except (OSError, ValueError):
        return None


def _failing_output(content: Any) -> tuple[Any, Any] | None:
    """The (cell, error output) of the user's cell that raised, if one did."""
    for cell in content.cells:
        if cell.cell_type != "code" or "raises-exception" in cell.metadata.get("tags", []):
            continue
        for output in cell.get("outputs", []):
            if output.output_type == "error" and cell.metadata.get("kale_lite", {}).get("cell"):
                return cell, output
    return None


def _from_cell(step: Step, notebook: Notebook, content: Any, cell: Any, output: Any) -> tuple[Diagnostic, str]:
    numbers = {int(one.number): one.number for one in notebook.cells}
    number = numbers[cell.metadata["kale_lite"]["cell"]]
    text = _ANSI.sub("", "\n".join(output.traceback))
    counts = {c.execution_count: numbers[c.metadata["kale_lite"]["cell"]] for c in content.cells
              if c.cell_type == "code" and c.metadata.get("kale_lite", {}).get("cell")}  # fmt: skip
    shown = _own_terms(text, counts, notebook)
    line = _line_in(shown, number)
    excerpt = _excerpt(cell.source, line)
    message = f"step {step.name!r} failed: {output.ename}: {output.evalue}".rstrip(": ")
    problem = diagnose("KL402", message, Location(number, line), step=step.name, hint=_hint(output.ename))
    return problem, "\n".join(part for part in (excerpt, shown) if part)


def _own_terms(text: str, counts: dict[int, int], notebook: Notebook) -> str:
    """A traceback in the user's terms: cells by their numbers, the harness's frames left out."""
    hashes = dict(_cell_hashes(notebook.cells))

    def cell_in(match: re.Match[str]) -> str:
        number = counts.get(int(match[1]))
        name = f"cell {number}" if number else "kale-lite"
        return f"{name}, line {match[2]}" if match[2] else name

    def cell_file(match: re.Match[str]) -> str:
        number = hashes.get(match[2])
        return f"cell {number}, line {match[3]}" if number else match[0]

    frames = re.split(r"\n\n(?=\S)", _FILE.sub(cell_file, _IN.sub(cell_in, text)))
    return "\n\n".join(frame for frame in frames if not _MINE.search(frame.split("\n")[0]))


def _cell_hashes(cells: Sequence[Cell]) -> Iterator[tuple[str, int]]:
    """The names under which ipykernel files each cell's code, with the cell's number."""
    try:
        from ipykernel.compiler import get_tmp_hash_seed, murmur2_x86
    except ImportError:
        return
    for cell in cells:
        yield str(murmur2_x86(cell.source, get_tmp_hash_seed())), cell.number


def _line_in(text: str, number: int) -> int:
    """The line of a cell that the traceback names first; 0 when it names none."""
    found = re.search(rf"cell {re.escape(str(number))}, line (\d+)", text)
    arrow = re.search(r"^-+> ?(\d+) ", text, re.M)
    return int(found[1]) if found else int(arrow[1]) if arrow else 0


def _excerpt(source: str, line: int) -> str:
    """The code around a line, the line marked."""
    if not line:
        return ""
    lines = source.split("\n")
    first, last = max(line - 3, 0), min(line + 2, len(lines))
    return "\n".join(f"{'>' if i + 1 == line else ' '} {i + 1:4} | {lines[i]}" for i in range(first, last))


def _hint(name: str) -> str:
    if name == "ModuleNotFoundError":
        return "install the package in the kernel's environment"
    if name == "FileNotFoundError":
        return "paths are relative to the notebook's folder, or to --cwd"
    return ""


def _from_error(step: Step, error: Exception | None, manager: Any) -> Diagnostic:
    """A failure outside the user's code: the kernel died, the disk is full, the kernel did not start."""
    place = Location(step.cells[-1])
    name = type(error).__name__
    if name == "DeadKernelError" or (error is None):
        return diagnose("KL404", f"step {step.name!r} failed: its kernel died{_how(manager)}", place, step=step.name,
                        hint="did it run out of memory? run fewer steps at once with --jobs")  # fmt: skip
    if isinstance(error, OSError):
        return diagnose("KL405", f"step {step.name!r} failed: its record cannot be written: {error.strerror or error}",
                        place, step=step.name, hint="free some space, or choose another --output-dir")  # fmt: skip
    reason = " ".join(str(error).split())[:500]
    return diagnose(
        "KL404", f"step {step.name!r} failed: its kernel did not run it: {name}: {reason}", place, step=step.name
    )


def _how(manager: Any) -> str:
    process = getattr(getattr(manager, "provisioner", None), "process", None)
    code = getattr(process, "returncode", None)
    if code is None:
        return ""
    return f" (killed by signal {-code})" if code < 0 else f" (exit code {code})"
