"""What a table holds, before anyone decides how it looks."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field

from tgbench.specs import Direction
from tgbench.statistics import Series

DASH = "–"


class Status(enum.StrEnum):
    """Why a cell shows what it shows."""

    MEASURED = "measured"
    UNSCORED = "unscored"
    UNAVAILABLE = "unavailable"
    NOT_APPLICABLE = "not applicable"
    ABSENT = "absent"


@dataclass(frozen=True)
class Column:
    """A metric as a table's head shows it.

    Attributes:
        name: of the metric.
        title, unit: as shown.
        direction: which way is better.
        decimals: digits after the point.
    """

    name: str
    title: str
    unit: str
    direction: Direction
    decimals: int

    @property
    def arrow(self) -> str:
        """Which way is better, as a sign; empty where neither is."""
        return {Direction.HIGHER: "↑", Direction.LOWER: "↓", Direction.NONE: ""}[self.direction]


@dataclass(frozen=True)
class Cell:
    """One number, or why there is none.

    Attributes:
        value: the number, None where there is none.
        text: as shown, without marks; a dash where there is no number.
        status: why.
        reason: in words, where there is no number.
        scored, total: frames that count in the value, of how many.
        measured_by: what measured it.
        comparable: equal for cells that may be ranked against each other.
        rank: 1 for the best among comparable cells; None: nothing to compare with.
        marks: of the notes that concern it.
        frames: values of single frames [T], where intervals are wanted and it is their mean.
    """

    value: float | None
    text: str
    status: Status
    reason: str = ""
    scored: int = 0
    total: int = 0
    measured_by: str = ""
    comparable: tuple[object, ...] = ()
    rank: int | None = None
    marks: tuple[str, ...] = ()
    frames: Series | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True)
class Row:
    """A method in one block.

    Attributes:
        label: how the method is called, different for each configuration.
        cells: by metric.
        caveats: what a reader must know about its frames, in words.
        marks: of the notes that say so.
    """

    label: str
    cells: dict[str, Cell]
    caveats: tuple[str, ...] = ()
    marks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Block:
    """Rows that measure the same thing: one identity and driver, or the mean over all of them."""

    title: str
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Note:
    """A footnote; without a mark it concerns the whole table."""

    mark: str
    text: str


@dataclass(frozen=True)
class Table:
    """All results of one version of one protocol.

    Attributes:
        name: of the protocol.
        title: as a heading shows it.
        columns: metrics that at least one row has.
        blocks: in reading order.
        notes: footnotes in the order of their marks.
    """

    name: str
    title: str
    columns: tuple[Column, ...]
    blocks: tuple[Block, ...]
    notes: tuple[Note, ...] = field(default=())
