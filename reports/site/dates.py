"""Days, of results that may say anything."""

from __future__ import annotations

import datetime


def day(created: str) -> str:
    """Return the day of a time in ISO 8601; of anything else its beginning."""
    try:
        return datetime.datetime.fromisoformat(created).date().isoformat()
    except ValueError:
        return created[:10]
