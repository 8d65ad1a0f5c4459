"""What tests of tables look up and make."""

from __future__ import annotations

from tgbench.reports.renderers.cell_text import interval_text, number_text
from tgbench.reports.tables.cells import Cell, Table
from tgbench.running.result import MetricRecord


def cell(table: Table, label: str, metric: str, block: int = 0) -> Cell:
    (row,) = [row for row in table.blocks[block].rows if row.label == label]
    return row.cells[metric]


def shown(table: Table, label: str, metric: str, block: int = 0) -> str:
    """The text of a cell, with its interval."""
    (column,) = [column for column in table.columns if column.name == metric]
    found = cell(table, label, metric, block)
    return f"{number_text(found, column)} {interval_text(found, column)}".rstrip()


def record(value: float, measured_by: str, scored: int = 10, total: int = 10) -> MetricRecord:
    return MetricRecord(
        value=value,
        status="measured",
        scored=scored,
        total=total,
        direction="lower",
        measured_by=measured_by,
    )


def by_chance(value: float, chance: float) -> MetricRecord:
    plain = record(value, "lips and sound")
    return plain.model_copy(update={"details": {"by_chance": chance}})
