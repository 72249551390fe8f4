"""Settings of a notebook that concern Kubeflow: what counts, and what has no effect."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from kale_lite.diagnostics import Diagnostic, diagnose
from kale_lite.notebook.model import Notebook

__all__ = ["setting_image", "setting_problems", "setting_volumes"]

_UNHONOURED = ("security_context", "autosnapshot", "snapshot_volumes", "katib_run", "katib_metadata", "abort_on_errors")


def setting_image(notebook: Notebook) -> str | None:
    """The image that the settings name; Kale's older name for it counts as well."""
    found = notebook.settings.get("base_image") or notebook.settings.get("docker_image")
    return str(found) if found else None


def setting_volumes(notebook: Notebook) -> Mapping[str, str]:
    """Volume claims that every step mounts, with their paths."""
    return {str(one["name"]): str(one["mount_point"]) for one in _volumes(notebook) if _is_claim(one)}


def setting_problems(notebook: Notebook) -> Iterator[Diagnostic]:
    """The settings that have no effect, each told once."""
    for name in _UNHONOURED:
        if notebook.settings.get(name):
            yield diagnose("KL111", f"notebook setting {name!r} has no effect", hint="set it in the Python form")
    for one in _volumes(notebook):
        if not _is_claim(one):
            yield diagnose(
                "KL111", f"volume {one.get('name')!r} of the notebook's settings is not mounted: its type is "
                f"{one.get('type')!r}",
                hint="make the claim, and give its name with type `pvc`, or mount it by volume:CLAIM:PATH",
            )  # fmt: skip


def _volumes(notebook: Notebook) -> Iterator[Mapping[str, object]]:
    found = notebook.settings.get("volumes") or ()
    yield from (one for one in found if isinstance(one, Mapping))


def _is_claim(one: Mapping[str, object]) -> bool:
    return one.get("type") == "pvc" and bool(one.get("name")) and bool(one.get("mount_point"))
