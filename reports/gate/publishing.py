"""What a gate tells beside the terminal: JUnit XML, a summary in Markdown, annotations."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.text import Text

from tgbench.errors import TgbenchError

from . import junit, pull_request
from .baseline import cannot_write
from .judging import Judgement


@dataclass(frozen=True)
class Report:
    """The outcome in every form that a CI takes.

    Attributes:
        junit: a document.
        markdown: a summary for the page of a pull request.
        annotations: GitHub's workflow commands.
    """

    junit: str
    markdown: str
    annotations: tuple[str, ...]

    @classmethod
    def of(cls, found: Judgement) -> Report:
        """Tell what was found."""
        return cls(
            junit.render_junit(found),
            pull_request.render_markdown(found),
            tuple(pull_request.render_annotations(found)),
        )

    @classmethod
    def of_error(cls, error: Exception) -> Report:
        """Tell why nothing was compared: a CI that shows nothing looks like one that passed."""
        kind, told = type(error).__name__, str(error)
        if isinstance(error, TgbenchError):
            kind = "refused"
        return cls(
            junit.render_error(kind, told),
            pull_request.render_error(told),
            (pull_request.annotate_error(told),),
        )

    def publish(self, junit: Path | None, markdown: Path | None, console: Console) -> None:
        """Write to the files that were asked for, and to what a CI offers.

        Raises:
            TgbenchError: something cannot be written; all else was.
        """
        failed = [*_written(junit, self.junit), *_written(markdown, self.markdown)]
        if summary := os.environ.get("GITHUB_STEP_SUMMARY"):
            failed += _appended(Path(summary), self.markdown)
        if _on_github():
            for line in self.annotations:
                console.print(Text(line, no_wrap=True))
        if failed:
            raise failed[0]


@contextmanager
def no_commands(console: Console) -> Iterator[None]:
    """Keep names at the start of a printed line from being read as GitHub's workflow commands."""
    if not _on_github():
        yield
        return
    token = secrets.token_hex(16)
    console.print(Text(f"::stop-commands::{token}", no_wrap=True))
    try:
        yield
    finally:
        console.print(Text(f"::{token}::", no_wrap=True))


def _on_github() -> bool:
    return bool(os.environ.get("GITHUB_ACTIONS"))


def _written(path: Path | None, text: str) -> list[TgbenchError]:
    if path is None:
        return []
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Not by a file that takes the place of the old one, which /dev/stdout would not outlive.
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        return [cannot_write(path, error)]
    return []


def _appended(path: Path, text: str) -> list[TgbenchError]:
    try:
        with path.open("a", encoding="utf-8") as stream:
            stream.write(text)
    except OSError as error:
        return [cannot_write(path, error)]
    return []
