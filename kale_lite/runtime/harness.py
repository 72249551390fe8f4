"""The step, from inside: inputs before the user's first cell, checks and outputs after the last."""

from __future__ import annotations

import ast
import builtins
import json
import os
import sys
import time
from typing import Any, Dict, List, Optional

from . import checks, functions, pickling, state, store
from .failures import StepFailure

__all__ = ["Harness", "begin"]

FINISH = "__kale_lite_finish__"
"""The save cell calls this builtin: a reserved name, which the user's namespace does not hold."""
_STATE = "state:"


class Harness:
    """One step in one process. ``namespace`` is the dict in which the user's cells run."""

    def __init__(self, spec: Dict[str, Any], namespace: Dict[str, Any], shell: Any = None) -> None:
        self.spec, self.namespace, self.shell = spec, namespace, shell
        self.seconds: Dict[str, float] = {}
        self.payloads: Dict[str, Any] = {}
        self.metrics: Dict[str, Any] = {}
        self.reported: Dict[str, Any] = {}
        self.watch: Optional[checks.Watch] = None
        functions.NAMESPACE = namespace

    def load(self) -> None:
        """Replays, parameters, then payloads in the order given; the watches start last."""
        started = time.perf_counter()
        try:
            self._replay()
            self._set_parameters()
            loaded = self._load_payloads()
            self.watch = checks.Watch(self.spec, self.namespace, loaded)
        except StepFailure as failure:
            self._fail(failure)
        self.seconds["load"] = time.perf_counter() - started

    def _replay(self) -> None:
        for source in self.spec.get("replays", []):
            if source.startswith("from __future__ import"):
                self._set_future(source)
                continue
            try:
                exec(compile(source, "<import>", "exec"), self.namespace)
            except Exception as error:
                raise StepFailure(
                    "KL402", f"`{source}` failed when it was repeated in this step: {type(error).__name__}: {error}",
                    "run the import in the step itself",
                ) from error  # fmt: skip

    def _set_future(self, source: str) -> None:
        import __future__

        for alias in ast.parse(source).body[0].names:  # type: ignore[attr-defined]
            feature = getattr(__future__, alias.name)
            if self.shell is not None:
                self.shell.compile.flags |= feature.compiler_flag

    def _set_parameters(self) -> None:
        for name, given in self.spec.get("parameters", {}).items():
            literal = given.get("literal")
            self.namespace[name] = given["value"] if literal is None else ast.literal_eval(literal)

    def _load_payloads(self) -> Dict[str, store.Loaded]:
        found = {}
        for wanted in self.spec.get("loads", []):
            loaded = self._read(wanted)
            found[wanted["payload"]] = loaded
            for name in wanted["names"]:
                self._put(name, loaded.values[name])
        if self.shell is not None and any(loaded.figures for loaded in found.values()):
            _show_figures()
        return found

    def _read(self, wanted: Dict[str, Any]) -> store.Loaded:
        try:
            return store.read_payload(self.spec["store"], wanted["payload"], bool(self.spec.get("verify")))
        except StepFailure:
            raise
        except Exception as error:  # unpickling runs code of the values' own
            names = ", ".join(map(repr, wanted["names"]))
            raise StepFailure(
                "KL410",
                f"{names} cannot be loaded: {type(error).__name__}: {error}",
                "define the class or function in a module that you import, or tag the cells as one step",
                wanted["names"][0],
            ) from error

    def _put(self, name: str, value: Any) -> None:
        if name.startswith(_STATE):
            if value is not pickling.ABSENT:
                state.restore(name[len(_STATE) :], value)
        elif value is pickling.ABSENT:
            self.namespace.pop(name, None)
        else:
            self.namespace[name] = value

    def save(self) -> None:
        """Checks, metrics, then payloads. Called by the save cell when all the user's cells have run."""
        started = time.perf_counter()
        try:
            if self.watch is not None:
                self.watch.check()
            if self.spec.get("fingerprints"):
                from . import fingerprint  # targets that never ask for fingerprints do not ship it

                fingerprint.write_snapshot(self.namespace, self.spec["fingerprints"])
            self._report_metrics()
            for wanted in self.spec.get("saves", []):
                values = {name: self._take(name) for name in wanted["names"]}
                if self.watch is not None and self.watch.world.temporary:
                    self.watch.check_saved(values)
                meta = store.write_payload(self.spec["store"], wanted["id"], values)
                self.payloads[wanted["id"]] = {"bytes": meta["bytes"], "names": meta["names"]}
        except StepFailure as failure:
            self._fail(failure)
        self.seconds["save"] = time.perf_counter() - started
        self._write_result("ok", [])
        if self.spec.get("people"):
            self._copy_for_people()

    def _copy_for_people(self) -> None:
        """Whatever happens here: the step is done, and its result written."""
        try:
            from . import people  # only targets that show artifacts ask for copies

            people.write(self.spec, self.namespace, self.reported)
        except BaseException as error:
            print(f"kale-lite: copies for people were not made: {type(error).__name__}: {error}", file=sys.stderr)

    def _take(self, name: str) -> Any:
        if not name.startswith(_STATE):
            return self.namespace.get(name, pickling.ABSENT)
        kind = name[len(_STATE) :]
        try:
            return state.capture(kind)
        except pickling.Unserialisable as error:
            raise StepFailure(
                "KL401",
                f"interpreter state {kind!r} cannot be serialised for the steps that need it: {error}",
                "set it up in each step that needs it, or tag the cells as one step",
                kind,
            ) from None

    def _report_metrics(self) -> None:
        for metric in self.spec.get("metrics", []):
            try:
                value = eval(compile(metric["expression"], "<metric>", "eval"), self.namespace)
            except Exception as error:
                raise StepFailure("KL402", f"metric {metric['name']!r} cannot be computed: {error}") from error
            self.metrics[metric["name"]] = _plain(value)
            self.reported[metric["name"]] = value

    def _fail(self, failure: StepFailure) -> None:
        self._write_result("failed", [failure.to_json()])
        raise StepFailure(failure.code, failure.message, failure.hint, failure.name, failure.ran) from None

    def _write_result(self, status: str, diagnostics: List[Dict[str, Any]]) -> None:
        result = {
            "format": 1, "step": self.spec["step"], "status": status, "metrics": self.metrics,
            "payloads": self.payloads, "diagnostics": diagnostics, "seconds": self.seconds,
            "files": self.watch.world.report() if self.watch is not None else {},
            "outside": self.watch.world.report_outside() if self.watch is not None else [],
            "libraries": self.watch.within if self.watch is not None else {},
            "unchecked": self.watch.inputs.unchecked if self.watch is not None else [],
        }  # fmt: skip
        path = self.spec["result"]
        try:
            with open(path + ".part", "w", encoding="utf-8") as file:
                json.dump(result, file)
            os.replace(path + ".part", path)
        except OSError as error:
            raise StepFailure("KL405", f"the step's result cannot be written: {error.strerror}") from None


def _show_figures() -> None:
    """Have IPython show figures as pictures: in the notebook making the first one with pyplot does that."""
    pyplot = __import__("matplotlib.pyplot", fromlist=["*"])
    pyplot.switch_backend(pyplot.matplotlib.get_backend())


def _plain(value: Any) -> Any:
    """A metric as JSON: NumPy's scalars as numbers, other objects as text."""
    if hasattr(value, "item") and getattr(value, "shape", None) == ():
        value = value.item()
    if isinstance(value, float) and value != value:
        return "nan"
    return value if isinstance(value, (int, float, bool, str, type(None))) else repr(value)


class _Cells:
    """Counts the user's cells as they end; a magic such as ``%%capture`` runs a cell within a cell."""

    def __init__(self, harness: Harness) -> None:
        self.harness = harness
        self.depth = 1

    def before(self, _info: Any) -> None:
        self.depth += 1

    def after(self, _result: Any) -> None:
        self.depth -= 1
        if not self.depth and self.harness.watch is not None:
            self.harness.watch.after_cell()


def begin(path: str) -> None:
    """Begin the step of a spec file in the running IPython kernel; called by the load cell."""
    from IPython import get_ipython  # type: ignore[attr-defined,unused-ignore]

    with open(path, encoding="utf-8") as file:
        spec = json.load(file)
    shell = get_ipython()  # type: ignore[no-untyped-call,unused-ignore]
    harness = Harness(spec, shell.user_ns, shell)
    cells = _Cells(harness)
    shell.events.register("pre_run_cell", cells.before)
    shell.events.register("post_run_cell", cells.after)

    def finish() -> None:
        delattr(builtins, FINISH)
        shell.events.unregister("pre_run_cell", cells.before)
        shell.events.unregister("post_run_cell", cells.after)
        harness.save()

    setattr(builtins, FINISH, finish)
    sys.modules[__name__].__dict__["CURRENT"] = harness
    harness.load()
