"""Interpreter state that travels: captured in one step, restored in another."""

from __future__ import annotations

import os
import sys
from typing import Any, Callable, Dict, List, Tuple

from . import libraries, pickling
from .settings import SETTINGS, module_of

__all__ = ["capture", "digest", "restore"]

_BASE_ENVIRONMENT = dict(os.environ)
_BASE_FOLDER = os.getcwd()
"""Where the process began. Folders below it travel as seen from it: in other processes it may lie elsewhere."""
_BELOW = "\0"


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
    return list(module_of("warnings").filters)


def _set_warnings(filters: Any) -> None:
    warnings = module_of("warnings")
    warnings.filters[:] = filters
    warnings._filters_mutated()


def _get_pandas() -> Dict[str, Any]:
    return dict(_flat(object.__getattribute__(module_of("pandas").options, "d"), ""))


def _flat(tree: Any, prefix: str) -> Any:
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _set_pandas(options: Dict[str, Any]) -> None:
    pandas = module_of("pandas")
    current = _get_pandas()
    for key, value in options.items():
        if key in current and current[key] != value:
            pandas.set_option(key, value)


_COLOUR_CODES = "bgrmyckw"


def _get_rc() -> Dict[str, Any]:
    """The parameters, and what styles of other libraries change beside them: one-letter colours, colour maps."""
    matplotlib = module_of("matplotlib")
    params = {key: dict.__getitem__(matplotlib.rcParams, key) for key in matplotlib.rcParams if key != "backend"}
    known = module_of("matplotlib.colors").colorConverter.colors
    maps, builtin = matplotlib.colormaps, getattr(matplotlib.colormaps, "_builtin_cmaps", None)
    added = {name: maps[name] for name in maps if name not in builtin} if builtin is not None else {}
    backend = matplotlib.get_backend()
    return {
        "params": params, "colours": {code: known[code] for code in _COLOUR_CODES}, "maps": added,
        "backend": None if "inline" in backend else backend,
    }  # fmt: skip


def _set_rc(values: Dict[str, Any]) -> None:
    matplotlib = module_of("matplotlib")
    if values["backend"] not in (None, matplotlib.get_backend()):
        matplotlib.use(values["backend"])
    for name, colours in values["maps"].items():
        if name not in matplotlib.colormaps:
            matplotlib.colormaps.register(colours, name=name)
    for key, value in values["params"].items():
        if key in matplotlib.rcParams and dict.__getitem__(matplotlib.rcParams, key) != value:
            matplotlib.rcParams[key] = value
    converter = module_of("matplotlib.colors").colorConverter
    if any(converter.colors[code] != colour for code, colour in values["colours"].items()):
        converter.colors.update(values["colours"])
        converter.cache.clear()


def _get_print() -> Any:
    return module_of("numpy").get_printoptions()


def _set_print(options: Dict[str, Any]) -> None:
    module_of("numpy").set_printoptions(**options)


def _get_errors() -> Any:
    return module_of("numpy").geterr()


def _set_errors(options: Dict[str, Any]) -> None:
    module_of("numpy").seterr(**options)


def _get_numpy_random() -> Any:
    return module_of("numpy.random").get_state(legacy=False)


def _set_numpy_random(state: Any) -> None:
    module_of("numpy.random").set_state(state)


def _get_decimal() -> Any:
    return module_of("decimal").getcontext().copy()


def _set_decimal(context: Any) -> None:
    module_of("decimal").setcontext(context)


def _get_locale() -> Any:
    return module_of("locale").setlocale(module_of("locale").LC_ALL)


def _set_locale(name: Any) -> None:
    module_of("locale").setlocale(module_of("locale").LC_ALL, name)


def _handlers() -> Dict[str, List[Any]]:
    """The handlers of each named logger, other than those that do nothing."""
    logging = module_of("logging")
    found = {n: x.handlers for n, x in logging.root.manager.loggerDict.items() if isinstance(x, logging.Logger)}
    return {n: [h for h in some if type(h) is not logging.NullHandler] for n, some in found.items()}


_BASE_HANDLERS = _handlers()


def _get_logging() -> Dict[str, Any]:
    """Levels, and whether the root logger writes to the console. Raises for handlers that cannot travel."""
    logging = module_of("logging")
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
    logging = module_of("logging")
    root = logging.getLogger()
    if state["formats"] and not root.handlers:
        logging.basicConfig(format=state["formats"][0])
    root.setLevel(state["root"])
    for name, level in state["levels"].items():
        logging.getLogger(name).setLevel(level)


_KINDS: Dict[str, Tuple[Callable[[], Any], Callable[[Any], None]]] = {
    "numpy.random": (_get_numpy_random, _set_numpy_random),
    "random": (lambda: module_of("random").getstate(), lambda s: module_of("random").setstate(s)),
    "torch.random": (lambda: module_of("torch").get_rng_state(), lambda s: module_of("torch").set_rng_state(s)),
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
