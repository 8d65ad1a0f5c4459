"""Text made safe for the places of a page where it goes.

Names, reasons and configurations in results come from anybody.
"""

from __future__ import annotations

import html
import json

_LONGEST = 120
"""Letters of a name where it stands among others; the page of a result has all of them."""

_IN_SCRIPT = str.maketrans({"<": r"\u003c", ">": r"\u003e", "&": r"\u0026"})


_TURNS = dict.fromkeys((*range(0x202A, 0x202F), *range(0x2066, 0x206A)), "\ufffd")
"""Unicode's embeddings, overrides and isolates."""


def text(value: object) -> str:
    """Return a value as text for an element or a quoted attribute.

    Signs that turn the direction of what follows are replaced: they would turn the page's own.
    """
    return html.escape(str(value).translate(_TURNS), quote=True)


def shortened(name: str) -> str:
    """Return a name that leaves room for others; a usual one as it is."""
    return name if len(name) <= _LONGEST else f"{name[: _LONGEST - 30]} … {name[-25:]}"


def json_block(value: object) -> str:
    """Return a value as JSON that may stand inside a `<script>` element.

    Nothing in it can end the element or begin a comment, and all of it is ASCII.

    Raises:
        ValueError: a number that JSON does not have.
    """
    plain = json.dumps(value, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return plain.translate(_IN_SCRIPT)
