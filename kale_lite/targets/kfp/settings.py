"""Settings of a notebook that concern Kubeflow: what counts, what has no effect, what is wrong."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from kale_lite.diagnostics import Diagnostic, diagnose
from kale_lite.notebook.model import Notebook
from kale_lite.notebook.mounts import SIZE
from kale_lite.targets.kfp.model import CreatedVolume, PipelineConfig

__all__ = ["created_volumes", "pipeline_config", "setting_image", "setting_problems", "setting_volumes"]

_UNHONOURED = ("autosnapshot", "snapshot_volumes", "katib_run", "katib_metadata", "abort_on_errors")
_SECONDS = (
    "ttl_seconds_after_finished", "ttl_seconds_after_success", "ttl_seconds_after_failure", "active_deadline_seconds",
)  # fmt: skip
_MODES = {"rwm": "ReadWriteMany", "rwo": "ReadWriteOnce", "rom": "ReadOnlyMany", "rwop": "ReadWriteOncePod"}
_IDENTITY = ("runAsUser", "runAsGroup", "runAsNonRoot", "run_as_user", "run_as_group", "run_as_non_root")
_NAME = re.compile(r"[a-z0-9]([-a-z0-9]{0,24}[a-z0-9])?")
"""KFP puts 37 letters before it, and Kubernetes takes 63 in all for a volume of a pod."""
_MOST_SECONDS = 2**31 - 1


def setting_image(notebook: Notebook) -> str | None:
    """The image that the settings name; Kale's older name for it counts as well."""
    found = notebook.settings.get("base_image") or notebook.settings.get("docker_image")
    return str(found) if found else None


def setting_volumes(notebook: Notebook) -> Mapping[str, str]:
    """Volume claims that every step mounts, with their paths; those that are made for the run as well."""
    known = [one for one in _volumes(notebook) if one.get("type") in ("pvc", "new_pvc")]
    return {str(one["name"]): str(one["mount_point"]) for one in known if one.get("name") and one.get("mount_point")}


def created_volumes(notebook: Notebook) -> tuple[CreatedVolume, ...]:
    """The volume claims that are made when a run begins, and removed when it has ended well."""
    mode = notebook.settings.get("volume_access_mode")
    kind = notebook.settings.get("storage_class_name")
    return tuple(
        CreatedVolume(
            str(one.get("name")), _size(one), _access(one.get("access_mode") or mode),
            str(one.get("storage_class_name") or kind or ""),
        )
        for one in _volumes(notebook) if one.get("type") == "new_pvc"
    )  # fmt: skip


def pipeline_config(notebook: Notebook) -> PipelineConfig:
    """What holds for a whole run: times in seconds, and the size of the workspace, if there is one."""
    seconds = {name: notebook.settings[name] for name in _SECONDS if notebook.settings.get(name) is not None}
    given = notebook.settings.get("workspace")
    about: Mapping[str, Any] = given if isinstance(given, Mapping) else {"size": given} if given is not None else {}
    patch: dict[str, Any] = {}
    if about.get("storage_class_name"):
        patch["storageClassName"] = str(about["storage_class_name"])
    if about.get("access_mode"):
        patch["accessModes"] = [_access(about["access_mode"])]
    return PipelineConfig(seconds, str(about["size"]) if about.get("size") is not None else "", patch)


def setting_problems(notebook: Notebook) -> Iterator[Diagnostic]:
    """The settings that have no effect, each told once, and those that Kubeflow would refuse."""
    for name in _UNHONOURED:
        if notebook.settings.get(name):
            yield diagnose("KL111", f"notebook setting {name!r} has no effect", hint="set it in the Python form")
    yield from _identity_problems(notebook.settings.get("security_context"))
    for one in _volumes(notebook):
        if one.get("type") not in ("pvc", "new_pvc") or not one.get("name"):
            yield diagnose(
                "KL111", f"volume {one.get('name')!r} of the notebook's settings is not mounted: its type is "
                f"{one.get('type')!r}",
                hint="make the claim, and give its name with type `pvc`, or mount it by volume:CLAIM:PATH",
            )  # fmt: skip
    yield from (
        diagnose("KL702", f"notebook setting {what}", hint=hint) for what, hint in _wrong(notebook)
    )  # fmt: skip


def _identity_problems(context: object) -> Iterator[Diagnostic]:
    for key in context if isinstance(context, Mapping) else ():
        if key not in _IDENTITY:
            yield diagnose("KL111", f"notebook setting security_context.{key} has no effect: KFP cannot set it",
                           hint="KFP sets runAsUser, runAsGroup and runAsNonRoot")  # fmt: skip


def _wrong(notebook: Notebook) -> Iterator[tuple[str, str]]:
    config = pipeline_config(notebook)
    for name, value in config.seconds.items():
        if isinstance(value, bool) or not isinstance(value, int) or not 0 < value <= _MOST_SECONDS:
            yield f"{name!r} is {value!r}, which is no whole number of seconds", "write a number such as 3600"
    if notebook.settings.get("workspace") is not None and not SIZE.fullmatch(config.workspace):
        yield f"'workspace' has size {config.workspace!r}, which is no size of a volume", "write a size such as 10Gi"
    yield from (problem for mode in config.workspace_patch.get("accessModes", ()) for problem in _bad_access(mode))
    for one in created_volumes(notebook):
        if not _NAME.fullmatch(one.name):
            yield (
                f"'volumes' names {one.name!r}, which is no name of a volume",
                "use up to 26 lower-case letters, digits and `-`",
            )
        if not SIZE.fullmatch(one.size):
            yield f"'volumes' gives {one.name!r} the size {one.size!r}", "write `size` (and `size_type`) such as 10Gi"
        yield from _bad_access(one.access)


def _bad_access(mode: str) -> Iterator[tuple[str, str]]:
    if mode not in _MODES.values():
        yield f"has access mode {mode!r}, which Kubernetes does not know", f"modes are: {', '.join(_MODES.values())}"


def _size(one: Mapping[str, object]) -> str:
    return f"{one.get('size', '')}{one.get('size_type') or ''}"


def _access(mode: object) -> str:
    """Steps run side by side on several machines, so volumes are for many unless said otherwise."""
    return _MODES.get(str(mode).lower(), str(mode)) if mode else _MODES["rwm"]


def _volumes(notebook: Notebook) -> Iterator[Mapping[str, object]]:
    found = notebook.settings.get("volumes") or ()
    yield from (one for one in found if isinstance(one, Mapping))
