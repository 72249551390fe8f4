"""The arguments of one component: what it takes from other tasks, and what it gives."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from kale_lite.pipeline import STATE_PREFIX, Step
from kale_lite.targets.kfp.importer import Import
from kale_lite.targets.kfp.model import KfpParameter
from kale_lite.targets.kfp.names import Names
from kale_lite.targets.kfp.people import Copy

__all__ = ["Arguments"]

_HARNESS = "kale_lite_harness"


class Arguments:
    """The arguments of one component, each with a name of its own."""

    def __init__(self, step: Step, parameters: Mapping[str, KfpParameter]) -> None:
        self.parameters = parameters
        self._names = Names(parameters, shadows=True)
        self.inputs: dict[str, tuple[str, str]] = {}
        self.outputs: dict[str, str] = {}
        self.loads: dict[str, str] = {}
        self.saves: dict[str, str] = {}
        self.files_in: list[str] = []
        self.imported: dict[str, str] = {}
        self.files_out = ""
        self.metrics_out = ""
        self.notebook_out = ""
        self.report_out = ""
        self.harness_in = ""
        self.harness_out = ""
        self.copies: list[dict[str, Any]] = []
        self.not_copied: tuple[str, ...] = ()
        self.workspace = ""

    def take(self, step: Step, outputs: Mapping[str, tuple[str, str]], files: Mapping[str, tuple[str, str]]) -> None:
        """Inputs: the payloads that a step loads, and the files of earlier steps."""
        for load in step.loads:
            producer = outputs[load.payload]
            name = self._names.give(_shown(load.names), "values")
            self.inputs[name], self.loads[name] = producer, load.payload
        for producer in files.values():
            name = self._names.give(f"files_of_{producer[0]}", "files")
            self.inputs[name] = producer
            self.files_in.append(name)

    def import_(self, imports: Iterable[Import]) -> None:
        """Inputs: the files and folders that KFP imports."""
        for one in imports:
            name = self._names.give(one.path, "file")
            self.inputs[name], self.imported[name] = (one.task, "artifact"), one.path

    def give(self, step: Step, files: bool) -> None:
        """Outputs: payloads, files, metrics, and the executed notebook with its report."""
        for save in step.saves:
            name = self._names.give(_shown(save.names), "values")
            self.outputs[name], self.saves[name] = "Artifact", save.id
        if files:
            self.files_out = self._out("files", "Artifact")
        if step.metrics:
            self.metrics_out = self._out("metrics", "Metrics")
        self.notebook_out = self._out("notebook", "Artifact")
        if step.options.report is not False:
            self.report_out = self._out("report", "HTML")

    def show(self, copies: Sequence[Copy], left: Sequence[str]) -> None:
        """Outputs for people, and the names that are too many for that."""
        for one in copies:
            argument = self._out(one.shown, one.artifact)
            self.copies.append({"argument": argument, "kind": one.kind, "names": list(one.names)})
        self.not_copied = tuple(left)

    def mount_workspace(self) -> None:
        """An argument that names the workspace: KFP mounts it where one does."""
        self.workspace = self._names.give("kale_lite_workspace")

    def share_harness(self, sources: Mapping[str, str]) -> None:
        """Take the harness from an earlier step; where there is none, give it to later ones."""
        if not sources:
            self.harness_out = self._out(_HARNESS, "Artifact")
            return
        self.harness_in = self._names.give(_HARNESS)
        self.inputs[self.harness_in] = (next(iter(sources.values())), _HARNESS)

    def _out(self, name: str, kind: str) -> str:
        found = self._names.give(name)
        self.outputs[found] = kind
        return found


def _shown(names: Iterable[str]) -> str:
    return "_".join(name.removeprefix(STATE_PREFIX) for name in names)
