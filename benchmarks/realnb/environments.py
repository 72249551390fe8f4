"""An environment for each package: ipykernel, the package, what its examples import, and a kernelspec."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from benchmarks.realnb.listing import Package, Rule

# Nothing answers there, so that fetching fails at once, the same on every machine.
OFFLINE = dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), "http://127.0.0.1:9")
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


def kernel_name(package: str) -> str:
    return f"real-{package}"


def make(package: Package, rule: Rule, cache: Path) -> None:
    """Make the package's environment and kernelspec in the cache, once."""
    venv = cache / "environments" / package.name
    done = venv / "complete"
    if not done.exists():
        shutil.rmtree(venv, ignore_errors=True)
        _uv("venv", "--quiet", "--python", rule.python, str(venv))
        _uv("pip", "install", "--quiet", "--python", str(venv / "bin" / "python"),
            "--exclude-newer", f"{rule.published_before}T00:00:00Z", "--only-binary", ":all:",
            f"{package.name}=={package.version}", *rule.common, *package.requires)  # fmt: skip
        done.touch()
    spec = cache / "jupyter" / "kernels" / kernel_name(package.name)
    spec.mkdir(parents=True, exist_ok=True)
    argv = [str(venv / "bin" / "python"), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    (spec / "kernel.json").write_text(json.dumps({"argv": argv, "display_name": package.name, "language": "python"}))


def environment(cache: Path) -> dict[str, str]:
    """The environment variables of every run: offline, one thread a library, fresh folders for data and settings."""
    home = cache / "home"
    home.mkdir(parents=True, exist_ok=True)
    variables = {key: value for key, value in os.environ.items() if key.lower() != "no_proxy"}
    return {
        **variables, **OFFLINE, **ONE_THREAD,
        "JUPYTER_PATH": str(cache / "jupyter"), "HOME": str(home), "XDG_CACHE_HOME": str(home / ".cache"),
        "PYTHONHASHSEED": "0",
    }  # fmt: skip


def _uv(*arguments: str) -> None:
    try:
        subprocess.run([sys.executable, "-m", "uv", *arguments], check=True, capture_output=True, text=True)
    except subprocess.CalledProcessError as error:
        raise SystemExit(f"uv {' '.join(arguments)}\n{error.stderr}") from None
