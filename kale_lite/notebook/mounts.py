"""Options that mount something in a container, or give it fields of its pod as variables: how they are written."""

from __future__ import annotations

import difflib
import re

__all__ = ["SIZE", "field_problem", "file_form", "mount_near", "mount_of", "mount_problem", "near_field", "near_size"]

SIZE = re.compile(r"[1-9][0-9]*(\.[0-9]+)?(Ki|Mi|Gi|Ti|Pi|Ei|k|M|G|T|P|E)")
"""A size of a volume, as Kubernetes takes it. Kilobytes have a small letter there; bytes alone are hardly meant."""
_FIELDS = (
    "metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName",
    "status.hostIP", "status.hostIPs", "status.podIP", "status.podIPs",
)  # fmt: skip
_ENTRY = re.compile(r"metadata\.(labels|annotations)\['[^'\s]+'\]")
_CLASS = re.compile(r"[a-z0-9]([-a-z0-9.]*[a-z0-9])?")
_SHARED_MEMORY = "/dev/shm"


def file_form(rest: str) -> bool:
    """Whether what follows ``secret:`` or ``config-map:`` asks for files, or tries to: a path in place of a key."""
    _, _, what = rest.partition(":")
    return what.strip().startswith("/") or ("/" in what and ":" not in what)


def mount_of(kind: str, parts: tuple[str, ...]) -> tuple[str, str]:
    """Where an option mounts something, and what: ``secret:NAME``, ``empty-dir:SIZE``, … It has been checked."""
    if kind == "shm":
        return _SHARED_MEMORY, f"shm:{parts[0]}"
    if kind in ("secret", "config-map"):
        return _normal(parts[1]), f"{kind}:{parts[0]}"
    path, colon, rest = ":".join(parts).partition(":")
    return _normal(path), f"{kind}{colon}{rest}"


def mount_problem(kind: str, parts: tuple[str, ...]) -> str:
    """What is wrong with an option that mounts something; empty when nothing is."""
    if kind == "shm":
        return _size_problem(parts[0])
    if kind in ("secret", "config-map"):
        return _path_problem(parts[1])
    path, colon, rest = ":".join(parts).partition(":")
    size, more, storage_class = rest.partition(":")
    if problem := _path_problem(path) or (_size_problem(size) if colon else ""):
        return problem
    if kind == "empty-dir" and more:
        return f"{storage_class!r} is too much: it has a path, and a size"
    return f"{storage_class!r} is no name of a storage class" if more and not _CLASS.fullmatch(storage_class) else ""


def mount_near(kind: str, parts: tuple[str, ...]) -> str:
    """The option as it was probably meant; empty when there is no telling."""
    if kind in ("secret", "config-map"):
        near = f"{kind}:{parts[0]}:/{parts[1].strip().lstrip('/')}"
        return near if not mount_problem(kind, tuple(near.split(":", 2)[1:])) else ""
    path, *rest = ":".join(parts).split(":")
    if kind == "shm":
        near = ":".join((kind, near_size(path) or path, *rest))
    else:
        sizes = [near_size(one) or one for one in rest[:1]]
        near = ":".join((kind, f"/{path.strip().lstrip('/')}", *sizes, *rest[1:]))
    return near if not mount_problem(kind, tuple(near.split(":")[1:])) else ""


def near_size(text: str) -> str:
    """A size as it was probably meant: ``2gb`` is ``2Gi``. Empty when there is no telling."""
    match = re.fullmatch(r"\s*(\d+)\s*([kmgtpe])(?:i?b?|bytes)\s*", text, re.I)
    return f"{match[1]}{match[2].upper()}i" if match else ""


def field_problem(field: str) -> str:
    """What is wrong with a field of a pod; empty when Kubernetes can put it into a variable."""
    if field in _FIELDS or _ENTRY.fullmatch(field):
        return ""
    known = "" if near_field(field) else f" ({', '.join(_FIELDS)}, metadata.labels['KEY'])"
    return f"{field!r} is no field of a pod that a variable can have{known}"


def near_field(field: str) -> str:
    """The field that was probably meant; empty when none is near."""
    plain = field.strip()
    if match := re.fullmatch(r"metadata\.(label|annotation)s?(\.|\[\"?)([^'\"\]\s]+)(\"?\])?", plain):
        return f"metadata.{match[1]}s['{match[3]}']"
    known = {one.lower(): one for one in _FIELDS}
    return next((known[one] for one in difflib.get_close_matches(plain.lower(), known, 1, 0.8)), "")


def _path_problem(path: str) -> str:
    if not path.startswith("/"):
        return f"{path!r} is no absolute path"
    if ":" in path:
        return f"{path!r} is no path of a mount: it has a colon"
    if ".." in path.split("/") or not path.isprintable() or path != path.strip():
        return f"{path!r} is no plain path"
    return ""


def _size_problem(size: str) -> str:
    return "" if SIZE.fullmatch(size) else f"{size!r} is no size (such as 500Mi or 10Gi)"


def _normal(path: str) -> str:
    return "/" + "/".join(part for part in path.split("/") if part not in ("", "."))
