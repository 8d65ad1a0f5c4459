"""Small pieces of markup, and of text that pages have in common."""

from __future__ import annotations

import datetime
from collections.abc import Sequence

from tgbench.running.result import Result
from tgbench.version import __version__

from .escaping import text


def counted(number: int, one: str, several: str = "") -> str:
    """Return a number with its noun."""
    return f"{number:,} {one if number == 1 else several or one + 's'}"


def made_of(results: Sequence[Result]) -> str:
    """Return what a report is made of, when and by what."""
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    counts = (
        counted(len(results), "result"),
        counted(len({result.method.name for result in results}), "method"),
        counted(len({result.identity.name for result in results}), "identity", "identities"),
    )
    return f"{', '.join(counts)} · made on {today} by tgbench {__version__}"


def named(name: str) -> str:
    """Return a name as markup that does not turn the direction of what is around it."""
    return f"<bdi>{text(name if name.strip() else '(empty)')}</bdi>"
