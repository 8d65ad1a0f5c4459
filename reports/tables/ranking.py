"""Ranks within a column, only among values that compare."""

from __future__ import annotations

import dataclasses
import itertools
from collections import defaultdict
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass

from tgbench.specs import Direction
from tgbench.statistics import paired_difference, samples_differ

from .cells import Cell, Column, Row

LEAST_COVERAGE = 0.95
"""Share of frames scored, of that of the best covered rival, below which none is ranked."""


Contest = Callable[[Row, Column], Hashable]


@dataclass(frozen=True)
class _Rival:
    """A cell by its row and column; lower values are better."""

    row: int
    column: str
    cell: Cell
    value: float
    shown: float

    @property
    def coverage(self) -> float:
        """Share of its frames that were scored."""
        return self.cell.scored / self.cell.total if self.cell.total else 1.0


def column_by_column(row: Row, column: Column) -> Hashable:
    """Let all rows of a column compete."""
    return column.name


def ranked(
    rows: Sequence[Row],
    columns: Sequence[Column],
    contest: Contest = column_by_column,
    significance: bool = False,
) -> tuple[Row, ...]:
    """Return the rows with the rank of every cell.

    Cells compete where their `comparable` agrees and there are at least two of them. One that
    was scored on clearly fewer frames than its rivals does not: what it could not score, such as
    frames without a face, are its worst. Values that print alike share a rank, and the next one is
    skipped: a digit that nobody sees decides nothing. Where all print alike, none has a rank;
    neither has what chance would give, nor a time that was taken beside other jobs.
    Cells of a column that do not compete are of different `kind`, whether they have a rank or not.

    Args:
        rows: of one block.
        columns: with what is better.
        contest: equal for cells that compete.
        significance: whether to tell which cells differ from the best of their rivals.
    """
    rivals = _rivals(rows, columns, contest)
    kinds = _kinds(rivals)
    found: list[dict[str, Cell]] = [dict(row.cells) for row in rows]
    for rival in itertools.chain(*rivals.values()):
        kind = kinds[rival.row, rival.column]
        found[rival.row][rival.column] = dataclasses.replace(rival.cell, kind=kind)
    unranked = {column.name for column in columns if column.direction is Direction.NONE}
    for group in map(_alike_covered, rivals.values()):
        if group[0].column in unranked or len({rival.shown for rival in group}) < 2:
            continue
        best = min(group, key=lambda rival: rival.value)
        for rival in group:
            rank = 1 + sum(other.shown < rival.shown for other in group)
            differs = _differs(best.cell, rival.cell) if significance and rank > 1 else None
            cell = found[rival.row][rival.column]
            found[rival.row][rival.column] = dataclasses.replace(cell, rank=rank, differs=differs)
    return tuple(
        dataclasses.replace(row, cells=cells) for row, cells in zip(rows, found, strict=True)
    )


def _rivals(
    rows: Sequence[Row], columns: Sequence[Column], contest: Contest
) -> dict[Hashable, list[_Rival]]:
    """Return all that has a value, by what it must share to compete."""
    rivals: dict[Hashable, list[_Rival]] = defaultdict(list)
    for column in columns:
        # Without a better way nothing is ranked; the order only finds what is equal.
        cost = Direction.LOWER.cost if column.direction is Direction.NONE else column.direction.cost
        for index, row in enumerate(rows):
            cell = row.cells[column.name]
            if cell.value is not None and cell.competes:
                shown = cost(round(cell.value, column.decimals))
                rival = _Rival(index, column.name, cell, cost(cell.value), shown)
                rivals[contest(row, column), *cell.comparable].append(rival)
    return rivals


def _kinds(rivals: Mapping[Hashable, Sequence[_Rival]]) -> dict[tuple[int, str], int]:
    """Number for each row and column the kind of its value, the most frequent of a column first."""
    by_column: dict[str, dict[Hashable, list[int]]] = defaultdict(lambda: defaultdict(list))
    for key, group in rivals.items():
        alike = {(rival.row, rival.column) for rival in _alike_covered(group)}
        for rival in group:
            admitted = (rival.row, rival.column) in alike
            by_column[rival.column][key, admitted].append(rival.row)
    return {
        (row, column): number
        for column, found in by_column.items()
        for number, members in enumerate(sorted(found.values(), key=len, reverse=True))
        for row in members
    }


def _alike_covered(group: Sequence[_Rival]) -> list[_Rival]:
    most = max(rival.coverage for rival in group)
    return [rival for rival in group if rival.coverage >= LEAST_COVERAGE * most]


def _differs(best: Cell, cell: Cell) -> bool | None:
    """Return whether two means over the same frames differ; None where that cannot be tested.

    Frames tell of these fits. Where there are several of both, they must differ as well: a mean
    over seeds hides how much a fit depends on its seed.
    """
    if not cell.clips or list(map(len, best.clips)) != list(map(len, cell.clips)):
        return None
    difference = paired_difference(list(zip(best.clips, cell.clips, strict=True)))
    if difference is None:
        return None
    of_best, of_cell = ([value for _, value in each.fits] for each in (best, cell))
    if not of_best or not of_cell:
        return None
    repeated = min(len(of_best), len(of_cell)) > 1
    return difference.beyond() and (not repeated or samples_differ(of_best, of_cell))
