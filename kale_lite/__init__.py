"""kale-lite: a notebook becomes a pipeline without changing its code."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kale_lite.project import Project as Project
    from kale_lite.project import load as load

__version__ = "0.1.0"
__all__ = ["Project", "__version__", "load"]


def __getattr__(name: str) -> Any:
    # The facade pulls in the analysis; `import kale_lite` alone stays cheap.
    if name in ("Project", "load"):
        from kale_lite import project

        return getattr(project, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
