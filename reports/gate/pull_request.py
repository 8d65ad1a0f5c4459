"""What a gate found, for the page of a pull request."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from ..renderers.markdown import escape
from . import texts
from .judging import Judgement, Row, Verdict

_LEVELS = {
    Verdict.REGRESSION: "error",
    Verdict.VANISHED: "error",
    Verdict.UNSURE: "warning",
    Verdict.WITHIN: "warning",
    Verdict.NEW: "notice",
}


def render_markdown(found: Judgement) -> str:
    """Return a summary: the outcome, a table for each case, notes."""
    return "\n".join(_lines(found)) + "\n"


def render_annotations(found: Judgement) -> list[str]:
    """Return GitHub's workflow commands that mark what a reader should look at."""
    return [
        f"::{_LEVELS[row.verdict]} title={_property(f'tgbench gate: {row.case}')}"
        f"::{_data(texts.sentence(row))}"
        for row in found.rows
        if row.verdict in _LEVELS
    ]


def render_error(told: str) -> str:
    """Return the summary of a comparison that did not take place."""
    return f"## Quality gate: nothing was compared\n\n{_plain(told)}\n"


def annotate_error(told: str) -> str:
    """Return the workflow command that says why nothing was compared."""
    return f"::error title=tgbench gate::{_data(told)}"


def _lines(found: Judgement) -> Iterator[str]:
    yield f"## Quality gate {_plain(found.summary)}"
    for case, rows in groupby(found.rows, key=lambda row: row.case):
        yield ""
        yield f"### {_plain(case)}"
        yield ""
        yield "| metric | baseline | now | change (95 % interval) | verdict |"
        yield "| --- | ---: | ---: | --- | --- |"
        yield from map(_row, rows)
    for note in found.notes:
        yield ""
        yield f"<sub>{_plain(note)}</sub>"


def _row(row: Row) -> str:
    verdict = f"**{row.verdict}**" if row.verdict.fails else str(row.verdict)
    why = f": {_plain(row.why)}" if row.why and row.verdict is not Verdict.NEW else ""
    cells = (
        _plain(texts.label(row)),
        texts.value(row, row.before),
        texts.value(row, row.now),
        texts.change(row),
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
