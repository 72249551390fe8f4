"""Which bytes of a copy-on-write memory map were written, told by the kernel's page table instead of by reading all."""

from __future__ import annotations

import array
import ctypes
import mmap
import os
import sys
from typing import Any, List, Optional, Tuple

__all__ = ["Mapping", "address"]

_PRESENT, _SWAPPED, _OF_FILE = 1 << 63, 1 << 62, 1 << 61
_CHUNK = 1 << 22


class Mapping:
    """A private map of a whole file, from which buffers were loaded."""

    def __init__(self, path: str, mapped: mmap.mmap) -> None:
        self.path, self.size = path, len(mapped)
        self._keep = ctypes.c_char.from_buffer(mapped)
        self.start = ctypes.addressof(self._keep)

    def offset(self, raw: memoryview) -> Optional[int]:
        """Where in the file a buffer lies; None for memory elsewhere."""
        place = address(raw)
        if place is None or not self.start <= place <= place + raw.nbytes <= self.start + self.size:
            return None
        return place - self.start

    def written(self, offset: int, raw: memoryview) -> bool:
        """Whether a buffer's bytes differ from those of the file at ``offset``, where it was loaded from."""
        pages = self._copied(offset, raw.nbytes) if self.offset(raw) == offset else None
        with open(self.path, "rb") as file:
            for start, end in [(0, raw.nbytes)] if pages is None else pages:
                for place in range(start, end, _CHUNK):
                    piece = min(_CHUNK, end - place)
                    if os.pread(file.fileno(), piece, offset + place) != bytes(raw[place : place + piece]):
                        return True
        return False

    def _copied(self, offset: int, size: int) -> Optional[List[Tuple[int, int]]]:
        """The parts of a region that lie on pages of their own, as they do once written; None if nobody tells."""
        page = mmap.PAGESIZE
        first, last = (self.start + offset) // page, (self.start + offset + size - 1) // page
        try:
            with open("/proc/self/pagemap", "rb", buffering=0) as file:
                entries = os.pread(file.fileno(), 8 * (last - first + 1), 8 * first)
        except OSError:
            return None
        if len(entries) != 8 * (last - first + 1):
            return None
        base = first * page - self.start - offset
        return [(max(base + number * page, 0), min(base + (number + 1) * page, size)) for number in _own(entries)]


def _own(entries: bytes) -> List[int]:
    """The places of page table entries that say: a page of the process, no longer the file's."""
    numpy: Any = sys.modules.get("numpy")
    if numpy is not None:
        table = numpy.frombuffer(entries, "u8")
        own = (table & _SWAPPED != 0) | ((table & _PRESENT != 0) & (table & _OF_FILE == 0))
        return [int(number) for number in numpy.flatnonzero(own)]
    return [
        number
        for number, entry in enumerate(array.array("Q", entries))
        if entry & _SWAPPED or (entry & _PRESENT and not entry & _OF_FILE)
    ]


def address(raw: memoryview) -> Optional[int]:
    """Where a buffer's memory begins; None when that cannot be told."""
    if not raw.nbytes:
        return None
    if not raw.readonly:
        return ctypes.addressof(ctypes.c_char.from_buffer(raw))
    numpy: Any = sys.modules.get("numpy")
    return None if numpy is None else int(numpy.frombuffer(raw, "u1").__array_interface__["data"][0])
