"""The ``submit`` command: a notebook as a run on Kubeflow Pipelines."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kale_lite.cli.compiling import show_findings
from kale_lite.errors import ExitCode, KaleLiteError, RefusedError, UsageError

if TYPE_CHECKING:
    from kale_lite.targets.kfp import CompileOptions
    from kale_lite.targets.kfp.submit import Package, Reached, Request, Submitted

__all__ = ["submit_command"]


def submit_command(
    source: Annotated[Path, typer.Argument(metavar="NB", help="A notebook, a compiled YAML, or a DSL file (.py).")],
    host: Annotated[str, typer.Option(metavar="URL", help="The server (default: $KF_PIPELINES_ENDPOINT).")] = "",
    experiment: Annotated[str, typer.Option(metavar="E", help="Made if missing (default: the notebook's).")] = "",
    run_name: Annotated[str, typer.Option(metavar="R", help="Name of the run (default: pipeline and time).")] = "",
    param: Annotated[
        list[str] | None, typer.Option("--param", "-p", metavar="NAME=VALUE", help="Set a parameter.")
    ] = None,
    params_file: Annotated[Path | None, typer.Option(help="YAML or JSON file of parameters; -p wins.")] = None,
    wait: Annotated[bool, typer.Option("--wait", help="Follow the steps until the run ends.")] = False,
    schedule: Annotated[str, typer.Option(metavar="CRON", help="Run again and again, such as '0 6 * * *'.")] = "",
    pipeline: Annotated[str, typer.Option(metavar="P", help="Name on the server (default: the pipeline's).")] = "",
    namespace: Annotated[str, typer.Option(metavar="NS", help="Yours, where Kubeflow has several.")] = "",
    patience: Annotated[float, typer.Option(min=0.1, help="Seconds for the server's first answer.")] = 3.5,
    image: Annotated[str | None, typer.Option(metavar="REF", help="As in `compile`, like the next four.")] = None,
    install: Annotated[bool, typer.Option("--install/--no-install", help="Install packages at start, or not.")] = True,
    cache: Annotated[bool | None, typer.Option("--cache/--no-cache", help="KFP's cache for steps that can.")] = None,
    include: Annotated[list[str] | None, typer.Option(metavar="PATTERN", help="Files that travel along.")] = None,
    import_: Annotated[
        list[str] | None, typer.Option("--import", metavar="FILE=URI", help="A large file, and where KFP gets it.")
    ] = None,
) -> None:
    """Run a notebook on Kubeflow Pipelines: compile, upload, start, and print the link.

    The pipeline is made, or gets a new version if the server has it. With --wait the steps are shown as they run, and
    the exit code is 1 when one fails. A server that cannot be reached, or does not let you in, is told within 5
    seconds, with exit code 3, before anything is compiled or sent.

    Credentials are never arguments: set KALE_LITE_KFP_TOKEN, or KALE_LITE_KFP_COOKIES, or KALE_LITE_KFP_USERNAME and
    KALE_LITE_KFP_PASSWORD (Dex), or write them into ~/.config/kale-lite/kfp.toml. In a pod of Kubeflow the service
    account's token is used.

    Examples:

        kale-lite submit analysis.ipynb --host https://kubeflow.example.com/pipeline -p lr=0.1 --wait

        kale-lite submit analysis.yaml --experiment nightly --schedule "0 6 * * mon-fri"
    """
    from kale_lite.cli.assignments import given_parameters
    from kale_lite.targets.kfp import CompileOptions
    from kale_lite.targets.kfp.submit import Request, check_source, find_server, kfp_cron, reach

    if wait and schedule:
        raise UsageError("--wait follows one run, and --schedule makes many", hint="leave one of them out")
    options = CompileOptions(image, install, cache, tuple(include or ()), tuple(import_ or ()))
    check_source(source, options)
    given = given_parameters(param or (), params_file)
    request = Request(experiment, run_name, pipeline, kfp_cron(schedule) if schedule else "")
    try:
        server = find_server(host, namespace)
    except UsageError as error:
        raise _with_notebooks_host(error, source) from None
    reached = reach(server, patience)
    package = _package(source, given, options)
    done = _submitted(reached, package, request)
    raise typer.Exit(_follow(done, package) if wait else ExitCode.DONE)


def _package(source: Path, given: dict[str, object], options: CompileOptions) -> Package:
    from kale_lite.project import load
    from kale_lite.targets.kfp.submit import file_package, notebook_package

    try:
        if source.suffix == ".ipynb":
            project = load(source)
            pipeline, notebook = project.compile(), project.notebook
            assert notebook is not None
            show_findings(source, project.diagnostics)
            package = notebook_package(source, notebook, pipeline, given, options)
        else:
            package = file_package(source, given)
    except RefusedError as error:
        show_findings(source, error.diagnostics)
        raise typer.Exit(ExitCode.REFUSED) from None
    show_findings(source, package.findings)
    steps = len(package.spec.tasks)
    typer.echo(f"{source}: {steps} task{'s' * (steps != 1)}, {len(package.text.encode()) / 1000:,.0f} kB")
    return package


def _submitted(reached: Reached, package: Package, request: Request) -> Submitted:
    from kale_lite.targets.kfp.submit import submit

    done = submit(reached, package, request, typer.echo)
    what = f"schedule ({request.schedule})" if request.schedule else "run"
    typer.echo(f"{what} {done.run_name} in experiment {done.experiment}: {done.url}")
    return done


def _follow(done: Submitted, package: Package) -> ExitCode:
    """Show the run's steps until it ends."""
    from rich.console import Console

    from kale_lite.cli.progress import reporter
    from kale_lite.targets.kfp.submit import shown_pipeline, watch

    console = Console(highlight=False)
    show = reporter(console)
    try:
        with show.following(shown_pipeline(package.spec)):
            ended = watch(done.client, done.run_id, package.spec.tasks, show.on_event)
    except KaleLiteError:
        typer.echo(f"the run goes on: {done.url}", err=True)
        raise
    except KeyboardInterrupt:
        typer.echo(f"no longer followed; the run goes on: {done.url}", err=True)
        raise
    style = "green" if ended.state == "done" else "bold red"
    for name, message in ended.failed.items():
        said = f": {message}" if message else ""
        typer.echo(f"step {name!r} failed{said}", err=True)
    if ended.state != "done":
        typer.echo(f"{ended.message or 'the log of the step says why'}\n    hint: open {done.url}", err=True)
    console.print(f"[{style}]{ended.state}[/{style}] in {ended.seconds:.0f} s")
    return ExitCode.DONE if ended.state == "done" else ExitCode.FAILED


def _with_notebooks_host(error: UsageError, source: Path) -> UsageError:
    """Kale's notebooks may name a server. It is told, not used: credentials go where the user says."""
    import json

    if source.suffix != ".ipynb":
        return error
    try:
        metadata = json.loads(source.read_text("utf-8"))["metadata"]
        named = {**metadata.get("kubeflow_notebook", {}), **metadata.get("kale_lite", {})}.get("kfp_host")
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return error
    if not named or "no server" not in error.message:
        return error
    return UsageError(error.message, hint=f"the notebook names one, which you may give as --host {named}")
