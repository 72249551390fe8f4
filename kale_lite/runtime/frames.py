"""Frames, series and indexes of pandas that share memory, so that writing one still leaves the others as they are.

Under copy-on-write pandas copies shared memory before it writes. Which blocks share it, it keeps in an object that its
own pickling leaves out; memory that travels shared would then be written for all of them.
"""

from __future__ import annotations

import sys
from typing import Any, Optional

__all__ = ["Shared", "reduce_shared"]


class Shared:
    """Stands for pandas' list of the blocks that share memory; one for all of them."""

    def __init__(self) -> None:
        self.references: Any = None

    def __reduce__(self) -> Any:
        return Shared, ()


def _make_block(make: Any, arguments: Any, shared: Shared) -> Any:
    block = make(*arguments)
    if shared.references is None:
        shared.references = block.refs
    else:
        block.refs = shared.references
        block.refs.add_reference(block)
    return block


def _is_shared(references: Any) -> bool:
    return references is not None and bool(references.has_reference())


def reduce_shared(value: Any, known: Any) -> Optional[Any]:
    """How to pickle a block or index that shares memory; None for anything else.

    ``known`` are the ``Shared`` of this pickle, by the id of pandas' own object.
    """
    internals = sys.modules.get("pandas._libs.internals")
    if internals is None:
        return None
    if isinstance(value, internals.Block) and _is_shared(getattr(value, "refs", None)):
        make, arguments = value.__reduce__()[:2]
        shared, _ = known.setdefault(id(value.refs), (Shared(), value.refs))
        return _make_block, (make, arguments, shared)
    managers = sys.modules.get("pandas.core.internals.managers")
    if (
        managers is not None
        and type(value) is managers.SingleBlockManager
        and _is_shared(getattr(value.blocks[0], "refs", None))
    ):
        # By itself it is pickled without its block.
        return managers.SingleBlockManager, (value.blocks[0], value.axes[0])
    pandas = sys.modules.get("pandas")
    if pandas is not None and isinstance(value, pandas.Index) and _is_shared(getattr(value, "_references", None)):
        make, arguments, *rest = value.__reduce__()
        if len(arguments) == 2 and isinstance(arguments[1], dict) and hasattr(arguments[1].get("data"), "copy"):
            return (make, (arguments[0], {**arguments[1], "data": arguments[1]["data"].copy()}), *rest)
    return None
