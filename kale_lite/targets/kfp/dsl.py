"""The DSL in Python: one component function a step, and the pipeline that joins them. User text is escaped literals."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from kale_lite.targets.kfp.model import KfpParameter, KfpPipeline, KfpTask
from kale_lite.targets.kfp.names import Names
from kale_lite.targets.kfp.resources import is_accelerator

__all__ = ["dsl_source"]

_WIDTH = 110


def dsl_source(pipeline: KfpPipeline, steps_folder: str) -> str:
    """The module's text. The steps' files lie in ``steps_folder`` beside it."""
    kubernetes = any(_needs_kubernetes(task) for task in pipeline.all_tasks)
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
        f"IMAGE = {_literal(pipeline.image)}",
        f"STEPS = Path(__file__).parent / {_literal(steps_folder)}",
    ]
    if base := _common(pipeline):
        head += ["", *_list("PACKAGES = [", base, "]")]
    parts = ["\n".join(head)]
    parts += ["\n".join(_component(task, pipeline)) for task in pipeline.all_tasks]
    parts.append("\n".join(_pipeline(pipeline)))
    return "\n\n\n".join(parts) + "\n"


def _literal(value: Any) -> str:
    """A Python literal in ASCII, whatever the value holds; texts in double quotes."""
    if isinstance(value, str):
        text = ascii(value)
        if text[0] == "'" and '"' not in text:
            text = f'"{text[1:-1]}"'
        return text
    if isinstance(value, list):
        return f"[{', '.join(map(_literal, value))}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{_literal(k)}: {_literal(v)}' for k, v in value.items())}}}"
    return ascii(value)


def _docstring(text: str) -> str:
    if text.isprintable() and text.isascii() and '"' not in text and "\\" not in text:
        return f'"""{text}"""'
    return _literal(text)


def _call(name: str, arguments: Sequence[str], indent: str = "") -> Iterator[str]:
    """A call, on one line where it fits."""
    line = f"{indent}{name}({', '.join(arguments)})"
    if len(line) <= _WIDTH:
        yield line
        return
    yield f"{indent}{name}("
    yield from (f"{indent}    {argument}," for argument in arguments)
    yield f"{indent})"


def _component(task: KfpTask, pipeline: KfpPipeline) -> Iterator[str]:
    image = "IMAGE" if task.image == pipeline.image else _literal(task.image)
    options = [f"base_image={image}", "install_kfp_package=False"]
    if task.packages:
        own = [one for one in task.packages if one not in _common(pipeline)]
        base = ["*PACKAGES"] if len(own) < len(task.packages) else []
        options.append(f"packages_to_install=[{', '.join([*base, *map(_literal, own)])}]")
    options.append(f'additional_funcs=[packed(STEPS / "{task.function}")]')
    yield from _call("@dsl.component", options)
    arguments = [f"{name}: {one.annotation}" for name, one in task.parameters.items()]
    arguments += [f"{name}: dsl.Input[dsl.Artifact]" for name in task.inputs]
    arguments += [f"{name}: dsl.Output[dsl.{kind}]" for name, kind in task.outputs.items()]
    lines = list(_call(f"def {task.function}", arguments))
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
    yield from (f"    {_literal(text)}," for text in texts)
    yield end


def _pipeline(pipeline: KfpPipeline) -> Iterator[str]:
    about = [f"name={_literal(pipeline.name)}", f"display_name={_literal(pipeline.display_name)}"]
    if pipeline.description:
        about.append(f"description={_literal(pipeline.description)}")
    yield from _call("@dsl.pipeline", about)
    lines = list(_call("def pipeline", [_parameter(one) for one in pipeline.parameters]))
    yield from [*lines[:-1], f"{lines[-1]}:"]
    taken = [*(task.function for task in pipeline.all_tasks), *(one.argument for one in pipeline.parameters)]
    names = Names(taken)
    variables = {task.function: names.give(f"{task.function}_task") for task in pipeline.all_tasks}
    for task in pipeline.all_tasks:
        yield from _task(task, variables)


def _parameter(one: KfpParameter) -> str:
    return f"{one.argument}: {one.annotation} = {_literal(one.default)}"


def _task(task: KfpTask, variables: dict[str, str]) -> Iterator[str]:
    mine = variables[task.function]
    arguments = [f"{name}={one.argument}" for name, one in task.parameters.items()]
    arguments += [f'{name}={variables[producer]}.outputs["{output}"]'
                  for name, (producer, output) in task.inputs.items()]  # fmt: skip
    yield from _call(f"{mine} = {task.function}", arguments, "    ")
    yield f"    {mine}.set_display_name({_literal(task.name)})"
    if task.after:
        yield from _call(f"{mine}.after", [variables[one] for one in task.after], "    ")
    if task.cached is not None:
        yield f"    {mine}.set_caching_options({task.cached})"
    yield from (f"    {line}" for line in _options(task, mine))


def _options(task: KfpTask, mine: str) -> Iterator[str]:
    options = task.options
    for kind, table in (("request", options.requests), ("limit", options.limits)):
        for key, quantity in table.items():
            if is_accelerator(key):
                yield f"{mine}.set_accelerator_type({_literal(key)})"
                yield f"{mine}.set_accelerator_limit({_literal(quantity)})"
            else:
                yield f"{mine}.set_{key}_{kind}({_literal(quantity)})"
    if options.retries:
        yield f"{mine}.set_retry(num_retries={options.retries})"
    for name, value in options.env.items():
        yield f"{mine}.set_env_variable({_literal(name)}, {_literal(value)})"
    if options.timeout is not None:
        yield f"kubernetes.set_timeout({mine}, seconds={max(1, round(options.timeout))})"
    for name, (secret, key) in options.secrets.items():
        mapping = f"{{{_literal(key)}: {_literal(name)}}}"
        yield f"kubernetes.use_secret_as_env({mine}, secret_name={_literal(secret)}, secret_key_to_env={mapping})"
    for claim, path in options.volumes.items():
        yield f"kubernetes.mount_pvc({mine}, pvc_name={_literal(claim)}, mount_path={_literal(path)})"
    for key, value in options.labels.items():
        yield f"kubernetes.add_pod_label({mine}, {_literal(key)}, {_literal(value)})"
    for key, value in options.annotations.items():
        yield f"kubernetes.add_pod_annotation({mine}, {_literal(key)}, {_literal(value)})"


def _needs_kubernetes(task: KfpTask) -> bool:
    options = task.options
    tables = (options.secrets, options.volumes, options.labels, options.annotations)
    return options.timeout is not None or any(tables)
