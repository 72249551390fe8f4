"""Kale's notebooks run unchanged: every tag of its grammar, in the new and the old spelling."""

from __future__ import annotations

import pytest

from tests.conftest import Cells
from tests.kfp.conftest import RunCells
from tests.kfp.test_step import printed

KALE: Cells = [
    ("md", "# A notebook tagged in Kale's panel"),
    ("imports", "import json\nimport numpy as np"),
    ("pipeline-parameters", "lr = 0.5\nepochs = 3"),
    ("functions", "def scaled(x):\n    return np.asarray(x) * lr"),
    ("skip", "print('only here')"),
    (
        "step:load|limit:nvidia.com/gpu:1|label:team:ml|annotation:note:a:b|image:python:3.11",
        "data = list(range(epochs))",
    ),
    ("", "data.append(10)"),
    ("step:train|prev:load|limit:memory:1Gi|cache:disabled|report:enabled", "weights = scaled(data)"),
    ("step:train", "loss = float(weights.sum())"),
    ("step:other|prev:load|cache:enabled|report:disabled", "print(json.dumps(data))"),
    ("step:save|prev:train|prev:other|secret:db:password:DB_PASSWORD", "print(loss)"),
    ("pipeline-metrics", "print(loss)"),
]


@pytest.mark.parametrize("alias", ["step", "block"])
def test_every_tag(run_cells: RunCells, alias: str) -> None:
    cells = [(tags.replace("step:", f"{alias}:"), source) for tags, source in KALE]
    ran = run_cells(cells)
    assert ran.ok, ran.log
    assert printed(ran, "other") == "[0, 1, 2, 10]\n"
    assert printed(ran, "save") == "6.5\n"
    assert ran.metadata("metrics", "metrics") == {"loss": 6.5}
    assert not ran.output("other", "report").exists()
    assert ran.output("train", "report").exists()
