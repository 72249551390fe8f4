"""Sends a pipeline, or a version of one that is there, and starts a run or a schedule of it."""

from __future__ import annotations

import json
import secrets
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kale_lite.errors import UnreachableError, UsageError
from kale_lite.targets.kfp.submit.connection import client_for, quiet
from kale_lite.targets.kfp.submit.package import Package
from kale_lite.targets.kfp.submit.probe import Reached

__all__ = ["Request", "Submitted", "submit"]

_EQUALS = 1
"""KFP's number for a filter that compares."""


@dataclass(frozen=True, slots=True)
class Request:
    """What the user asked for; empty for what is found elsewhere. ``schedule`` is in KFP's form."""

    experiment: str = ""
    run_name: str = ""
    pipeline_name: str = ""
    schedule: str = ""


@dataclass(frozen=True, slots=True)
class Submitted:
    """What the server has made. ``run_id`` is the schedule's when one was asked for; ``client`` is connected."""

    client: Any
    pipeline: str
    version: str
    is_new: bool
    experiment: str
    run_name: str
    run_id: str
    url: str


def submit(reached: Reached, package: Package, request: Request, say: Callable[[str], None] = print) -> Submitted:
    """Upload, and start; ``say`` is told each thing that the server has made.

    UnreachableError when the server stops answering as it should, UsageError for what it refuses.
    """
    server = reached.server
    if reached.multi_user and not server.namespace:
        raise UsageError(f"{server.host} has several namespaces: say which is yours", hint="add --namespace NAME")
    client = client_for(reached)
    namespace = server.namespace if reached.multi_user else ""
    name = request.pipeline_name or package.spec.name
    with quiet():
        pipeline, version, label = _uploaded(client, package, name, namespace)
    say(f"pipeline {name}: {'version ' + label if label else 'made'}")
    experiment = request.experiment or package.experiment or server.experiment or "Default"
    run_name = request.run_name or f"{package.spec.display_name} {time.strftime('%Y-%m-%d %H:%M:%S')}"
    with quiet():
        place = _id(client.create_experiment(experiment, namespace=namespace or None), "experiment_id", reached)
        start = _schedule if request.schedule else _run
        run_id = start(client, reached, (place, run_name, pipeline, version), package, request)
    kind = "recurringrun" if request.schedule else "runs"
    return Submitted(client, name, label, not label, experiment, run_name, run_id,
                     f"{server.ui}/#/{kind}/details/{run_id}")  # fmt: skip


def _uploaded(client: Any, package: Package, name: str, namespace: str) -> tuple[str, str, str]:
    """The ids of the pipeline and of its new version, and the version's name: empty for a pipeline's first."""
    about = f"Submitted by kale-lite from {package.source.name}"
    known = _pipeline_id(client, name, namespace)
    with tempfile.TemporaryDirectory(prefix="kale-lite-") as folder:
        path = Path(folder) / "pipeline.yaml"
        path.write_text(package.text, "utf-8")
        if known is None:
            made = client.upload_pipeline(str(path), pipeline_name=name, description=about, namespace=namespace or None)
            pipeline = _id(made, "pipeline_id", None)
            return pipeline, _first_version(client, pipeline), ""
        label = f"{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(2)}"
        new = client.upload_pipeline_version(str(path), label, pipeline_id=known, description=about)
        return known, _id(new, "pipeline_version_id", None), label


def _pipeline_id(client: Any, name: str, namespace: str) -> str | None:
    predicate = {"operation": _EQUALS, "key": "display_name", "stringValue": name}
    found = client.list_pipelines(
        page_size=10, filter=json.dumps({"predicates": [predicate]}), namespace=namespace or None
    )
    pipelines = [one for one in found.pipelines or () if name in (one.display_name, getattr(one, "name", None))]
    if len(pipelines) > 1:
        raise UsageError(f"the server has {len(pipelines)} pipelines called {name!r}",
                         hint="delete or rename all but one, or give another name by --pipeline")  # fmt: skip
    return _id(pipelines[0], "pipeline_id", None) if pipelines else None


def _first_version(client: Any, pipeline: str) -> str:
    found = client.list_pipeline_versions(pipeline, page_size=1, sort_by="created_at asc")
    versions = found.pipeline_versions or ()
    if not versions:
        raise UnreachableError(f"the server has made pipeline {pipeline}, and shows no version of it", hint=_AGAIN)
    return _id(versions[0], "pipeline_version_id", None)


def _run(client: Any, reached: Reached, ids: tuple[str, str, str, str], package: Package, request: Request) -> str:
    experiment, name, pipeline, version = ids
    made = client.run_pipeline(
        experiment, name, params=dict(package.arguments), pipeline_id=pipeline, version_id=version
    )
    return _id(made, "run_id", reached)


def _schedule(client: Any, reached: Reached, ids: tuple[str, str, str, str], package: Package, request: Request) -> str:
    experiment, name, pipeline, version = ids
    made = client.create_recurring_run(
        experiment, name, cron_expression=request.schedule, params=dict(package.arguments),
        pipeline_id=pipeline, version_id=version,
    )  # fmt: skip
    return _id(made, "recurring_run_id", reached)


_AGAIN = "try again; the log of the pod ml-pipeline may say why"


def _id(made: Any, key: str, reached: Reached | None) -> str:
    """The id of what the server made: an answer without one is none."""
    found = getattr(made, key, None)
    if not isinstance(found, str) or not found:
        where = reached.server.host if reached else "the server"
        raise UnreachableError(f"{where} answers without {key}: it does not say what it has made", hint=_AGAIN)
    return found
