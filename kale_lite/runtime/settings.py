"""Settings of the process and of libraries that a step can change, beside those in ``state``: how to read and set them."""

from __future__ import annotations

import os
from typing import Any, Callable, Dict, List, Tuple

__all__ = ["SETTINGS", "module_of"]


def module_of(name: str) -> Any:
    return __import__(name, fromlist=["*"])


def _get_umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def _set_umask(mask: int) -> None:
    os.umask(mask)


def _get_gc() -> Tuple[bool, Tuple[int, int, int]]:
    gc = module_of("gc")
    return gc.isenabled(), gc.get_threshold()


def _set_gc(values: Tuple[bool, Tuple[int, int, int]]) -> None:
    gc = module_of("gc")
    enabled, threshold = values
    (gc.enable if enabled else gc.disable)()
    gc.set_threshold(*threshold)


_DIALECT = (
    "delimiter",
    "doublequote",
    "escapechar",
    "lineterminator",
    "quotechar",
    "quoting",
    "skipinitialspace",
    "strict",
)


def _get_dialects() -> Dict[str, Dict[str, Any]]:
    csv = module_of("csv")
    return {name: {field: getattr(csv.get_dialect(name), field) for field in _DIALECT} for name in csv.list_dialects()}


def _set_dialects(dialects: Dict[str, Dict[str, Any]]) -> None:
    csv = module_of("csv")
    for name in csv.list_dialects():
        csv.unregister_dialect(name)
    for name, fields in dialects.items():
        csv.register_dialect(name, **fields)


_ACCESSED = ("DataFrame", "Series", "Index")


def _get_accessors() -> List[Tuple[str, str, Any]]:
    """The accessors that the notebook registered: the class of pandas, the name, and the notebook's class."""
    pandas = module_of("pandas")
    return [
        (owner, name, found._accessor)
        for owner in _ACCESSED
        for name, found in vars(getattr(pandas, owner)).items()
        if getattr(getattr(found, "_accessor", None), "__module__", "") == "__main__"
    ]


def _set_accessors(accessors: List[Tuple[str, str, Any]]) -> None:
    extensions, warnings = module_of("pandas.api.extensions"), module_of("warnings")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that it overrides a name, which the notebook was told when it did so
        for owner, name, accessor in accessors:
            getattr(extensions, f"register_{owner.lower()}_accessor")(name)(accessor)


SETTINGS: Dict[str, Tuple[Callable[[], Any], Callable[[Any], None]]] = {
    "os.umask": (_get_umask, _set_umask),
    "gc": (_get_gc, _set_gc),
    "socket.timeout": (
        lambda: module_of("socket").getdefaulttimeout(),
        lambda s: module_of("socket").setdefaulttimeout(s),
    ),
    "csv.dialects": (_get_dialects, _set_dialects),
    # The zone itself is in the environment, which is restored before.
    "time.zone": (lambda: module_of("time").tzname, lambda zone: module_of("time").tzset()),
    "sklearn.config": (lambda: module_of("sklearn").get_config(), lambda s: module_of("sklearn").set_config(**s)),
    "pandas.accessors": (_get_accessors, _set_accessors),
}
"""For each kind of state how it is read, as a value that can be pickled, and set."""
