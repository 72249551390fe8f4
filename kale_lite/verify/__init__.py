"""Verification: the notebook in one kernel, before and after the pipeline, compared cell by cell and name by name."""

from __future__ import annotations

from kale_lite.verify.compare import Difference, Verification
from kale_lite.verify.verifier import VerifyOptions, verify

__all__ = ["Difference", "Verification", "VerifyOptions", "verify"]
