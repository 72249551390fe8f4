"""Interpreter state that travels: captured in one step, restored in another."""

from __future__ import annotations

import os
import sys
from typing import Any, Callable, Dict, List, Tuple

from . import libraries, pickling
from .settings import SETTINGS

__all__ = ["capture", "digest", "restore"]

_BASE_ENVIRONMENT = dict(os.environ)
_BASE_FOLDER = os.getcwd()
"""Where the process began. Folders below it travel as seen from it: in other processes it may lie elsewhere."""
_BELOW = "\0"


def _module(name: str) -> Any:
    return __import__(name, fromlist=["*"])


def _get_environ() -> Dict[str, Any]:
    """What differs from the environment the process began with; None for names taken away."""
    changed: Dict[str, Any] = {k: v for k, v in os.environ.items() if _BASE_ENVIRONMENT.get(k) != v}
    changed.update({k: None for k in _BASE_ENVIRONMENT if k not in os.environ})
    return changed


def _set_environ(changes: Dict[str, Any]) -> None:
    for name, value in changes.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


def _packed_folder(path: Any) -> Any:
    if isinstance(path, str) and (path == _BASE_FOLDER or path.startswith(_BASE_FOLDER + os.sep)):
        return _BELOW + os.path.relpath(path, _BASE_FOLDER)
    return path


def _folder(path: Any) -> Any:
    if isinstance(path, str) and path.startswith(_BELOW):
        return os.path.normpath(os.path.join(_BASE_FOLDER, path[len(_BELOW) :]))
    return path


def _set_path(entries: Any) -> None:
    sys.path[:] = map(_folder, entries)


def _get_warnings() -> Any:
    return list(_module("warnings").filters)


def _set_warnings(filters: Any) -> None:
    warnings = _module("warnings")
    warnings.filters[:] = filters
    warnings._filters_mutated()


def _get_pandas() -> Dict[str, Any]:
    return dict(_flat(object.__getattribute__(_module("pandas").options, "d"), ""))


def _flat(tree: Any, prefix: str) -> Any:
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _set_pandas(options: Dict[str, Any]) -> None:
    pandas = _module("pandas")
    current = _get_pandas()
    for key, value in options.items():
        if key in current and current[key] != value:
            pandas.set_option(key, value)


_COLOUR_CODES = "bgrmyckw"


def _get_rc() -> Dict[str, Any]:
    """The parameters, and what styles of other libraries change beside them: one-letter colours, colour maps."""
    matplotlib = _module("matplotlib")
    params = {key: dict.__getitem__(matplotlib.rcParams, key) for key in matplotlib.rcParams if key != "backend"}
    known = _module("matplotlib.colors").colorConverter.colors
    maps, builtin = matplotlib.colormaps, getattr(matplotlib.colormaps, "_builtin_cmaps", None)
    added = {name: maps[name] for name in maps if name not in builtin} if builtin is not None else {}
    backend = matplotlib.get_backend()
    return {
        "params": params, "colours": {code: known[code] for code in _COLOUR_CODES}, "maps": added,
        "backend": None if "inline" in backend else backend,
    }  # fmt: skip


def _set_rc(values: Dict[str, Any]) -> None:
    matplotlib = _module("matplotlib")
    if values["backend"] not in (None, matplotlib.get_backend()):
        matplotlib.use(values["backend"])
    for name, colours in values["maps"].items():
        if name not in matplotlib.colormaps:
            matplotlib.colormaps.register(colours, name=name)
    for key, value in values["params"].items():
        if key in matplotlib.rcParams and dict.__getitem__(matplotlib.rcParams, key) != value:
            matplotlib.rcParams[key] = value
    converter = _module("matplotlib.colors").colorConverter
    if any(converter.colors[code] != colour for code, colour in values["colours"].items()):
        converter.colors.update(values["colours"])
        converter.cache.clear()


def _get_print() -> Any:
    return _module("numpy").get_printoptions()


def _set_print(options: Dict[str, Any]) -> None:
    _module("numpy").set_printoptions(**options)


def _get_errors() -> Any:
    return _module("numpy").geterr()


def _set_errors(options: Dict[str, Any]) -> None:
    _module("numpy").seterr(**options)


def _get_numpy_random() -> Any:
    return _module("numpy.random").get_state(legacy=False)


def _set_numpy_random(state: Any) -> None:
    _module("numpy.random").set_state(state)


def _get_decimal() -> Any:
    return _module("decimal").getcontext().copy()


def _set_decimal(context: Any) -> None:
    _module("decimal").setcontext(context)


def _get_locale() -> Any:
    return _module("locale").setlocale(_module("locale").LC_ALL)


def _set_locale(name: Any) -> None:
    _module("locale").setlocale(_module("locale").LC_ALL, name)


def _handlers() -> Dict[str, List[Any]]:
    """The handlers of each named logger, other than those that do nothing."""
    logging = _module("logging")
    found = {n: x.handlers for n, x in logging.root.manager.loggerDict.items() if isinstance(x, logging.Logger)}
    return {n: [h for h in some if type(h) is not logging.NullHandler] for n, some in found.items()}


_BASE_HANDLERS = _handlers()


def _get_logging() -> Dict[str, Any]:
    """Levels, and whether the root logger writes to the console. Raises for handlers that cannot travel."""
    logging = _module("logging")
    root = logging.getLogger()
    for name, some in _handlers().items():
        if len(some) > len(_BASE_HANDLERS.get(name, [])):
            raise pickling.Unserialisable(f"the handlers of logger {name!r}")
    if any(type(handler) is logging.FileHandler for handler in root.handlers):
        raise pickling.Unserialisable("the log file of the root logger")
    formats = [getattr(h.formatter, "_fmt", None) for h in root.handlers if isinstance(h, logging.StreamHandler)]
    levels = {n: x.level for n, x in root.manager.loggerDict.items() if isinstance(x, logging.Logger)}
    return {"root": root.level, "formats": formats, "levels": levels}


def _set_logging(state: Dict[str, Any]) -> None:
    logging = _module("logging")
    root = logging.getLogger()
    if state["formats"] and not root.handlers:
        logging.basicConfig(format=state["formats"][0])
    root.setLevel(state["root"])
    for name, level in state["levels"].items():
        logging.getLogger(name).setLevel(level)


_KINDS: Dict[str, Tuple[Callable[[], Any], Callable[[Any], None]]] = {
    "numpy.random": (_get_numpy_random, _set_numpy_random),
    "random": (lambda: _module("random").getstate(), lambda s: _module("random").setstate(s)),
    "torch.random": (lambda: _module("torch").get_rng_state(), lambda s: _module("torch").set_rng_state(s)),
    "os.environ": (_get_environ, _set_environ),
    "cwd": (lambda: _packed_folder(os.getcwd()), lambda path: os.chdir(_folder(path))),
    "sys.path": (lambda: [_packed_folder(entry) for entry in sys.path], _set_path),
    "sys.recursionlimit": (sys.getrecursionlimit, sys.setrecursionlimit),
    "warnings.filters": (_get_warnings, _set_warnings),
    "pandas.options": (_get_pandas, _set_pandas),
    "matplotlib.rcParams": (_get_rc, _set_rc),
    "numpy.printoptions": (_get_print, _set_print),
    "numpy.errstate": (_get_errors, _set_errors),
    "decimal.context": (_get_decimal, _set_decimal),
    "locale": (_get_locale, _set_locale),
    "logging": (_get_logging, _set_logging),
    **SETTINGS,
}
_ROOTS = {"numpy.random": "numpy.random", "random": "random", "torch.random": "torch", "os.environ": "os",
          "pandas.options": "pandas", "matplotlib.rcParams": "matplotlib", "cwd": "os"}  # fmt: skip


_LIBRARIES_OWN = ("JOBLIB_", "LOKY", "KMP_", "OMP_", "MKL_", "OPENBLAS", "TF_", "XLA_", "CUDA_", "TOKENIZERS_", "MPL",
                  "NUMEXPR", "BLIS", "VECLIB", "PYDEVD", "GIT_PAGER", "PAGER", "CLICOLOR", "FORCE_COLOR", "TERM",
                  "ENABLE_IPC")  # fmt: skip
"""Variables that libraries set for themselves: no change that a notebook means."""


_LIBRARY = "library:"
"""What a package keeps within itself: ``library:control``."""


def capture(kind: str) -> Any:
    """The state of this kind as a value that can be pickled."""
    if kind.startswith(_LIBRARY):
        return libraries.capture(kind[len(_LIBRARY) :])
    return _KINDS[kind][0]()


def restore(kind: str, value: Any) -> None:
    """Give this process the state that another one captured."""
    if kind.startswith(_LIBRARY):
        libraries.restore(kind[len(_LIBRARY) :], value)
    else:
        _KINDS[kind][1](value)


def digest(kind: str) -> Any:
    """A short form of a kind of state, to see whether it changed; None when its library is not loaded."""
    if _ROOTS.get(kind) not in sys.modules:
        return None
    try:
        value = capture(kind)
        if kind == "os.environ":
            value = {name: text for name, text in value.items() if not name.startswith(_LIBRARIES_OWN)}
        return hash(repr(value))
    except Exception:
        return None
