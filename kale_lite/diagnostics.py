"""Diagnostics: findings about a notebook, as data with stable codes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from kale_lite.cells import notebook_of, own_number

__all__ = [
    "CODES",
    "THEMES",
    "Code",
    "Diagnostic",
    "Location",
    "Severity",
    "diagnose",
    "has_errors",
]

THEMES = {
    "KL0": "The file and its kernel",
    "KL1": "Tags, steps, options",
    "KL2": "Code",
    "KL3": "Dataflow, explained",
    "KL4": "While steps run",
    "KL5": "The call",
    "KL6": "Ignore comments",
    "KL7": "Kubeflow Pipelines",
}
"""What codes are about, by how they begin."""

_IGNORABLE = frozenset({"KL108", "KL109", "KL115", "KL116", "KL117", "KL203", "KL208", "KL301", "KL302", "KL303"})
"""The findings that `# kale-lite: ignore[...]` may switch off: what the pipeline gives is right all the same."""


class Severity(StrEnum):
    """How bad a finding is; errors stop a run before its first step."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True, order=True)
class Location:
    """A place in the notebook as users count: cells from 1 (all kinds), lines from 1, columns from 1.

    ``line`` 0 means the cell as a whole, ``column`` 0 the line as a whole. Cells of notebooks that stand in
    another one have a ``CellNumber``.
    """

    cell: int
    line: int = 0
    column: int = 0

    @property
    def notebook(self) -> str:
        """The path of the notebook that the cell stands in, from the folder of the outermost; empty for that."""
        return notebook_of(self.cell)

    @property
    def own(self) -> Location:
        """The place as its own notebook counts."""
        return replace(self, cell=own_number(self.cell))

    def __str__(self) -> str:
        return f"cell {self.cell}, line {self.line}" if self.line else f"cell {self.cell}"


@dataclass(frozen=True, slots=True)
class Code:
    """A kind of finding: its number is stable, its documentation is ``docs/diagnostics/NUMBER.md``."""

    number: str
    title: str
    severity: Severity

    @property
    def ignorable(self) -> bool:
        """Whether a comment in the cell may switch the finding off."""
        return self.number in _IGNORABLE

    @property
    def theme(self) -> str:
        """What the code is about: one of ``THEMES``."""
        return THEMES[self.number[:3]]


def _codes() -> dict[str, Code]:
    error, warning, info = Severity.ERROR, Severity.WARNING, Severity.INFO
    table = [
        # The file and its kernel.
        ("KL001", "notebook cannot be read", error),
        ("KL002", "not a Jupyter notebook", error),
        ("KL003", "notebook format is too new", error),
        ("KL004", "notebook has no code", error),
        ("KL005", "kernel language is not Python", error),
        ("KL006", "kernel is not installed", error),
        ("KL007", "kernel does not start", error),
        # Tags, steps, options.
        ("KL101", "tag does not parse", error),
        ("KL102", "step name cannot be used", error),
        ("KL103", "step names meet", error),
        ("KL104", "declared predecessor is unknown", error),
        ("KL105", "declared order is a cycle", error),
        ("KL106", "step is split", error),
        ("KL107", "notebook cannot be embedded", error),
        ("KL108", "skipped cell is needed", warning),
        ("KL109", "parameters cell computes a value", warning),
        ("KL110", "notebook setting is unknown", warning),
        ("KL111", "option is not honoured by this target", warning),
        ("KL112", "tags of one cell conflict", error),
        ("KL113", "notebook cell does something else", error),
        ("KL114", "parameters of notebooks meet", error),
        ("KL115", "embedded parameter replaces a variable", warning),
        ("KL116", "embedded notebook names another kernel", warning),
        ("KL117", "%run sets parameters back", warning),
        # Code.
        ("KL201", "syntax error", error),
        ("KL202", "name is undefined", error),
        ("KL203", "dynamic code cannot be followed", error),
        ("KL204", "IPython history is used across steps", error),
        ("KL205", "magic is not supported", error),
        ("KL206", "library is patched", error),
        ("KL207", "interpreter state cannot be carried", error),
        ("KL208", "name may be undefined", warning),
        ("KL209", "names or classes are known only at run time", error),
        # Dataflow, explained.
        ("KL301", "steps run one after another", info),
        ("KL302", "declared branch depends on more", info),
        ("KL303", "statement is replayed", info),
        # While steps run.
        ("KL401", "value cannot be serialised", error),
        ("KL402", "cell failed", error),
        ("KL403", "step timed out", error),
        ("KL404", "kernel died", error),
        ("KL405", "record cannot be written", error),
        ("KL406", "something is still alive at the end of a step", error),
        ("KL407", "input was changed although analysis held it read-only", error),
        ("KL408", "effect was missed by analysis", error),
        ("KL409", "output was truncated", warning),
        ("KL410", "stored value cannot be loaded", error),
        ("KL411", "program or service was missed by analysis", warning),
        ("KL412", "a library counts on from step to step", error),
        ("KL413", "report cannot be written", warning),
        ("KL414", "run is not in the history", warning),
        # The call.
        ("KL501", "parameter is unknown", error),
        ("KL502", "parameter has the wrong type", error),
        ("KL503", "parameters file cannot be read", error),
        ("KL504", "output folder cannot be used", error),
        ("KL505", "step is unknown", error),
        ("KL506", "run is unknown", error),
        ("KL507", "history cannot be used", error),
        ("KL508", "steps cannot be reused", error),
        ("KL509", "reused steps may not be the same", warning),
        # Comments that switch findings off.
        ("KL601", "ignore comment does not parse", warning),
        ("KL602", "finding cannot be ignored", warning),
        ("KL603", "ignore comment matches nothing", warning),
        # Kubeflow Pipelines.
        ("KL702", "option that Kubeflow refuses", error),
        ("KL703", "import of an unknown package", error),
        ("KL704", "file is too large to be shipped", error),
        ("KL705", "path outside the notebook's folder", error),
        ("KL706", "files read are known only at run time", warning),
        ("KL707", "step is too large for a component", error),
        ("KL708", "pipeline is large", warning),
        ("KL709", "image has another Python", error),
        ("KL710", "file cannot be imported", error),
        ("KL720", "pipeline is too large to be submitted", error),
        ("KL721", "not a pipeline of Kubeflow", error),
    ]
    return {number: Code(number, title, severity) for number, title, severity in table}


CODES = _codes()


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One finding: what, where and what to do."""

    code: str
    severity: Severity
    message: str
    location: Location | None = None
    hint: str = ""
    step: str = ""

    @property
    def is_error(self) -> bool:
        return self.severity is Severity.ERROR

    def __str__(self) -> str:
        where = f"{self.location}: " if self.location else ""
        text = f"{where}{self.severity} {self.code}: {self.message}"
        return f"{text}\n    hint: {self.hint}" if self.hint else text

    def to_json(self) -> dict[str, object]:
        """The documented JSON form (``check --format json``, events, the panel).

        ``notebook`` is the path of the embedded notebook whose cell it is; empty for the notebook itself.
        """
        place = self.location.own if self.location is not None else Location(0)
        return {
            "code": self.code,
            "severity": str(self.severity),
            "notebook": self.location.notebook if self.location is not None else "",
            "cell": place.cell,
            "line": place.line,
            "column": place.column,
            "step": self.step,
            "message": self.message,
            "hint": self.hint,
        }


def diagnose(
    code: str,
    message: str,
    location: Location | None = None,
    *,
    hint: str = "",
    step: str = "",
    severity: Severity | None = None,
) -> Diagnostic:
    """Make a diagnostic; the severity is the code's own unless given. Unknown codes are a KeyError."""
    return Diagnostic(code, severity or CODES[code].severity, message, location, hint, step)


def has_errors(diagnostics: Iterable[Diagnostic]) -> bool:
    """Whether any finding stops a run."""
    return any(d.is_error for d in diagnostics)
