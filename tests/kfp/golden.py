"""The examples as they are compiled, kept to be read: ``python -m tests.kfp.golden`` writes them anew."""

from __future__ import annotations

import tempfile
from pathlib import Path

import yaml

from kale_lite.project import load
from kale_lite.targets.kfp import CompileOptions, compile_to_python, compile_to_yaml

__all__ = ["EXAMPLES", "FOLDER", "golden_files"]

FOLDER = Path(__file__).parent / "golden"
NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
EXAMPLES = ("diabetes", "digits", "tumours", "wines")


def golden_files(name: str) -> dict[str, str]:
    """The DSL of an example, the cells beside it, and the YAML but for its commands."""
    project = load(NOTEBOOKS / f"{name}.ipynb")
    pipeline = project.compile()
    assert project.notebook is not None
    options = CompileOptions(image="python:3.11-slim", install=False)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{name}.py"
        compile_to_python(project.notebook, pipeline, path, options)
        found = {str(one.relative_to(folder)): one.read_text() for one in Path(folder).rglob("*.py")}
    text, _ = compile_to_yaml(project.notebook, pipeline, options)
    found[f"{name}.yaml"] = _without_kfp(text)
    return found


def _without_kfp(text: str) -> str:
    """The YAML without what changes with kfp's version and with the harness: the commands of the containers."""
    documents = list(yaml.load_all(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)))
    del documents[0]["sdkVersion"]
    for executor in documents[0]["deploymentSpec"]["executors"].values():
        del executor["container"]["command"]
    return yaml.safe_dump_all(documents, sort_keys=True)


def main() -> None:
    for name in EXAMPLES:
        for file, text in golden_files(name).items():
            path = FOLDER / f"{file}.txt"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)


if __name__ == "__main__":
    main()
