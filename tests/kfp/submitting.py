"""The command ``submit`` in this process, with an environment of its own and a stub of the server."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from kale_lite.cli import main
from tests.conftest import Cells, WriteNotebook
from tests.kfp.stub import Stub, serving

__all__ = ["CELLS", "Command", "Done", "command", "notebook", "stub"]

CELLS: Cells = [
    ("parameters", "rate = 0.5\nrounds = 3\nlabel = 'a'\nsizes = [1, 2]\noptions = {'deep': True}\nlimit = None"),
    ("step:load data", "rows = [rate] * rounds"),
    ("step:train", "model = (label, sizes, options, limit, sum(rows))"),
    ("step:other", "print(rounds)"),
]


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    code: int
    out: str
    err: str
    seconds: float


Command = Callable[..., Done]


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Command:
    """``kale-lite submit`` with these arguments, for a user with an empty home."""
    home = tmp_path / "home"
    home.mkdir()
    for name in ("KF_PIPELINES_ENDPOINT", "KF_PIPELINES_UI_ENDPOINT", "KF_PIPELINES_SA_TOKEN_PATH", "XDG_CONFIG_HOME",
                 "HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "ALL_PROXY", "all_proxy"):  # fmt: skip
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("COLUMNS", "100")

    def run(*args: str | Path) -> Done:
        capsys.readouterr()
        monkeypatch.setattr(sys, "argv", ["kale-lite", "submit", *map(str, args)])
        begun = time.monotonic()
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        return Done(int(ended.value.code or 0), said.out, said.err, time.monotonic() - begun)

    return run


@pytest.fixture
def stub() -> Iterator[Stub]:
    with serving(Stub()) as served:
        yield served


@pytest.fixture
def notebook(write_notebook: WriteNotebook) -> Path:
    return write_notebook(CELLS, "study.ipynb")
