"""A real JupyterLab for the browser tests: kale-lite's wheel in an environment of its own, a server, a browser."""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import socket
import subprocess
import sys
import sysconfig
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Lab", "browser_path", "installed", "serve"]

ROOT = Path(__file__).resolve().parents[2]
TOKEN = "secret-of-the-tests"
ARGUMENTS = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-background-networking", "--disable-component-update",
             "--disable-sync", "--no-first-run", "--disable-quic"]  # fmt: skip
_PATIENCE = 120


@dataclass(frozen=True)
class Lab:
    """A running JupyterLab. ``root`` is its root folder, ``log`` what it prints."""

    url: str
    root: Path
    log: Path
    process: subprocess.Popen[bytes]

    def page(self, path: str = "") -> str:
        """The address of a notebook in Lab, with a workspace of its own."""
        return f"{self.url}lab/tree/{path}?token={TOKEN}&reset"


def browser_path() -> str | None:
    """The Chromium to use; None for Playwright's own (see scripts/get-browser.sh)."""
    return os.environ.get("KALE_LITE_CHROMIUM") or shutil.which("chromium")


def installed(folder: Path) -> Path:
    """The Python of an environment in which kale-lite is installed from a wheel of this checkout; made once.

    What kale-lite needs is taken from the environment of the tests, so that nothing is fetched but what builds the wheel.
    """
    folder.mkdir(parents=True, exist_ok=True)
    python = folder / "env" / "bin" / "python"
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "done").exists():
            _install(folder, python)
            (folder / "done").touch()
    return python


def _install(folder: Path, python: Path) -> None:
    env = {name: value for name, value in os.environ.items() if name != "KALE_LITE_PANEL"}
    pip = ["-m", "pip", "--disable-pip-version-check", "--quiet"]
    _call([sys.executable, *pip, "wheel", "--no-deps", "--wheel-dir", str(folder), str(ROOT)], env)
    _call([sys.executable, "-m", "venv", str(folder / "env")], env)
    (wheel,) = folder.glob("kale_lite-*.whl")
    _call([str(python), *pip, "install", "--no-deps", "--no-index", str(wheel)], env)
    own = Path(sysconfig.get_path("purelib", vars={"base": str(folder / "env"), "platbase": str(folder / "env")}))
    (own / "tests.pth").write_text(f"import site; site.addsitedir({sysconfig.get_path('purelib')!r})\n")


def _call(command: list[str], env: dict[str, str]) -> None:
    done = subprocess.run(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd="/")
    assert done.returncode == 0, done.stdout


@contextmanager
def serve(python: Path, folder: Path, root: Path, base_url: str = "/", *options: str, port: int = 0) -> Iterator[Lab]:
    """Run JupyterLab with settings, runtime files and history of its own, below a folder."""
    port = port or _free_port()
    folder.mkdir(parents=True, exist_ok=True)
    root.mkdir(parents=True, exist_ok=True)
    own = {
        "JUPYTER_CONFIG_DIR": "config", "JUPYTER_DATA_DIR": "data", "JUPYTER_RUNTIME_DIR": "runtime",
        "JUPYTERLAB_SETTINGS_DIR": "settings", "JUPYTERLAB_WORKSPACES_DIR": "workspaces", "IPYTHONDIR": "ipython",
        "KALE_LITE_HOME": "home",
    }  # fmt: skip
    env = {**os.environ, **{name: str(folder / place) for name, place in own.items()}}
    notes = folder / "settings" / "@jupyterlab" / "apputils-extension" / "notification.jupyterlab-settings"
    notes.parent.mkdir(parents=True, exist_ok=True)
    notes.write_text('{"fetchNews": "false", "checkForUpdates": false}')
    # nbconvert's templates and JupyterLab's own server extensions, which the environment of the tests has
    env["JUPYTER_PATH"] = os.path.join(sys.prefix, "share", "jupyter")
    env["JUPYTER_CONFIG_PATH"] = os.path.join(sys.prefix, "etc", "jupyter")
    env["PATH"] = f"{python.parent}{os.pathsep}{env['PATH']}"
    command = [
        str(python), "-m", "jupyterlab", "--no-browser", "--allow-root", "--ip=127.0.0.1", f"--port={port}",
        "--ServerApp.port_retries=0", f"--IdentityProvider.token={TOKEN}", f"--ServerApp.root_dir={root}",
        f"--ServerApp.base_url={base_url}", "--LabApp.news_url=", "--LabApp.expose_app_in_browser=True",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate", *options,
    ]  # fmt: skip
    log = folder / "lab.log"
    with log.open("ab") as file:
        process = subprocess.Popen(command, cwd=root, env=env, stdout=file, stderr=file, start_new_session=True)
    lab = Lab(f"http://127.0.0.1:{port}{base_url}", root, log, process)
    try:
        _wait(lab)
        yield lab
    finally:
        stop(process)


def stop(process: subprocess.Popen[bytes]) -> None:
    """End a server and its kernels."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _wait(lab: Lab) -> None:
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline and lab.process.poll() is None:
        try:
            urllib.request.urlopen(f"{lab.url}api/status?token={TOKEN}", timeout=5).close()
            return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    raise AssertionError(f"JupyterLab did not start:\n{lab.log.read_text()[-4000:]}")
