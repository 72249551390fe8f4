"""The kernel provisioner that takes a warm kernel when there is one, and starts an ordinary one when not."""

from __future__ import annotations

from typing import Any

from jupyter_client.manager import AsyncKernelManager
from jupyter_client.provisioning import LocalProvisioner

from kale_lite.pipeline import Step
from kale_lite.targets.local.warm import WarmKernels

__all__ = ["provide"]


class _Provisioner(LocalProvisioner):  # type: ignore[misc,unused-ignore]
    kernels: WarmKernels
    step: str

    async def launch_kernel(self, cmd: list[str], **options: Any) -> Any:
        process = self.kernels.launch(self.step, cmd, options)
        if process is None:
            return await super().launch_kernel(cmd, **options)
        self.process, self.pid, self.pgid, self.cwd = process, process.pid, process.pid, options["cwd"]
        return self.connection_info


def provide(manager: AsyncKernelManager, kernels: WarmKernels, step: Step) -> None:
    """Let the manager take a warm kernel for a step.

    Not so when the step has environment variables, which libraries read when they are imported, nor when the
    kernel names a provisioner of its own.
    """
    if step.options.env:
        kernels.ordinary[step.name] = "the step has environment variables of its own"
        return
    if "kernel_provisioner" in manager.kernel_spec.metadata:
        kernels.ordinary[step.name] = "the kernel has a provisioner of its own"
        return
    provisioner = _Provisioner(kernel_id="", kernel_spec=manager.kernel_spec, parent=manager)
    provisioner.kernels, provisioner.step = kernels, step.name
    manager.provisioner = provisioner
