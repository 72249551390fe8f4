"""Packs a step into the source of its component: used by the DSL that kale-lite writes, when KFP compiles it.

KFP takes the source of the functions that a component names. ``packed`` makes such a function, ``run_step``, whose
source holds the step, compressed: its cells, the harness, and nothing of other steps. It is written in letters that
no template language of KFP or Argo knows.
"""

from __future__ import annotations

import base64
import bz2
import hashlib
import json
import linecache
import types
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from kale_lite.targets.kfp.bundle import read_bundle
from kale_lite.targets.kfp.shipped import shipped_code

__all__ = ["LARGEST", "TooLargeError", "packed", "run_step", "size_of"]

LARGEST = 90_000
"""Bytes of a packed step up to which its component can be started: Linux bounds one argument of a process."""

_SOURCE = '''\
def run_step(arguments):
    """Runs the packed step with the component's arguments: its cells in a fresh kernel, with kale-lite's harness."""
    import base64, bz2, hashlib, importlib, json, os, sys, tempfile

    bundle = json.loads(bz2.decompress(base64.b64decode(_PACKED)))
    if "code" not in bundle:
        with open(arguments[bundle["step"]["harness_in"]].path, encoding="utf-8") as file:
            text = file.read()
        if hashlib.sha256(text.encode()).hexdigest() != bundle["sha256"]:
            raise SystemExit("error KL410: the harness is not the one that this step was compiled with: run it again")
        bundle["code"] = json.loads(text)
    folder = tempfile.mkdtemp()
    for name, source in bundle["code"]["inside"].items():
        with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
            file.write(source)
    sys.path.insert(0, folder)
    try:
        main = importlib.import_module("main")
    finally:
        sys.path.remove(folder)
    given = json.loads(sys.argv[sys.argv.index("--executor_input") + 1])
    main.run(arguments, bundle, os.path.dirname(given["outputs"]["outputFile"]))
'''


class TooLargeError(ValueError):
    """A step does not fit into its component."""


def run_step(arguments: Mapping[str, Any]) -> None:
    """Stands for the packed function where a component's body calls it; never runs itself."""
    raise RuntimeError("run_step runs in the compiled component only: name packed(...) in its additional_funcs")


def packed(path: Path) -> Callable[..., None]:
    """The function ``run_step`` of the step whose files are ``path`` with ``.py`` and ``.json``, for additional_funcs.

    BundleError for files that do not fit together, TooLargeError for a step that no component can hold.
    """
    text = _encoded(read_bundle(path))
    if len(text) > LARGEST:
        raise TooLargeError(f"step {path.name} takes {len(text):,} bytes packed, and a component holds {LARGEST:,}")
    head, body = _SOURCE.split("\n\n", 1)
    return _function(f"{head}\n\n    _PACKED = {text!r}\n{body}", f"<kale-lite step {path}>")


def size_of(bundle: Mapping[str, Any]) -> int:
    """The bytes of a step when it is packed."""
    return len(_encoded(bundle))


def _encoded(bundle: Mapping[str, Any]) -> str:
    """The step and the code that runs it, or what that code must be; the same text for the same content."""
    step = bundle["step"]
    text, sha256 = _code_text("check" if step.get("kind") == "check" else "people" if step.get("people") else "")
    if step.get("harness_in"):
        return base64.b64encode(_stream(json.dumps({**bundle, "sha256": sha256}, ensure_ascii=False))).decode()
    # two streams in one, which are read as one: the code, which is long, is compressed once
    return base64.b64encode(_code_stream(text) + _stream(json.dumps(bundle, ensure_ascii=False)[1:])).decode()


def _stream(text: str) -> bytes:
    return bz2.compress(text.encode())


@cache
def _code_stream(text: str) -> bytes:
    return _stream(f'{{"code": {text}, ')


@cache
def _code_text(kind: str) -> tuple[str, str]:
    """The code that a step brings, or the last task, as JSON, and its digest."""
    text = shipped_code(kind)
    return text, hashlib.sha256(text.encode()).hexdigest()


def _function(source: str, name: str) -> Callable[..., None]:
    """A function whose source ``inspect`` finds, although no file holds it."""
    linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
    module = types.ModuleType("kale_lite_packed_step")
    exec(compile(source, name, "exec"), module.__dict__)
    function: Callable[..., None] = module.__dict__["run_step"]
    return function
