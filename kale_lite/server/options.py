"""What the page says of step options: an example and a sentence each. Their grammar is that of the tags."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from kale_lite.notebook.tags import OPTION_FORMS, OPTION_KINDS

__all__ = ["HELP", "option_forms"]

HELP = {
    "limit": ("limit:memory:4Gi", "The most of a resource that the step may use (Kubeflow)."),
    "request": ("request:cpu:500m", "What of a resource the step is sure to have (Kubeflow)."),
    "image": ("image:python:3.11-slim", "The container image that the step runs in (Kubeflow)."),
    "cache": ("cache:disabled", "Whether the step's results may be reused when nothing has changed (Kubeflow)."),
    "report": ("report:disabled", "Whether the report shows the step's cells."),
    "copies": ("copies:disabled", "Whether tables, models and figures are shown as artifacts (Kubeflow)."),
    "retry": ("retry:2", "How often the step is tried again when it fails; retry:3:30s:2:10m waits in between."),
    "timeout": ("timeout:600", "After how many seconds the step is ended."),
    "secret": ("secret:database:password:DB_PASSWORD", "A key of a secret as an environment variable (Kubeflow)."),
    "env": ("env:OMP_NUM_THREADS:4", "An environment variable of the step."),
    "volume": ("volume:data:/data", "A volume claim, and where the step sees it (Kubeflow)."),
    "label": ("label:team:vision", "A label of the step's pod (Kubeflow)."),
    "annotation": ("annotation:example.com/owner:me", "An annotation of the step's pod (Kubeflow)."),
    "config-map": (
        "config-map:settings:level:LOG_LEVEL",
        "A key of a config map as an environment variable (Kubeflow).",
    ),
    "node-selector": ("node-selector:disk:ssd", "A label of the nodes that the step may run on (Kubeflow)."),
    "affinity": ("affinity:zone:a", "A label of nodes that the step may run on, one of several (Kubeflow)."),
    "toleration": ("toleration:gpu:NoSchedule", "A taint of nodes that the step tolerates (Kubeflow)."),
    "pull-policy": ("pull-policy:Always", "When the image is pulled (Kubeflow)."),
    "pull-secret": ("pull-secret:registry", "The secret with which the image is pulled (Kubeflow)."),
    "empty-dir": ("empty-dir:/scratch:10Gi", "An empty directory of the step's own (Kubeflow)."),
    "ephemeral": ("ephemeral:/work:100Gi", "A volume that is made for the step and removed with it (Kubeflow)."),
    "shm": ("shm:2Gi", "Shared memory, as loaders of data in several processes need it (Kubeflow)."),
    "field": ("field:POD:metadata.name", "A field of the step's pod as an environment variable (Kubeflow)."),
    "run-as": ("run-as:user:1000", "The user or group that the step runs as (Kubeflow)."),
}


def option_forms() -> Iterator[dict[str, Any]]:
    """The options of steps, in the order of the tags' grammar; but for rules that only metadata can hold."""
    for kind, form in OPTION_FORMS.items():
        if kind in OPTION_KINDS and kind != "node-affinity":
            example, text = HELP[kind]
            yield {"kind": kind, "form": [kind, *form], "example": example, "help": text}
