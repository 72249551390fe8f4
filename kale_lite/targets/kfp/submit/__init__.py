"""Submitting: a pipeline to a KFP server, and a run of it. Nothing here imports kfp before a server has answered."""

from __future__ import annotations

from kale_lite.targets.kfp.submit.cron import kfp_cron
from kale_lite.targets.kfp.submit.followed import Followed, follow
from kale_lite.targets.kfp.submit.package import Package, check_source, file_package, notebook_package
from kale_lite.targets.kfp.submit.probe import PATIENCE, Reached, reach
from kale_lite.targets.kfp.submit.server import find_server
from kale_lite.targets.kfp.submit.spec import shown_pipeline
from kale_lite.targets.kfp.submit.submission import Request, Submitted, submit
from kale_lite.targets.kfp.submit.watch import watch

__all__ = [
    "PATIENCE",
    "Followed",
    "Package",
    "Reached",
    "Request",
    "Submitted",
    "check_source",
    "file_package",
    "find_server",
    "follow",
    "kfp_cron",
    "notebook_package",
    "reach",
    "shown_pipeline",
    "submit",
    "watch",
]
