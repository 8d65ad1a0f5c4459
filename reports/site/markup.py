"""Small pieces of markup."""

from __future__ import annotations

from ..html.escaping import text


def counted(number: int, one: str, several: str = "") -> str:
    """Return a number with its noun."""
    return f"{number:,} {one if number == 1 else several or one + 's'}"


def named(name: str) -> str:
    """Return a name as markup that does not turn the direction of what is around it."""
    return f"<bdi>{text(name if name.strip() else '(empty)')}</bdi>"
