"""Payloads on disk: a hashed pickle, raw buffers loaded by copy-on-write memory maps, a description."""

from __future__ import annotations

import errno
import hashlib
import json
import mmap
import os
import shutil
import sys
import tempfile
import zlib
from typing import Any, Dict, List, Optional, Tuple

from . import pickling
from .failures import StepFailure
from .mapping import Mapping

__all__ = ["Loaded", "read_payload", "write_payload"]

_ALIGNMENT = 64


class Loaded:
    """A payload as loaded: its values by name, its buffers' map, and the bytes of its pickle beside them.

    ``figures`` says whether there are figures of matplotlib in it that were shown as pictures.
    """

    def __init__(self, values: Dict[str, Any], mapping: Optional[Mapping], stream: int, figures: bool) -> None:
        self.values, self.mapping, self.stream, self.figures = values, mapping, stream, figures


def write_payload(store: str, ident: str, values: Dict[str, Any]) -> Dict[str, Any]:
    """Write a payload so that it appears whole or not at all; returns its description.

    Raises StepFailure KL401 for values that cannot travel, KL405 when the disk refuses.
    """
    data, buffers = _dumped(values)
    meta: Dict[str, Any] = {
        "format": 1,
        "sha256": hashlib.sha256(data).hexdigest(),
        "names": {name: _described(value) for name, value in values.items()},
        "buffers": [],
        "figures": _shown_inline(data),
    }
    folder = ""
    try:
        os.makedirs(store, mode=0o700, exist_ok=True)
        folder = tempfile.mkdtemp(prefix=".writing-", dir=store)
        size = _write_buffers(os.path.join(folder, "buffers.bin"), buffers, meta["buffers"])
        _write_file(os.path.join(folder, "data.pkl"), data)
        meta["bytes"] = len(data) + size
        _write_file(os.path.join(folder, "meta.json"), json.dumps(meta).encode())
        _put_in_place(folder, os.path.join(store, ident))
    except OSError as error:
        if folder:
            shutil.rmtree(folder, ignore_errors=True)
        raise _disk_failure(error, ident) from None
    return meta


def _shown_inline(data: bytes) -> bool:
    """Whether there are figures of matplotlib in a pickle, where IPython shows them as pictures."""
    matplotlib = sys.modules.get("matplotlib")
    return matplotlib is not None and b"matplotlib.figure" in data and "inline" in matplotlib.get_backend()


def _put_in_place(folder: str, target: str) -> None:
    """Rename the finished folder; what an earlier attempt left there makes way."""
    if os.path.isdir(target):
        shutil.rmtree(target)
    os.rename(folder, target)


def _disk_failure(error: OSError, ident: str) -> StepFailure:
    full = error.errno in (errno.ENOSPC, errno.EDQUOT)
    what = "the disk is full" if full else (error.strerror or str(error))
    return StepFailure(
        "KL405", f"payload {ident} cannot be written: {what}",
        "free some space, or choose another place with --output-dir",
    )  # fmt: skip


def _dumped(values: Dict[str, Any]) -> Tuple[bytes, List[Any]]:
    try:
        return pickling.dump(values)
    except Exception as error:
        raise _refusal(values, error) from None


def _refusal(values: Dict[str, Any], error: Exception) -> StepFailure:
    """Which of the names is to blame, and what it holds."""
    for name, value in values.items():
        try:
            pickling.dump(value)
        except Exception as own:
            kind = _type_name(value)
            return StepFailure(
                "KL401",
                f"variable {name!r} ({kind}) cannot be serialised for the steps that need it: {_reason(own)}",
                f"make {name!r} in the step that uses it (from a path or settings), or tag the cells as one step",
                name,
            )
    return StepFailure("KL401", f"variables {sorted(values)} cannot be serialised together: {_reason(error)}")


def _reason(error: Exception) -> str:
    text = str(error) or type(error).__name__
    return text if isinstance(error, pickling.Unserialisable) else f"{type(error).__name__}: {text}"


def _type_name(value: Any) -> str:
    kind = type(value)
    module = kind.__module__
    return kind.__qualname__ if module in ("builtins", "__main__") else f"{module.split('.')[0]}.{kind.__qualname__}"


def _described(value: Any) -> Dict[str, str]:
    """A value's type and size, for people."""
    if value is pickling.ABSENT:
        return {"type": "", "summary": "not bound"}
    summary = ""
    try:
        shape = getattr(value, "shape", None)
        if isinstance(shape, tuple):
            summary = str(shape)
        elif isinstance(value, (int, float, bool, str, bytes, type(None))):
            summary = repr(value)[:60]
        elif isinstance(value, (list, dict, set, tuple, frozenset)):
            summary = f"{len(value)} items"
    except Exception:
        summary = ""
    return {"type": _type_name(value), "summary": summary}


def _write_buffers(path: str, buffers: List[Any], described: List[Dict[str, Any]]) -> int:
    with open(path, "wb") as file:
        for buffer in buffers:
            raw = buffer.raw()
            file.write(b"\0" * (-file.tell() % _ALIGNMENT))
            described.append({"offset": file.tell(), "size": raw.nbytes, "readonly": raw.readonly,
                              "crc": zlib.crc32(raw)})  # fmt: skip
            file.write(raw)
        file.flush()
        return file.tell()


def _write_file(path: str, data: bytes) -> None:
    with open(path, "wb") as file:
        file.write(data)


def read_payload(store: str, ident: str, verify: bool = False) -> Loaded:
    """Load a payload. The pickle is checked before it is run; buffers only with ``verify``.

    Raises StepFailure KL410 when something is missing or damaged.
    """
    folder = os.path.join(store, ident)
    try:
        with open(os.path.join(folder, "meta.json"), "rb") as file:
            meta = json.load(file)
        with open(os.path.join(folder, "data.pkl"), "rb") as file:
            data = file.read()
        whole = _mapped(os.path.join(folder, "buffers.bin"), meta)
    except (OSError, ValueError) as error:
        raise _damaged(ident, str(error)) from None
    if hashlib.sha256(data).hexdigest() != meta.get("sha256"):
        raise _damaged(ident, "its checksum differs from the one written with it")
    views = []
    for part in meta["buffers"]:
        view = memoryview(whole)[part["offset"] : part["offset"] + part["size"]]
        if verify and zlib.crc32(view) != part["crc"]:
            raise _damaged(ident, "a buffer's checksum differs from the one written with it")
        views.append(view.toreadonly() if part["readonly"] else view)
    mapping = Mapping(os.path.join(folder, "buffers.bin"), whole) if views else None
    return Loaded(pickling.load(data, views), mapping, len(data), bool(meta.get("figures")))


def _mapped(path: str, meta: Dict[str, Any]) -> Any:
    if not meta["buffers"]:
        return b""
    end = max(part["offset"] + part["size"] for part in meta["buffers"])
    with open(path, "rb") as file:
        if os.fstat(file.fileno()).st_size < end:
            raise ValueError("its buffers are cut short")
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)


def _damaged(ident: str, why: str) -> StepFailure:
    return StepFailure("KL410", f"payload {ident} is damaged: {why}", "run the pipeline again")
