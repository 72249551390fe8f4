"""The options of a task, and of a whole pipeline, as lines of the DSL."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from kale_lite.notebook.model import StepOptions
from kale_lite.targets.kfp.model import CreatedVolume, KfpPipeline, KfpTask, PipelineConfig
from kale_lite.targets.kfp.mounts import Mount, mounts_of
from kale_lite.targets.kfp.placement import affinity_terms, backoff_of, toleration_of
from kale_lite.targets.kfp.python_text import call, literal
from kale_lite.targets.kfp.resources import is_accelerator

__all__ = ["config_argument", "created_volume", "needs_kubernetes", "task_options"]

_OF_PODS = (
    "secrets", "config_maps", "volumes", "labels", "annotations", "node_selector", "affinity", "tolerations",
    "pull_policy", "pull_secrets", "run_as", "timeout", "mounts", "pod_fields", "node_affinity",
)  # fmt: skip


def needs_kubernetes(pipeline: KfpPipeline) -> bool:
    """Whether the DSL uses kfp's extension for Kubernetes."""
    given = [getattr(task.options, name) for task in pipeline.all_tasks for name in _OF_PODS]
    return bool(pipeline.volumes) or any(one not in (None, {}, ()) for one in given)


def config_argument(config: PipelineConfig) -> Iterator[str]:
    """The pipeline's configuration as an argument of its decorator, if there is any."""
    arguments = [f"{name}={seconds}" for name, seconds in config.seconds.items()]
    if config.workspace:
        patch = f", kubernetes=dsl.KubernetesWorkspaceConfig(pvcSpecPatch={literal(dict(config.workspace_patch))})"
        size = f"size={literal(config.workspace)}{patch if config.workspace_patch else ''}"
        arguments.insert(0, f"workspace=dsl.WorkspaceConfig({size})")
    if arguments:
        yield f"pipeline_config=dsl.PipelineConfig({', '.join(arguments)})"


def created_volume(volume: CreatedVolume, variable: str) -> Iterator[str]:
    """The task that makes a volume claim for the run."""
    arguments = [
        f"pvc_name_suffix={literal(f'-{volume.name}')}", f"access_modes={literal([volume.access])}",
        f"size={literal(volume.size)}",
    ]  # fmt: skip
    arguments += _storage_class(volume.storage_class)
    yield from call(f"{variable} = kubernetes.CreatePVC", arguments)
    # A claim of an earlier run is gone.
    yield f"{variable}.set_caching_options(False)"


def task_options(task: KfpTask, mine: str, created: dict[str, str]) -> Iterator[str]:
    """The lines that set a task's options. ``created`` has the variables of volumes that are made for the run."""
    yield from _of_container(task.options, mine)
    yield from _from_cluster(task.options, mine, created)
    yield from _of_pod(task.options, mine)


def _of_container(options: StepOptions, mine: str) -> Iterator[str]:
    for kind, table in (("request", options.requests), ("limit", options.limits)):
        for key, quantity in table.items():
            if is_accelerator(key):
                yield f"{mine}.set_accelerator_type({literal(key)})"
                yield f"{mine}.set_accelerator_limit({literal(quantity)})"
            else:
                yield f"{mine}.set_{key}_{kind}({literal(quantity)})"
    if options.retries:
        yield from call(f"{mine}.set_retry", [f"num_retries={options.retries}", *_backoff(options.backoff)])
    for name, value in options.env.items():
        yield f"{mine}.set_env_variable({literal(name)}, {literal(value)})"


def _backoff(text: str | None) -> Iterator[str]:
    if text:
        found = backoff_of(text)
        yield f"backoff_duration={literal(found.wait)}"
        if found.factor is not None:
            yield f"backoff_factor={found.factor}"
        if found.longest is not None:
            yield f"backoff_max_duration={literal(found.longest)}"


def _from_cluster(options: StepOptions, mine: str, created: dict[str, str]) -> Iterator[str]:
    """What a task takes from the cluster: time, secrets, config maps, volumes, fields of its pod."""
    if options.timeout is not None:
        yield f"kubernetes.set_timeout({mine}, seconds={max(1, round(options.timeout))})"
    for kind, table in (("secret", options.secrets), ("config_map", options.config_maps)):
        for name, (source, key) in table.items():
            mapping = f"{kind}_key_to_env={literal({key: name})}"
            yield f"kubernetes.use_{kind}_as_env({mine}, {kind}_name={literal(source)}, {mapping})"
    for claim, path in options.volumes.items():
        name = f'{created[claim]}.outputs["name"]' if claim in created else literal(claim)
        yield f"kubernetes.mount_pvc({mine}, pvc_name={name}, mount_path={literal(path)})"
    for mount in mounts_of(options):
        if mount.kind != "claim":
            function, arguments = _mount(mount)
            yield from call(f"kubernetes.{function}", [mine, *arguments, f"mount_path={literal(mount.path)}"])
    for name, field in options.pod_fields.items():
        yield f"kubernetes.use_field_path_as_env({mine}, env_name={literal(name)}, field_path={literal(field)})"


def _mount(mount: Mount) -> tuple[str, list[str]]:
    """The function that mounts something, and its arguments."""
    size = [f"size_limit={literal(mount.size)}"] if mount.size else []
    match mount.kind:
        case "secret":
            return "use_secret_as_volume", [f"secret_name={literal(mount.name)}"]
        case "config-map":
            return "use_config_map_as_volume", [f"config_map_name={literal(mount.name)}"]
        case "empty-dir":
            return "empty_dir_mount", [f"volume_name={literal(mount.name)}", *size]
        case "shm":
            return "empty_dir_mount", [f"volume_name={literal(mount.name)}", 'medium="Memory"', *size]
    given = [f"volume_name={literal(mount.name)}", 'access_modes=["ReadWriteOnce"]', f"size={literal(mount.size)}"]
    return "add_ephemeral_volume", [*given, *_storage_class(mount.storage_class)]


def _storage_class(name: str) -> Iterator[str]:
    if name:
        yield f"storage_class_name={literal(name)}"


def _of_pod(options: StepOptions, mine: str) -> Iterator[str]:
    for key, value in options.labels.items():
        yield f"kubernetes.add_pod_label({mine}, {literal(key)}, {literal(value)})"
    for key, value in options.annotations.items():
        yield f"kubernetes.add_pod_annotation({mine}, {literal(key)}, {literal(value)})"
    for key, value in options.node_selector.items():
        yield f"kubernetes.add_node_selector({mine}, label_key={literal(key)}, label_value={literal(value)})"
    for term in affinity_terms(options):
        arguments = [f"{name}={literal(value)}" for name, value in term.items()]
        yield from call("kubernetes.add_node_affinity", [mine, *arguments])
    for text in options.tolerations:
        yield from call("kubernetes.add_toleration", [mine, *_toleration(text)])
    if options.pull_policy is not None:
        yield f"kubernetes.set_image_pull_policy({mine}, {literal(options.pull_policy)})"
    if options.pull_secrets:
        yield f"kubernetes.set_image_pull_secrets({mine}, {literal(list(options.pull_secrets))})"
    if options.run_as:
        yield f"kubernetes.set_security_context({mine}, {', '.join(_identity(options.run_as.items()))})"


def _toleration(text: str) -> Iterator[str]:
    one = toleration_of(text)
    yield f"key={literal(one.key)}"
    yield f'operator="Equal", value={literal(one.value)}' if one.value else 'operator="Exists"'
    yield f"effect={literal(one.effect)}"
    if one.seconds is not None:
        yield f"toleration_seconds={one.seconds}"


def _identity(given: Collection[tuple[str, str]]) -> Iterator[str]:
    for what, value in given:
        if what == "non-root":
            yield f"run_as_non_root={value == 'true'}"
        else:
            yield f"run_as_{what}={int(value)}"
