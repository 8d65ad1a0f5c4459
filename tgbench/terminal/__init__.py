"""Output to a terminal: consoles, wrapped text, tables, progress, and safe standard streams."""

from __future__ import annotations

from .output import NOTICE, Terminal
from .printing import printable

__all__ = ["NOTICE", "Terminal", "printable"]
