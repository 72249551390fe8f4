"""Copies for people, as the harness made them, put where KFP takes them from; what went wrong is told, and no more."""

from __future__ import annotations

import json
import os
import shutil
from typing import Any

__all__ = ["publish", "read"]

_ENDED = "not made: the step's process ended before"


def read(step: Any, work: Any) -> Any:
    """What the harness noted: ``copies`` by argument, and descriptions of ``values`` by name."""
    found: Any = {"copies": {}, "values": {}}
    if step["about"]:
        try:
            with open(work.about, encoding="utf-8") as file:
                found.update(json.load(file))
        except (OSError, ValueError) as error:
            _tell(f"there is no description of the step's values: {error}")
    return found


def publish(step: Any, arguments: Any, work: Any, about: Any) -> None:
    """Fill the artifacts for people, as far as it goes."""
    for one in step["copies"]:
        argument = one["argument"]
        found = dict(about["copies"].get(argument) or {"note": _ENDED})
        try:
            _fill(arguments[argument], one, found, os.path.join(work.copies, argument))
        except Exception as error:  # the step is done: no disk or value may fail it now
            arguments[argument].metadata["note"] = found["note"] = f"not kept: {type(error).__name__}: {error}"
        if "note" in found:
            _tell(f"{argument}: {found['note']}")
    if step["not_copied"]:
        _tell(f"no copies of {', '.join(step['not_copied'])}: a step has up to 20 of a kind")


def _fill(artifact: Any, one: Any, found: Any, path: Any) -> None:
    if one["kind"] == "classification":
        _classification(artifact, found)
        with open(artifact.path, "w", encoding="utf-8") as file:
            json.dump(found, file)
    else:
        if os.path.lexists(path):
            shutil.move(path, artifact.path)
        artifact.metadata.update(found)
    artifact.metadata["of"] = ", ".join(one["names"])
    if "note" in found:
        artifact.metadata["note"] = found["note"]


def _classification(artifact: Any, found: Any) -> None:
    """In the form that KFP draws."""
    if "matrix" in found:
        artifact.log_confusion_matrix(found["labels"], found["matrix"])
    if "fpr" in found:
        artifact.log_roc_curve(found["fpr"], found["tpr"], found["thresholds"])


def _tell(text: Any) -> None:
    print(f"kale-lite: {text}", flush=True)
