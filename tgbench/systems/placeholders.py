"""Placeholders of a declaration, such as `{checkout}`, and what takes their place."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

MEANINGS: Mapping[str, str] = {
    "checkout": "folder of the system's repository",
    "workdir": "work folder of the fit, or of the rendering",
    "identity": "folder in the work folder that holds the inputs",
    "name": "the identity's name, of letters, digits and underscores only",
    "seed": "of every random choice",
    "gpu": "number of its GPU on the machine; the command sees that one alone, as device 0",
    "audio": "file of the input 'audio'",
    "features": "file of the input 'features'",
    "video": "file of the input 'video'",
    "image": "file of the input 'image'",
    "frames": "how many frames to render",
    "output": "absolute path of what the commands of [[render]] are to write",
}
"""Every placeholder and what it stands for."""

OF_INPUTS = frozenset({"audio", "features", "video", "image"})
"""Placeholders that exist where there is an input of this kind."""

OF_RENDERING = frozenset({"frames", "output"})
"""Placeholders that exist only in commands of `[[render]]`."""

OF_ALL = frozenset(MEANINGS) - OF_INPUTS - OF_RENDERING
"""Placeholders that exist in every command."""

# Doubled braces are literal ones, as in Python's format strings.
_PART = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")


def placeholders_of(text: str) -> list[str]:
    """Return the names between braces, in order.

    Raises:
        ValueError: a single brace without its partner.
    """
    return [name for name in map(_name, _PART.finditer(text)) if name is not None]


def expand(text: str, values: Mapping[str, str]) -> str:
    """Return a text with values in the place of placeholders; doubled braces become single ones.

    Args:
        text: of a declaration.
        values: by placeholder.

    Raises:
        KeyError: a placeholder without a value.
        ValueError: a single brace without its partner.
    """

    def value(match: re.Match[str]) -> str:
        name = _name(match)
        return match.group()[0] if name is None else values[name]

    return _PART.sub(value, text)


def expand_all(texts: Iterable[str], values: Mapping[str, str]) -> list[str]:
    """Return a command with values in the place of placeholders; see `expand`."""
    return [expand(text, values) for text in texts]


def _name(match: re.Match[str]) -> str | None:
    if match.group() in ("{{", "}}"):
        return None
    if match.group(1) is None:
        raise ValueError("has a brace without its partner; double it for a brace in the text")
    return match.group(1)
