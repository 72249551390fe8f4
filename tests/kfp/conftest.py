"""Notebooks of a few cells, compiled and run on kfp's local runner in forked processes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Cells, WriteNotebook
from tests.kfp.cases import server
from tests.kfp.running import Ran, compiled, run_yaml

RunCells = Callable[..., Ran]


@pytest.fixture
def run_cells(tmp_path: Path, write_notebook: WriteNotebook) -> RunCells:
    """Writes, compiles and runs a notebook."""

    def run(cells: Cells, arguments: Mapping[str, Any] | None = None, **options: Any) -> Ran:
        _, text = compiled(write_notebook(cells), **options)
        return run_yaml(text, tmp_path / "root", arguments, server().program)

    return run
