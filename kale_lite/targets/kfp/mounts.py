"""What is mounted in a step's container: from options to plain data, and what Kubernetes or KFP would refuse."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from kale_lite.notebook.model import StepOptions

__all__ = ["Mount", "below", "mount_problems", "mounts_of"]

_NAME = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
"""KFP calls a pod's volume after the secret, config map or claim, and Kubernetes takes no dots there."""
_KFP = ("/kfp-workspace", "/kfp-launcher", "/gcs", "/s3", "/minio", "/.local", "/.cache", "/.config",
        "/var/run/secrets/kubernetes.io")  # fmt: skip
"""Where KFP and Kubernetes mount folders of their own."""
_IMAGE = ("/bin", "/boot", "/dev", "/etc", "/lib", "/lib64", "/proc", "/run", "/sbin", "/sys", "/usr", "/usr/bin",
          "/usr/lib", "/usr/local", "/usr/local/bin", "/usr/local/lib", "/var", "/var/run")  # fmt: skip
"""Folders of the image without which no container starts; others may be mounted below most of them."""
_KERNEL = ("/proc", "/sys", "/dev")
_TEMPORARY = "/tmp"
"""Below this, or ``TMPDIR``, steps run: what pods share, or what cannot be written, has no place there."""
_WORDS = {"claim": "volume", "secret": "secret", "config-map": "config map", "empty-dir": "empty directory",
          "shm": "shared memory", "ephemeral": "ephemeral volume"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Mount:
    """Something at a path of a container.

    ``kind`` is ``claim``, ``secret``, ``config-map``, ``empty-dir``, ``shm`` or ``ephemeral``; ``name`` that of what
    is mounted in the pod, ``size`` and ``storage_class`` are empty where nothing is said.
    """

    path: str
    kind: str
    name: str
    size: str = ""
    storage_class: str = ""

    @property
    def own(self) -> bool:
        """Whether each pod has one of its own, so that no other step sees what is written there."""
        return self.kind in ("empty-dir", "shm", "ephemeral")

    @property
    def read_only(self) -> bool:
        """Whether nothing can be written there."""
        return self.kind in ("secret", "config-map")

    def __str__(self) -> str:
        return _WORDS[self.kind] if self.own else f"{_WORDS[self.kind]} {self.name!r}"


def mounts_of(options: StepOptions) -> tuple[Mount, ...]:
    """All that a step mounts, its volume claims first. What it should not mount is there as well."""
    found = [Mount(path.rstrip("/") or "/", "claim", claim) for claim, path in options.volumes.items()]
    for path, given in options.mounts.items():
        for text in given:
            kind, _, rest = text.partition(":")
            if kind in ("secret", "config-map"):
                found.append(Mount(path, kind, rest))
            else:
                size, _, storage_class = rest.partition(":")
                found.append(Mount(path, kind, f"kale-lite-{len(found) + 1}", size, storage_class))
    return tuple(found)


def below(path: str, places: Iterable[str]) -> bool:
    """Whether a path is one of some folders, or lies in one."""
    return any(path == one or path.startswith(one.rstrip("/") + "/") for one in places)


def mount_problems(options: StepOptions) -> Iterator[tuple[str, str]]:
    """What of a step's mounts cannot be, each with a hint."""
    mounts = mounts_of(options)
    for one in mounts:
        if not _NAME.fullmatch(one.name):
            yield (
                f"{one.name!r} is no name of a {_WORDS[one.kind]} that KFP can mount",
                "names have up to 63 lower-case letters, digits and `-`, and no dots",
            )
        yield from _place_problems(one, options.env.get("TMPDIR") or _TEMPORARY)
    for i, one in enumerate(mounts):
        for other in mounts[:i]:
            yield from _pair_problems(other, one)


def _place_problems(one: Mount, temporary: str) -> Iterator[tuple[str, str]]:
    elsewhere = "mount it at a path of its own, such as /data"
    if one.kind == "shm":
        return
    if one.path == "/" or one.path in _IMAGE:
        yield f"{one} at {one.path!r} would hide what the image has there", elsewhere
    elif below(one.path, _KERNEL):
        yield f"{one} at {one.path!r} lies in a folder of the kernel's; for shared memory there is shm:SIZE", elsewhere
    elif below(one.path, _KFP):
        yield f"{one} at {one.path!r} lies where KFP or Kubernetes mounts a folder of its own", elsewhere
    elif not one.own and below(temporary, [one.path]):
        yield (
            f"{one} at {one.path!r} would hold the working directory of the step, which is its pod's own",
            f"{elsewhere}; empty directories and ephemeral volumes may be there",
        )
    elif one.path.startswith(f"{temporary.rstrip('/')}/kale-lite-"):
        yield f"{one} at {one.path!r} lies over the working directory of the step", elsewhere


def _pair_problems(one: Mount, other: Mount) -> Iterator[tuple[str, str]]:
    if one.path == other.path:
        yield f"{one} and {other} are both mounted at {one.path!r}", "give each a path of its own"
    elif one.name == other.name and one.kind == other.kind:
        yield f"{one} is mounted at {one.path!r} and at {other.path!r}", "KFP mounts it once in a step: leave one"
    elif one.name == other.name:
        yield (
            f"{one} and {other} have one name, and KFP calls the pod's volumes after them",
            "name one of them otherwise, or take what it has as variables",
        )
    else:
        for inner, outer in ((one, other), (other, one)):
            if outer.read_only and below(inner.path, [outer.path]):
                yield (
                    f"{inner} at {inner.path!r} lies in {outer} at {outer.path!r}, where nothing can be made",
                    "mount them side by side",
                )
