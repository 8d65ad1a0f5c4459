"""The table of a study: a condition a row, a question a column."""

from __future__ import annotations

import csv
from collections.abc import Mapping

from tgbench.specs import Direction
from tgbench.statistics import LEVEL

from ..tables.cells import Block, Cell, Column, Note, Row, Status, Table
from ..tables.published import SOURCE
from ..tables.ranking import ranked
from ..tables.shapes import USER_STUDY
from .analysis import Findings, Score
from .differences import told_apart
from .records import Key, Question

_PUBLISHED = {
    "lip_sync": "lip_sync_accuracy",
    "realness": "video_realness",
    "quality": "image_quality",
}
"""By question, the field of the paper's table that asks the same."""

_RATINGS = "mean opinion scores from 1 to 5, higher is better"
_PAIRS = (
    "log-strengths of a Bradley-Terry model, higher is better; 0 is the average of the study, and "
    "a difference of 1 is preferred in 73 of 100 pairs"
)
_BESIDE = (
    f"Published ratings are those of 16 other people, of other videos, in {SOURCE}, table 3; they "
    "are ranked among themselves only, and say nothing of a difference to ratings here"
)


def study_table(
    key: Key, findings: Mapping[str, Findings], people: int, *, published: bool
) -> Table:
    """Return the table; intervals take participants and videos as crossed clusters.

    Args:
        key: of the study.
        findings: by question.
        people: how many participants count.
        published: whether the paper's ratings stand beside.
    """
    paired = key.design.kind == "pairs"
    columns = tuple(_column(question, 2) for question in key.design.questions)
    rows = [
        Row(
            name,
            {
                each: _cell(found.scores[name], name == key.truth)
                for each, found in findings.items()
            },
        )
        for name in key.conditions
    ]
    blocks = [Block("", ranked(rows, columns))]
    notes = [
        Note("", f"{_PAIRS if paired else _RATINGS}; {people} participants", in_caption=True),
        Note("", f"Below each value is its {LEVEL:.0%} interval over participants and videos"),
    ]
    reasons = {
        f"{question.title}: no estimate, as {score.reason}": None
        for question in key.design.questions
        for score in findings[question.name].scores.values()
        if score.reason
    }
    notes += [Note("", reason, in_caption=True) for reason in reasons]
    notes += [
        Note("", f"{question.title}: {told_apart(found.differences, len(key.conditions))}")
        for question in key.design.questions
        if (found := findings[question.name]).differences
    ]
    if published and not paired and (rows_published := _published(columns)):
        blocks[0] = Block("measured here", blocks[0].rows)
        blocks.append(Block(f"published: {SOURCE}, table 3", rows_published, published=True))
        notes.append(Note("", _BESIDE))
    return Table("user_study", "user study", columns, tuple(blocks), tuple(notes))


def _column(question: Question, decimals: int) -> Column:
    return Column(question.name, question.title, "", Direction.HIGHER, decimals)


def _cell(score: Score, truth: bool) -> Cell:
    if score.value is None:
        return Cell(None, Status.UNSCORED, reason=score.reason)
    # The truth is no rival of what imitates it.
    return Cell(
        score.value,
        Status.MEASURED,
        interval=score.interval,
        measured_by="participants",
        comparable=("study", truth),
    )


def _published(columns: tuple[Column, ...]) -> tuple[Row, ...]:
    fields = {column.name: _PUBLISHED.get(column.name, "") for column in columns}
    if not any(fields.values()):
        return ()
    with USER_STUDY.open(newline="", encoding="utf-8") as stream:
        lines = list(csv.DictReader(stream))
    rows = [
        Row(
            line["method"],
            {name: _published_cell(line.get(field)) for name, field in fields.items()},
        )
        for line in lines
    ]
    return ranked(rows, columns)


def _published_cell(text: str | None) -> Cell:
    if not text:
        return Cell(None, Status.ABSENT)
    return Cell(
        float(text),
        Status.PUBLISHED,
        measured_by=f"published: {SOURCE}",
        comparable=("published",),
    )
