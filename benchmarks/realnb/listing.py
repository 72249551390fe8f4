"""The committed list: packages, their source distributions, and the candidates in them."""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
import tarfile
import tomllib
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import jupytext
import nbformat

MAGIC_CELL = "%matplotlib inline"  # jupytext's sphinx format puts this before a script


@dataclass(frozen=True, slots=True)
class Rule:
    """What holds for every package. ``seconds`` of processor time, ``most`` candidates a package."""

    seconds: float
    most: int
    python: str
    published_before: str
    common: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Package:
    name: str
    version: str
    examples: tuple[str, ...]
    requires: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Candidate:
    """An example of a package. ``problem`` says why it cannot be a notebook of two and more cells, else empty."""

    package: str
    path: str
    source: Path
    problem: str = ""

    @property
    def slug(self) -> str:
        return re.sub(r"\W+", "-", str(PurePosixPath(self.path).with_suffix("")))


def read_list(path: Path) -> tuple[Rule, tuple[Package, ...]]:
    content = tomllib.loads(path.read_text("utf-8"))
    packages = tuple(
        Package(name, one["version"], tuple(one["examples"]), tuple(one["requires"]))
        for name, one in content.pop("package").items()
    )
    return Rule(**{**content, "common": tuple(content["common"])}), packages


def fetch(package: Package, cache: Path) -> Path:
    """The unpacked source distribution. uv resolves where it is and its digest, so nothing has to be built."""
    folder = cache / "sources" / f"{package.name}-{package.version}"
    if folder.exists():
        return folder
    lock = subprocess.run(
        [sys.executable, "-m", "uv", "pip", "compile", "--quiet", "--no-deps", "--format", "pylock.toml", "-"],
        input=f"{package.name}=={package.version}\n", capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    found = tomllib.loads(lock)["packages"][0]["sdist"]
    with urllib.request.urlopen(found["url"], timeout=120) as answer:
        content = answer.read()
    if hashlib.sha256(content).hexdigest() != found["hashes"]["sha256"]:
        raise SystemExit(f"{package.name} {package.version}: the file's digest is not the one expected")
    archive = cache / "sources" / found["url"].rpartition("/")[2]
    archive.parent.mkdir(parents=True, exist_ok=True)
    archive.write_bytes(content)
    unpacked = folder.with_suffix(".part")
    with tarfile.open(archive) as tar:
        tar.extractall(unpacked, filter="data")
    next(unpacked.iterdir()).rename(folder)
    unpacked.rmdir()
    return folder


def candidates(package: Package, rule: Rule, source: Path) -> tuple[list[Candidate], int]:
    """The candidates that the rule takes, with those it leaves out for their form, and how many it does not take."""
    found, seen = [], set()
    for path in _examples(package, source):
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        if digest not in seen:
            seen.add(digest)
            name = path.relative_to(source).as_posix()
            found.append(Candidate(package.name, name, path, _problem(path)))
    found.sort(key=lambda one: hashlib.sha256(one.path.encode()).hexdigest())
    taken = [one for one in found if not one.problem]
    left = [one for one in found if one.problem]
    return taken[: rule.most] + left, max(len(taken) - rule.most, 0)


def _examples(package: Package, source: Path) -> Iterator[Path]:
    for folder in package.examples:
        for path in sorted((source / folder).rglob("*")):
            if path.suffix in {".py", ".ipynb"} and path.is_file() and not path.is_symlink():
                yield path


def _problem(path: Path) -> str:
    try:
        notebook = as_notebook(path)
    except Exception as error:
        return f"cannot be read: {type(error).__name__}: {error}"
    language = notebook.metadata.get("kernelspec", {}).get("language", "python")
    if language != "python":
        return f"is written in {language}"
    own = [c for c in notebook.cells if c.cell_type == "code" and c.source.strip() not in {"", MAGIC_CELL}]
    return "" if len(own) >= 2 else "has fewer than two code cells of its own"


def as_notebook(path: Path) -> nbformat.NotebookNode:
    """A notebook as it is, a script through jupytext; every code cell that is not empty is a step."""
    text = path.read_text("utf-8")
    notebook = nbformat.from_dict(
        nbformat.v4.upgrade(jupytext.reads(text, "ipynb") if path.suffix == ".ipynb" else _from_script(text))
    )
    number = 0
    for cell in notebook.cells:
        cell.metadata["tags"] = [tag for tag in cell.metadata.get("tags", []) if ":" not in tag]
        if cell.cell_type == "code" and cell.source.strip():
            number += 1
            cell.metadata["tags"].append(f"step:c{number:02}")
    _, notebook = nbformat.validator.normalize(notebook)
    for place, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{place}"  # those given by nbformat are random, and the notebook would be another each time
    return notebook


def _from_script(text: str) -> nbformat.NotebookNode:
    """As sphinx-gallery reads it: the comments that open a block are text, and code below them is code, also when
    the block is marked as Markdown."""
    if not re.search(r"^# ?%%", text, re.MULTILINE):
        notebook = jupytext.reads(text, "py:sphinx")
    else:
        notebook = jupytext.reads(re.sub(r"^(# ?%%+) *\[markdown\]", r"\1", text, flags=re.MULTILINE), "py:percent")
    notebook.cells = [nbformat.v4.new_markdown_cell(c.source) if _is_comment(c) else c for c in notebook.cells]
    return notebook


def _is_comment(cell: nbformat.NotebookNode) -> bool:
    lines = [line for line in cell.source.splitlines() if line.strip()]
    return cell.cell_type == "code" and all(line.startswith("#") for line in lines)
