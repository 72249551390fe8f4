"""Step options from tags."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from kale_lite.notebook.affinity import read_affinity
from kale_lite.notebook.model import StepOptions
from kale_lite.notebook.mounts import mount_of
from kale_lite.notebook.tags import OptionTag, Tag

__all__ = ["options_from"]


def options_from(tags: Iterable[Tag]) -> StepOptions:
    """The options that tags give; later tags win."""
    found: dict[str, Any] = {}
    for tag in tags:
        if isinstance(tag, OptionTag) and tag.kind != "notebook":
            _add(found, tag)
    return StepOptions(**found)


_TABLES = {
    "limit": "limits", "request": "requests", "env": "env", "volume": "volumes", "label": "labels",
    "annotation": "annotations", "node-selector": "node_selector", "run-as": "run_as", "field": "pod_fields",
}  # fmt: skip
_FROM_KEYS = {"secret": "secrets", "config-map": "config_maps"}
_MOUNTS = ("empty-dir", "ephemeral", "shm")
_LISTS = {"toleration": "tolerations", "affinity": "affinity", "pull-secret": "pull_secrets"}
_WORDS = {"image": "image", "pull-policy": "pull_policy"}


def _add(found: dict[str, Any], tag: OptionTag) -> None:
    kind, parts = tag.kind, tag.parts
    if kind in _TABLES:
        _put(found, _TABLES[kind], parts[0], parts[1])
    elif kind in _MOUNTS or (kind in _FROM_KEYS and len(parts) == 2):
        path, what = mount_of(kind, parts)
        # Two mounts at one path are kept: they are told where pipelines are compiled for a cluster.
        _put(found, "mounts", path, tuple(dict.fromkeys([*found.get("mounts", {}).get(path, ()), what])))
    elif kind in _FROM_KEYS:
        _put(found, _FROM_KEYS[kind], parts[2], (parts[0], parts[1]))
    elif kind in ("cache", "report", "copies"):
        found[kind] = parts[0] == "enabled"
    elif kind == "retry":
        count, _, backoff = parts[0].partition(":")
        found.update(retries=int(count), **({"backoff": backoff} if backoff else {}))
    elif kind == "timeout":
        found["timeout"] = float(parts[0])
    elif kind == "node-affinity":
        found["node_affinity"] = {**found.get("node_affinity", {}), **read_affinity(parts[0])}
    elif kind in _WORDS:
        found[_WORDS[kind]] = parts[0]
    elif kind in _LISTS:
        found[_LISTS[kind]] = (*found.get(_LISTS[kind], ()), ":".join(parts))


def _put(found: dict[str, Any], table: str, key: str, value: object) -> None:
    before: Mapping[str, object] = found.get(table, {})
    found[table] = {**before, key: value}
