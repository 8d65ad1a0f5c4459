"""Pages as tests read them, and what somebody could put into them."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

NASTY = (
    "</script><script>alert(1)</script><!-- <img src=x onerror=alert(2)> \"'`&amp; речь 頭 \u2028"
)


class Page(HTMLParser):
    """What a page's markup holds: elements, texts of scripts, and whether tags are balanced."""

    VOID = frozenset({"meta", "input", "link", "br", "img"})

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: dict[str, str] = {}
        self.styles = ""
        self.text = ""
        self.feed(path.read_text(encoding="utf-8"))
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] == "script":
            name = self.elements[-1][1].get("id") or "program"
            self.scripts[name] = self.scripts.get(name, "") + data
        elif self.open and self.open[-1] == "style":
            self.styles += data
        else:
            self.text += data

    def data(self, name: str) -> Any:
        return json.loads(self.scripts[name])

    @property
    def links(self) -> list[str]:
        return [
            str(about[name])
            for _, about in self.elements
            for name in ("href", "src")
            if about.get(name)
        ]
