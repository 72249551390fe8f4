"""What steps mount, fields of pods and node affinity: as KFP's compiler writes them, and what is refused."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from kale_lite.project import load
from kale_lite.targets.local import TARGET
from tests.conftest import Cells, WriteNotebook
from tests.kfp.cases import server
from tests.kfp.running import compiled, run_yaml
from tests.kfp.test_compile import documents, findings, tasks_of, to_python
from tests.kfp.test_options import executor, messages, written
from tests.kfp.test_step import printed

TAGS = (
    "secret:db:/keys/db/|config-map:app:/etc/app|empty-dir:/scratch|empty-dir:/cache:10Gi|shm:2Gi|"
    "ephemeral:/work:100Gi:fast|ephemeral:/more:1Ti|field:POD:metadata.name|field:TEAM:metadata.labels['team/name']"
)
METADATA: dict[str, Any] = {
    "secrets": {"db": "/keys/db"}, "config_map": "app:/etc/app", "empty_dirs": {"/scratch": None, "/cache": "10Gi"},
    "shm": "2Gi", "ephemeral": {"/work": {"size": "100Gi", "storage_class_name": "fast"}, "/more": "1Ti"},
    "fields": {"POD": "metadata.name", "TEAM": "metadata.labels['team/name']"},
}  # fmt: skip


def is_as_wanted(text: str) -> None:
    pod = executor(text, "train")
    assert {(one["secretName"], one["mountPath"], one["optional"]) for one in pod["secretAsVolume"]} == {
        ("db", "/keys/db", False)
    }
    assert {(one["configMapName"], one["mountPath"]) for one in pod["configMapAsVolume"]} == {("app", "/etc/app")}
    empty = {one["mountPath"]: (one.get("medium"), one.get("sizeLimit")) for one in pod["emptyDirMounts"]}
    assert empty == {"/scratch": (None, None), "/cache": (None, "10Gi"), "/dev/shm": ("Memory", "2Gi")}
    ephemeral = {one["mountPath"]: one for one in pod["genericEphemeralVolume"]}
    assert {path: one["size"] for path, one in ephemeral.items()} == {"/work": "100Gi", "/more": "1Ti"}
    assert all(one["accessModes"] == ["ReadWriteOnce"] for one in ephemeral.values())
    assert ephemeral["/work"]["storageClassName"] == "fast"
    assert not ephemeral["/work"].get("defaultStorageClass")
    assert ephemeral["/more"]["defaultStorageClass"]
    volumes = [one["volumeName"] for one in (*pod["emptyDirMounts"], *pod["genericEphemeralVolume"])]
    assert len(set(volumes)) == 5
    fields = {one["name"]: one["fieldPath"] for one in pod["fieldPathAsEnv"]}
    assert fields == {"POD": "metadata.name", "TEAM": "metadata.labels['team/name']"}


def test_mounts_from_tags(write_notebook: WriteNotebook) -> None:
    is_as_wanted(compiled(write_notebook([(f"step:train|{TAGS}", "x = 1")]))[1])


def test_mounts_from_cell_metadata(tmp_path: Path) -> None:
    is_as_wanted(compiled(written(tmp_path, [("step:train", "x = 1")], METADATA))[1])


def test_mounts_for_all_steps_from_settings(write_notebook: WriteNotebook) -> None:
    cells: Cells = [("step:train", "x = 1"), ("step:use|shm:8Gi|config-map:other:/etc/app", "print(x)")]
    _, text = compiled(write_notebook(cells, kale_lite={"options": METADATA}))
    is_as_wanted(text)
    # A step's own win, by path.
    use = executor(text, "use")
    assert [one["configMapName"] for one in use["configMapAsVolume"]] == ["other"]
    assert next(one["sizeLimit"] for one in use["emptyDirMounts"] if one["mountPath"] == "/dev/shm") == "8Gi"
    # The task that is no step needs none of them.
    assert "exec-check" not in documents(text)[1]["platforms"]["kubernetes"]["deploymentSpec"]["executors"]


def test_secrets_and_config_maps_as_variables_are_as_before(write_notebook: WriteNotebook) -> None:
    _, text = compiled(write_notebook([("step:train|secret:db:password:PW|secret:keys:/keys", "x = 1")]))
    pod = executor(text, "train")
    assert pod["secretAsEnv"][0]["keyToEnv"] == [{"secretKey": "password", "envVar": "PW"}]
    assert [one["secretName"] for one in pod["secretAsVolume"]] == ["keys"]


@pytest.mark.parametrize(
    ("tag", "said", "near"),
    [
        ("secret:db", "should read secret:secret:key:ENV, or secret:secret:/path for files", "secret:secret:key:ENV"),
        ("secret:db:password", "should read secret:secret:key:ENV", "secret:secret:key:ENV"),
        ("secret:db:keys/db", "'keys/db' is no absolute path", "secret:db:/keys/db"),
        ("secret:db:/keys:TOKEN", "'/keys:TOKEN' is no path of a mount", "secret:secret:/path"),
        ("config-map:app:etc/app", "'etc/app' is no absolute path", "config-map:app:/etc/app"),
        ("config-map:app:/etc/../app", "'/etc/../app' is no plain path", "config-map:map:/path"),
        ("empty-dir:scratch:10gb", "'scratch' is no absolute path", "empty-dir:/scratch:10Gi"),
        ("empty-dir:/scratch:lots", "'lots' is no size (such as 500Mi or 10Gi)", "empty-dir:/path[:size]"),
        ("empty-dir:/scratch:10K", "'10K' is no size", "empty-dir:/scratch:10Ki"),
        ("empty-dir:/scratch:10", "'10' is no size", "empty-dir:/path[:size]"),
        ("empty-dir:/scratch:0Gi", "'0Gi' is no size", "empty-dir:/path[:size]"),
        ("empty-dir:/scratch:1Gi:fast", "'fast' is too much", "empty-dir:/path[:size]"),
        ("empty_dir:/scratch", "there is no such tag", "empty-dir:/scratch"),
        ("emptydir:/scratch", "there is no such tag", "empty-dir:/scratch"),
        ("shm:2gb", "'2gb' is no size", "shm:2Gi"),
        ("shm", "what follows the colon is missing", "shm:size"),
        ("ephemeral:/work", "should read ephemeral:/path:size[:class]", "ephemeral:/path:size[:class]"),
        ("ephemeral:work:10gb", "'work' is no absolute path", "ephemeral:/work:10Gi"),
        ("ephemeral:/work:10Gi:Fast!", "'Fast!' is no name of a storage class", "ephemeral:/path:size[:class]"),
        ("field:POD:metadata.Name", "'metadata.Name' is no field of a pod", "field:POD:metadata.name"),
        ("field:NODE:spec.node", "'spec.node' is no field of a pod", "field:NODE:spec.nodeName"),
        ("field:TEAM:metadata.labels.team", "is no field of a pod", "field:TEAM:metadata.labels['team']"),
        ("field:CPU:limits.cpu", "that a variable can have (metadata.name, ", "field:ENV:field"),
        ("field:1X:metadata.name", "'1X' is no name of an environment variable", "field:ENV:field"),
        ("fields:POD:metadata.name", "there is no such tag", "field:POD:metadata.name"),
        ("node-affinity:gpu", "it is no JSON; give it in the metadata", ""),
    ],
)
def test_tags_that_do_not_parse(write_notebook: WriteNotebook, tag: str, said: str, near: str) -> None:
    (found,) = load(write_notebook([(f"step:a|{tag}", "x = 1")])).check()
    assert found.code == "KL101"
    assert found.message.startswith(f"tag {tag!r} does not parse: ")
    assert said in found.message
    assert found.hint == (f"write `{near}`" if near else "")


@pytest.mark.parametrize("tag", ["yield:curve", "file:x", "shape:a", "empty:x", "display:x", "sham"])
def test_tags_of_others_are_left_alone(write_notebook: WriteNotebook, tag: str) -> None:
    assert load(write_notebook([(f"step:a|{tag}", "x = 1")])).check() == ()


@pytest.mark.parametrize(
    ("tags", "said"),
    [
        ("secret:a:/x|config-map:b:/x/", "secret 'a' and config map 'b' are both mounted at '/x'"),
        ("secret:a:/x|secret:b:/x", "secret 'a' and secret 'b' are both mounted at '/x'"),
        ("volume:a:/x/|empty-dir:/x", "volume 'a' and empty directory are both mounted at '/x'"),
        ("volume:a:/x|volume:b:/x", "volume 'a' and volume 'b' are both mounted at '/x'"),
        ("secret:a:/x|secret:a:/y", "secret 'a' is mounted at '/x' and at '/y'"),
        ("secret:a:/x|config-map:a:/y", "secret 'a' and config map 'a' have one name"),
        (
            "secret:a:/x|empty-dir:/x/y",
            "empty directory at '/x/y' lies in secret 'a' at '/x', where nothing can be made",
        ),
        ("secret:a.b:/x", "'a.b' is no name of a secret that KFP can mount"),
        ("volume:Bad:/x", "'Bad' is no name of a volume that KFP can mount"),
        ("volume:a:x", "volume 'a' is mounted at 'x', which is no absolute path"),
        ("empty-dir:/", "empty directory at '/' would hide what the image has there"),
        ("secret:a:/usr/local", "secret 'a' at '/usr/local' would hide what the image has there"),
        ("empty-dir:/dev/shm", "lies in a folder of the kernel's; for shared memory there is shm:SIZE"),
        ("empty-dir:/kfp-workspace/x", "lies where KFP or Kubernetes mounts a folder of its own"),
        ("volume:a:/tmp", "volume 'a' at '/tmp' would hold the working directory of the step"),
        ("secret:a:/tmp", "secret 'a' at '/tmp' would hold the working directory of the step"),
        ("volume:a:/x|env:TMPDIR:/x/tmp", "volume 'a' at '/x' would hold the working directory of the step"),
        ("empty-dir:/tmp/kale-lite-0", "empty directory at '/tmp/kale-lite-0' lies over the working directory"),
        ("env:A:1|field:A:metadata.name", "variable 'A' comes from `env` and from a field of the pod"),
        ("env:A:1|secret:s:k:A", "variable 'A' comes from `env` and from a secret"),
    ],
)
def test_mounts_that_cannot_be(write_notebook: WriteNotebook, tags: str, said: str) -> None:
    found = findings(write_notebook([(f"step:a|{tags}", "x = 1")]))["KL702"]
    assert found.startswith("cell 1: error KL702: step 'a': ")
    assert said in found
    assert "hint: " in found


@pytest.mark.parametrize(
    "tag", ["empty-dir:/tmp", "ephemeral:/tmp:5Gi", "secret:a:/etc/ssl/mine", "volume:a:/tmp/data"]
)
def test_mounts_that_only_look_as_if(write_notebook: WriteNotebook, tag: str) -> None:
    assert findings(write_notebook([(f"step:a|{tag}", "x = 1")])) == {}


WRITE, READ = "open('/x/f', 'w').write('1')", "print(open('/x/f').read())"


@pytest.mark.parametrize("tag", ["secret:a:/x", "config-map:a:/x", "empty-dir:/x", "ephemeral:/x:1Gi", "volume:a:/x"])
def test_paths_below_mounts_are_the_clusters(write_notebook: WriteNotebook, tag: str) -> None:
    assert "KL705" not in findings(write_notebook([(f"step:a|{tag}", READ)]))
    assert "KL705" in findings(write_notebook([(f"step:a|{tag.replace('/x', '/y')}", READ)]))


@pytest.mark.parametrize(
    ("first", "second", "said"),
    [
        ("empty-dir:/x", "empty-dir:/x", "cell 2: error KL705: step 'b' needs '/x/f' from step 'a', and the empty directory there is new in each pod"),
        ("volume:v:/x", "ephemeral:/x:1Gi", "step 'b' needs '/x/f' from step 'a', and the ephemeral volume there is new"),
        ("volume:v:/x", "volume:w:/x", "which has volume 'v' there, and this one volume 'w'"),
        ("secret:s:/x", "secret:s:/x", "cell 1: error KL705: step 'a' writes '/x/f', and cannot: secret 's' is mounted there"),
        ("volume:v:/x", "cache:disabled", "step 'b' uses '/x/f', outside the notebook's folder"),
    ],
)  # fmt: skip
def test_files_that_another_step_would_not_see(
    write_notebook: WriteNotebook, first: str, second: str, said: str
) -> None:
    assert said in findings(write_notebook([(f"step:a|{first}", WRITE), (f"step:b|{second}", READ)]))["KL705"]


def test_files_on_one_volume_and_a_steps_own(write_notebook: WriteNotebook) -> None:
    assert findings(write_notebook([("step:a|volume:v:/x", WRITE), ("step:b|volume:v:/x", READ)])) == {}
    assert findings(write_notebook([("step:a|empty-dir:/x", f"{WRITE}\n{READ}"), ("step:b", "y = 1")])) == {}


def test_shared_memory_is_of_one_pod(write_notebook: WriteNotebook) -> None:
    write, read = WRITE.replace("/x", "/dev/shm"), READ.replace("/x", "/dev/shm")
    assert findings(write_notebook([("step:a", f"{write}\n{read}")])) == {}
    assert "step 'b' uses '/dev/shm/f'" in findings(write_notebook([("step:a", write), ("step:b", read)]))["KL705"]
    both = findings(write_notebook([("step:a|shm:1Gi", write), ("step:b|shm:1Gi", read)]))["KL705"]
    assert "the shared memory there is new in each pod" in both
    null = "open('/dev/null', 'w').write('1')"
    assert findings(write_notebook([("step:a", null), ("step:b", null)])) == {}


REQUIRED, PREFERRED = (f"{word}DuringSchedulingIgnoredDuringExecution" for word in ("required", "preferred"))
GPU = {"key": "gpu", "operator": "Exists"}
NODE = {"key": "metadata.name", "operator": "In", "values": ["node-1"]}
BIG = {"key": "memory-gb", "operator": "Gt", "values": ["64"]}
ZONE = {"key": "zone", "operator": "In", "values": ["a", "b"]}
RULES = {
    REQUIRED: {"nodeSelectorTerms": [{"matchExpressions": [GPU]}, {"matchFields": [NODE]}]},
    PREFERRED: [{"weight": 50, "preference": {"matchExpressions": [BIG]}}],
}


@pytest.mark.parametrize(
    "options", [{"node_affinity": RULES}, {"affinity": {"nodeAffinity": RULES}}], ids=["own", "pod's"]
)
def test_node_affinity_as_kubernetes_writes_it(tmp_path: Path, options: dict[str, Any]) -> None:
    tags = "step:train|affinity:zone:a|affinity:zone:b"
    terms = executor(compiled(written(tmp_path, [(tags, "x = 1")], options))[1], "train")["nodeAffinity"]
    # Terms are alternatives: what tags ask for must hold in each.
    assert terms == [
        {"matchExpressions": [GPU, ZONE]},
        {"matchExpressions": [ZONE], "matchFields": [NODE]},
        {"matchExpressions": [BIG], "weight": 50},
    ]


def test_node_affinity_for_all_steps(write_notebook: WriteNotebook) -> None:
    cells: Cells = [("step:train", "x = 1"), ("step:use", "print(x)")]
    _, text = compiled(write_notebook(cells, kale_lite={"options": {"node_affinity": RULES}}))
    assert executor(text, "check")["nodeAffinity"] == executor(text, "train")["nodeAffinity"]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"required": {}}, f"nodeAffinity has 'required', and can have {REQUIRED}, {PREFERRED}"),
        ({}, "nodeAffinity has none of"),
        ([], "nodeAffinity has none of"),
        ({REQUIRED: [{"matchExpressions": [GPU]}]}, f"{REQUIRED} has none of nodeSelectorTerms"),
        ({REQUIRED: {"nodeSelectorTerms": []}}, "has no list of nodeSelectorTerms"),
        ({REQUIRED: {"nodeSelectorTerms": [{}]}}, "nodeSelectorTerms has none of matchExpressions, matchFields"),
        ({REQUIRED: {"nodeSelectorTerms": [{"matchExpressions": {}}]}}, "matchExpressions is no list of rules"),
        (
            {PREFERRED: [{"weight": 0, "preference": {"matchExpressions": [GPU]}}]},
            "weight 0 is no number from 1 to 100",
        ),
        ({PREFERRED: {"weight": 1}}, "is no list of terms"),
        ({PREFERRED: [{"weight": 1}]}, "preference has none of"),
        ({"operator": "Is"}, "'Is' is none of In, NotIn, Exists, DoesNotExist, Gt, Lt"),
        ({"key": ""}, "a rule of matchExpressions has no key"),
        ({"operator": "In"}, "In of 'gpu' needs values"),
        ({"values": ["x"]}, "Exists of 'gpu' takes no values"),
        ({"operator": "Gt", "values": ["many"]}, "Gt of 'gpu' needs one value, a whole number in quotes"),
        ({"operator": "In", "values": [1]}, "the values of 'gpu' are no list of texts"),
        ({"value": "x"}, "matchExpressions has 'value', and can have key, operator, values"),
    ],
)
def test_node_affinity_that_is_none(tmp_path: Path, given: Any, said: str) -> None:
    if not isinstance(given, dict) or (given and not given.keys() & {REQUIRED, PREFERRED, "required"}):
        given = {REQUIRED: {"nodeSelectorTerms": [{"matchExpressions": [{**GPU, **dict(given)}]}]}} if given else given
    (found,) = load(written(tmp_path, [("step:a", "x = 1")], {"node_affinity": given})).check()
    assert found.code == "KL101"
    assert said in found.message
    assert found.hint == "write it as Kubernetes writes `nodeAffinity` of a pod"


def test_fields_are_names_of_nodes(tmp_path: Path) -> None:
    rules = {REQUIRED: {"nodeSelectorTerms": [{"matchFields": [GPU]}]}}
    (found,) = load(written(tmp_path, [("step:a", "x = 1")], {"node_affinity": rules})).check()
    assert "matchFields can have metadata.name, with In or NotIn and one name of a node" in found.message


def test_labels_that_no_node_has(tmp_path: Path) -> None:
    rules = {PREFERRED: [{"weight": 1, "preference": {"matchExpressions": [{**ZONE, "values": ["two words"]}]}}]}
    found = findings(written(tmp_path, [("step:a", "x = 1")], {"node_affinity": rules}))["KL702"]
    assert "step 'a': node affinity asks for 'zone': 'two words', no label of a node" in found


def test_affinity_to_pods_is_told(tmp_path: Path) -> None:
    (found,) = load(written(tmp_path, [("step:a", "x = 1")], {"affinity": {"podAffinity": {}}})).check()
    assert "option 'podAffinity:{}' in the cell's metadata does not parse: there is no such option" in found.message


@pytest.mark.parametrize(
    ("tags", "cached"),
    [
        ("env:MODE:x", True),
        ("empty-dir:/x|shm:1Gi", True),
        ("config-map:m:k:A", False),
        ("config-map:m:/x", False),
        ("secret:s:k:A", False),
        ("secret:s:/x", False),
        ("field:A:metadata.name", False),
        ("field:A:metadata.name|cache:enabled", True),
    ],
)
def test_what_may_be_another_next_time_is_not_taken_from_the_cache(
    write_notebook: WriteNotebook, tags: str, cached: bool
) -> None:
    task = tasks_of(compiled(write_notebook([(f"step:a|{tags}", "x = 1")]))[1])["a"]
    assert task["cachingOptions"].get("enableCache", False) is cached


def test_variables_are_in_what_the_cache_compares(write_notebook: WriteNotebook) -> None:
    """KFP's cache compares a container's command: a variable of another value must not find the earlier result."""

    def command(value: str) -> Any:
        path = write_notebook([("step:a", "x = 1")], kale_lite={"options": {"env": {"MODE": value}}})
        return documents(compiled(path)[1])[0]["deploymentSpec"]["executors"]["exec-a"]["container"]["command"]

    assert command("train") == command("train")
    assert command("train") != command("eval")


def test_a_local_run_tells_once_what_it_cannot_honour(tmp_path: Path) -> None:
    path = written(tmp_path, [(f"step:a|{TAGS}", "x = 1"), ("step:b|shm:1Gi", "print(x)")], {"node_affinity": RULES})
    assert messages(TARGET.check(load(path).compile())) == [
        "cell 1: warning KL111: option 'mounts' (step a, b) has no effect in a local run: nothing is mounted at "
        "/keys/db, /etc/app, /scratch, /cache, /dev/shm, /work, /more",
        "cell 1: warning KL111: option 'pod_fields' (step a) has no effect in a local run",
        "cell 1: warning KL111: option 'node_affinity' (step a) has no effect in a local run",
    ]


def test_mounts_are_in_the_pipelines_json(tmp_path: Path) -> None:
    path = written(tmp_path, [(f"step:a|{TAGS}", "x = 1")], {"node_affinity": RULES})
    options = json.loads(json.dumps(load(path).compile().to_json()["steps"][0]["options"]))
    assert options["mounts"] == {
        "/keys/db": ["secret:db"], "/etc/app": ["config-map:app"], "/scratch": ["empty-dir"],
        "/cache": ["empty-dir:10Gi"], "/dev/shm": ["shm:2Gi"], "/work": ["ephemeral:100Gi:fast"],
        "/more": ["ephemeral:1Ti"],
    }  # fmt: skip
    assert options["pod_fields"]["POD"] == "metadata.name"
    assert options["node_affinity"] == RULES


def test_kfp_compiles_the_dsl_to_the_same(tmp_path: Path) -> None:
    path = written(tmp_path, [(f"step:a|{TAGS}", "x = 1"), ("step:b", "print(x)")], {"node_affinity": RULES})
    source, out = to_python(path, tmp_path / "flow.py"), tmp_path / "out.yaml"
    program = Path(sys.executable).with_name("kfp")
    subprocess.run([program, "dsl", "compile", "--py", source, "--output", out], check=True, capture_output=True)
    assert documents(out.read_text()) == documents(compiled(path)[1])


def test_a_pipeline_with_mounts_runs(write_notebook: WriteNotebook, tmp_path: Path) -> None:
    path = write_notebook([(f"step:a|{TAGS}", "x = 1"), ("step:b|empty-dir:/scratch", "print(x)")])
    ran = run_yaml(compiled(path)[1], tmp_path / "root", python=server().program)
    assert ran.ok, ran.log
    assert printed(ran, "b") == "1\n"
