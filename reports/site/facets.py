"""What rows can be filtered by, numbered, so that no text of a result becomes an attribute."""

from __future__ import annotations

from collections.abc import Iterable

from tgbench.running.result import Result

from ..tables.cells import Block, Cell, Column, Row, Status, Table


class Facets:
    """The values of a table that a filter may choose from.

    Attributes:
        modes, conditions, identities, drivers: as results tell them, sorted.
        measurers: by column, what measured its values, sorted.
        titles: of columns.
        published: whether some rows are those of a paper.
    """

    def __init__(self, table: Table) -> None:
        rows = [row for block in table.blocks for row in block.rows]
        results = [result for row in rows for result in row.results]
        self.modes = _sorted(result.method.composite_mode for result in results)
        self.conditions = _sorted(c for r in results for c in r.method.leaked_conditions)
        self.identities = _sorted(result.identity.name for result in results)
        self.drivers = _sorted(result.driver.name for result in results)
        self.titles = {column.name: column.title for column in table.columns}
        self.published = any(block.published for block in table.blocks)
        self.measurers = {
            column.name: found
            for column in table.columns
            if (found := _sorted(_measurers(rows, column)))
        }

    def of_block(self, block: Block) -> str:
        """Return attributes that say which case a block is, if it is one."""
        results = [result for row in block.rows for result in row.results]
        if block.published:
            return " data-published"
        if block.mean or not results:
            return ""
        return (
            f' data-identity="{self.identities.index(results[0].identity.name)}"'
            f' data-driver="{self.drivers.index(results[0].driver.name)}"'
        )

    def of_row(self, row: Row) -> str:
        """Return attributes that say what the frames of a row are made of."""
        modes = (self.modes.index(result.method.composite_mode) for result in row.results)
        given = (self.conditions.index(condition) for condition in _conditions(row.results))
        return f' data-modes="{_numbers(modes)}" data-given="{_numbers(given)}"'

    def of_cell(self, cell: Cell, column: Column) -> str:
        """Return an attribute that says what measured a value, where there is a choice."""
        measurers = self.measurers.get(column.name, [])
        if len(measurers) < 2 or cell.status is not Status.MEASURED:
            return ""
        return f' data-by="{measurers.index(cell.measured_by)}"'


def _conditions(results: Iterable[Result]) -> list[str]:
    return [condition for result in results for condition in result.method.leaked_conditions]


def _measurers(rows: Iterable[Row], column: Column) -> list[str]:
    cells = [row.cells[column.name] for row in rows]
    return [cell.measured_by for cell in cells if cell.status is Status.MEASURED]


def _sorted(values: Iterable[str]) -> list[str]:
    return sorted(set(values))


def _numbers(values: Iterable[int]) -> str:
    return " ".join(map(str, sorted(set(values))))
