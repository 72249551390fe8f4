"""Fitted models for people: framework, class and parameters, and the model itself in a file that needs no kale-lite."""

from __future__ import annotations

import json
import math
import os
import re
import sys
from typing import Any, Dict, Iterator, Tuple

__all__ = ["described", "framework_of", "is_fitted", "write_model"]

_FRAMEWORKS = ("xgboost", "lightgbm", "torch", "sklearn")
"""The first that a model's classes come from counts: those of XGBoost and LightGBM are scikit-learn's as well."""
_MOST_PARAMETERS, _TEXT = 100, 100
_MOST_BYTES = 256_000_000
_SECRET = re.compile(r"(?:password|passwd|secret|api_?key|credentials?|(?:^|_)token)$", re.I)


class _TooLarge(Exception):
    """The model is larger than what is copied."""


def framework_of(value: Any) -> str:
    """The library that a model is of; empty for what is no model."""
    homes = [kind.__module__.split(".")[0] for kind in type(value).__mro__]
    found = next((name for name in _FRAMEWORKS if name in homes), "")
    wanted = {"sklearn": ("fit", "get_params"), "torch": ("state_dict", "parameters")}.get(found, ("predict",))
    return found if found and all(callable(getattr(type(value), one, None)) for one in wanted) else ""


def is_fitted(value: Any) -> bool:
    """Whether a model has been fitted, as far as can be told; networks count as that."""
    if framework_of(value) == "torch" or type(value).__name__ == "Booster":
        return True
    if callable(getattr(value, "__sklearn_is_fitted__", None)):
        return bool(value.__sklearn_is_fitted__())
    steps = getattr(value, "steps", None)
    if isinstance(steps, list) and steps and not isinstance(steps[-1][1], str):
        return is_fitted(steps[-1][1])
    return any(name.endswith("_") and not name.startswith("__") for name in vars(value))


def described(value: Any) -> Dict[str, Any]:
    """Framework, its version, class, parameters and what the model was fitted on, all as plain JSON."""
    framework = framework_of(value)
    parameters = _parameters(value)
    shown = dict(list(parameters.items())[:_MOST_PARAMETERS])
    about: Dict[str, Any] = {
        "framework": framework,
        "framework_version": str(getattr(sys.modules.get(framework), "__version__", "")),
        "class": f"{type(value).__module__}.{type(value).__qualname__}",
        "parameters": {str(name): _plain(str(name), one) for name, one in shown.items()},
    }
    if len(shown) < len(parameters):
        about["more_parameters"] = len(parameters) - len(shown)
    features = getattr(value, "n_features_in_", None)
    if isinstance(features, int):
        about["features"] = features
    classes: Any = getattr(value, "classes_", None)
    if hasattr(classes, "tolist") and len(classes) <= _MOST_PARAMETERS:
        about["classes"] = [str(one)[:_TEXT] for one in classes.tolist()]
    return about


def _parameters(value: Any) -> Dict[str, Any]:
    if callable(getattr(value, "get_params", None)):
        return dict(value.get_params())
    if callable(getattr(value, "named_parameters", None)):
        return {name: list(one.shape) for name, one in value.named_parameters()}
    if callable(getattr(value, "save_config", None)):  # a booster of XGBoost
        return dict(_leaves(json.loads(value.save_config()), ""))
    return dict(getattr(value, "params", None) or {})


def _leaves(config: Dict[str, Any], within: str) -> Iterator[Tuple[str, Any]]:
    """What stands in the parts of a configuration that are named as parameters, wherever they are nested."""
    for name, one in config.items():
        if isinstance(one, dict):
            yield from _leaves(one, name)
        elif within.endswith("_param"):
            yield name, one


def _plain(name: str, value: Any) -> Any:
    if _SECRET.search(name) and value is not None:
        return "(not shown)"
    if isinstance(value, (bool, str, type(None))):
        return value[:_TEXT] if isinstance(value, str) else value
    if isinstance(value, (int, float)) and math.isfinite(value) and abs(value) < 2**53:
        return value
    return " ".join(repr(value).split())[:_TEXT]


def write_model(value: Any, path: str) -> Dict[str, Any]:
    """Write ``model.pkl`` into a folder and describe the model; what is no fitted model is told instead."""
    framework = framework_of(value)
    if not framework:
        return {"note": f"no model when the step ran, but {type(value).__module__}.{type(value).__qualname__}"}
    if not is_fitted(value):
        return {"framework": framework, "note": "the model was not fitted when the step ended"}
    about = described(value)
    os.makedirs(path, exist_ok=True)
    target = os.path.join(path, "model.pkl")
    try:
        with open(target, "wb") as file:
            about["format"] = _pickled(value, _Bounded(file))
        about["copied_bytes"] = os.path.getsize(target)
    except Exception as error:
        os.unlink(target)
        too_large = isinstance(error, _TooLarge)
        why = (
            f"it takes more than {_MOST_BYTES:,} bytes" if too_large else f"{type(error).__name__}: {str(error)[:200]}"
        )
        about["note"] = f"without model.pkl: {why}"
    return about


def _pickled(value: Any, file: Any) -> str:
    """Pickle with what people have: classes and functions of the notebook travel by value where cloudpickle is there."""
    try:
        import cloudpickle
    except ImportError:
        import pickle

        pickle.dump(value, file, protocol=4)
        return "pickle"
    cloudpickle.dump(value, file, protocol=4)
    return "pickle (cloudpickle)"


class _Bounded:
    """A file that refuses to become large."""

    def __init__(self, file: Any) -> None:
        self.file, self.size = file, 0

    def write(self, data: Any) -> int:
        self.size += memoryview(data).nbytes
        if self.size > _MOST_BYTES:
            raise _TooLarge
        return int(self.file.write(data))
