"""What a gate writes beside the terminal: JUnit XML, a summary in Markdown, annotations."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from rich.console import Console
from rich.text import Text

from tgbench.errors import TgbenchError

from ..renderers.markdown import escape
from . import formatting, junit
from .baseline import cannot_write
from .checks import GateReport, MetricCheck, Verdict

_LEVELS = {
    Verdict.REGRESSION: "error",
    Verdict.VANISHED: "error",
    Verdict.UNSURE: "warning",
    Verdict.WITHIN: "warning",
    Verdict.NEW: "notice",
}


@dataclass(frozen=True)
class CiOutput:
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
    def of(cls, report: GateReport) -> CiOutput:
        """Return the output of a comparison."""
        return cls(
            junit.render_junit(report),
            render_markdown(report),
            tuple(render_annotations(report)),
        )

    @classmethod
    def of_error(cls, error: Exception) -> CiOutput:
        """Say why nothing was compared: a CI that shows nothing looks like one that passed."""
        kind = "refused" if isinstance(error, TgbenchError) else type(error).__name__
        message = str(error)
        return cls(
            junit.render_error(kind, message),
            f"## Quality gate: nothing was compared\n\n{_plain(message)}\n",
            (f"::error title=tgbench gate::{_data(message)}",),
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


def render_markdown(report: GateReport) -> str:
    """Return a summary: the outcome, a table for each case, notes."""
    return "\n".join(_lines(report)) + "\n"


def render_annotations(report: GateReport) -> list[str]:
    """Return GitHub's workflow commands that mark what a reader should look at."""
    return [
        f"::{_LEVELS[check.verdict]} title={_property(f'tgbench gate: {check.case}')}"
        f"::{_data(formatting.sentence(check))}"
        for check in report.checks
        if check.verdict in _LEVELS
    ]


def _lines(report: GateReport) -> Iterator[str]:
    yield f"## Quality gate {_plain(report.summary)}"
    for case, checks in groupby(report.checks, key=lambda check: check.case):
        yield ""
        yield f"### {_plain(case)}"
        yield ""
        yield "| metric | baseline | now | change (95 % interval) | verdict |"
        yield "| --- | ---: | ---: | --- | --- |"
        yield from map(_table_row, checks)
    for note in report.notes:
        yield ""
        yield f"<sub>{_plain(note)}</sub>"


def _table_row(check: MetricCheck) -> str:
    verdict = f"**{check.verdict}**" if check.verdict.fails else str(check.verdict)
    why = f": {_plain(check.why)}" if check.why and check.verdict is not Verdict.NEW else ""
    cells = (
        _plain(formatting.label(check)),
        formatting.value(check, check.before),
        formatting.value(check, check.now),
        formatting.change(check),
        verdict + why,
    )
    return f"| {' | '.join(cells)} |"


def _plain(text: str) -> str:
    """Return text that shows as written: no markup, no entity, nobody notified."""
    return escape(text).replace("@", "@\u200b")


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


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
