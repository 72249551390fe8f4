"""The target Kubeflow Pipelines: a pipeline as a readable DSL in Python, and as YAML that KFP runs.

Nothing here imports kfp before a pipeline is compiled.
"""

from __future__ import annotations

from kale_lite.targets.kfp.options import CompileOptions
from kale_lite.targets.kfp.target import TARGET, compile_to_python, compile_to_yaml

__all__ = ["TARGET", "CompileOptions", "compile_to_python", "compile_to_yaml"]
