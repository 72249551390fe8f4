"""Loads the shipped harness under a private name and begins the step. Run by the load cell with its own globals."""

from __future__ import annotations

import importlib.util
import sys

NAME = "_kale_lite_runtime"


def boot(folder, spec):  # type: ignore[no-untyped-def]
    """Import the package in ``folder`` without touching ``sys.path``, then load the step's inputs."""
    found = importlib.util.spec_from_file_location(NAME, folder + "/__init__.py", submodule_search_locations=[folder])
    assert found is not None
    assert found.loader is not None
    package = importlib.util.module_from_spec(found)
    sys.modules[NAME] = package
    found.loader.exec_module(package)
    importlib.import_module(NAME + ".harness").begin(spec)
