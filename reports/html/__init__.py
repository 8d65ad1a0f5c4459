"""One self-contained page that shows results: tables, players, curves, provenance."""

from __future__ import annotations

from .page import HtmlSummary, write_html
from .videos import BUDGET_MB

__all__ = ["BUDGET_MB", "HtmlSummary", "write_html"]
