"""What all pages of a site share."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tgbench.files import hash_of
from tgbench.version import __version__

from ..html.assets import asset
from ..html.content import field_descriptions
from ..html.escaping import json_block, text

_PLACE = re.compile(r"\{\{(\w+)\}\}")
_SCRIPTS = ("dom.js", "store.js", "record.js", "tables.js")
"""Of the HTML report: results and tables look and behave alike in both."""


@dataclass(frozen=True)
class Page:
    """A page, without what all pages share.

    Attributes:
        title: of the window.
        header: markup of its head.
        main: markup of what it shows.
        depth: how many folders below the index it lies.
        blocks: markup of data for scripts.
    """

    title: str
    header: str
    main: str
    depth: int = 0
    blocks: str = ""


class Skeleton:
    """Puts pages into a frame that lets nothing but the site's own style and script in.

    Attributes:
        assets: the style and the script, by the name of their file, which a hash is part of: a
            page never meets those of another version.
    """

    def __init__(self) -> None:
        style = asset("page.css") + _own("site.css")
        meanings = f"\nmeanings = {json_block(field_descriptions())};\n"
        code = "\n".join((*map(asset, _SCRIPTS), meanings, _own("site.js")))
        script = f"(() => {{\n{code}\n}})();\n"
        self._style, self._script = _hashed(style, "css"), _hashed(script, "js")
        self._frame = _own("page.html")
        self.assets = {self._style: style, self._script: script}

    def render(self, page: Page) -> str:
        """Return the whole page."""
        parts = {
            "title": text(page.title),
            "version": text(__version__),
            "style": "../" * page.depth + self._style,
            "script": "../" * page.depth + self._script,
            "header": page.header,
            "main": page.main,
            "blocks": page.blocks,
        }
        return _PLACE.sub(lambda place: parts[place[1]], self._frame)


def _own(name: str) -> str:
    return asset(name, __package__)


def _hashed(content: str, ending: str) -> str:
    return f"static/site-{hash_of(content)[:12]}.{ending}"
