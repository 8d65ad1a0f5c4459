"""A static leaderboard of results, those of other people included."""

from __future__ import annotations

from .submissions import Submissions, gather
from .writing import SiteSummary, write_site

__all__ = ["SiteSummary", "Submissions", "gather", "write_site"]
