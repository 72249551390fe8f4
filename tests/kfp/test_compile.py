"""What is written: DSL that people read, YAML that KFP loads; user text is data in both."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from kale_lite.errors import RefusedError, UsageError
from kale_lite.project import load
from kale_lite.targets import target
from kale_lite.targets.kfp import CompileOptions, compile_to_python, compile_to_yaml
from kale_lite.targets.kfp.bundle import read_bundle
from kale_lite.targets.kfp.names import Names
from kale_lite.targets.kfp.packing import packed
from tests.conftest import Cells, WriteNotebook
from tests.kfp.running import compiled

NASTY = "a'b\"c{d}\\e %s $f `g` {{$.h}} é 漢 '''x''' \"\"\"y\"\"\""
DIAMOND: Cells = [
    ("parameters", "rate = 0.5\nunused = 1"),
    ("step:load", "x = [1, 2]"),
    ("step:left", "a = [v * rate for v in x]"),
    ("step:right", "b = [v + 1 for v in x]"),
    ("step:join|prev:left", "print(a, b)"),
    ("step:last|prev:join", "print('done')"),
]


def documents(text: str) -> list[Any]:
    return list(yaml.load_all(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)))


def tasks_of(text: str) -> dict[str, Any]:
    """The tasks of steps, without the one that looks at all of them."""
    tasks: dict[str, Any] = documents(text)[0]["root"]["dag"]["tasks"]
    last = {name for name, task in tasks.items() if task["taskInfo"]["name"] == "check of all steps"}
    assert len(last) == (len(tasks) > 1)
    assert all(set(tasks[name]["dependentTasks"]) == set(tasks) - last for name in last)
    return {name: task for name, task in tasks.items() if name not in last}


def findings(path: Path, **options: Any) -> dict[str, str]:
    """What is said when a notebook is compiled, by code."""
    project = load(path)
    pipeline = project.compile()
    assert project.notebook is not None
    try:
        _, found = compile_to_yaml(project.notebook, pipeline, CompileOptions(**{"install": False, **options}))
    except RefusedError as error:
        found = error.diagnostics
    return {one.code: str(one) for one in found}


def to_python(path: Path, out: Path, **options: Any) -> Path:
    project = load(path)
    pipeline = project.compile()
    assert project.notebook is not None
    compile_to_python(project.notebook, pipeline, out, CompileOptions(**{"install": False, **options}))
    return out


def test_the_graph_is_the_pipelines(write_notebook: WriteNotebook) -> None:
    project, text = compiled(write_notebook(DIAMOND))
    tasks = tasks_of(text)
    edges = {(before, name) for name, task in tasks.items() for before in task.get("dependentTasks", [])}
    assert edges == set(project.compile().edges)
    assert ("join", "last") in edges
    assert {name: set(task.get("inputs", {}).get("parameters", {})) for name, task in tasks.items()} == {
        "load": set(), "left": {"rate"}, "right": set(), "join": set(), "last": set(),
    }  # fmt: skip


def test_the_dsl_is_read_and_compiled_by_kfp_to_the_same(write_notebook: WriteNotebook, tmp_path: Path) -> None:
    path = write_notebook(DIAMOND)
    _, text = compiled(path)
    source = to_python(path, tmp_path / "flow.py")
    out = tmp_path / "out.yaml"
    program = Path(sys.executable).with_name("kfp")
    subprocess.run([program, "dsl", "compile", "--py", source, "--output", out], check=True, capture_output=True)
    assert documents(out.read_text()) == documents(text)
    functions = {node.name: node for node in ast.parse(source.read_text()).body if isinstance(node, ast.FunctionDef)}
    assert list(functions) == ["load", "left", "right", "join", "last", "check", "pipeline"]
    assert ast.get_docstring(functions["left"]) == "Step 'left': cell 3 of nb.ipynb."
    assert (source.parent / "flow_steps" / "left.py").read_text() == "# %% cell 3\na = [v * rate for v in x]\n"
    assert max(map(len, source.read_text().splitlines())) <= 120


def test_cells_can_be_edited_beside_the_dsl(write_notebook: WriteNotebook, tmp_path: Path) -> None:
    source = to_python(write_notebook(DIAMOND), tmp_path / "flow.py")
    cells = source.parent / "flow_steps" / "left.py"
    cells.write_text(cells.read_text().replace("rate", "rate + 1"))
    assert read_bundle(source.parent / "flow_steps" / "left")["cells"] == ["a = [v * rate + 1 for v in x]"]
    cells.write_text("nothing")
    with pytest.raises(UsageError, match="has no line '# %% cell 3'"):
        packed(source.parent / "flow_steps" / "left")


def test_the_same_notebook_gives_the_same_text(write_notebook: WriteNotebook) -> None:
    path = write_notebook(DIAMOND)
    assert compiled(path)[1] == compiled(path)[1]


CELLS = [
    "x = 1", "", "\n\n", "x = 1\n", "%%bash\necho '# %% cell 1'\n", "# %% cell 3\ny = '''\n# %% cell 1\n'''",
    f"s = {NASTY!r}\n# {NASTY}", "a = 'x\x0cy'\r\nb = 2\r\n", "'\u2028'\n\x1c", "# %%% cell\n# %%%% cell 2\n",
]  # fmt: skip


def test_cells_come_back_as_they_were(tmp_path: Path) -> None:
    from kale_lite.notebook.model import StepOptions
    from kale_lite.targets.kfp.bundle import write_bundle
    from kale_lite.targets.kfp.model import KfpTask

    cells = [{"number": i, "label": f"{i} of {NASTY}", "tags": []} for i in range(1, len(CELLS) + 1)]
    task = KfpTask("one", "one", "", {}, {}, {}, (), "", (), None, StepOptions(), {"format": 1, "cells": cells},
                   tuple(CELLS), {"a/b.bin": bytes(range(256))})  # fmt: skip
    write_bundle(task, tmp_path)
    found = read_bundle(tmp_path / "one")
    assert found["cells"] == CELLS
    assert list(found["files"]) == ["a/b.bin"]


def test_user_text_is_never_code(write_notebook: WriteNotebook, tmp_path: Path) -> None:
    cells: Cells = [
        ("parameters", f"text = {NASTY!r}\nnested = [{NASTY!r}, {{{NASTY!r}: 1}}]"),
        (f"step:{NASTY}|env:MODE:{NASTY}|annotation:note:{NASTY}", "x = text"),
        ("step:use", "print(x, nested)"),
    ]
    name = "we'ird \"{n}\" '''.ipynb"
    path = write_notebook(cells, name, kale_lite={"pipeline_name": NASTY, "pipeline_description": NASTY + "\nline 2"})
    _, text = compiled(path)
    spec, platform = documents(text)
    assert spec["root"]["dag"]["tasks"]["a-b-c-d-e-s-f-g-h-e-x-y"]["taskInfo"]["name"] == NASTY
    assert spec["pipelineInfo"]["displayName"] == NASTY
    assert spec["pipelineInfo"]["description"] == NASTY + " line 2"
    (executor,) = [one for one in spec["deploymentSpec"]["executors"].values() if "env" in one["container"]]
    assert executor["container"]["env"] == [{"name": "MODE", "value": NASTY}]
    (note,) = platform["platforms"]["kubernetes"]["deploymentSpec"]["executors"].values()
    assert note["podMetadata"]["annotations"] == {"note": NASTY}
    source = to_python(path, tmp_path / "flow.py").read_text()
    assert source.isascii()
    ast.parse(source)


OPTIONS = (
    "step:train|limit:memory:2Gi|limit:cpu:2|request:memory:512Mi|request:cpu:500m|limit:nvidia.com/gpu:1|retry:3|"
    "timeout:60|cache:disabled|secret:db:password:DB_PASSWORD|env:MODE:fast:er|volume:data-claim:/data|label:team:ml|"
    "annotation:note:a:b|image:registry.local:5000/ml/train:1.2|report:disabled"
)


def test_options_are_kfps(write_notebook: WriteNotebook) -> None:
    _, text = compiled(write_notebook([(OPTIONS, "x = open('/data/in.txt').read()")]))
    spec, platform = documents(text)
    container = spec["deploymentSpec"]["executors"]["exec-train"]["container"]
    resources = container["resources"]
    assert (resources["resourceMemoryLimit"], resources["resourceCpuLimit"]) == ("2Gi", "2")
    assert (resources["resourceMemoryRequest"], resources["resourceCpuRequest"]) == ("512Mi", "500m")
    accelerator = resources["accelerator"]
    assert (accelerator["resourceType"], accelerator["resourceCount"]) == ("nvidia.com/gpu", "1")
    assert container["env"] == [{"name": "MODE", "value": "fast:er"}]
    assert container["image"] == "registry.local:5000/ml/train:1.2"
    task = spec["root"]["dag"]["tasks"]["train"]
    assert task["retryPolicy"]["maxRetryCount"] == 3
    assert not task["cachingOptions"].get("enableCache")
    kubernetes = platform["platforms"]["kubernetes"]["deploymentSpec"]["executors"]["exec-train"]
    assert kubernetes["activeDeadlineSeconds"] == "60"
    assert kubernetes["podMetadata"] == {"labels": {"team": "ml"}, "annotations": {"note": "a:b"}}
    assert kubernetes["pvcMount"][0]["mountPath"] == "/data"
    (secret,) = kubernetes["secretAsEnv"]
    assert secret["keyToEnv"] == [{"envVar": "DB_PASSWORD", "secretKey": "password"}]
    assert "report" not in spec["components"]["comp-train"]["outputDefinitions"]["artifacts"]


@pytest.mark.parametrize(
    ("tags", "said"),
    [
        ("limit:memory:2m", "limit:memory:2m is no amount of memory\n    hint: limit:memory:2Mi"),
        ("limit:cpu:2Gi", "limit:cpu:2Gi is no number of processors"),
        ("limit:ephemeral-storage:1Gi", "KFP cannot limit 'ephemeral-storage'"),
        ("request:nvidia.com/gpu:1", "hint: limit:nvidia.com/gpu:1"),
        ("limit:nvidia.com/gpu:1|limit:amd.com/gpu:1", "one kind of accelerator"),
        ("image:Not/An:Image:x", "is no image reference"),
        ("volume:data:relative", "is no absolute path\n    hint: volume:data:/relative"),
        ("secret:Bad_Name:key:ENV", "is no name of a Kubernetes secret"),
        ("label:team:two words", "is none that Kubernetes takes"),
    ],
)
def test_options_that_kubernetes_refuses(write_notebook: WriteNotebook, tags: str, said: str) -> None:
    path = write_notebook([(f"step:a|{tags}", "x = 1")])
    found = findings(path)["KL702"]
    assert found.startswith("cell 1: error KL702: step 'a': ")
    assert said in found
    assert target("kfp").check(load(path).compile())


@pytest.mark.parametrize(
    ("cells", "cached"),
    [
        ([("step:a", "x = 1")], True),
        ([("step:a|cache:disabled", "x = 1")], False),
        ([("step:a", "open('a.txt', 'w').write('1')")], False),
        ([("step:a|cache:enabled", "open('a.txt', 'w').write('1')")], True),
        ([("step:a", "import random\nx = random.random()")], False),
        ([("step:a", "import random\nrandom.seed(1)\nx = random.random()")], True),
        ([("step:a", "import requests\nx = requests.get('http://localhost/').text")], False),
    ],
    ids=["pure", "disabled", "file", "file-enabled", "unseeded", "seeded", "service"],
)
def test_what_kfp_may_reuse(write_notebook: WriteNotebook, cells: Cells, cached: bool) -> None:
    _, text = compiled(write_notebook(cells))
    assert documents(text)[0]["root"]["dag"]["tasks"]["a"]["cachingOptions"].get("enableCache", False) is cached


def test_a_step_that_no_component_holds_is_named(write_notebook: WriteNotebook) -> None:
    import random

    noise = "".join(random.Random(1).choices("abcdefghijklmnopqrstuvwxyz0123456789", k=120_000))
    found = findings(write_notebook([("step:small", "x = 1"), ("step:big", f"table = '{noise}'")]))
    assert found["KL707"].startswith("cell 2: error KL707: step 'big' takes ")


def test_a_large_pipeline_is_told(write_notebook: WriteNotebook, monkeypatch: pytest.MonkeyPatch) -> None:
    from kale_lite.targets.kfp import target as module

    monkeypatch.setattr(module, "_LARGE_IR", 1000)
    assert "clusters refuse from about 1 MB on" in findings(write_notebook([("step:a", "x = 1")]))["KL708"]


def test_import_needs_no_kfp() -> None:
    probe = "import sys, kale_lite.targets.kfp; print([m for m in sys.modules if m.split('.')[0] in ('kfp', 'IPython', 'nbconvert')])"
    assert subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_a_hundred_steps_fit_a_cluster_and_keep_their_graph(write_notebook: WriteNotebook) -> None:
    cells: Cells = [(f"step:s{i}", f"x{i} = {i}" if i % 10 == 0 else f"x{i} = x{i - 1} + 1") for i in range(100)]
    project, text = compiled(write_notebook(cells))
    assert len(text) < 900_000
    tasks = tasks_of(text)
    before = {name: set(task.get("dependentTasks", [])) for name, task in tasks.items()}
    assert all(before[f"s{i}"] <= {f"s{i // 10 * 10}", f"s{i - 1}"} for i in range(100))
    assert set(project.compile().edges) <= {(a, b) for b, names in before.items() for a in names}


def test_settings_of_kale(write_notebook: WriteNotebook) -> None:
    volumes = [{"name": "data", "mount_point": "/data", "type": "pvc", "size": 1, "size_type": "Gi"},
               {"name": "fresh", "mount_point": "/new", "type": "new_pvc", "size": 1, "size_type": "Gi"},
               {"name": "odd", "mount_point": "/odd", "type": "snap"}]  # fmt: skip
    path = write_notebook(
        [("step:a", "x = open('/data/a.txt').read()"), ("step:b|cache:enabled", "y = 1"), ("step:c", "z = 1")],
        kubeflow_notebook={
            "pipeline_name": "My Kale!", "docker_image": "kale/image:1", "enable_caching": False, "volumes": volumes,
            "steps_defaults": ["limit:nvidia.com/gpu:1", "label:a:b"], "security_context": {"runAsUser": 1, "privileged": True},
        },
    )  # fmt: skip
    text = compiled(path)[1]
    spec, platform = documents(text)
    assert spec["pipelineInfo"] == {"name": "my-kale", "displayName": "My Kale!"}
    executors = spec["deploymentSpec"]["executors"]
    assert {one["container"]["image"] for name, one in executors.items() if "pvc" not in name} == {"kale/image:1"}
    assert sum("accelerator" in one["container"].get("resources", {}) for one in executors.values()) == 3
    kubernetes = platform["platforms"]["kubernetes"]["deploymentSpec"]["executors"]
    for name in ("exec-a", "exec-b", "exec-c"):
        assert [mount["mountPath"] for mount in kubernetes[name]["pvcMount"]] == ["/data", "/new"]
        assert kubernetes[name]["securityContext"]["runAsUser"] == "1"
    tasks = spec["root"]["dag"]["tasks"]
    cached = {name: tasks[name]["cachingOptions"].get("enableCache", False) for name in "abc"}
    assert cached == {"a": False, "b": True, "c": False}
    project = load(path)
    assert project.notebook is not None
    _, problems = compile_to_yaml(project.notebook, project.compile(), CompileOptions(install=False))
    assert sorted(one.message.split(" has ")[0].split(" is ")[0] for one in problems) == [
        "notebook setting security_context.privileged", "volume 'odd' of the notebook's settings",
    ]  # fmt: skip


def test_names_that_kfp_would_fold_stay_apart() -> None:
    names = Names(shadows=True)
    assert [Names(shadows=True).give(name) for name in ("image", "type", "path", "dsl")] == [
        "image",
        "type",
        "path",
        "dsl",
    ]
    given = ["lr", "LR", "l_r", "_lr", "größe", "größe2", "Output", "class", "1st", "漢"]
    found = [names.give(name) for name in given]
    assert found == ["lr", "LR_2", "l_r", "lr_3", "groe", "groe2", "Output_2", "class_2", "n1st", "value"]


def steps_that_meet() -> Iterator[Cells]:
    yield [("step:list", "x = 1"), ("step:print", "y = x"), ("step:pipeline", "z = y"), ("step:dsl", "w = z"),
           ("step:1", "v = w"), ("step:n1", "u = v"), ("step:class", "t = u"), ("parameters", "load = 1"),
           ("step:load", "print(load, t)")]  # fmt: skip
    yield [("step:a", "notebook = 1\nreport = 2\nfiles = 3\nmetrics = 4\nself = 5"),
           ("step:b", "print(notebook, report, files, metrics, self)")]  # fmt: skip


@pytest.mark.parametrize("cells", list(steps_that_meet()))
def test_names_of_python_and_of_kfp_are_no_trouble(write_notebook: WriteNotebook, cells: Cells) -> None:
    project, text = compiled(write_notebook(cells))
    tasks = tasks_of(text)
    assert {task["taskInfo"]["name"] for task in tasks.values()} == {step.name for step in project.compile().steps}
