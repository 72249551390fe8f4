"""A Docker daemon: the one that runs here, or one of our own for as long as it is needed."""

from __future__ import annotations

import fcntl
import os
import platform
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.kfp.docker.debian import Unavailable, cache_folder, environment, unpacked

__all__ = ["daemon"]

PACKAGES = ("docker.io", "containerd", "runc", "tini", "iptables", "libip6tc2", "libnetfilter-conntrack3", "libnfnetlink0",
            "libnftnl11")  # fmt: skip
_START_SECONDS = 60
_ALONE = """\
set -e
mount -t tmpfs none /run
mkdir /run/upper /run/work
mount -t overlay overlay -o lowerdir=/etc,upperdir=/run/upper,workdir=/run/work /etc
if [ -d /opt ]; then mount -t tmpfs none /opt; fi
exec "$@"
"""
"""The daemon has its own mounts, so that all of them end with it, and its own /run, /etc and /opt to write to."""


@contextmanager
def daemon() -> Iterator[str]:
    """The address of a Docker daemon; one that was started here ends with the block, with all it started.

    Raises Unavailable when there is none and none can be started.
    """
    running = _running()
    if running is not None:
        yield running
        return
    _check_machine()
    with (cache_folder() / "lock").open("w") as lock, tempfile.TemporaryDirectory(prefix="kld-") as folder:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two daemons must not share a data folder
        process = _started(Path(folder))
        try:
            _wait_until_ready(process, Path(folder))
            yield f"unix://{folder}/docker.sock"
        finally:
            _stop(process)


def _running() -> str | None:
    import docker
    from docker.errors import DockerException

    try:
        client = docker.from_env(timeout=5)
        try:
            client.ping()
            return str(os.environ.get("DOCKER_HOST") or "unix:///var/run/docker.sock")
        finally:
            client.close()
    except DockerException:
        return None


def _check_machine() -> None:
    if platform.system() != "Linux":
        raise Unavailable("no Docker daemon runs, and one can be started on Linux only")
    if os.geteuid() != 0:
        raise Unavailable("no Docker daemon runs that this user may use, and only root can start one")


def _started(folder: Path) -> subprocess.Popen[bytes]:
    variables = dict(os.environ)
    if shutil.which("dockerd") is None:
        variables = environment(unpacked("programs", PACKAGES))
    own = ["unshare", "--mount", "--propagation", "private", "setpriv", "--pdeathsig", "TERM", "sh", "-c", _ALONE, "sh"]
    command = ["dockerd", "--data-root", cache_folder() / "data", "--exec-root", folder / "exec",
               "--host", f"unix://{folder}/docker.sock", "--pidfile", folder / "docker.pid",
               "--iptables=false", "--ip6tables=false", "--bridge=none"]  # fmt: skip
    with (folder / "log").open("w") as log:
        return subprocess.Popen([*own, *command], env=variables, stdin=subprocess.DEVNULL, stdout=log, stderr=log)


def _wait_until_ready(process: subprocess.Popen[bytes], folder: Path) -> None:
    import docker
    from docker.errors import DockerException

    until = time.monotonic() + _START_SECONDS
    while time.monotonic() < until and process.poll() is None:
        try:
            docker.DockerClient(f"unix://{folder}/docker.sock").close()
            return
        except DockerException:
            time.sleep(0.2)
    lines = (folder / "log").read_text(errors="replace").strip().splitlines() or ["it said nothing"]
    raise Unavailable(f"a Docker daemon could not be started: {lines[-1]}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(timeout=30)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
