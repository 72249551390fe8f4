"""Inputs that analysis held read-only, compared when the step ends with what they were when it began."""

from __future__ import annotations

import hashlib
import zlib
from typing import Any, Dict, Iterable, List, Optional, Tuple

from . import pickling, store
from .mapping import Mapping

__all__ = ["Inputs"]

LARGEST_STREAM = 16 * 1024 * 1024
"""Bytes that a payload may have beside its buffers for its names to be compared: looking takes time for each object."""
LARGEST_COPY = 64 * 1024 * 1024
"""Bytes of buffers outside the payload's memory map up to which a name is compared."""

_Buffer = Tuple[Optional[Mapping], int, int]
"""A buffer's map and offset in it; without a map, its checksum. Then its size."""


class _Known:
    """What a value was made of: the digest of its pickle without the buffers, and the buffers."""

    def __init__(self, digest: str, buffers: List[_Buffer]) -> None:
        self.digest, self.buffers = digest, buffers

    def differs(self, value: Any) -> bool:
        digest, raws = _looked_at(value)
        if digest != self.digest:
            # Values that pickle differently each time tell nothing.
            return digest == _looked_at(value)[0]
        return any(_written(known, raw) for known, raw in zip(self.buffers, raws)) or len(raws) != len(self.buffers)


class Inputs:
    """The read-only inputs of a step. ``unchecked`` names those that cannot be compared, or only at too high a cost."""

    def __init__(self, names: Iterable[str], namespace: Dict[str, Any], loaded: Iterable[store.Loaded]) -> None:
        self.unchecked: List[str] = []
        self._known: Dict[str, _Known] = {}
        payloads = {name: payload for payload in loaded for name in payload.values}
        for name in names:
            if name in namespace:
                known = _known(namespace[name], payloads.get(name))
                if known is None:
                    self.unchecked.append(name)
                else:
                    self._known[name] = known

    def changed(self, namespace: Dict[str, Any]) -> List[str]:
        """The names whose values are no longer what they were."""
        return [name for name, known in self._known.items() if name in namespace and _differs(known, namespace[name])]


def _known(value: Any, payload: Optional[store.Loaded]) -> Optional[_Known]:
    if payload is not None and payload.stream > LARGEST_STREAM:
        return None
    try:
        digest, raws = _looked_at(value)
    except Exception:  # a value's own pickling raises as it likes
        return None
    mapping = payload.mapping if payload is not None else None
    places = [mapping.offset(raw) if mapping is not None else None for raw in raws]
    if sum(raw.nbytes for raw, place in zip(raws, places) if place is None) > LARGEST_COPY:
        return None
    return _Known(digest, [
        (None, zlib.crc32(raw), raw.nbytes) if place is None else (mapping, place, raw.nbytes)
        for raw, place in zip(raws, places)
    ])  # fmt: skip


def _differs(known: _Known, value: Any) -> bool:
    try:
        return known.differs(value)
    except Exception:  # it could be pickled when the step began, so it is not what it was
        return True


def _written(known: _Buffer, raw: memoryview) -> bool:
    mapping, place, size = known
    if raw.nbytes != size:
        return True
    return zlib.crc32(raw) != place if mapping is None else mapping.written(place, raw)


def _looked_at(value: Any) -> Tuple[str, List[memoryview]]:
    data, buffers = pickling.dump(value, sharing=False)
    return hashlib.sha256(data).hexdigest(), [buffer.raw() for buffer in buffers]
