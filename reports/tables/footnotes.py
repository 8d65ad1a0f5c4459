"""Footnotes: each text once, lettered in the order in which a reader meets it."""

from __future__ import annotations

import dataclasses
import re
import string
import textwrap
from collections.abc import Collection, Sequence

from .cells import Block, Cell, Column, Note, Row, Status, Table
from .ranking import LEAST_COVERAGE

DIFFERS = "†"
"""Marks what differs significantly from the best of its column."""


NO_BETTER_THAN_CHANCE = "no better than chance, as unrelated lips and sound would give"
UNHEARD = "chance: the method does not hear the sound"
_CHANCE = (NO_BETTER_THAN_CHANCE, UNHEARD)
"""What a value would be misread without."""

DASHES = "A dash: not measured, or not applicable to the method"

_MOST_LETTERS = 100
"""Of a reason in a table."""

_MOST_READ = 2000
_PARTICULARS = re.compile(r" \([^()]*(\([^()]*\)[^()]*)*\)")


def first_clause(reason: str) -> str:
    """Return what a reason begins with: what is wrong, without the particulars and the remedy."""
    text = _PARTICULARS.sub("", " ".join(reason[:_MOST_READ].split()))
    ends = (text.find(end) for end in ("; ", ": "))
    text = text[: min((end for end in ends if end > 0), default=len(text))]
    return textwrap.shorten(text, _MOST_LETTERS, placeholder=" …")


class Footnotes:
    """Hands out a mark for each text."""

    def __init__(self) -> None:
        self._marks: dict[str, str] = {}

    def mark(self, text: str) -> str:
        """Return the mark of a text, a new one the first time."""
        return self._marks.setdefault(text, _letters(len(self._marks)))

    @property
    def notes(self) -> tuple[Note, ...]:
        """All of them, in order."""
        return tuple(
            Note(mark, text, in_caption=text.startswith(_CHANCE))
            for text, mark in self._marks.items()
        )


def annotated(
    blocks: Sequence[Block], columns: Sequence[Column]
) -> tuple[tuple[Block, ...], tuple[Note, ...]]:
    """Return the blocks with marks at what needs a note, and the notes."""
    footnotes = Footnotes()
    mixed = {column.name for column in columns if _measurers(blocks, column.name) > 1}
    marked = tuple(
        dataclasses.replace(
            block, rows=tuple(_annotated_row(row, footnotes, mixed) for row in block.rows)
        )
        for block in blocks
    )
    return marked, footnotes.notes


def without_notes(table: Table) -> Table:
    """Return a table without its notes and their marks, but for those that numbers need.

    What would be misread without its note keeps it; a dash is explained once for all.
    """
    kept = tuple(note for note in table.notes if note.in_caption)
    marks = {note.mark for note in kept}
    blocks = tuple(
        dataclasses.replace(block, rows=tuple(_with_marks(row, marks) for row in block.rows))
        for block in table.blocks
    )
    cells = (cell for block in blocks for row in block.rows for cell in row.cells.values())
    dashes = [Note("", DASHES, in_caption=True)] if any(c.value is None for c in cells) else []
    return dataclasses.replace(table, blocks=blocks, notes=(*kept, *dashes))


def _with_marks(row: Row, kept: Collection[str]) -> Row:
    cells = {
        name: dataclasses.replace(cell, marks=tuple(mark for mark in cell.marks if mark in kept))
        for name, cell in row.cells.items()
    }
    return dataclasses.replace(row, marks=tuple(m for m in row.marks if m in kept), cells=cells)


def _annotated_row(row: Row, footnotes: Footnotes, mixed: set[str]) -> Row:
    marks = tuple(footnotes.mark(text) for text in row.caveats)
    cells = {}
    for name, cell in row.cells.items():
        texts = _cell_texts(cell, name in mixed)
        marked = (*map(footnotes.mark, texts), *([DIFFERS] if cell.differs else []))
        cells[name] = dataclasses.replace(cell, marks=marked)
    return dataclasses.replace(row, marks=marks, cells=cells)


def _cell_texts(cell: Cell, mixed: bool) -> list[str]:
    """Return what must be said about a cell; `mixed`: its column has several measurers."""
    if cell.status in (Status.UNSCORED, Status.UNAVAILABLE):
        return [first_clause(cell.reason)]
    texts = list(cell.caveats)
    if cell.status is Status.MEASURED and cell.scored != cell.total:
        few = cell.scored < LEAST_COVERAGE * cell.total
        kept_out = "; ranked only with values of as few frames" if few else ""
        texts.append(f"scored on {cell.scored} of {cell.total} frames{kept_out}")
    lucky, known = cell.by_chance
    if cell.unheard:
        texts.append(UNHEARD)
    elif lucky:
        share = "" if cell.is_chance else f" ({lucky} of {known})"
        texts.append(f"{NO_BETTER_THAN_CHANCE}{share}")
    if cell.status is Status.MEASURED and mixed:
        texts.append(f"measured by {cell.measured_by}")
    return texts


def _measurers(blocks: Sequence[Block], name: str) -> int:
    """Return in how many ways a column was measured within the block that has most."""
    return max(
        (
            len(
                {
                    row.cells[name].measured_by
                    for row in block.rows
                    if row.cells[name].value is not None
                }
            )
            for block in blocks
        ),
        default=0,
    )


def _letters(number: int) -> str:
    """Return a, b, ..., z, aa, ab, ..."""
    letters = string.ascii_lowercase
    prefix = _letters(number // len(letters) - 1) if number >= len(letters) else ""
    return prefix + letters[number % len(letters)]
