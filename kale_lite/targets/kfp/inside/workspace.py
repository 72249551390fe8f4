"""The folder of a step in its container: harness, store of payloads, the files among which the cells run.

It has the same path in all steps of a run, so that a path computed in one step is right in the next.
"""

from __future__ import annotations

import base64
import fcntl
import hashlib
import json
import os
import shutil
import stat
import tempfile
from typing import Any

__all__ = ["Workspace"]

_ASIDE = ("__pycache__", ".ipynb_checkpoints")
MANIFEST = ".kale-lite-files.json"


class Workspace:
    """``folder`` is the cells' working directory, ``executed`` the executed step notebook."""

    def __init__(self, step: Any, task_root: Any) -> None:
        self.step = step
        self.root = _root(task_root)
        self.folder = os.path.join(self.root, "files")
        self.harness = os.path.join(self.root, "harness")
        self.store = os.path.join(self.root, "store")
        self.record = os.path.join(self.root, "record", "work")
        self.sockets = os.path.join(self.root, "run")
        self.result = os.path.join(self.record, "result.json")
        self.executed = os.path.join(self.record, "step.ipynb")
        self.about = os.path.join(self.record, "people.json")
        self.copies = os.path.join(self.record, "copies")
        self.before: dict[str, Any] = {}

    def __enter__(self) -> Any:
        # Steps of one run that share a machine share the path: one after the other.
        self._lock = open(self.root + ".lock", "w")
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        shutil.rmtree(self.root, ignore_errors=True)
        for path in (self.folder, self.harness, self.store, self.record, self.sockets):
            os.makedirs(path, mode=0o700)
        return self

    def __exit__(self, *_: Any) -> None:
        shutil.rmtree(self.root, ignore_errors=True)
        self._lock.close()

    def unpack(self, bundle: Any) -> None:
        """The harness with the image's own cloudpickle, and the files that came with the step."""
        import cloudpickle

        for name, source in bundle["code"]["harness"].items():
            _write(os.path.join(self.harness, name), source.encode())
        copied = os.path.join(self.harness, "_cloudpickle")
        shutil.copytree(os.path.dirname(cloudpickle.__file__), copied, ignore=shutil.ignore_patterns("__pycache__"))
        for name, content in bundle["files"].items():
            _write(os.path.join(self.folder, name), base64.b64decode(content))

    def take(self, arguments: Any) -> Any:
        """Link the payloads into the store, and put the files of earlier steps in place; what is wrong with them."""
        for argument, ident in self.step["loads"].items():
            artifact = arguments[argument]
            written = artifact.metadata.get("sha256")
            if written is not None and written != _digest(artifact.path):
                return _damaged(ident, "its checksum differs from the one that KFP noted")
            os.symlink(os.path.abspath(artifact.path), os.path.join(self.store, ident))
        for argument, name in self.step["imported"].items():
            problem = self._import(arguments[argument], name)
            if problem is not None:
                return problem
        for argument in self.step["files_in"]:
            self._apply(arguments[argument].path)
        self.before = _snapshot(self.folder)
        return None

    def _import(self, artifact: Any, name: Any) -> Any:
        """Put an imported file or folder in place. A copy, as cells may write to it."""
        source, target = os.path.abspath(artifact.path), os.path.join(self.folder, name)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        try:
            if os.path.isdir(source):
                shutil.copytree(source, target, dirs_exist_ok=True)
            else:
                shutil.copyfile(source, target)
        except OSError as error:
            return _problem(
                "KL710", f"file {name!r} cannot be imported from {artifact.uri}: {error.strerror or error}",
                "put it there, or name another place: --import FILE=URI",
            )  # fmt: skip
        return None

    def _apply(self, path: Any) -> None:
        with open(os.path.join(path, MANIFEST), encoding="utf-8") as file:
            manifest = json.load(file)
        for name in manifest["removed"]:
            target = os.path.join(self.folder, name)
            if os.path.isdir(target) and not os.path.islink(target):
                shutil.rmtree(target)
            elif os.path.lexists(target):
                os.unlink(target)
        for name in manifest["folders"]:
            os.makedirs(os.path.join(self.folder, name), exist_ok=True)
        for number, name in enumerate(manifest["written"]):
            target = os.path.join(self.folder, name)
            os.makedirs(os.path.dirname(target), exist_ok=True)
            shutil.copyfile(os.path.join(path, str(number)), target)
            os.chmod(target, manifest["modes"][number])

    def give_files(self, path: Any) -> Any:
        """Write what the step changed among the files into an artifact's folder."""
        os.makedirs(path, exist_ok=True)
        written, folders, removed = self.changes()
        modes = []
        for number, name in enumerate(written):
            source = os.path.join(self.folder, name)
            modes.append(stat.S_IMODE(os.stat(source).st_mode))
            shutil.copyfile(source, os.path.join(path, str(number)))
        manifest = {"format": 1, "written": written, "modes": modes, "folders": folders, "removed": removed}
        _write(os.path.join(path, MANIFEST), json.dumps(manifest).encode())
        return manifest

    def changes(self) -> Any:
        """The files written, folders made and names removed since the step began, from the working directory."""
        after = _snapshot(self.folder)
        changed = [name for name, one in after.items() if self.before.get(name) != one]
        written = sorted(name for name in changed if after[name] != "folder")
        folders = sorted(name for name in changed if after[name] == "folder")
        return written, folders, sorted(self.before.keys() - after.keys())

    def problem(self, report: Any) -> Any:
        """Files that analysis did not see, where a later step could have read them: they would be lost."""
        if report is None or report["status"] != "ok" or self.step["files_out"] or not self.step["files_matter"]:
            return None
        written, _, removed = self.changes()
        if not written and not removed:
            return None
        what = f"{(written or removed)[0]!r} was {'written' if written else 'removed'}"
        return _problem(
            "KL408", f"file {what}, which analysis did not see: it would not reach later steps",
            "write the path as text in the cell, or add an effect rule with `writes_files` for the call",
        )  # fmt: skip

    def write_spec(self, spec: Any, parameters: Any) -> Any:
        """The harness's spec, in this workspace."""
        path = os.path.join(self.record, "spec.json")
        own = {"store": self.store, "result": self.result, "parameters": parameters, "verify": True}
        if self.step["about"]:
            os.makedirs(self.copies)
            copies = [{**one, "path": os.path.join(self.copies, one["argument"])} for one in self.step["copies"]]
            own["people"] = {"about": self.about, "copies": copies}
        _write(path, json.dumps({**spec, **own}).encode())
        return path

    def report(self) -> Any:
        """What the harness reported; None when it could not."""
        try:
            with open(self.result, encoding="utf-8") as file:
                return json.load(file)
        except (OSError, ValueError):
            return None


def _root(task_root: Any) -> Any:
    """A folder of this user's own, the same for all tasks whose outputs lie side by side."""
    base = os.path.join(tempfile.gettempdir(), f"kale-lite-{os.getuid()}")
    os.makedirs(base, mode=0o700, exist_ok=True)
    about = os.lstat(base)
    if not stat.S_ISDIR(about.st_mode) or about.st_uid != os.getuid() or about.st_mode & 0o022:
        base = tempfile.mkdtemp(prefix="kale-lite-")
    key = os.path.dirname(os.path.abspath(task_root))
    return os.path.join(base, hashlib.sha256(key.encode()).hexdigest()[:16])


def _digest(path: Any) -> Any:
    try:
        with open(os.path.join(path, "data.pkl"), "rb") as file:
            return hashlib.sha256(file.read()).hexdigest()
    except OSError:
        return ""


def _damaged(ident: Any, why: Any) -> Any:
    return _problem("KL410", f"payload {ident} is damaged: {why}", "run the pipeline again")


def _problem(code: Any, message: Any, hint: Any) -> Any:
    """A finding in the form of the harness's report."""
    found = {"code": code, "message": message, "hint": hint, "name": "", "ran": 0}
    return {"status": "failed", "diagnostics": [found]}


def _snapshot(folder: Any) -> Any:
    """Every file and folder below a folder, by relative name, with what changes when it is written."""
    found: dict[str, Any] = {}
    for place, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if name not in _ASIDE]
        for name in folders:
            found[os.path.relpath(os.path.join(place, name), folder)] = "folder"
        for name in files:
            path = os.path.join(place, name)
            try:
                about = os.stat(path)
            except OSError:
                continue
            if stat.S_ISREG(about.st_mode):
                key = [about.st_mtime_ns, about.st_ctime_ns, about.st_size, about.st_ino]
                found[os.path.relpath(path, folder)] = key
    return found


def _write(path: Any, data: Any) -> None:
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(data)
