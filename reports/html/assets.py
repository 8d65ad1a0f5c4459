"""The page's own style and scripts, and the policy that lets nothing else run."""

from __future__ import annotations

import base64
import hashlib
from importlib.resources import files

SCRIPTS = (
    "dom.js",
    "store.js",
    "player.js",
    "chart.js",
    "tiles.js",
    "worst.js",
    "case.js",
    "record.js",
    "tables.js",
    "main.js",
)
"""In the order in which they need each other."""


def asset(name: str, package: str = __package__) -> str:
    """Return the text of a file of the page, or of another package's pages."""
    text = (files(package) / "static" / name).read_text(encoding="utf-8")
    return text.replace("\r\n", "\n")


def script() -> str:
    """Return all scripts as one, in a scope of their own."""
    return "\n(() => {\n" + "\n".join(map(asset, SCRIPTS)) + "\n})();\n"


def style() -> str:
    """Return the style sheet."""
    return "\n" + asset("page.css")


def policy(style: str, script: str) -> str:
    """Return a Content-Security-Policy: these two texts, videos of the page, and no network."""
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src '{_digest(script)}'",
            f"style-src '{_digest(style)}'",
            "media-src blob:",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )


def _digest(text: str) -> str:
    digest = hashlib.sha256(text.encode("utf-8")).digest()
    return f"sha256-{base64.b64encode(digest).decode('ascii')}"
