"""The table of one protocol: what its rows and cells can be filtered by, and what they lead to."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from tgbench.running.result import Result

from ..tables.cells import Block, Cell, Column, Row, Status, Table
from .submissions import Submission

_LONGEST_OPTION = 90
"""Characters of an option; what measured a number takes a paragraph to describe."""


@dataclass(frozen=True)
class Choice:
    """A control that chooses one of several values. Pages know values by their numbers alone.

    Attributes:
        title: of the control.
        name: of what it filters.
        options: the values.
        column: number of the column that it filters, where it filters one.
    """

    title: str
    name: str
    options: tuple[str, ...]
    column: int | None = None


class Board:
    """A table with the values that filters choose from, each numbered in its sorted list.

    Attributes:
        table: what it shows.
        blocks: of the table, means over cases first.
        conditions: what methods received of the truth when they rendered.
        measurers: by column, what measured its values.

    Args:
        table: of all results of a protocol.
        submissions: all of them, superseded ones included.
    """

    def __init__(self, table: Table, submissions: Sequence[Submission]) -> None:
        self.table = table
        # Most readers look for the mean; below many cases they would not find it.
        self.blocks = sorted(table.blocks, key=lambda block: not block.mean)
        self.submissions = {id(submission.result): submission for submission in submissions}
        self._experiments = Counter(submission.experiment for submission in submissions)
        rows = [row for block in table.blocks for row in block.rows]
        results = [result for row in rows for result in row.results]
        self._modes = _sorted(result.method.composite_mode for result in results)
        self._identities = _sorted(result.identity.name for result in results)
        self._drivers = _sorted(result.driver.name for result in results)
        self.conditions = _sorted(_conditions(results))
        self.measurers = {
            column.name: found
            for column in table.columns
            if (found := _sorted(_measurers(rows, column)))
        }

    @property
    def published(self) -> bool:
        """Whether some rows are those of a paper."""
        return any(block.published for block in self.table.blocks)

    @property
    def choices(self) -> list[Choice]:
        """The controls for whole rows, where there is something to choose."""
        choices = (
            Choice("Identity", "identity", self._identities),
            Choice("Driver", "driver", self._drivers),
            Choice("Frames made of", "mode", self._modes),
        )
        return [choice for choice in choices if len(choice.options) > 1]

    @property
    def measurer_choices(self) -> list[Choice]:
        """The controls for columns whose values several things measured."""
        return [
            Choice(column.title, "by", tuple(shortened_alike(found)), number)
            for number, column in enumerate(self.table.columns, 1)
            if len(found := self.measurers.get(column.name, ())) > 1
        ]

    @property
    def titles(self) -> Mapping[str, str]:
        """The titles of columns."""
        return {column.name: column.title for column in self.table.columns}

    def identity_of(self, block: Block) -> int | None:
        """Return the number of the identity of a block that is one case."""
        result = _of_case(block)
        return None if result is None else self._identities.index(result.identity.name)

    def driver_of(self, block: Block) -> int | None:
        """Return the number of the driver of a block that is one case."""
        result = _of_case(block)
        return None if result is None else self._drivers.index(result.driver.name)

    def rows(self, block: Block) -> list[Row]:
        """Return the rows of a block; of means, those of methods that have one."""
        return [row for row in block.rows if not block.mean or _has_number(row)]

    def modes_of(self, row: Row) -> list[int]:
        """Return the numbers of what the frames of a row are made of."""
        return sorted({self._modes.index(result.method.composite_mode) for result in row.results})

    def conditions_of(self, row: Row) -> list[int]:
        """Return the numbers of what a row received of the truth."""
        return sorted({self.conditions.index(name) for name in _conditions(row.results)})

    def measurer_of(self, cell: Cell, column: Column) -> int | None:
        """Return the number of what measured a value, where there is a choice."""
        measurers = self.measurers.get(column.name, ())
        if len(measurers) < 2 or cell.status is not Status.MEASURED:
            return None
        return measurers.index(cell.measured_by)

    def pages_of(self, row: Row) -> list[Submission]:
        """Return the results of a row."""
        return [self.submissions[id(result)] for result in row.results]

    def repeated(self, row: Row) -> bool:
        """Return whether an experiment of a row was measured more than once."""
        return any(self._experiments[page.experiment] > 1 for page in self.pages_of(row))


def shortened_alike(texts: Sequence[str]) -> list[str]:
    """Return texts numbered, without the words that all begin with, and no longer than a line."""
    split = [text.split(" ") for text in texts]
    same = itertools.takewhile(lambda words: len(set(words)) == 1, zip(*split, strict=False))
    start = sum(1 for _ in same) if len(texts) > 1 else 0
    shortened = []
    for number, words in enumerate(split, 1):
        rest = " ".join(words[start:])
        before = "… " if start else ""
        after = " …" if len(rest) > _LONGEST_OPTION else ""
        shortened.append(f"{number}: {before}{rest[:_LONGEST_OPTION]}{after}")
    return shortened


def _of_case(block: Block) -> Result | None:
    """Return a result of a block that is one case."""
    if block.published or block.mean:
        return None
    return next((result for row in block.rows for result in row.results), None)


def _conditions(results: Iterable[Result]) -> list[str]:
    return [condition for result in results for condition in result.method.leaked_conditions]


def _measurers(rows: Iterable[Row], column: Column) -> list[str]:
    cells = [row.cells[column.name] for row in rows]
    return [cell.measured_by for cell in cells if cell.status is Status.MEASURED]


def _has_number(row: Row) -> bool:
    return any(cell.value is not None for cell in row.cells.values())


def _sorted(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(values)))
