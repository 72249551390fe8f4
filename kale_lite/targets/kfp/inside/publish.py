"""What a step leaves: payloads, files and metrics as KFP artifacts, its executed notebook and a report for people."""

from __future__ import annotations

import html
import json
import math
import os
import shutil
from typing import Any

import people

__all__ = ["harness", "notebook", "outputs"]


def outputs(step: Any, arguments: Any, work: Any, report: Any) -> None:
    """Move the payloads to where KFP takes them from, with what they hold in the artifacts' metadata."""
    about = people.read(step, work)
    for argument, ident in step["saves"].items():
        artifact = arguments[argument]
        source = os.path.join(work.store, ident)
        with open(os.path.join(source, "meta.json"), encoding="utf-8") as file:
            meta = json.load(file)
        shutil.rmtree(artifact.path, ignore_errors=True)
        shutil.move(source, artifact.path)
        artifact.metadata["sha256"] = meta["sha256"]
        artifact.metadata["bytes"] = meta["bytes"]
        artifact.metadata["values"] = {name: _described(one) for name, one in meta["names"].items()}
        mine = {name: about["values"][name] for name in meta["names"] if name in about["values"]}
        if mine:
            artifact.metadata["about"] = mine
    if step["files_out"]:
        artifact = arguments[step["files_out"]]
        manifest = work.give_files(artifact.path)
        artifact.metadata["written"] = manifest["written"][:100]
    if step["metrics_out"]:
        _metrics(arguments[step["metrics_out"]], report["metrics"])
    people.publish(step, arguments, work, about)


def harness(step: Any, arguments: Any, bundle: Any) -> None:
    """The code that later steps run with, where they do not bring it themselves."""
    if step["harness_out"]:
        with open(arguments[step["harness_out"]].path, "w", encoding="utf-8") as file:
            json.dump(bundle["code"], file, ensure_ascii=False)


def _described(one: Any) -> Any:
    return " ".join(filter(None, (one["type"], one["summary"])))


def _metrics(artifact: Any, found: Any) -> None:
    """Numbers as metrics; other values are in the step's notebook."""
    for name, value in found.items():
        if isinstance(value, (int, float)) and math.isfinite(value):
            artifact.log_metric(name, float(value))
    with open(artifact.path, "w", encoding="utf-8") as file:
        json.dump(found, file)


def notebook(step: Any, arguments: Any, executed: Any, report: Any) -> None:
    """The executed step notebook, and an HTML page of it, whether the step failed or not.

    The notebook's metadata holds what the harness reported, for the task that looks at all steps.
    """
    if not os.path.exists(executed):
        return
    import nbformat

    content = nbformat.read(executed, as_version=4)
    kept = ("status", "metrics", "files", "libraries", "outside", "unchecked", "seconds")
    content.metadata.setdefault("kale_lite", {})["report"] = {key: (report or {}).get(key) for key in kept}
    nbformat.write(content, arguments[step["notebook_out"]].path, version=nbformat.NO_CONVERT)
    if step["report_out"]:
        with open(arguments[step["report_out"]].path, "w", encoding="utf-8") as file:
            file.write(_page(step, content))


def _page(step: Any, content: Any) -> Any:
    content.cells = [cell for cell in content.cells if "kale_lite" in cell.metadata]
    try:
        from nbconvert import HTMLExporter

        return HTMLExporter().from_notebook_node(content, {"metadata": {"name": step["step"]}})[0]
    except Exception:  # an image's nbconvert may be missing or broken: that must not fail a step that is done
        return _plain_page(step, content)


def _plain_page(step: Any, content: Any) -> Any:
    parts = [f"<!doctype html><meta charset=utf-8><title>{html.escape(step['step'])}</title>"]
    for cell in content.cells:
        parts.append(f"<pre style='background:#f5f5f5;padding:6px'>{html.escape(cell.source)}</pre>")
        parts += [f"<pre>{html.escape(_text(output))}</pre>" for output in cell.get("outputs", [])]
    return "\n".join(parts)


def _text(output: Any) -> Any:
    if output.output_type == "stream":
        return output.text
    if output.output_type == "error":
        return f"{output.ename}: {output.evalue}"
    return output.get("data", {}).get("text/plain", "")
