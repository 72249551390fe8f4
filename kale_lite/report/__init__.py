"""The report of a run: one HTML page made of the record on disk, for people, paper and archives."""

from __future__ import annotations

from kale_lite.report.page import render_report, write_report

__all__ = ["render_report", "write_report"]
