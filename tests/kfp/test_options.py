"""Options of steps and of the whole pipeline, as KFP's compiler writes them; and what is refused, with a way out."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest

from kale_lite.diagnostics import Diagnostic
from kale_lite.errors import RefusedError
from kale_lite.project import load
from kale_lite.targets.kfp import CompileOptions, compile_to_yaml
from kale_lite.targets.local import TARGET
from tests.conftest import Cells, WriteNotebook, make_notebook
from tests.kfp.cases import server
from tests.kfp.running import compiled, run_yaml
from tests.kfp.test_compile import documents, findings, tasks_of, to_python
from tests.kfp.test_step import printed

TAGS = (
    "node-selector:disk:ssd|affinity:example.org/zone:a|affinity:example.org/zone:b|affinity:arch:amd64|toleration:gpu=yes:NoSchedule|"
    "toleration:spot:NoExecute:60|config-map:app:mode:APP_MODE|config-map:app:level:APP_LEVEL|pull-policy:IfNotPresent|"
    "pull-secret:one|pull-secret:two|run-as:user:1000|run-as:group:100|run-as:non-root:true|retry:3:30s:1.5:10m"
)
METADATA: dict[str, Any] = {
    "node_selector": {"disk": "ssd"}, "affinity": {"example.org/zone": ["a", "b"], "arch": "amd64"},
    "tolerations": [{"key": "gpu", "operator": "Equal", "value": "yes", "effect": "NoSchedule"},
                    {"key": "spot", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 60}],
    "config_maps": ["app:mode:APP_MODE", "app:level:APP_LEVEL"], "pull_policy": "IfNotPresent",
    "pull_secrets": ["one", "two"], "run_as": {"user": 1000, "group": 100, "non-root": True}, "retry": "3:30s:1.5:10m",
}  # fmt: skip


def written(tmp_path: Path, cells: Cells, options: Any, **metadata: Any) -> Path:
    """A notebook whose first cell has options in its metadata."""
    notebook = make_notebook(cells, **metadata)
    notebook.cells[0].metadata["kale_lite"] = {"options": options}
    path = tmp_path / "nb.ipynb"
    nbformat.write(notebook, path)
    return path


def executor(text: str, step: str) -> dict[str, Any]:
    found: dict[str, Any] = documents(text)[1]["platforms"]["kubernetes"]["deploymentSpec"]["executors"][f"exec-{step}"]
    return found


def is_as_wanted(text: str) -> None:
    pod = executor(text, "train")
    assert pod["nodeSelector"]["labels"] == {"disk": "ssd"}
    (term,) = pod["nodeAffinity"]
    assert sorted(term["matchExpressions"], key=lambda one: one["key"]) == [
        {"key": "arch", "operator": "In", "values": ["amd64"]},
        {"key": "example.org/zone", "operator": "In", "values": ["a", "b"]},
    ]
    assert pod["tolerations"] == [
        {"key": "gpu", "operator": "Equal", "value": "yes", "effect": "NoSchedule"},
        {"key": "spot", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": "60"},
    ]
    variables = {one["envVar"]: one["configMapKey"] for source in pod["configMapAsEnv"] for one in source["keyToEnv"]}
    assert variables == {"APP_MODE": "mode", "APP_LEVEL": "level"}
    assert {one["configMapName"] for one in pod["configMapAsEnv"]} == {"app"}
    assert pod["imagePullPolicy"] == "IfNotPresent"
    assert [one["secretName"] for one in pod["imagePullSecret"]] == ["one", "two"]
    assert pod["securityContext"] == {"runAsUser": "1000", "runAsGroup": "100", "runAsNonRoot": True}
    retry = tasks_of(text)["train"]["retryPolicy"]
    assert retry == {"maxRetryCount": 3, "backoffDuration": "30s", "backoffFactor": 1.5, "backoffMaxDuration": "600s"}


def test_options_of_pods_from_tags(write_notebook: WriteNotebook) -> None:
    is_as_wanted(compiled(write_notebook([(f"step:train|{TAGS}", "x = 1")]))[1])


def test_options_of_pods_from_cell_metadata(tmp_path: Path) -> None:
    is_as_wanted(compiled(written(tmp_path, [("step:train", "x = 1")], METADATA))[1])


def test_options_for_all_steps_from_settings(write_notebook: WriteNotebook) -> None:
    cells: Cells = [("step:train", "x = 1"), ("step:use|retry:1|node-selector:disk:hdd", "print(x)")]
    _, text = compiled(write_notebook(cells, kale_lite={"options": METADATA}))
    is_as_wanted(text)
    assert tasks_of(text)["use"]["retryPolicy"]["maxRetryCount"] == 1
    assert executor(text, "use")["nodeSelector"]["labels"] == {"disk": "hdd"}
    # The task that is no step needs what lets a pod start, and nothing else.
    check = executor(text, "check")
    assert [one["secretName"] for one in check["imagePullSecret"]] == ["one", "two"]
    assert check["nodeSelector"]["labels"] == {"disk": "ssd"}
    assert "configMapAsEnv" not in check


def test_retries_wait_as_kfp_says_where_nothing_is_said(write_notebook: WriteNotebook) -> None:
    _, text = compiled(write_notebook([("step:a|retry:2:90s", "x = 1"), ("step:b|retry:2", "y = 1")]))
    assert tasks_of(text)["a"]["retryPolicy"]["backoffDuration"] == "90s"
    assert tasks_of(text)["b"]["retryPolicy"]["backoffDuration"] == "0s"


def test_volumes_are_made_for_a_run_and_removed(write_notebook: WriteNotebook) -> None:
    volumes = [{"name": "scratch", "type": "new_pvc", "size": 10, "size_type": "Gi", "mount_point": "/scratch"},
               {"name": "big", "type": "new_pvc", "size": "1Ti", "access_mode": "rwo", "storage_class_name": "fast"}]  # fmt: skip
    cells: Cells = [
        ("step:a", "open('/scratch/a.txt', 'w').write('1')"),
        ("step:b|volume:big:/big", "print(open('/scratch/a.txt').read(), open('/big/b.txt').read())"),
    ]
    _, text = compiled(write_notebook(cells, kale_lite={"volumes": volumes}))
    tasks = documents(text)[0]["root"]["dag"]["tasks"]
    made = {name: one["inputs"]["parameters"] for name, one in tasks.items() if name.startswith("createpvc")}
    constants = [{key: one["runtimeValue"]["constant"] for key, one in given.items()} for given in made.values()]
    assert constants == [
        {"access_modes": ["ReadWriteMany"], "pvc_name_suffix": "-scratch", "size": "10Gi"},
        {"access_modes": ["ReadWriteOnce"], "pvc_name_suffix": "-big", "size": "1Ti", "storage_class_name": "fast"},
    ]
    first, second = made
    mounts = {step: [(one["taskOutputParameter"]["producerTask"], one["mountPath"]) for one in executor(text, step)["pvcMount"]]
              for step in ("a", "b")}  # fmt: skip
    assert mounts == {"a": [(first, "/scratch")], "b": [(first, "/scratch"), (second, "/big")]}
    assert first in tasks["a"]["dependentTasks"]
    removed = {name: one for name, one in tasks.items() if name.startswith("deletepvc")}
    assert {
        one["inputs"]["parameters"]["pvc_name"]["taskOutputParameter"]["producerTask"] for one in removed.values()
    } == {first, second}
    assert all("check" in one["dependentTasks"] for one in removed.values())
    # A claim of an earlier run is gone: neither making nor removing one may come from KFP's cache.
    assert not any(tasks[name]["cachingOptions"].get("enableCache") for name in (*made, *removed))
    assert "a" in tasks["b"]["dependentTasks"]


def test_a_run_has_its_times_and_its_workspace(write_notebook: WriteNotebook) -> None:
    settings = {
        "ttl_seconds_after_finished": 86400, "ttl_seconds_after_success": 60, "ttl_seconds_after_failure": 600,
        "active_deadline_seconds": 7200, "workspace": {"size": "10Gi", "storage_class_name": "fast", "access_mode": "rwm"},
    }  # fmt: skip
    cells: Cells = [
        ("step:a", "open('/kfp-workspace/a.txt', 'w').write('1')"),
        ("step:b", "print(open('/kfp-workspace/a.txt').read())"),
    ]
    path = write_notebook(cells, kale_lite=settings)
    assert "KL705" not in findings(path)
    _, text = compiled(path)
    config = documents(text)[1]["platforms"]["kubernetes"]["pipelineConfig"]
    assert config["workspace"]["size"] == "10Gi"
    assert config["workspace"]["kubernetes"]["pvcSpecPatch"] == {
        "storageClassName": "fast",
        "accessModes": ["ReadWriteMany"],
    }
    times = {key: int(value) for key, value in config.items() if key != "workspace"}
    assert times == {"resourceTtlOnCompletion": 86400, "resourceTtlOnSuccess": 60, "resourceTtlOnFailure": 600,
                     "activeDeadlineSeconds": 7200}  # fmt: skip
    for task in tasks_of(text).values():
        assert task["inputs"]["parameters"]["kale_lite_workspace"]["runtimeValue"]["constant"] == "{{$.workspace_path}}"
    assert "KL705" in findings(write_notebook(cells))


@pytest.mark.parametrize(
    ("tags", "said"),
    [
        ("toleration:gpu=yes:noschedule", "write `toleration:gpu=yes:NoSchedule`"),
        ("toleration:gpu", "it should read toleration:key[=value]:effect"),
        ("pull-policy:always", "write `pull-policy:Always`"),
        ("pull-policy:Sometimes", "'Sometimes' is none of Always, IfNotPresent, Never"),
        ("run-as:user:root", "'root' is no number of a user"),
        ("run-as:uid:1", "'uid' is none of user, group, non-root"),
        ("run-as:non-root:yes", "is neither 'true' nor 'false'"),
        ("retry:3:soon", "'soon' is no time between retries (such as 30s, or 30s:2:10m)"),
        ("retry:3:30", "'30' is no time between retries"),
        ("retry:many", "'many' is no number of retries"),
        ("config-map:app:mode:1X", "'1X' is no name of an environment variable"),
        ("config-map:app:mode", "it should read config-map:map:key:ENV"),
        ("node_selector:disk:ssd", "write `node-selector:disk:ssd`"),
        ("tolerations:gpu:NoSchedule", "write `toleration:gpu:NoSchedule`"),
        ("copies:off", "'off' is neither 'enabled' nor 'disabled'"),
    ],
)
def test_tags_that_do_not_parse(write_notebook: WriteNotebook, tags: str, said: str) -> None:
    (found,) = load(write_notebook([(f"step:a|{tags}", "x = 1")])).check()
    assert str(found).startswith(f"cell 1: error KL101: tag {tags!r} does not parse: ")
    assert said in str(found)


@pytest.mark.parametrize(
    "tag", ["config:x", "node:1", "run:fast", "tolerance:0.1", "policy:a", "copy:1", "selector:a:b"]
)
def test_tags_of_others_are_left_alone(write_notebook: WriteNotebook, tag: str) -> None:
    assert load(write_notebook([(f"step:a|{tag}", "x = 1")])).check() == ()


@pytest.mark.parametrize(
    ("tags", "said"),
    [
        ("node-selector:two words:x", "node-selector:two words:x is no label of a node"),
        ("affinity:zone:a b", "affinity:zone:a b is no label of a node"),
        ("toleration:b@d:NoSchedule", "toleration of 'b@d' is for no taint that Kubernetes takes"),
        ("config-map:Bad_Name:key:ENV", "'Bad_Name' is no name of a config map"),
        ("pull-secret:Bad_Name", "'Bad_Name' is no name of a Kubernetes secret"),
        ("run-as:user:0|run-as:non-root:true", "it runs as user 0, and must not run as root"),
        ("run-as:user:4294967295", "run-as:user:4294967295 is too large"),
        ("secret:s:k:TOKEN|config-map:m:k:TOKEN", "variable 'TOKEN' comes from a secret and from a config map"),
        ("retry:0:30s", "it has a time between retries, and no retries"),
    ],
)
def test_options_that_kubernetes_refuses(write_notebook: WriteNotebook, tags: str, said: str) -> None:
    found = findings(write_notebook([(f"step:a|{tags}", "x = 1")]))["KL702"]
    assert found.startswith("cell 1: error KL702: step 'a': ")
    assert said in found
    assert "hint: " in found


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"active_deadline_seconds": "1h"}, "'active_deadline_seconds' is '1h', which is no whole number of seconds"),
        ({"ttl_seconds_after_finished": -1}, "is -1, which is no whole number of seconds"),
        ({"ttl_seconds_after_success": True}, "is True, which is no whole number of seconds"),
        ({"workspace": "10GB"}, "'workspace' has size '10GB', which is no size of a volume"),
        ({"workspace": {}}, "'workspace' has size '', which is no size of a volume"),
        ({"workspace": {"size": "1Gi", "access_mode": "all"}}, "has access mode 'all', which Kubernetes does not know"),
        ({"volumes": [{"name": "a", "type": "new_pvc"}]}, "'volumes' gives 'a' the size ''"),
        ({"volumes": [{"name": "A B", "type": "new_pvc", "size": "1Gi"}]}, "'volumes' names 'A B', which is no name"),
        ({"volumes": [{"name": "a" * 27, "type": "new_pvc", "size": "1Gi"}]}, "aaa', which is no name of a volume"),
        ({"volumes": [{"name": "a", "type": "new_pvc", "size": "10K"}]}, "'volumes' gives 'a' the size '10K'"),
    ],
)
def test_settings_that_kubernetes_refuses(write_notebook: WriteNotebook, settings: dict[str, Any], said: str) -> None:
    project = load(write_notebook([("step:a", "x = 1")], kale_lite=settings))
    assert project.notebook is not None
    with pytest.raises(RefusedError) as refused:
        compile_to_yaml(project.notebook, project.compile(), CompileOptions(install=False))
    (found,) = refused.value.diagnostics
    assert str(found).startswith("error KL702: notebook setting ")
    assert said in str(found)
    assert found.hint


def messages(found: tuple[Diagnostic, ...]) -> list[str]:
    return [str(one).split("\n")[0] for one in found]


def test_bad_options_in_metadata_are_told_with_their_place(tmp_path: Path, write_notebook: WriteNotebook) -> None:
    path = written(tmp_path, [("step:a", "x = 1")], {"retry": "often", "nodes": 3})
    assert messages(load(path).check()) == [
        "cell 1: error KL101: option 'nodes:3' in the cell's metadata does not parse: there is no such option",
        "cell 1: error KL101: option 'retry:often' in the cell's metadata does not parse: 'often' is no number of retries",
    ]
    path = write_notebook([("step:a", "x = 1")], kale_lite={"options": [1], "steps_defaults": ["limit:memory:lots"]})
    assert messages(load(path).check()) == [
        "error KL101: option 'limit:memory:lots' of the notebook's settings does not parse: 'lots' is no quantity (such as 1, 500m or 2Gi)",
        "error KL101: option 'options:[1]' of the notebook's settings does not parse: there is no such option",
    ]


def test_options_on_a_cell_that_is_no_step_are_told(write_notebook: WriteNotebook) -> None:
    found = load(write_notebook([("imports|limit:memory:2Gi", "import json"), ("step:a", "x = json.dumps(1)")])).check()
    assert messages(found) == [
        "cell 1: warning KL111: options have no effect on a cell of role imports: limit:memory:2Gi"
    ]


def test_a_local_run_tells_once_what_it_cannot_honour(write_notebook: WriteNotebook) -> None:
    path = write_notebook([(f"step:a|{TAGS}|copies:disabled", "x = 1"), ("step:b|pull-secret:one", "print(x)")])
    found = [one.message for one in TARGET.check(load(path).compile())]
    named = [
        "config_maps",
        "copies",
        "backoff",
        "node_selector",
        "affinity",
        "tolerations",
        "pull_policy",
        "pull_secrets",
        "run_as",
    ]
    assert found == [
        f"option {name!r} (step {'a, b' if name == 'pull_secrets' else 'a'}) has no effect in a local run"
        for name in named
    ]


def test_options_are_in_the_pipelines_json(write_notebook: WriteNotebook) -> None:
    step = load(write_notebook([(f"step:a|{TAGS}", "x = 1")])).compile().to_json()["steps"][0]
    options = json.loads(json.dumps(step["options"]))
    assert options["tolerations"] == ["gpu=yes:NoSchedule", "spot:NoExecute:60"]
    assert options["pull_secrets"] == ["one", "two"]
    assert options["config_maps"] == {"APP_MODE": ["app", "mode"], "APP_LEVEL": ["app", "level"]}
    assert options["backoff"] == "30s:1.5:10m"


SETTINGS: dict[str, Any] = {
    "options": {"pull_secrets": ["mine"], "toleration": "gpu:NoSchedule"}, "active_deadline_seconds": 600,
    "workspace": "1Gi", "volumes": [{"name": "scratch", "type": "new_pvc", "size": "1Gi", "mount_point": "/scratch"}],
}  # fmt: skip


def test_kfp_compiles_the_dsl_to_the_same(write_notebook: WriteNotebook, tmp_path: Path) -> None:
    path = write_notebook([(f"step:a|{TAGS}", "x = 1"), ("step:b", "print(x)")], kale_lite=SETTINGS)
    source, out = to_python(path, tmp_path / "flow.py"), tmp_path / "out.yaml"
    program = Path(sys.executable).with_name("kfp")
    subprocess.run([program, "dsl", "compile", "--py", source, "--output", out], check=True, capture_output=True)
    assert documents(out.read_text()) == documents(compiled(path)[1])
    assert max(map(len, source.read_text().splitlines())) <= 200


def test_a_pipeline_with_a_workspace_and_options_runs(write_notebook: WriteNotebook, tmp_path: Path) -> None:
    settings = {name: value for name, value in SETTINGS.items() if name != "volumes"}
    path = write_notebook([(f"step:a|{TAGS}", "x = 1"), ("step:b", "print(x)")], kale_lite=settings)
    ran = run_yaml(compiled(path)[1], tmp_path / "root", python=server().program)
    assert ran.ok, ran.log
    assert printed(ran, "b") == "1\n"


def test_a_local_run_tells_of_settings_in_one_finding(write_notebook: WriteNotebook) -> None:
    notebook = load(write_notebook([("step:a", "x = 1")], kale_lite=SETTINGS)).notebook
    assert notebook is not None
    assert messages(TARGET.check_settings(notebook)) == [
        "warning KL111: notebook settings have no effect in a local run: volumes, workspace, active_deadline_seconds"
    ]
    plain = load(
        write_notebook([("step:a", "x = 1")], kubeflow_notebook={"volumes": [], "docker_image": "a:1"})
    ).notebook
    assert plain is not None
    assert TARGET.check_settings(plain) == ()
