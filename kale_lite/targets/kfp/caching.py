"""What KFP's cache may reuse, and what it has to be told: it compares a component's code and arguments only."""

from __future__ import annotations

from typing import Any

from kale_lite.notebook.model import StepOptions
from kale_lite.pipeline import STATE_PREFIX, Pipeline, Step
from kale_lite.targets.kfp.files import touches_files
from kale_lite.targets.kfp.mounts import mounts_of

__all__ = ["from_cluster", "surroundings", "uncacheable"]


def from_cluster(options: StepOptions) -> bool:
    """Whether a step gets values from the cluster, which KFP's cache knows nothing of: they may be others next time."""
    return bool(options.secrets or options.config_maps or options.pod_fields) or any(
        one.read_only for one in mounts_of(options)
    )


def surroundings(options: StepOptions) -> dict[str, Any]:
    """What KFP's cache does not look at by itself: variables, and where others come from. No values of secrets."""
    given = {
        "env": dict(options.env), "fields": dict(options.pod_fields),
        "mounts": [f"{one} at {one.path}" for one in mounts_of(options)],
        "secrets": {name: list(one) for name, one in options.secrets.items()},
        "config_maps": {name: list(one) for name, one in options.config_maps.items()},
    }  # fmt: skip
    return {name: one for name, one in given.items() if one}


def uncacheable(step: Step, pipeline: Pipeline) -> bool:
    """Whether running the step again can give something else: files, services, generators that nobody seeds."""
    if touches_files(step) or any(effect.startswith("service:") for effect in step.effects):
        return True
    seeded = {name for one in pipeline.steps for name in one.effects if name.startswith(STATE_PREFIX)}
    return any(f"{STATE_PREFIX}{effect.removeprefix('draw:')}" not in seeded
               for effect in step.effects if effect.startswith("draw:"))  # fmt: skip
