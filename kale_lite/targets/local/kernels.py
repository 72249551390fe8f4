"""Kernels: checked before a run, so that a missing one is told before any step starts."""

from __future__ import annotations

import shutil
import subprocess
import sys
from typing import Any

from kale_lite.diagnostics import Diagnostic, diagnose

__all__ = ["check_kernel"]

_PROBE = "import importlib.util, sys; sys.exit(importlib.util.find_spec('ipykernel') is None)"


def check_kernel(name: str) -> tuple[Diagnostic, ...]:
    """Why the kernel of this name cannot run steps; nothing when it can."""
    from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel

    manager = KernelSpecManager()
    try:
        spec = manager.get_kernel_spec(name)
    except NoSuchKernel:
        installed = ", ".join(sorted(manager.find_kernel_specs())) or "none"
        return (diagnose("KL006", f"kernel {name!r} is not installed; installed are: {installed}",
                         hint="install it, or choose one with --kernel"),)  # fmt: skip
    if spec.language and spec.language.lower() != "python":
        return (
            diagnose("KL005", f"kernel {name!r} speaks {spec.language}, not Python", hint="choose one with --kernel"),
        )
    return _check_command(name, spec)


def _check_command(name: str, spec: Any) -> tuple[Diagnostic, ...]:
    program = spec.argv[0] if spec.argv else ""
    found = sys.executable if program in ("python", "python3") else shutil.which(program)
    if found is None:
        return (diagnose("KL007", f"kernel {name!r} does not start: {program!r} does not exist",
                         hint="install the kernel again, or choose one with --kernel"),)  # fmt: skip
    if not any("ipykernel" in part for part in spec.argv):
        return ()
    try:
        probe = subprocess.run([found, "-c", _PROBE], capture_output=True, timeout=60, check=False)
        missing = probe.returncode != 0
    except (OSError, subprocess.TimeoutExpired):
        missing = True
    if missing:
        return (diagnose("KL007", f"kernel {name!r} does not start: its Python ({found}) has no ipykernel",
                         hint=f"run: {found} -m pip install ipykernel"),)  # fmt: skip
    return ()
