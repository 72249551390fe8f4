"""What a notebook's metadata says: its kernel and its settings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from kale_lite.diagnostics import Diagnostic, Location, diagnose
from kale_lite.notebook.given import identity_tags, option_tags
from kale_lite.notebook.model import Kernel

__all__ = ["kernel_of", "notebook_settings", "step_defaults"]

_SETTINGS = frozenset({
    "pipeline_name", "pipeline_description", "experiment_name", "experiment", "base_image", "docker_image",
    "enable_caching", "volumes", "steps_defaults", "kfp_host", "security_context", "autosnapshot", "snapshot_volumes",
    "katib_run", "katib_metadata", "volume_access_mode", "storage_class_name", "options", "workspace", "imported_files",
    "ttl_seconds_after_finished", "ttl_seconds_after_success", "ttl_seconds_after_failure", "active_deadline_seconds",
})  # fmt: skip


def kernel_of(metadata: Mapping[str, Any]) -> Kernel:
    """The kernel that a notebook names."""
    spec = metadata.get("kernelspec") or {}
    language = spec.get("language") or (metadata.get("language_info") or {}).get("name") or "python"
    return Kernel(spec.get("name") or "python3", spec.get("display_name") or "", str(language).lower())


def notebook_settings(
    metadata: Mapping[str, Any], place: Location | None = None
) -> tuple[dict[str, Any], tuple[Diagnostic, ...]]:
    """``kale_lite`` settings over Kale's ``kubeflow_notebook``; unknown keys are told, never an error.

    ``place`` is the cell that stands for the notebook in another one.
    """
    merged: dict[str, Any] = {}
    problems: list[Diagnostic] = []
    for key in ("kubeflow_notebook", "kale_lite"):
        section = metadata.get(key)
        if isinstance(section, Mapping):
            merged.update(section)
            problems += _unknown_settings(key, section, place)
    return merged, tuple(problems)


def step_defaults(settings: Mapping[str, Any]) -> tuple[str, ...]:
    """The tags that give options to every step: those of ``steps_defaults``, and what other settings stand for."""
    given = settings.get("steps_defaults")
    tags = tuple(map(str, given)) if isinstance(given, list) else ()
    return (*identity_tags(settings.get("security_context")), *tags, *option_tags(settings.get("options")))


def _unknown_settings(key: str, section: Mapping[str, Any], place: Location | None) -> Iterator[Diagnostic]:
    for name in section:
        if name not in _SETTINGS:
            yield diagnose("KL110", f"notebook setting {key}.{name} is unknown and has no effect", place,
                           hint="remove it from the notebook's metadata")  # fmt: skip
        elif name == "steps_defaults" and section[name] is not None and not isinstance(section[name], list):
            yield diagnose("KL110", f"notebook setting {key}.{name} is no list and has no effect", place,
                           hint='write a list of tags, such as ["retry:2"]')  # fmt: skip
