"""What a table holds, before anyone decides how it looks."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field

from tgbench.comparability import is_shared_time
from tgbench.running.result import Result
from tgbench.specs import Direction
from tgbench.statistics import Interval, Series

DASH = "–"
"""Stands where there is no number, or no such setting."""

Fits = tuple[tuple[int, float], ...]
"""Seeds and what was measured with each."""


class Status(enum.StrEnum):
    """Why a cell shows what it shows."""

    MEASURED = "measured"
    UNSCORED = "unscored"
    UNAVAILABLE = "unavailable"
    NOT_APPLICABLE = "not applicable"
    ABSENT = "absent"
    PUBLISHED = "published"


@dataclass(frozen=True)
class Column:
    """A metric as a table's head shows it.

    Attributes:
        name: of the metric; where heads above it distinguish several columns of one metric, these
            and the metric.
        title, unit: as shown.
        direction: which way is better.
        decimals: digits after the point.
        groups: heads above it, the outermost first; as many for every column of a table.
    """

    name: str
    title: str
    unit: str
    direction: Direction
    decimals: int
    groups: tuple[str, ...] = ()

    @property
    def arrow(self) -> str:
        """Which way is better, as a sign; empty where neither is."""
        return self.direction.arrow


@dataclass(frozen=True)
class Cell:
    """One number, or why there is none. Renderers make the text of it.

    Attributes:
        value: the number; None where there is none.
        status: what kind of value this is, or why there is none.
        spread: sample standard deviation over seeds; None for a single seed.
        interval: of the mean over frames, where that was asked for and is known.
        decimals: digits after the point in the paper, of a published number; None: the column's.
        reason: why there is no number, in words.
        scored, total: frames that count in the value, of how many.
        measured_by: what measured it.
        comparable: equal for cells that may be ranked against each other.
        rank: 1 for the best among comparable cells; None: nothing to compare with.
        kind: equal for cells of a column and block that may be sorted among each other, 0 for
            most of them.
        marks: of the notes that concern it.
        metric: whose value it is.
        caveats: what a reader must know about this value alone, in words.
        clips: values of single frames [T] of each clip whose mean it is, where they are wanted.
        by_chance: how many of the values in it are no better than chance, of how many of which
            that is known.
        unheard: whether the method does not hear the sound, so that any agreement is chance.
        fits: by seed, in order, the value of the method as it was fitted with it.
        differs: significantly from the best of those it is ranked with; None: was not asked, or
            cannot be decided.
    """

    value: float | None
    status: Status
    spread: float | None = None
    interval: Interval | None = None
    decimals: int | None = None
    reason: str = ""
    scored: int = 0
    total: int = 0
    measured_by: str = ""
    comparable: tuple[object, ...] = ()
    rank: int | None = None
    kind: int = 0
    marks: tuple[str, ...] = ()
    metric: str = ""
    caveats: tuple[str, ...] = ()
    clips: tuple[Series, ...] = field(default=(), repr=False, compare=False)
    by_chance: tuple[int, int] = (0, 0)
    unheard: bool = False
    fits: Fits = ()
    differs: bool | None = None

    @property
    def competes(self) -> bool:
        """Whether it may have a rank at all."""
        known = self.value is not None and not self.is_chance
        return known and not is_shared_time(self.measured_by)

    @property
    def is_chance(self) -> bool:
        """Whether all of the values in it are no better than chance."""
        lucky, known = self.by_chance
        return self.unheard or lucky == known > 0


@dataclass(frozen=True)
class Row:
    """A method, or whatever else stands at the side of a table, in one block.

    Attributes:
        label: how it is called, different for each row of a block.
        cells: by metric.
        caveats: what a reader must know about its frames, in words.
        marks: of the notes that say so.
        heads: its label in parts, one for each field at the side; empty for a single one.
        results: whose numbers these are; none where a paper has them.
    """

    label: str
    cells: dict[str, Cell]
    caveats: tuple[str, ...] = ()
    marks: tuple[str, ...] = ()
    heads: tuple[str, ...] = ()
    results: tuple[Result, ...] = field(default=(), repr=False, compare=False)

    @property
    def side(self) -> tuple[str, ...]:
        """What stands at the side, one text for each field."""
        return self.heads or (self.label,)


@dataclass(frozen=True)
class Block:
    """Rows that measure the same thing: one identity and driver, or the mean over all of them.

    Attributes:
        title: what they have in common; empty where all of the table has.
        rows: in reading order.
        published: whether the numbers are those of a paper.
        mean: whether its rows are means over the blocks before.
    """

    title: str
    rows: tuple[Row, ...]
    published: bool = False
    mean: bool = False

    @property
    def has_values(self) -> bool:
        """Whether any cell is more than a dash."""
        return any(cell.value is not None for row in self.rows for cell in row.cells.values())


@dataclass(frozen=True)
class Note:
    """A footnote; without a mark it concerns the whole table.

    Attributes:
        mark: letter of the cells or rows that it concerns.
        text: what it says.
        in_caption: whether the numbers would be misread without it, so that it stays where notes
            are left out.
    """

    mark: str
    text: str
    in_caption: bool = False


@dataclass(frozen=True)
class Table:
    """All results of one version of one protocol, unless a row or column is a protocol.

    Attributes:
        name: of the protocol.
        title: as it stands within a text.
        columns: metrics that at least one row has; none where no row has any that was asked for.
        blocks: in reading order.
        notes: footnotes in the order of their marks.
        side: heads of the fields at the side.
    """

    name: str
    title: str
    columns: tuple[Column, ...]
    blocks: tuple[Block, ...]
    notes: tuple[Note, ...] = field(default=())
    side: tuple[str, ...] = ("Method",)

    @property
    def heading(self) -> str:
        """The title as it begins a line; names in it keep their letters."""
        return self.title[:1].upper() + self.title[1:]
