"""The image of the containers: Debian 12 with its Python, and by pip what steps and the examples import."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement

from tests.kfp.docker.debian import Unavailable, environment, unpacked

__all__ = ["image"]

PACKAGES = ("kfp", "papermill", "ipykernel", "cloudpickle", "nbconvert",
            "numpy", "pandas", "scikit-learn", "matplotlib")  # fmt: skip
_NAME = "kale-lite-test"
_SUITE, _PYTHON = "bookworm", (3, 11)
_RECIPE = 2  # counted up when the image is made in another way
_NEEDED = 3 << 30
_SITE = "usr/local/lib/python3.11/dist-packages"


def image(client: Any, say: Callable[[str], None]) -> str:
    """The image's name in a Docker client's daemon; it is built when no image of these contents is there.

    Raises Unavailable when it cannot be built here.
    """
    from docker.errors import ImageNotFound

    versions = _versions()
    name = f"{_NAME}:{_key(versions)}"
    try:
        client.images.get(name)
        return name
    except ImageNotFound:
        pass
    if sys.version_info[:2] != _PYTHON:
        raise Unavailable("the image has Python 3.11, and pipelines run under the Python that compiled them")
    _forget_others(client)
    with tempfile.TemporaryDirectory(prefix="kli-", dir=_fast_place()) as folder:
        say(f"building the image {name} (once, some minutes) ...")
        _build(Path(folder), versions)
        _import(client, Path(folder) / "root", name)
    return name


def _versions() -> list[str]:
    """What is needed, as it is installed here: values and pictures are made by the same versions there."""
    found: dict[str, str] = {}
    seen, todo = set(), [(Requirement(name), "") for name in PACKAGES]
    while todo:
        wanted, asker = todo.pop()
        if (str(wanted), asker) in seen or not _applies(wanted, asker):
            continue
        seen.add((str(wanted), asker))
        one = metadata.distribution(wanted.name)
        found[one.name] = f"{one.name}=={one.version}"
        todo += [(Requirement(text), extra) for text in one.requires or () for extra in ("", *wanted.extras)]
    return sorted(found.values())


def _applies(wanted: Requirement, extra: str) -> bool:
    return wanted.marker is None or wanted.marker.evaluate({"extra": extra})


def _key(versions: list[str]) -> str:
    text = "\n".join([str(_RECIPE), _SUITE, *versions])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _forget_others(client: Any) -> None:
    for old in client.images.list(_NAME):
        client.images.remove(old.id, force=True)


def _fast_place() -> str | None:
    """A folder in memory where there is much: dpkg waits for the disk after each file."""
    memory = Path("/dev/shm")
    return str(memory) if memory.is_dir() and shutil.disk_usage(memory).free > 2 * _NEEDED else None


def _build(folder: Path, versions: list[str]) -> None:
    root, site = folder / "root", folder / "site"
    tools = unpacked("mmdebstrap", ["mmdebstrap"])
    debian = [shutil.which("mmdebstrap") or tools / "usr/bin/mmdebstrap", "--mode=root", "--variant=essential",
              "--include=python3,libstdc++6", _SUITE, root]  # fmt: skip
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", "install", "--no-deps",
           "--target", site, *versions]  # fmt: skip
    outputs = [(folder / name).open("w+") for name in ("debian.log", "pip.log")]
    both = [
        subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=environment(tools))
        for command, output in zip((debian, pip), outputs, strict=True)
    ]
    for process, output in zip(both, outputs, strict=True):
        if process.wait():
            output.seek(0)
            raise Unavailable(f"the image could not be built: {output.read().strip()[-400:]}")
    (root / _SITE).parent.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(root / _SITE, ignore_errors=True)
    site.rename(root / _SITE)
    assert not list((root / _SITE).glob("kale_lite*"))


def _import(client: Any, root: Path, name: str) -> None:
    repository, tag = name.split(":")
    archive = subprocess.Popen(["tar", "-C", root, "-c", "."], stdout=subprocess.PIPE)
    assert archive.stdout is not None
    blocks = iter(partial(archive.stdout.read, 1 << 20), b"")
    answer = client.api.import_image_from_data(blocks, repository=repository, tag=tag)
    if archive.wait() or not client.images.list(name):
        raise Unavailable(f"the image could not be handed to Docker: {answer}")
