"""Copies for people of what a step leaves: tables, models, pictures, results of classifiers; and descriptions.

They are made when the step is done and its result is written: nothing that goes wrong here can fail it. What went
wrong, was cut off or was something else than expected is told in the copy's own metadata, under ``note``.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import threading
import warnings
from typing import Any, Callable, Dict, Optional

from . import curves, models, pictures, tables

__all__ = ["write"]

_SECONDS = 60.0
"""The time for all copies of a step together."""
_NOT_MADE = "not made"


class _TooLong(BaseException):
    """The time is over. No handler of libraries, which expect other errors, may take it."""


def write(spec: Dict[str, Any], namespace: Dict[str, Any], metrics: Dict[str, Any]) -> None:
    """Write the copies that a spec asks for, and ``about``: what they and the payloads hold.

    ``metrics`` are the values of the step's metrics. The description is written anew after each copy, so that what
    was made is known whatever ends this process.
    """
    wanted = spec["people"]
    found: Dict[str, Any] = {"copies": {}, "values": {}}
    _note(wanted["about"], found)
    with warnings.catch_warnings(), _Alarm(_SECONDS):
        warnings.simplefilter("ignore")
        names = [name for saved in spec.get("saves", []) for name in saved["names"] if name in namespace]
        about = {name: _tried(_described, namespace[name]) for name in names}
        found["values"] = {name: one for name, one in about.items() if one}
        _note(wanted["about"], found)
        for one in wanted["copies"]:
            made = _tried(_copied, one, namespace, metrics)
            if made.get("note", "").startswith(_NOT_MADE):
                _remove(one["path"])
            found["copies"][one["argument"]] = made
            _note(wanted["about"], found)


def _copied(one: Dict[str, Any], namespace: Dict[str, Any], metrics: Dict[str, Any]) -> Dict[str, Any]:
    path, names = one["path"], one["names"]
    if one["kind"] == "classification":
        return curves.classified([metrics.get(name) for name in names], names)
    there = {name: namespace[name] for name in names if name in namespace}
    if one["kind"] == "figure":
        return pictures.write_page(there, path)
    if not there:
        return {"note": f"{names[0]!r} is not bound at the end of the step"}
    value = there[names[0]]
    return tables.write_table(value, names[0], path) if one["kind"] == "table" else models.write_model(value, path)


def _described(value: Any) -> Optional[Dict[str, Any]]:
    """What the metadata of a payload says of a value beside its type; None for what is neither table nor model."""
    if tables.is_table(value):
        return tables.described(value)
    if models.framework_of(value) and models.is_fitted(value):
        return models.described(value)
    return None


def _tried(make: Callable[..., Any], *given: Any) -> Any:
    try:
        return make(*given)
    except _TooLong:
        return {"note": f"{_NOT_MADE}: the copies of a step have {_SECONDS:g} seconds together"}
    except BaseException as error:  # whatever the values of users raise: the step is done
        return {"note": f"{_NOT_MADE}: {type(error).__name__}: {str(error)[:200]}"}


def _remove(path: str) -> None:
    """Remove a copy that is cut short."""
    if os.path.isdir(path):
        shutil.rmtree(path, ignore_errors=True)
    elif os.path.exists(path):
        os.unlink(path)


def _note(path: str, found: Dict[str, Any]) -> None:
    try:
        with open(path + ".part", "w", encoding="utf-8") as file:
            json.dump(found, file)
        os.replace(path + ".part", path)
    except OSError:
        pass  # the publisher tells that there is no description


class _Alarm:
    """Ends what takes too long, once; only a main thread can be told so."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.usable = threading.current_thread() is threading.main_thread() and hasattr(signal, "setitimer")

    def __enter__(self) -> None:
        if self.usable:
            self.before = signal.signal(signal.SIGALRM, _ring)
            signal.setitimer(signal.ITIMER_REAL, self.seconds)

    def __exit__(self, *_: Any) -> None:
        if self.usable:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, self.before or signal.SIG_DFL)


def _ring(*_: Any) -> None:
    # What comes after the first that is too long has a moment each, so that the rest is not lost with it.
    signal.setitimer(signal.ITIMER_REAL, 2.0)
    raise _TooLong
