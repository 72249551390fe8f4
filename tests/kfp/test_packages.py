"""Packages of the steps: those of their imports, as the author has them."""

from __future__ import annotations

import pytest

from kale_lite.project import load
from kale_lite.targets.kfp import CompileOptions
from kale_lite.targets.kfp.environment import Environment, author_environment
from kale_lite.targets.kfp.imports import without_installs
from kale_lite.targets.kfp.plan import plan_pipeline
from tests.conftest import Cells, WriteNotebook
from tests.kfp.test_compile import findings


def test_packages_are_those_of_the_imports_that_a_step_needs(write_notebook: WriteNotebook) -> None:
    cells: Cells = [
        ("imports", "import numpy as np\nimport yaml, json"),
        ("step:plain", "a = json.dumps({})"),
        ("step:array", "x = np.zeros(3)\ntry:\n    import no_such_accelerator\nexcept ImportError:\n    pass"),
        ("step:use", "!pip install -q 'tabulate>=0.9' rich\n%pip install extra-thing\ny = x + 1"),
        ("step:later", "print(y)"),
    ]
    project = load(write_notebook(cells))
    assert project.notebook is not None
    environment = author_environment("python3")
    plan, problems = plan_pipeline(project.notebook, project.compile(), CompileOptions(), environment)
    packages = {task.name: {one for one in task.packages if not one.startswith(("kfp", "papermill", "ipykernel",
                "cloudpickle", "nbconvert"))} for task in plan.tasks}  # fmt: skip
    numpy = f"numpy=={environment.versions['numpy']}"
    written = {"tabulate>=0.9", "rich", "extra-thing"}
    assert packages == {"plain": set(), "array": {numpy}, "use": {numpy, *written}, "later": {numpy, *written}}
    assert plan.tasks[2].sources == ("# !pip install -q 'tabulate>=0.9' rich\n# %pip install extra-thing\ny = x + 1",)
    assert not [one for one in problems if one.is_error]
    assert not any(task.packages for task in plan_pipeline(
        project.notebook, project.compile(), CompileOptions(install=False), environment)[0].tasks)  # fmt: skip


def test_an_import_of_nothing_known_is_not_guessed(write_notebook: WriteNotebook) -> None:
    path = write_notebook([("step:a", "x = 1\nimport no_such_package_here")])
    found = findings(path, install=True)["KL703"]
    assert found.startswith("cell 1, line 2: error KL703: no installed package provides 'no_such_package_here'")
    assert "KL703" not in findings(path)
    environment = Environment(
        (3, 11), frozenset(), {"mine": ("mine-dist",)}, {"mine-dist": "1"}, frozenset({"mine-dist"})
    )
    project = load(write_notebook([("step:a", "import mine")]))
    assert project.notebook is not None
    _, problems = plan_pipeline(project.notebook, project.compile(), CompileOptions(), environment)
    assert "comes from a folder or repository (mine-dist)" in str(problems[0])


@pytest.mark.parametrize(
    "line", ["!pip install -r requirements.txt", "!pip install {name}", "!pip install git+https://x/y", "%%bash\npip install x",
             "!pip install a && echo b", "!pip list"],
)  # fmt: skip
def test_installs_that_are_not_plain_stay_as_they_are(line: str) -> None:
    assert without_installs(line) == (line, ())
