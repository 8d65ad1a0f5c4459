"""Every command and every Python snippet of the documentation.

A page is run from top to bottom in one folder that holds the files its examples name: `bash` blocks
through the command line, `python` blocks in one namespace. Built-in identities are small there, and
methods train for a few iterations. A block below `<!-- parse -->` takes minutes, or a network: its
commands are only parsed, and the names in them looked up. A block below `<!-- shown -->` is not a
program that runs here, such as a part of a plug-in that the tests of examples/ run whole.
"""

from __future__ import annotations

import re
import shlex
import tomllib
from dataclasses import dataclass
from pathlib import Path

import pytest

from tgbench import plugins

from .workplace import Workplace

ROOT = Path(__file__).resolve().parents[2]
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    *sorted((ROOT / "docs").rglob("*.md")),
    *sorted((ROOT / "methods").rglob("README.md")),
]
FENCE = re.compile(
    r"(?:<!-- (?P<mode>\w+)[^\n]*-->\n+)?^```(?P<language>\w*)[^\n]*\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
LANGUAGES = {"bash", "python", "text", "toml", "yaml", "json", "bibtex"}
MODES = {None, "parse", "shown"}


@dataclass(frozen=True)
class Block:
    """One fenced block of a page."""

    language: str
    text: str
    mode: str | None


def blocks(page: Path) -> list[Block]:
    text = page.read_text(encoding="utf-8")
    return [Block(found["language"], found["text"], found["mode"]) for found in FENCE.finditer(text)]


def commands(block: Block) -> list[list[str]]:
    """Return the words of each command of a block, without comments."""
    joined = block.text.replace("\\\n", " ")
    found = [shlex.split(line, comments=True) for line in joined.splitlines()]
    return [words for words in found if words]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_block_says_what_it_is(page: Path) -> None:
    assert {block.language for block in blocks(page)} <= LANGUAGES
    assert {block.mode for block in blocks(page)} <= MODES
    assert page.read_text(encoding="utf-8").count("\n```") == 2 * len(blocks(page))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_exists_with_its_options(page: Path) -> None:
    for block in blocks(page):
        if block.language == "bash":
            for words in commands(block):
                parse(words)


@pytest.mark.parametrize(
    "page",
    [page for page in PAGES if any(runs(block) for block in blocks(page))] if False else PAGES,
    ids=lambda page: str(page.relative_to(ROOT)),
)
def test_a_page_runs_from_top_to_bottom(page: Path, work: Workplace) -> None:
    for block in blocks(page):
        if block.mode is None and block.language == "bash":
            for words in commands(block):
                work.command(words)
        if block.mode is None and block.language == "python":
            work.python(block.text, page)
