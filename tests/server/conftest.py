"""One Jupyter server for all tests of a process."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.server.serving import Server


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with a history and settings of its own."""
    base = tmp_path_factory.mktemp("server")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("KF_PIPELINES_ENDPOINT", "XDG_CONFIG_HOME"):
            patch.delenv(name, raising=False)
        root = base / "root"
        root.mkdir()
        (base / "home").mkdir()
        environ = {"KALE_LITE_HOME": str(base / "history"), "XDG_CONFIG_HOME": str(base / "home"),
                   "JUPYTER_CONFIG_DIR": str(base / "config"), "JUPYTER_DATA_DIR": str(base / "data"),
                   "JUPYTER_RUNTIME_DIR": str(base / "runtime")}  # fmt: skip
        served = Server(root, base / "server.log", environ)
        served.start()
        yield served
        served.stop()
        said = served.log.read_text()
        assert "Traceback" not in said, said
        assert "websocket_ping" not in said, said


@pytest.fixture
def root(server: Server) -> Path:
    """The server's root folder."""
    return server.root
