"""The DSL in Python: one component function a step, and the pipeline that joins them. User text is escaped literals."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from kale_lite.targets.kfp.dsl_options import config_argument, created_volume, needs_kubernetes, task_options
from kale_lite.targets.kfp.importer import Import
from kale_lite.targets.kfp.model import KfpParameter, KfpPipeline, KfpTask
from kale_lite.targets.kfp.names import Names
from kale_lite.targets.kfp.python_text import call, literal

__all__ = ["dsl_source"]


def dsl_source(pipeline: KfpPipeline, steps_folder: str) -> str:
    """The module's text. The steps' files lie in ``steps_folder`` beside it."""
    kubernetes = needs_kubernetes(pipeline)
    head = [
        _docstring(f"Pipeline {pipeline.display_name!r}, made by kale-lite from {pipeline.source}."),
        "# The cells of each step stand in the folder STEPS, and are read when this file is compiled:",
        "#     kfp dsl compile --py FILE --output FILE.yaml",
        "",
        "from pathlib import Path",
        "",
        f"from kfp import dsl{', kubernetes' if kubernetes else ''}",
        "",
        "from kale_lite.targets.kfp.packing import packed, run_step",
        "",
        f"IMAGE = {literal(pipeline.image)}",
        f"STEPS = Path(__file__).parent / {literal(steps_folder)}",
    ]
    if base := _common(pipeline):
        head += ["", *_list("PACKAGES = [", base, "]")]
    parts = ["\n".join(head)]
    parts += ["\n".join(_component(task, pipeline)) for task in pipeline.all_tasks]
    parts.append("\n".join(_pipeline(pipeline)))
    return "\n\n\n".join(parts) + "\n"


def _docstring(text: str) -> str:
    if text.isprintable() and text.isascii() and '"' not in text and "\\" not in text:
        return f'"""{text}"""'
    return literal(text)


def _component(task: KfpTask, pipeline: KfpPipeline) -> Iterator[str]:
    image = "IMAGE" if task.image == pipeline.image else literal(task.image)
    options = [f"base_image={image}", "install_kfp_package=False"]
    if task.packages:
        own = [one for one in task.packages if one not in _common(pipeline)]
        base = ["*PACKAGES"] if len(own) < len(task.packages) else []
        options.append(f"packages_to_install=[{', '.join([*base, *map(literal, own)])}]")
    options.append(f'additional_funcs=[packed(STEPS / "{task.function}")]')
    yield from call("@dsl.component", options)
    arguments = [f"{name}: {one.annotation}" for name, one in task.parameters.items()]
    arguments += [f"{name}: dsl.Input[dsl.Artifact]" for name in task.inputs]
    arguments += [f"{task.workspace}: str"] * bool(task.workspace)
    arguments += [f"{name}: dsl.Output[dsl.{kind}]" for name, kind in task.outputs.items()]
    lines = list(call(f"def {task.function}", arguments))
    yield from [*lines[:-1], f"{lines[-1]}:"]
    yield f"    {_docstring(task.about)}"
    yield "    run_step(locals())"


def _common(pipeline: KfpPipeline) -> tuple[str, ...]:
    """The packages of every task: those of the harness."""
    first, *others = [task.packages for task in pipeline.all_tasks]
    return tuple(one for one in first if all(one in packages for packages in others))


def _list(head: str, texts: Sequence[str], end: str) -> Iterator[str]:
    """A list, with an item a line."""
    yield head
    yield from (f"    {literal(text)}," for text in texts)
    yield end


def _pipeline(pipeline: KfpPipeline) -> Iterator[str]:
    about = [f"name={literal(pipeline.name)}", f"display_name={literal(pipeline.display_name)}"]
    if pipeline.description:
        about.append(f"description={literal(pipeline.description)}")
    about += config_argument(pipeline.config)
    yield from call("@dsl.pipeline", about)
    lines = list(call("def pipeline", [_parameter(one) for one in pipeline.parameters]))
    yield from [*lines[:-1], f"{lines[-1]}:"]
    taken = [*(task.function for task in pipeline.all_tasks), *(one.argument for one in pipeline.parameters)]
    names = Names(taken)
    variables = {task.function: names.give(f"{task.function}_task") for task in pipeline.all_tasks}
    volumes = {one.name: names.give(f"{one.name}_volume") for one in pipeline.volumes}
    for one in pipeline.volumes:
        yield from (f"    {line}" for line in created_volume(one, volumes[one.name]))
    for imported in pipeline.imports:
        variables[imported.task] = names.give(imported.task)
        yield from _importer(imported, variables[imported.task])
    for task in pipeline.all_tasks:
        yield from _task(task, variables, volumes)
    # Whatever fails, the volumes stay: what was written on them is there to be looked at.
    ends = variables.values() if pipeline.check is None else [variables[pipeline.check.function]]
    for variable in volumes.values():
        removed = f'kubernetes.DeletePVC(pvc_name={variable}.outputs["name"])'
        yield f"    {removed}.after({', '.join(ends)}).set_caching_options(False)"


def _importer(one: Import, variable: str) -> Iterator[str]:
    arguments = [f"artifact_uri={literal(one.uri)}", "artifact_class=dsl.Artifact", "reimport=False"]
    yield from call(f"{variable} = dsl.importer", arguments, "    ")
    yield f"    {variable}.set_display_name({literal(one.task)})"


def _parameter(one: KfpParameter) -> str:
    return f"{one.argument}: {one.annotation} = {literal(one.default)}"


def _task(task: KfpTask, variables: dict[str, str], volumes: dict[str, str]) -> Iterator[str]:
    mine = variables[task.function]
    arguments = [f"{name}={one.argument}" for name, one in task.parameters.items()]
    arguments += [f'{name}={variables[producer]}.outputs["{output}"]'
                  for name, (producer, output) in task.inputs.items()]  # fmt: skip
    arguments += [f"{task.workspace}=dsl.WORKSPACE_PATH_PLACEHOLDER"] * bool(task.workspace)
    yield from call(f"{mine} = {task.function}", arguments, "    ")
    yield f"    {mine}.set_display_name({literal(task.name)})"
    if task.after:
        yield from call(f"{mine}.after", [variables[one] for one in task.after], "    ")
    if task.cached is not None:
        yield f"    {mine}.set_caching_options({task.cached})"
    yield from (f"    {line}" for line in task_options(task, mine, volumes))
