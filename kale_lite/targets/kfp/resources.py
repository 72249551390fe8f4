"""Options of steps as KFP and Kubernetes take them: checked before anything is written."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kale_lite.diagnostics import Diagnostic, Location, diagnose
from kale_lite.pipeline import Step
from kale_lite.targets.kfp.mounts import mount_problems
from kale_lite.targets.kfp.placement import placement_problems

__all__ = ["check_options", "is_accelerator", "is_image"]

_CPU = re.compile(r"^([0-9]*[.])?[0-9]+m?$")
_MEMORY = re.compile(r"^[0-9]+(E|Ei|P|Pi|T|Ti|G|Gi|M|Mi|K|Ki)?$")
_PART = r"[a-z0-9]+(?:[._-]+[a-z0-9]+)*"
_IMAGE = re.compile(rf"^{_PART}(:[0-9]+)?(/{_PART})*(:[\w][\w.-]{{0,127}})?(@\w+:[0-9a-fA-F]{{32,}})?$")
_NAME = re.compile(r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$")
_LABEL_VALUE = re.compile(r"^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$")
_LABEL_KEY = re.compile(r"^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$")


def is_accelerator(key: str) -> bool:
    """Whether a resource is a device, such as ``nvidia.com/gpu``."""
    return "/" in key


def check_options(step: Step) -> tuple[Diagnostic, ...]:
    """What of a step's options Kubernetes would refuse, or KFP cannot pass on."""
    return tuple(
        diagnose("KL702", f"step {step.name!r}: {what}", Location(step.cells[0]), hint=hint, step=step.name)
        for what, hint in _problems(step)
    )


def _problems(step: Step) -> Iterator[tuple[str, str]]:
    options = step.options
    for kind, table in (("limit", options.limits), ("request", options.requests)):
        for key, quantity in table.items():
            yield from _resource_problems(kind, key, quantity)
    devices = [key for key in options.limits if is_accelerator(key)]
    if len(devices) > 1:
        yield (
            f"KFP gives a step one kind of accelerator, and this one asks for {' and '.join(devices)}",
            ("leave one of the limits"),
        )
    if options.image is not None and not is_image(options.image):
        yield f"{options.image!r} is no image reference", "write it like `python:3.11-slim` or `HOST/PATH:TAG`"
    for secret, _ in options.secrets.values():
        if not _NAME.match(secret):
            yield f"{secret!r} is no name of a Kubernetes secret", "names have lower-case letters, digits, `-` and `.`"
    for claim, path in options.volumes.items():
        if not path.startswith("/"):
            yield f"volume {claim!r} is mounted at {path!r}, which is no absolute path", f"volume:{claim}:/{path}"
    for key, value in options.labels.items():
        if not _LABEL_KEY.match(key) or not _LABEL_VALUE.match(value) or len(value) > 63:
            yield (
                f"label {key!r}: {value!r} is none that Kubernetes takes",
                ("labels have letters, digits, `-`, `_` and `.`; use an annotation for other text"),
            )
    for key in options.annotations:
        if not _LABEL_KEY.match(key):
            yield f"{key!r} is no name of an annotation", "names have letters, digits, `-`, `_` and `.`"
    yield from mount_problems(options)
    yield from placement_problems(options)


def is_image(text: str) -> bool:
    """Whether a text can be an image's reference."""
    return _IMAGE.match(text) is not None


def _resource_problems(kind: str, key: str, quantity: str) -> Iterator[tuple[str, str]]:
    if key == "cpu":
        if not _CPU.match(quantity):
            yield f"{kind}:cpu:{quantity} is no number of processors", f"{kind}:cpu:2 or {kind}:cpu:500m"
    elif key == "memory":
        if not _MEMORY.match(quantity):
            yield f"{kind}:memory:{quantity} is no amount of memory", f"{kind}:memory:{_near_memory(quantity)}"
    elif not is_accelerator(key):
        yield f"KFP cannot {kind} {key!r}", "cpu, memory and devices such as nvidia.com/gpu can be limited"
    elif kind == "request":
        yield f"devices are asked for by limits, and this is request:{key}", f"limit:{key}:{quantity}"
    elif not re.fullmatch(r"[1-9][0-9]*", quantity):
        yield f"limit:{key}:{quantity} is no number of devices", f"limit:{key}:1"


def _near_memory(quantity: str) -> str:
    match = re.match(r"([0-9]+)", quantity)
    unit = re.search(r"[A-Za-z]", quantity)
    letter = unit[0].upper() if unit and unit[0].upper() in "EPTGMK" else "G"
    return f"{match[1] if match else 2}{letter}i"
