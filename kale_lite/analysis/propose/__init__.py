"""Proposing steps for a notebook whose cells are not tagged yet."""

from __future__ import annotations

from kale_lite.analysis.propose.proposal import Choice, Proposal, listing, stated
from kale_lite.analysis.propose.proposer import propose

__all__ = ["Choice", "Proposal", "listing", "propose", "stated"]
