"""From a notebook to a pipeline: pure phases over frozen data, with diagnostics on the side."""

from __future__ import annotations

from kale_lite.analysis.compiler import compile_notebook, compile_remarked

__all__ = ["compile_notebook", "compile_remarked"]
