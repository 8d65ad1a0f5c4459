"""Every command and every Python snippet of the documentation.

A page runs from top to bottom in one folder that holds the files its examples name: `bash` blocks
through the command line, `python` blocks in one namespace. A `python` block that starts with the
name of a file is that file, and a `toml` block has the entry points of a plug-in. A block below
`<!-- parse -->` takes minutes, or a network: its commands are only parsed. A block below
`<!-- shown: FILE -->` is a part of that file, which is tested elsewhere.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

import pytest

from .workplace import ROOT, Workplace, parse

FENCE = re.compile(
    r"(?:^<!-- (?P<mode>\w+)(?:: (?P<about>[^\n]*))? -->\n+)?"
    r"^```(?P<language>\w*)[^\n]*\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
LANGUAGES = {"bash", "python", "text", "toml", "yaml"}
MODES = {None, "parse", "shown"}


@dataclass(frozen=True)
class Block:
    """One fenced block of a page."""

    language: str
    text: str
    mode: str | None
    about: str | None = None

    @property
    def runs(self) -> bool:
        return self.mode is None and self.language in ("bash", "python", "toml")

    @property
    def commands(self) -> list[list[str]]:
        """The words of each command, without comments."""
        joined = self.text.replace("\\\n", " ")
        found = (shlex.split(line, comments=True) for line in joined.splitlines())
        return [words for words in found if words]


def blocks(page: Path) -> list[Block]:
    found = FENCE.finditer(page.read_text(encoding="utf-8"))
    return [Block(one["language"], one["text"], one["mode"], one["about"]) for one in found]


def name(page: Path) -> str:
    return str(page.relative_to(ROOT))


PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    *sorted((ROOT / "docs").rglob("*.md")),
    *sorted((ROOT / "methods").rglob("README.md")),
]
RUNNING = [page for page in PAGES if any(block.runs for block in blocks(page))]


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_block_says_what_it_is(page: Path) -> None:
    found = blocks(page)
    assert {block.language for block in found} <= LANGUAGES
    assert {block.mode for block in found} <= MODES
    fences = re.findall(r"^```", page.read_text(encoding="utf-8"), re.MULTILINE)
    assert len(fences) == 2 * len(found)


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_command_exists_with_its_options(page: Path) -> None:
    for block in blocks(page):
        if block.language == "bash":
            for words in block.commands:
                parse(words)


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_what_is_shown_is_what_the_file_has(page: Path) -> None:
    for block in blocks(page):
        if block.mode == "shown":
            assert block.about is not None
            assert block.text in (ROOT / block.about).read_text(encoding="utf-8")


@pytest.mark.parametrize("page", RUNNING, ids=name)
def test_a_page_runs_from_top_to_bottom(page: Path, workplace: Workplace) -> None:
    for block in blocks(page):
        if block.runs and block.language == "bash":
            for words in block.commands:
                workplace.command(words)
        elif block.runs and block.language == "toml":
            workplace.install(block.text)
        elif block.runs:
            workplace.python(block.text, page)
