"""The spec of a step: what the harness in its kernel is told."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kale_lite.pipeline import STATE_PREFIX, Pipeline, Step

__all__ = ["step_spec"]


def step_spec(
    step: Step,
    pipeline: Pipeline,
    *,
    store: Path,
    result: Path,
    parameters: Mapping[str, Any],
    fingerprints: Path | None = None,
) -> dict[str, Any]:
    """The JSON form of a step's spec.

    ``parameters`` are the values of the run, by name; ``fingerprints`` is where to write those of the step's names.
    """
    types = {p.name: p.type for p in pipeline.parameters}
    return {
        "format": 1,
        "step": step.name,
        "store": str(store),
        "result": str(result),
        "fingerprints": str(fingerprints) if fingerprints is not None else None,
        "parameters": {name: _value(parameters[name], types.get(name, "any")) for name in step.parameters},
        "replays": list(step.replays),
        "loads": [{"payload": load.payload, "names": list(load.names)} for load in step.loads],
        "saves": [{"id": save.id, "names": list(save.names)} for save in step.saves],
        "readonly": list(step.readonly),
        "metrics": [{"name": m.name, "expression": m.expression} for m in step.metrics],
        "watch": {
            "files_read": list(step.files_read),
            "files_written": list(step.files_written),
            "states": list(step.effects),
            "seeded": sorted(_seeded(step, pipeline)),
            "kept": list(step.kept),
            "libraries": list(pipeline.libraries),
        },
    }


def _value(value: Any, kind: str) -> dict[str, Any]:
    """A parameter's value. The literal keeps what JSON loses: tuples, keys that are no text, nan."""
    return (
        {"type": kind, "value": None, "literal": repr(value)} if _is_literal(value) else {"type": kind, "value": value}
    )


def _is_literal(value: Any) -> bool:
    import ast

    try:
        return bool(ast.literal_eval(repr(value)) == value)
    except (ValueError, SyntaxError):
        return False


def _seeded(step: Step, pipeline: Pipeline) -> set[str]:
    """The state that this step or an earlier one sets, such as a generator that it seeds."""
    until = pipeline.steps[: pipeline.steps.index(step) + 1]
    effects = {name for one in until for name in one.effects if name.startswith(STATE_PREFIX)}
    return {name.removeprefix(STATE_PREFIX) for name in effects}
