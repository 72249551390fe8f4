"""Commands, flags and exit codes. What they do lives below; heavy imports wait until a command runs."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from kale_lite import __version__
from kale_lite.cli.compiling import compile_command
from kale_lite.cli.effects import effects_command
from kale_lite.cli.explain import explain_command
from kale_lite.cli.history import runs_app
from kale_lite.cli.submitting import submit_command
from kale_lite.cli.tagging import tag_command
from kale_lite.cli.verifying import verify_command
from kale_lite.errors import ExitCode, KaleLiteError, RefusedError, UsageError

if TYPE_CHECKING:
    from kale_lite.diagnostics import Diagnostic
    from kale_lite.project import Project

app = typer.Typer(
    name="kale-lite",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    add_completion=False,
    help="Makes a pipeline of a tagged Jupyter notebook, without changing its code.\n\n"
    "Tag cells `step:NAME`; what each step needs and what can run in parallel is found out.\n\n"
    "**Exit codes:** 0 done · 1 something failed once steps had started · 2 refused before any step · "
    "3 target not reached · 130 interrupted",
)

Notebooks = Annotated[list[Path], typer.Argument(metavar="NB...", help="Notebooks (.ipynb); never written to.")]
OneNotebook = Annotated[Path, typer.Argument(metavar="NB", help="A notebook (.ipynb); never written to.")]


class FailOn(StrEnum):
    """From which severity on a run is refused."""

    ERROR = "error"
    WARNING = "warning"


class GraphFormat(StrEnum):
    """Forms of the graph."""

    TEXT = "text"
    JSON = "json"
    MERMAID = "mermaid"


class CheckFormat(StrEnum):
    """Forms of the findings."""

    TEXT = "text"
    JSON = "json"
    GITHUB = "github"
    SARIF = "sarif"


def main() -> NoReturn:
    """Run the command line; errors that are meant for the user end it with their exit code."""
    try:
        app()
    except KaleLiteError as error:
        _show_error(error)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.exit(ExitCode.INTERRUPTED)
    except BrokenPipeError:
        sys.exit(ExitCode.FAILED)
    sys.exit(ExitCode.DONE)


def _show_error(error: KaleLiteError) -> None:
    if isinstance(error, RefusedError):
        _show_diagnostics("", error.diagnostics)
    else:
        typer.echo(f"error: {error}", err=True)


def _show_diagnostics(path: str, diagnostics: tuple[Diagnostic, ...]) -> None:
    for finding in diagnostics:
        typer.echo(f"{path}: {finding}" if path else str(finding), err=True)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"kale-lite {__version__}")
        raise typer.Exit


@app.callback()
def _main(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show it and exit.")
    ] = False,
) -> None:
    pass


@app.command()
def run(
    notebooks: Notebooks,
    param: Annotated[
        list[str] | None, typer.Option("--param", "-p", metavar="NAME=VALUE", help="Set a parameter.")
    ] = None,
    params_file: Annotated[Path | None, typer.Option(help="YAML or JSON file of parameters; -p wins.")] = None,
    jobs: Annotated[int | None, typer.Option("--jobs", "-j", min=1, help="Steps at once (default: cores).")] = None,
    output_dir: Annotated[
        Path | None, typer.Option(help="The run's folder (default: kale-lite-runs/NAME-DATE-TIME).")
    ] = None,
    cwd: Annotated[Path | None, typer.Option(help="Steps' working directory (default: the notebook's folder).")] = None,
    kernel: Annotated[str | None, typer.Option("--kernel", "-k", help="Kernel instead of the notebook's own.")] = None,
    timeout: Annotated[float | None, typer.Option(min=0.001, help="Seconds a step may take.")] = None,
    retries: Annotated[int, typer.Option(min=0, help="Further attempts for a step that fails.")] = 0,
    until: Annotated[str | None, typer.Option(metavar="STEP", help="Only this step and what it needs.")] = None,
    first: Annotated[
        str | None, typer.Option("--from", metavar="STEP", help="This step and what comes after; the rest is reused.")
    ] = None,
    only: Annotated[str | None, typer.Option(metavar="STEP", help="Only this step; what it needs is reused.")] = None,
    reuse: Annotated[
        str | None, typer.Option(metavar="RUN", help="Reuse the steps of this run (default: the notebook's last).")
    ] = None,
    junit: Annotated[Path | None, typer.Option(metavar="F", help="Write a JUnit report, a case a step.")] = None,
    log_output: Annotated[bool, typer.Option("--log-output", help="Show what cells print, as it comes.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON event a line on stdout.")] = False,
    warm: Annotated[bool, typer.Option("--warm/--no-warm", help="Fork kernels, or start each anew.")] = True,
    report: Annotated[bool, typer.Option("--report/--no-report", help="Write report.html at the end.")] = True,
    fail_on: Annotated[FailOn, typer.Option(help="Refuse to run from this severity on.")] = FailOn.ERROR,
) -> None:
    """Run notebooks as parallel pipelines on this machine.

    Each step runs in a kernel of its own; independent steps run side by side.
    The record has report.html, run.json, events.jsonl, the executed steps, and the notebook with all outputs.

    Examples:

        kale-lite run analysis.ipynb

        kale-lite run analysis.ipynb -p lr=0.1 -p epochs=5 --jobs 4

        kale-lite run analysis.ipynb --from train
    """
    from kale_lite.cli.running import RunRequest, run_notebooks

    if output_dir is not None and len(notebooks) > 1:
        raise UsageError("--output-dir is for one notebook", hint="run the notebooks one by one")
    if len(notebooks) > 1 and (first or only or reuse):
        raise UsageError("--from, --only and --reuse are for one notebook", hint="run the notebooks one by one")
    if only is not None and (first is not None or until is not None):
        raise UsageError("--only does not go with --from or --until", hint="choose one")
    if cwd is not None and not cwd.is_dir():
        raise UsageError(f"--cwd: folder {cwd} does not exist")
    if junit is not None and not junit.absolute().parent.is_dir():
        raise UsageError(f"--junit: folder {junit.absolute().parent} does not exist")
    options: dict[str, Any] = {"cwd": cwd, "kernel": kernel, "timeout": timeout, "retries": retries}
    options |= {"log_output": log_output, "warm": warm, "report": report}
    options |= {"jobs": jobs} if jobs is not None else {}
    strict = fail_on is FailOn.WARNING
    request = RunRequest(
        notebooks, tuple(param or ()), params_file, output_dir, until, first, only, reuse, junit, as_json, strict,
        options,
    )  # fmt: skip
    raise typer.Exit(run_notebooks(request))


@app.command()
def graph(
    notebook: OneNotebook,
    format: Annotated[GraphFormat, typer.Option("--format", "-f", help="How to write it.")] = GraphFormat.TEXT,
    why: Annotated[
        tuple[str, str] | None, typer.Option(metavar="A B", help="Explain why step B comes after step A.")
    ] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Write to this file.")] = None,
) -> None:
    """Show the steps, what flows between them, and what can run side by side.

    Examples:

        kale-lite graph analysis.ipynb

        kale-lite graph analysis.ipynb --why load train

        kale-lite graph analysis.ipynb --format mermaid -o graph.mmd
    """
    from kale_lite import graph as graphs

    pipeline = _loaded(notebook).compile()
    text = graphs.why(pipeline, *why) if why else graphs.render(pipeline, format.value)
    if output is None:
        typer.echo(text)
        return
    try:
        output.write_text(text + "\n", "utf-8")
    except OSError as error:
        raise UsageError(f"{output} cannot be written: {error.strerror}") from None


@app.command()
def check(
    notebooks: Notebooks,
    format: Annotated[
        CheckFormat, typer.Option("--format", "-f", help="How to write the findings.")
    ] = CheckFormat.TEXT,
    strict: Annotated[bool, typer.Option("--strict", help="Warnings count as errors.")] = False,
) -> None:
    """Find what would stop or surprise a run, without running anything.

    Exit code 2 when there are errors (with --strict also for warnings). A comment `# kale-lite: ignore[KL301]`
    in a cell switches a finding off, where that cannot make a run go wrong.

    Examples:

        kale-lite check analysis.ipynb --strict

        kale-lite check *.ipynb --format github
    """
    from kale_lite.cli.findings import FORMATS, check_notebook
    from kale_lite.diagnostics import Severity

    checked = [check_notebook(path) for path in notebooks]
    FORMATS[format.value](checked)
    bad = {Severity.ERROR, Severity.WARNING} if strict else {Severity.ERROR}
    if any(finding.severity in bad for one in checked for finding in one.diagnostics):
        raise typer.Exit(ExitCode.REFUSED)


app.add_typer(runs_app, name="runs")
app.command("compile")(compile_command)
app.command("submit")(submit_command)
app.command("verify")(verify_command)
app.command("explain")(explain_command)
app.command("effects")(effects_command)
app.command("tag")(tag_command)


def _loaded(path: Path) -> Project:
    """A notebook that compiles; its findings are shown, errors end the command."""
    from kale_lite.project import load

    project = load(path)
    _show_diagnostics(str(path), project.diagnostics)
    if project.pipeline is None:
        raise typer.Exit(ExitCode.REFUSED)
    return project
