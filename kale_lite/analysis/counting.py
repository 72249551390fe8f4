"""Libraries that number what they make: steps that may have them make something go one after the other."""

from __future__ import annotations

from kale_lite.analysis.machine import Machine
from kale_lite.analysis.steps import Segment
from kale_lite.pipeline import LIBRARY_PREFIX

__all__ = ["CountingLibrary"]


class CountingLibrary:
    """Follows one library through the steps. Its counters are interpreter state that its users pass on.

    A step uses the library when it names it, or reads what may be an object of it: methods and operators of such
    an object make others.
    """

    def __init__(self, library: str) -> None:
        self._library = library
        self._names: set[str] = set()

    def after_step(self, m: Machine, part: Segment, runs: bool) -> None:
        """Log what the step that just ran does to the counters; ``runs`` is whether it does more than import."""
        log = m.log
        if not runs or (self._library not in log.roots and self._names.isdisjoint(log.reads)):
            return
        m.cell = part.first_cell
        m.write_state(LIBRARY_PREFIX + self._library, part.codes[0].tree)
        self._names |= {name for name in (*log.bound, *log.reads) if self._may_be_of_it(m, name)}

    def _may_be_of_it(self, m: Machine, name: str) -> bool:
        """Whether a name may hold an object of the library: one of which nothing else is known."""
        binding = m.names.get(name)
        if binding is None or not binding.present:
            return False
        reached = m.heap.reach(binding.value.objects, frozenset({"external"}))
        return any(m.heap[i].kind == "opaque" and not m.heap[i].type for i in reached)
