"""Text of any origin, made safe to print on a terminal."""

from __future__ import annotations

import unicodedata

_STEERING = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_JOINERS = "\u200c\u200d"
"""Formatting of Persian and Indian scripts, which controls nothing."""


def printable(text: str, kept: str = "") -> str:
    r"""Return text with escapes such as `\x1b` in place of what would control a terminal.

    Args:
        text: of any origin.
        kept: characters that stay, such as line ends.
    """
    if text.isprintable():
        return text
    return "".join(
        ascii(sign)[1:-1] if _steers(sign) and sign not in kept else sign for sign in text
    )


def one_line(text: str) -> str:
    """Return text on one line: at the start of another, a CI or a terminal sees commands."""
    flat = " ".join(text.split())
    return "".join(sign if sign.isprintable() else "\ufffd" for sign in flat)


def _steers(sign: str) -> bool:
    return unicodedata.category(sign) in _STEERING and sign not in _JOINERS
