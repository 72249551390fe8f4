"""Gives one process the state of a fresh one again, as far as generated programs can change it."""

from __future__ import annotations

import copy
import os
import random
import sys
import types
import warnings
from typing import Any

__all__ = ["capture", "restore"]


def capture() -> dict[str, Any]:
    """What ``restore`` goes back to."""
    import numpy
    import pandas

    return {
        "environ": dict(os.environ), "cwd": os.getcwd(), "random": random.getstate(), "numpy": numpy.random.get_state(),
        "print": numpy.get_printoptions(), "path": list(sys.path), "filters": list(warnings.filters),
        "pandas": {name: pandas.get_option(name) for name in ("display.precision", "display.max_rows")},
        "modules": set(sys.modules),
    }  # fmt: skip


def restore(start: dict[str, Any], shell: Any) -> None:
    """An empty namespace, no classes known from before, and the state as it was captured."""
    import numpy
    import pandas

    main = types.ModuleType("__main__")
    sys.modules["__main__"] = shell.user_module = main
    shell.user_ns = main.__dict__
    shell.init_user_ns()
    pickler = sys.modules["_kale_lite_runtime._cloudpickle.cloudpickle"]
    pickler._DYNAMIC_CLASS_TRACKER_BY_ID.clear()
    pickler._DYNAMIC_CLASS_TRACKER_BY_CLASS.clear()
    os.environ.clear()
    os.environ.update(start["environ"])
    os.chdir(start["cwd"])
    sys.path[:] = start["path"]
    warnings.filters[:] = copy.copy(start["filters"])  # type: ignore[index]
    random.setstate(start["random"])
    numpy.random.set_state(start["numpy"])
    numpy.set_printoptions(**start["print"])
    for name, value in start["pandas"].items():
        pandas.set_option(name, value)
