"""Programs of Debian's packages, unpacked into a folder: the machine itself is not changed."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

__all__ = ["Unavailable", "cache_folder", "environment", "unpacked"]


class Unavailable(Exception):
    """Containers cannot be run here; the message says why."""


def cache_folder() -> Path:
    """Where programs, Docker's data and so the image are kept between runs."""
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = base / "kale-lite" / "docker-tests"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def unpacked(name: str, packages: Sequence[str]) -> Path:
    """A folder with these packages' files, kept in the cache; Unavailable when they cannot be had."""
    target = cache_folder() / name
    if target.is_dir():
        return target
    if shutil.which("apt-get") is None:
        raise Unavailable(f"{packages[0]} is not installed, and there is no apt-get to fetch it with")
    part = target.with_name(f"{name}.part")
    shutil.rmtree(part, ignore_errors=True)
    (part / "archives").mkdir(parents=True)
    _download(part / "archives", packages)
    for archive in sorted((part / "archives").glob("*.deb")):
        subprocess.run(["dpkg", "-x", archive, part], check=True)
    shutil.rmtree(part / "archives")
    part.rename(target)
    return target


def environment(root: Path) -> dict[str, str]:
    """Environment variables with which unpacked programs are found, and find each other."""
    places = [str(root / "usr" / place) for place in ("sbin", "bin")]
    return {**os.environ, "PATH": os.pathsep.join([*places, os.environ["PATH"], "/usr/sbin", "/sbin"])}


def _download(folder: Path, packages: Sequence[str]) -> None:
    command = ["apt-get", "download", "-qq", "-o", "APT::Sandbox::User=root", *packages]
    if subprocess.run(command, cwd=folder, capture_output=True).returncode == 0:
        return
    subprocess.run(["apt-get", "update", "-qq"], capture_output=True)  # the lists are old, or not there yet
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise Unavailable(f"apt-get cannot fetch {', '.join(packages)}: {last}")
