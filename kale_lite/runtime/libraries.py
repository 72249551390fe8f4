"""What libraries keep within themselves: counters that go on from call to call, and settings that calls change.

A library that numbers what it makes (``system-3``) begins anew in each step, and has its own settings there, so what
it makes can be other than in the notebook. Nothing of the notebook's code shows this, so it is watched.
"""

from __future__ import annotations

import collections
import itertools
import re
import sys
import types
from typing import Any, Collection, Dict, Iterable, Iterator, List, Optional, Tuple

from . import own_modules

__all__ = ["Libraries", "capture", "restore"]

_COUNT = itertools.count
_NEXT = type(itertools.count().__next__)
_WITHOUT = frozenset((
    "numpy", "pandas", "scipy", "sklearn", "matplotlib", "mpl_toolkits", "PIL", "pyarrow", "joblib", "seaborn", "dateutil",
    "pytz", "IPython", "ipykernel", "ipywidgets", "traitlets", "tornado", "zmq", "tqdm", "torch", "numba", "llvmlite",
    "__main__",
))  # fmt: skip
"""Looked at: what counts in them never shows in what they give, and their settings are known to the catalogue."""
_NEVER_SHOWN = frozenset((
    "sympy.utilities.lambdify:_lambdify_generated_counter", "networkx.utils.decorators:argmap._argmap__count",
))  # fmt: skip
"""Counters in other packages that show in no result."""
_FLAG = re.compile(r"init|load|ready|regist|done|import|level|cache|warn", re.IGNORECASE)
"""Numbers that say that something has been done, not how often."""
_SETTINGS = re.compile(r"default|config|setting|option|param|prefer|conf\b|rc\b", re.IGNORECASE)
_PLAIN = (int, float, complex, str, bytes, bool, type(None))
_MOST_SETTINGS = 1000


def _modules(packages: Collection[str]) -> Iterator[Tuple[str, types.ModuleType]]:
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] in packages and isinstance(module, types.ModuleType):
            yield name, module


def _places(name: str, module: types.ModuleType) -> Iterator[Tuple[str, Any]]:
    """The module, and the classes that it defines, by their names."""
    yield name + ":", module
    for value in list(vars(module).values()):
        if isinstance(value, type) and value.__module__ == name:
            yield "%s:%s." % (name, value.__qualname__), value


def _kept(name: str, module: types.ModuleType) -> Iterator[Tuple[str, Any, str, Any]]:
    """(full name, owner, attribute, value) of all that may be a counter or hold settings."""
    for prefix, owner in _places(name, module):
        for attribute, value in list(vars(owner).items()):
            kind = type(value)
            if prefix + attribute in _NEVER_SHOWN:
                continue
            if (kind is int and not _FLAG.search(attribute)) or kind is _COUNT or _is_next(kind, value):
                yield prefix + attribute, owner, attribute, value
            elif isinstance(value, (dict, collections.UserDict)) and _SETTINGS.search(attribute):
                if kind.__module__.partition(".")[0] in _WITHOUT:
                    continue  # another library's, such as Matplotlib's parameters
                if _are_settings(_dict_of(value)):
                    yield prefix + attribute, owner, attribute, value


def _is_next(kind: type, value: Any) -> bool:
    """Whether a value is the bound ``__next__`` of a count, as in ``new_id = itertools.count().__next__``."""
    return kind is _NEXT and type(value.__self__) is _COUNT


def _dict_of(value: Any) -> Dict[Any, Any]:
    """The plain dict behind a mapping, past methods of its own."""
    found: Dict[Any, Any] = value if isinstance(value, dict) else value.data
    return found


def _are_settings(values: Dict[Any, Any]) -> bool:
    """Whether a dict holds named values that are mostly plain, as settings are; empty ones may become such."""
    if len(values) > _MOST_SETTINGS or not all(type(key) is str for key in values):
        return False
    return 2 * len(_plain_of(values)) >= len(values)


def _plain_of(values: Dict[Any, Any]) -> Dict[str, Any]:
    """A copy of what is plain in settings."""
    return {key: dict(value) if type(value) is dict else value for key, value in dict.items(values) if _is_plain(value)}


def _is_plain(value: Any) -> bool:
    if isinstance(value, (list, tuple)):
        return len(value) <= _MOST_SETTINGS and all(isinstance(item, _PLAIN) for item in value)
    if type(value) is dict:
        return len(value) <= _MOST_SETTINGS and all(isinstance(p, _PLAIN) for pair in value.items() for p in pair)
    return isinstance(value, _PLAIN)


def _now(value: Any) -> Any:
    """The number that a counter is at, or a copy of settings. Looking at a counter does not advance it."""
    kind = type(value)
    if kind is int:
        return value
    if kind is _COUNT or kind is _NEXT:
        return _start_and_step(value)[0]
    return _plain_of(_dict_of(value))


def _start_and_step(value: Any) -> List[int]:
    """Where a count is, and its step where that is not 1. Counts of other numbers than integers are not met."""
    count = value if type(value) is _COUNT else value.__self__
    return [int(number) for number in re.findall(r"-?\d+", repr(count))]


def _scan(modules: Iterable[Tuple[str, types.ModuleType]]) -> Dict[str, Any]:
    return {key: _now(value) for name, module in modules for key, _, _, value in _kept(name, module)}


class Libraries:
    """What libraries keep within themselves, from now on until ``stop``.

    Watched are the libraries that the notebook imports itself: those have what it sees. What counts inside libraries of
    libraries (types of a compiler, tasks of a scheduler) would only be noise.
    Modules that are imported meanwhile are looked at when the import is done, so that a number which an import
    leaves is told from one that was counted up.
    """

    def __init__(self, imported: Iterable[str]) -> None:
        known: Any = getattr(sys, "stdlib_module_names", ())
        self.watched = {name for name in imported if name not in known and name not in _WITHOUT}
        self.before = _scan(_modules(self.watched))
        self.own_before = own_modules.shapes(own_modules.loaded(self.watched))
        self._finder = _Finder(self)
        sys.meta_path.insert(0, self._finder)

    def imported(self, names: List[str]) -> None:
        """These modules are complete."""
        complete = set(names)
        self.before.update(_scan((name, module) for name, module in _modules(self.watched) if name in complete))
        own = (module for module in own_modules.loaded(self.watched) if module.__name__ in complete)
        self.own_before.update(own_modules.shapes(own))

    def stop(self) -> Dict[str, Any]:
        """What changed: ``counters`` (what each was at, and is at), ``settings``, and what modules of the author ``keep``.

        And all libraries ``loaded``.
        """
        if self._finder in sys.meta_path:
            sys.meta_path.remove(self._finder)
        counters: Dict[str, List[int]] = {}
        settings: List[str] = []
        for name, module in _modules(self.watched):
            for key, owner, attribute, value in _kept(name, module):
                before, after = self.before[key] if key in self.before else _inherited(owner, attribute), _now(value)
                if before is None or before == after:
                    continue
                if isinstance(after, dict):
                    settings.append(key)
                else:
                    counters[key] = [before, after]
        own = own_modules.shapes(own_modules.loaded(self.watched))
        kept, others = own_modules.changed(self.own_before, own)
        keep = [key for key in kept if key not in settings]
        loaded = sorted({name.partition(".")[0] for name, _ in _modules(self.watched)})
        return {"counters": counters, "settings": settings, "keep": keep, "others": others, "loaded": loaded}


def _inherited(owner: Any, attribute: str) -> Optional[int]:
    """The number that a class had from a base before it counted on its own, as ``cls.count += 1`` does."""
    for base in getattr(owner, "__mro__", ())[1:]:
        value = vars(base).get(attribute)
        if type(value) is int:
            return value
    return None


class _Finder:
    """First of ``sys.meta_path``: asks the others, and notes when what they found has been run."""

    def __init__(self, libraries: Libraries) -> None:
        self._libraries = libraries
        self._depth = 0
        self._done: List[str] = []

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        for finder in sys.meta_path:
            if finder is self or not hasattr(finder, "find_spec"):
                continue
            spec = finder.find_spec(name, path, target)  # type: ignore[arg-type,unused-ignore]
            if spec is not None:
                self._note(name, spec.loader)
                return spec
        return None

    def _note(self, name: str, loader: Any) -> None:
        run = getattr(loader, "exec_module", None)
        if run is None or not hasattr(loader, "__dict__") or isinstance(loader, type):
            return  # built in or frozen: of the standard library

        def exec_module(module: Any) -> None:
            del loader.exec_module
            self._depth += 1
            try:
                run(module)
                self._done.append(name)
            finally:
                self._depth -= 1
                if not self._depth:
                    done, self._done = self._done, []
                    self._libraries.imported(done)

        loader.exec_module = exec_module


_OWN = "kept by modules of the author"
_LATER: Dict[str, Dict[str, Any]] = {}
"""For each package what modules keep that are not loaded in this step, for those that come after it."""


def capture(package: str) -> Dict[str, Any]:
    """What a package keeps within itself."""
    found = {**_LATER.get(package, {}), **_scan(_modules([package]))}
    own = own_modules.capture(own_modules.loaded([package]))
    return {**found, _OWN: own} if own else found


def restore(package: str, values: Dict[str, Any]) -> None:
    """Give a package what it kept within itself in another step."""
    left = dict(values)
    __import__(package)
    own_modules.restore(own_modules.loaded([package]), left.pop(_OWN, {}))
    for name, module in _modules([package]):
        for key, owner, attribute, value in list(_kept(name, module)):
            wanted = left.pop(key, None)
            if wanted is None or wanted == _now(value):
                continue
            if isinstance(wanted, dict):
                own = _dict_of(value)
                for gone in _plain_of(own).keys() - wanted.keys():
                    del own[gone]
                own.update(wanted)
            else:
                setattr(owner, attribute, _like(value, wanted))
    _LATER[package] = left


def _like(value: Any, wanted: int) -> Any:
    if type(value) is int:
        return wanted
    count = itertools.count(wanted, *_start_and_step(value)[1:])
    return count if type(value) is _COUNT else count.__next__
