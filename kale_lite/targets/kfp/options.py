"""What the user chooses when a pipeline is compiled for Kubeflow."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["CompileOptions"]


@dataclass(frozen=True, slots=True)
class CompileOptions:
    """Choices for one compilation.

    ``image`` is for steps that name none themselves; ``install`` has the packages of each step installed when it
    starts; ``cache`` is KFP's cache for steps that can have it and say nothing themselves (None: as the notebook
    says, else on); ``include`` are patterns of files in the notebook's folder that travel with every step;
    ``imports`` are pairs ``FILE=URI`` of files that KFP imports.
    """

    image: str | None = None
    install: bool = True
    cache: bool | None = None
    include: tuple[str, ...] = ()
    imports: tuple[str, ...] = ()
