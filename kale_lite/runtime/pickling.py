"""Serialisation of notebook values: cloudpickle, with functions bound to the namespace of the step.

A pickled function of a notebook carries no snapshot of the notebook's variables: wherever it sits (in a
list, a partial, a method, a fitted estimator), it is rebuilt on the namespace of the step that loads it.
"""

from __future__ import annotations

import decimal
import gc
import importlib
import io
import logging
import sys
import tempfile
import threading
import types
import typing
from collections import OrderedDict
from typing import Any, Callable, Dict, FrozenSet, List, Optional, Tuple

try:
    from ._cloudpickle import cloudpickle  # type: ignore[import-not-found,import-untyped,unused-ignore]
except ImportError:
    from cloudpickle import cloudpickle

import pickle

from . import classes, frames, functions, iterators, objects, sets
from .refusals import Unserialisable

__all__ = ["ABSENT", "Absent", "Unserialisable", "dump", "load"]

_SMALL = 4096
"""Buffers below this many bytes travel inside the pickle."""
_DEEP_STACK = 512 * 1024 * 1024
_DEEP_RECURSION = 400_000


def _make_view(
    owner: Any, start: int, shape: Any, strides: Any, dtype: Any, writeable: bool, kind: Optional[type] = None
) -> Any:
    """An array on another one's memory. ``start`` is in bytes from the owner's first element."""
    import numpy

    flat = owner.reshape(-1, order="A").view(numpy.uint8) if owner.size else owner
    view = numpy.ndarray(shape, dtype, buffer=flat, offset=start, strides=strides)
    view = view if kind is None else view.view(kind)
    view.flags.writeable = writeable and owner.flags.writeable
    return view


_NEW_TYPE: Any = typing.NewType if isinstance(typing.NewType, type) else ()
_OF_THE_PROCESS = (
    "sys.stdin", "sys.stdout", "sys.stderr", "random._inst", "numpy.random.mtrand._rand", "torch.default_generator",
)  # fmt: skip
"""Streams and global generators: every process has its own, which travels, if at all, as interpreter state."""


def _known_of_the_process() -> Dict[int, str]:
    parted = [(path, path.rpartition(".")) for path in _OF_THE_PROCESS]
    return {id(getattr(sys.modules[home], name)): path for path, (home, _, name) in parted
            if hasattr(sys.modules.get(home), name)}  # fmt: skip


def _get_of_the_process(path: str) -> Any:
    home, _, name = path.rpartition(".")
    return getattr(importlib.import_module(home), name)


def _make_dict_view(owner: Any, name: str) -> Any:
    """``keys``, ``values`` or ``items`` of a dict, so that it follows the dict."""
    return getattr(owner, name)()


class Absent:
    """Stands for a name that is not bound, so that it arrives as that."""

    def __reduce__(self) -> str:
        return "ABSENT"


ABSENT = Absent()


_DICT_VIEWS = {
    type(getattr(kind(), name)()): name for kind in (dict, OrderedDict) for name in ("keys", "values", "items")
}
_REFUSED: Tuple[Tuple[Any, str], ...] = (
    (io.IOBase, "an open file"),
    (tempfile.TemporaryDirectory, "a temporary directory, which is removed when its step ends"),
    (types.FrameType, "a frame"),
    (memoryview, "a view of another object's memory"),
)


class Pickler(cloudpickle.Pickler):  # type: ignore[misc,name-defined,unused-ignore]
    """cloudpickle's pickler with functions bound on load, and refusals that say why."""

    def __init__(self, file: Any, shared: FrozenSet[int], **options: Any) -> None:
        super().__init__(file, **options)
        self.shared = shared
        self.owners: Dict[int, List[Any]] = {}
        self.shared_blocks: Dict[int, Any] = {}
        self.sharing = True
        self.process = _known_of_the_process()

    def reducer_override(self, obj: Any) -> Any:
        numpy = sys.modules.get("numpy")
        if numpy is not None and isinstance(obj, numpy.ndarray):
            reduced = self._reduce_array(obj, numpy)
            if reduced is not NotImplemented or type(obj) is numpy.ndarray:
                return reduced
        shared = frames.reduce_shared(obj, self.shared_blocks) if self.sharing else None
        if shared is not None:
            return shared
        function = functions.reduce_function(self, obj)
        if function is not None:
            return function
        if type(obj) is types.CodeType:
            # Newer cloudpickle drops the file, by which a traceback is told as a cell of the notebook.
            make, arguments = cloudpickle._code_reduce(obj)
            arguments = tuple(obj.co_filename if part == "<dynamic-code>" else part for part in arguments)
            return functions.with_source(obj.co_filename, make, arguments)
        if type(obj) in _DICT_VIEWS:
            return _make_dict_view, (gc.get_referents(obj.mapping)[0], _DICT_VIEWS[type(obj)])
        if isinstance(obj, _NEW_TYPE) and obj.__module__ == "__main__":
            return typing.NewType, (obj.__name__, obj.__supertype__), dict(vars(obj))
        if type(obj) is types.MappingProxyType:
            return types.MappingProxyType, (gc.get_referents(obj)[0],)
        if isinstance(obj, decimal.Context) and obj is decimal.getcontext():
            raise Unserialisable("the decimal context of its step: get it by `decimal.getcontext()` where it is used")
        if id(obj) in self.process:
            return _get_of_the_process, (self.process[id(obj)],)
        if type(obj) in iterators.REDUCERS:
            return iterators.REDUCERS[type(obj)](obj)
        for kind, name in _REFUSED:
            if isinstance(obj, kind) and not isinstance(obj, (io.StringIO, io.BytesIO)):
                raise Unserialisable(name)
        if isinstance(obj, logging.Logger) and any(type(h) is not logging.NullHandler for h in obj.handlers):
            raise Unserialisable(f"the logger {obj.name!r}, whose handlers would be lost")
        if isinstance(obj, threading.Thread):
            raise Unserialisable("a thread")
        reduced = objects.reduce_object(obj, compared=not self.sharing)
        if reduced is not None:
            return reduced
        reduced = super().reducer_override(obj)
        if isinstance(obj, type) and isinstance(reduced, tuple):
            return classes.adapt_class(obj, reduced)
        return reduced

    def _reduce_array(self, array: Any, numpy: Any) -> Any:
        """Arrays that share memory with another one of the payload are rebuilt as views of one owner."""
        if getattr(array, "_mmap", None) is not None and array.mode in ("r+", "w+"):
            raise Unserialisable(f"an array that is written to the file {array.filename}")
        owner = array
        while isinstance(owner.base, numpy.ndarray):
            owner = owner.base
        if array.dtype.hasobject:
            return NotImplemented
        self.owners.setdefault(id(owner), [owner]).append(array)
        if owner is array or id(owner) not in self.shared:
            return NotImplemented
        for one in (array, owner):
            if type(one) not in (numpy.ndarray, numpy.recarray, numpy.matrix):
                raise Unserialisable(f"an array of the class {type(one).__name__} that shares memory with another one")
        start = array.__array_interface__["data"][0] - owner.__array_interface__["data"][0]
        kind = () if type(array) is numpy.ndarray else (type(array),)
        return _make_view, (owner, start, array.shape, array.strides, array.dtype, array.flags.writeable, *kind)


_NAN_HOMES = ("math", "numpy")
_SETS_OR_NANS = (pickle.EMPTY_SET, pickle.FROZENSET, pickle.BINFLOAT + b"\x7f\xf8", pickle.BINFLOAT + b"\xff\xf8")


class _ThoroughPickler(Pickler):
    """Also takes care that sets iterate in their order, and of which NaN is which (``nan in row`` goes by identity).

    For both, pickle has no hook but the one for every object.
    """

    def __init__(self, file: Any, shared: FrozenSet[int], **options: Any) -> None:
        super().__init__(file, shared, **options)
        self.sets: Dict[int, Tuple[int, Any]] = {}
        self.nans: Dict[int, Tuple[int, float]] = {}
        for home in _NAN_HOMES:
            nan = getattr(sys.modules.get(home), "nan", 0.0)
            self.nans.setdefault(id(nan), (len(self.nans), nan))

    def persistent_id(self, obj: Any) -> Any:
        kind = type(obj)
        if kind is float and obj != obj:
            return (self.nans.setdefault(id(obj), (len(self.nans), obj))[0],)
        if kind is not set and kind is not frozenset:
            return None
        known = self.sets.get(id(obj))
        if known is not None:
            return (known[0], kind is frozenset, None)
        self.sets[id(obj)] = (len(self.sets), obj)
        how = sets.recipe(obj)
        if how is None:
            raise Unserialisable("a set whose order cannot be kept: sort it into a list")
        return (len(self.sets) - 1, kind is frozenset, tuple(how))


class _ThoroughUnpickler(pickle.Unpickler):
    def __init__(self, file: Any, **options: Any) -> None:
        super().__init__(file, **options)
        self.sets: Dict[int, Any] = {}
        self.nans: Dict[int, float] = {}

    def persistent_load(self, pid: Any) -> Any:
        if len(pid) == 1:
            return self._nan(pid[0])
        number, frozen, how = pid
        if frozen:
            if how is not None:
                self.sets[number] = sets.freeze(sets.Recipe(*how))
            return self.sets[number]
        made = self.sets.setdefault(number, set())
        if how is not None:
            sets.fill(made, sets.Recipe(*how))
        return made

    def _nan(self, number: int) -> float:
        if number < len(_NAN_HOMES):
            found: float = importlib.import_module(_NAN_HOMES[number]).nan
            return found
        return self.nans.setdefault(number, float("nan"))


def dump(value: Any, *, sharing: bool = True) -> Tuple[bytes, List[pickle.PickleBuffer]]:
    """The pickle of a value and its large buffers, which are not copied.

    Without ``sharing`` it is only to be compared: alike whatever else now shares the memory of a frame.
    Raises Unserialisable, TypeError, AttributeError, pickle.PicklingError and what values raise.
    """
    try:
        return _dump(value, sharing)
    except (RecursionError, pickle.PicklingError) as error:
        # cloudpickle tells of deep recursion by an error of its own.
        if "recursion" not in str(error):
            raise
        result: Tuple[bytes, List[pickle.PickleBuffer]] = _in_deep_thread(lambda: _dump(value, sharing))
        return result


def _dump(value: Any, sharing: bool) -> Tuple[bytes, List[pickle.PickleBuffer]]:
    buffers: List[pickle.PickleBuffer] = []

    def keep(buffer: pickle.PickleBuffer) -> bool:
        try:
            if buffer.raw().nbytes < _SMALL:
                return True
        except BufferError:
            return True
        buffers.append(buffer)
        return False

    shared: FrozenSet[int] = frozenset()
    make: Any = Pickler
    while True:
        stream = io.BytesIO()
        pickler = make(stream, shared, protocol=5, buffer_callback=keep)
        pickler.sharing = sharing
        pickler.dump(value)
        if make is Pickler and any(code in stream.getvalue() for code in _SETS_OR_NANS):
            make = _ThoroughPickler
            buffers.clear()
            continue
        found = frozenset(ident for ident, (_, *arrays) in pickler.owners.items() if _share(arrays))
        if found <= shared:
            return stream.getvalue(), buffers
        # Some arrays share memory: once more, now as views of the arrays that own it.
        shared |= found
        buffers.clear()


def _share(arrays: List[Any]) -> bool:
    """Whether there are two arrays on one owner's memory that differ and overlap."""
    distinct = {id(array): array for array in arrays}
    if len(distinct) < 2:
        return False
    import numpy

    first, *rest = distinct.values()
    known = [first]
    for array in rest:
        if any(numpy.may_share_memory(array, other) for other in known):
            return True
        known.append(array)
    return False


def load(data: Any, buffers: List[Any]) -> Any:
    """The value of a pickle and its buffers."""
    return _ThoroughUnpickler(io.BytesIO(data), buffers=buffers).load()


def _in_deep_thread(work: Callable[[], Any]) -> Any:
    """Run in a thread with a large stack, for values nested thousands deep."""
    result: List[Any] = []
    limit, size = sys.getrecursionlimit(), threading.stack_size()

    def run() -> None:
        try:
            result.append((True, work()))
        except BaseException as error:
            result.append((False, error))

    threading.stack_size(_DEEP_STACK)
    sys.setrecursionlimit(_DEEP_RECURSION)
    try:
        thread = threading.Thread(target=run)
        thread.start()
        thread.join()
    finally:
        sys.setrecursionlimit(limit)
        threading.stack_size(size)
    done, value = result[0]
    if not done:
        raise value
    return value
