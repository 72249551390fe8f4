"""Files: which are shipped with a step, which travel from step to step, and which no container can have."""

from __future__ import annotations

import fnmatch
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from kale_lite.diagnostics import Diagnostic, Location, diagnose
from kale_lite.pipeline import Pipeline, Step
from kale_lite.targets.kfp.importer import Import, lists_folder, reads_anything, takes
from kale_lite.targets.kfp.mounts import Mount, below, mounts_of

__all__ = ["Files", "plan_files", "touches_files"]

_LARGEST = 60_000
"""Bytes of a file up to which it can be shipped in a component; what they all take is checked when it is packed."""
_DEVICES = ("/proc", "/sys", "/dev")
_MEMORY = ("/dev/shm",)
_SYSTEM = (*_MEMORY, "/etc", "/usr", "/bin", "/lib", "/opt")


@dataclass(frozen=True, slots=True)
class Files:
    """``sources`` are the steps whose changed files a step gets, in notebook order; ``gives`` says whether it gives
    any; ``shipped`` are files of the notebook's folder, ``imported`` those that KFP brings; ``matter`` says whether a
    file that analysis did not see could be missed by a later step.
    """

    sources: tuple[str, ...]
    gives: bool
    shipped: Mapping[str, bytes]
    matter: bool
    imported: tuple[Import, ...] = ()


def touches_files(step: Step) -> bool:
    """Whether a step is known to read or write files, or may by another program."""
    return bool(step.files_read or step.files_written or "external" in step.effects)


def _looks_around(step: Step) -> bool:
    """Whether a step begins in another folder, or finds modules in one: earlier steps may have made it."""
    return any({"state:cwd", "state:sys.path"} & set(load.names) for load in step.loads)


def _gives(step: Step) -> bool:
    return bool(step.files_written or "external" in step.effects)


def plan_files(
    pipeline: Pipeline,
    folder: Path,
    modules: Mapping[str, Iterable[str]],
    include: Iterable[str],
    mounts: Sequence[str] = (),
    imports: Sequence[Import] = (),
) -> tuple[Mapping[str, Files], tuple[Diagnostic, ...]]:
    """The files of each step by name.

    ``modules`` are files that a step imports, ``include`` patterns for all steps, ``mounts`` folders that all have,
    ``imports`` what KFP brings.
    """
    ancestors = _ancestors(pipeline)
    order = [step.name for step in pipeline.steps]
    steps = {step.name: step for step in pipeline.steps}
    takers = {need.after for need in pipeline.dependencies if need.kind == "file"}
    takers |= {step.name for step in pipeline.steps if touches_files(step) or _looks_around(step)}
    everywhere = sorted({name for pattern in include for name in _matching(folder, pattern)})
    found, problems = {}, list(_outside(pipeline, mounts))
    for i, name in enumerate(order):
        step = steps[name]
        sources = [one for one in order[:i] if one in ancestors[name] and _gives(steps[one]) and name in takers]
        later = [one for one in order[i + 1 :] if one in takers]
        reached = _gives(step) and all(name in ancestors[one] for one in later)
        known = {os.path.normpath(path) for one in ancestors[name] for path in steps[one].files_written}
        wanted = [*everywhere, *modules.get(name, ()), *_read(step, folder, known), *_named(step, pipeline, folder)]
        imported = tuple(one for one in imports if takes(step, one.path))
        shipped, more = _shipped(step, folder, (one for one in wanted if not _brought(one, imported)))
        problems += more
        if not everywhere:
            problems += _unknown(step, pipeline, folder, imports)
        found[name] = Files(tuple(sources), _gives(step), shipped, bool(later) and not reached, imported)
    return found, tuple(problems)


def _brought(name: str, imports: Iterable[Import]) -> bool:
    """Whether a file is imported, by itself or with its folder."""
    return any(os.path.normpath(name) == one.path or below(name, (one.path,)) for one in imports)


def _ancestors(pipeline: Pipeline) -> Mapping[str, frozenset[str]]:
    found: dict[str, frozenset[str]] = {}
    direct = pipeline.predecessors()
    for step in pipeline.steps:
        found[step.name] = direct[step.name].union(*(found[name] for name in direct[step.name]))
    return found


def _read(step: Step, folder: Path, known: set[str]) -> Iterator[str]:
    """Files of the folder that a step reads under names known in part, but for those that earlier steps write."""
    for pattern in step.files_read:
        normal = os.path.normpath(pattern)
        if normal in known or os.path.isabs(normal) or normal.startswith("..") or not normal.strip("*./"):
            continue
        yield from _matching(folder, normal)


def _named(step: Step, pipeline: Pipeline, folder: Path) -> list[str]:
    """Files that parameters name by default, for a step that reads files under names known only when it runs."""
    if not reads_anything(step):
        return []
    texts = [one.default for one in pipeline.parameters if one.name in step.parameters and isinstance(one.default, str)]
    names = [os.path.normpath(text) for text in texts if text.isprintable() and text.strip("./")]
    inside = [name for name in names if not os.path.isabs(name) and not name.startswith("..") and len(name) < 200]
    return [found for name in inside for found in _matching(folder, name)]


def _matching(folder: Path, pattern: str) -> Iterator[str]:
    """The files of a folder that a name or pattern means; those below it when it names a folder."""
    exact = folder / pattern
    if exact.is_file():
        yield pattern
    elif exact.is_dir():
        yield from _below(folder, exact)
    elif any(c in pattern for c in "*?["):
        names = _below(folder, folder / pattern.split("*")[0].rpartition("/")[0])
        yield from (name for name in names if fnmatch.fnmatch(name, pattern))


def _below(folder: Path, place: Path) -> Iterator[str]:
    for root, folders, files in os.walk(place):
        folders[:] = sorted(one for one in folders if not one.startswith(".") and one != "__pycache__")
        yield from (os.path.relpath(os.path.join(root, name), folder) for name in sorted(files))


def _shipped(step: Step, folder: Path, wanted: Iterable[str]) -> tuple[dict[str, bytes], list[Diagnostic]]:
    found: dict[str, bytes] = {}
    problems = []
    for name in dict.fromkeys(wanted):
        path = folder / name
        try:
            size = path.stat().st_size
            if size <= _LARGEST:
                found[name] = path.read_bytes()
                continue
        except OSError:
            continue
        problems.append(diagnose(
            "KL704", f"step {step.name!r} reads {name!r}, which is too large to travel in a component ({size:,} bytes)",
            Location(step.cells[0]), step=step.name,
            hint=f"have KFP bring it: --import {name}=s3://BUCKET/{name}; or read it by an absolute path from a volume "
            "(tag volume:CLAIM:PATH), or put it into the image",
        ))  # fmt: skip
    return found, problems


def _outside(pipeline: Pipeline, everywhere: Sequence[str]) -> Iterator[Diagnostic]:
    """Absolute paths, which are others in a container."""
    for step in pipeline.steps:
        mounts = mounts_of(step.options)
        for path in dict.fromkeys((*step.files_read, *step.files_written)):
            if not path.startswith(("/", "~")) or below(path, everywhere):
                continue
            inside = _innermost(path, mounts)
            if inside is not None:
                yield from _mounted(pipeline, step, path, inside)
                continue
            if below(path, _DEVICES) and not below(path, _MEMORY):
                continue
            mine = below(path, _SYSTEM) or (path in step.files_read and path in step.files_written)
            if mine and not _shared(pipeline, step, path):
                continue
            yield diagnose(
                "KL705", f"step {step.name!r} uses {path!r}, outside the notebook's folder: no container has it",
                Location(step.cells[0]), step=step.name,
                hint="use a path below the notebook's folder, or mount a volume there: volume:CLAIM:/PATH",
            )  # fmt: skip


def _unknown(step: Step, pipeline: Pipeline, folder: Path, imports: Sequence[Import]) -> Iterator[Diagnostic]:
    """Files of the folder that a step may look for, and that nobody has said are shipped."""
    # Names that an earlier step computes are as unknown, but that step's files travel.
    follows = any(need.kind == "file" and need.after == step.name for need in pipeline.dependencies)
    known = follows or _named(step, pipeline, folder) or any(takes(step, one.path) for one in imports)
    if lists_folder(step):
        said = "lists the notebook's folder, of which it gets only the files that are named in its cells"
    elif reads_anything(step) and not known:
        said = "reads files whose names are known only when it runs: none are shipped"
    else:
        return
    yield diagnose(
        "KL706", f"step {step.name!r} {said}", Location(step.cells[0]), step=step.name,
        hint="compile with --include PATTERN for files of the notebook's folder that it reads",
    )  # fmt: skip


def _shared(pipeline: Pipeline, step: Step, path: str) -> bool:
    return any(n.kind == "file" and n.name == path and step.name in (n.before, n.after) for n in pipeline.dependencies)


def _innermost(path: str, mounts: Iterable[Mount]) -> Mount | None:
    return max((one for one in mounts if below(path, [one.path])), key=lambda one: len(one.path), default=None)


def _mounted(pipeline: Pipeline, step: Step, path: str, mount: Mount) -> Iterator[Diagnostic]:
    """A path below something that the step mounts: what cannot be written, and what another step would not see."""
    said = _unseen(pipeline, step, path, mount)
    if mount.read_only and path in step.files_written:
        said = f"writes {path!r}, and cannot: {mount} is mounted there"
    if said:
        yield diagnose(
            "KL705", f"step {step.name!r} {said}", Location(step.cells[0]), step=step.name,
            hint="what steps share lies in the notebook's folder, or on a volume that all of them mount: "
            "volume:CLAIM:/PATH",
        )  # fmt: skip


def _unseen(pipeline: Pipeline, step: Step, path: str, mount: Mount) -> str:
    """That another step wrote the file, on something that this step does not see; empty when none did."""
    steps = {one.name: one for one in pipeline.steps}
    for need in pipeline.dependencies:
        if need.kind != "file" or need.name != path or need.after != step.name:
            continue
        before = steps[need.before]
        other = _innermost(path, mounts_of(before.options))
        if path not in before.files_written or other is None:
            continue
        if mount.own:
            return f"needs {path!r} from step {before.name!r}, and the {mount} there is new in each pod"
        if (other.kind, other.name) != (mount.kind, mount.name):
            return f"needs {path!r} from step {before.name!r}, which has {other} there, and this one {mount}"
    return ""
