"""Text of any origin, made safe to print."""

from __future__ import annotations

import unicodedata

_STEERING = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_JOINERS = "\u200c\u200d"
"""Of Persian and Indian letters: formatting that steers nothing."""


def printable(text: str, kept: str = "") -> str:
    r"""Return text with `\x1b` and the like for what would steer a terminal.

    Args:
        text: of any origin.
        kept: what stays all the same, such as line ends.
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
