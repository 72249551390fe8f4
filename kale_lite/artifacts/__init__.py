"""Steps as notebooks and specs: what any target needs to run one."""

from __future__ import annotations

from kale_lite.artifacts.ship import ship_harness
from kale_lite.artifacts.spec import step_spec
from kale_lite.artifacts.step_notebook import LOAD_TAG, SAVE_TAG, build_step_notebook

__all__ = ["LOAD_TAG", "SAVE_TAG", "build_step_notebook", "ship_harness", "step_spec"]
