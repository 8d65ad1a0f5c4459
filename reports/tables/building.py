"""From results to tables of cells: one table for each version of a protocol."""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from tgbench import plugins
from tgbench.errors import TgbenchError
from tgbench.metrics.naming import metric_named
from tgbench.plugins import in_table_order
from tgbench.results import MeasuredCase, as_cases, merge_cases
from tgbench.running.result import Result

from .cell_from_result import measured_cell, metric_column
from .cells import Block, Column, Note, Table
from .declared_numbers import declared_beside
from .entries import measured_entries, protocol_title
from .footnotes import annotated
from .labels import method_labels
from .layout import Layout
from .published import NOTE, Published, published_beside, with_dashes
from .settings import check_settings
from .shapes import PLAIN, VARIED, Shape, field_title
from .table_notes import (
    dash_note,
    interval_note,
    missing_notes,
    no_mean_notes,
    ranking_notes,
    remedy_note,
    significance_note,
    sizes_note,
    spread_note,
    training_notes,
)


@dataclass(frozen=True)
class Extras:
    """What a table shows beside the numbers.

    Attributes:
        intervals: whether means come with where they may lie.
        significance: whether what differs from the best of its column is marked.
        published: whether the paper's numbers follow the measured ones.
        digits: after the point, by metric; of all others under an empty name.
    """

    intervals: bool = False
    significance: bool = False
    published: bool = False
    digits: Mapping[str, int] = field(default_factory=dict)


def build_tables(
    results: Iterable[MeasuredCase | Result],
    *,
    shape: Shape = PLAIN,
    extras: Extras | None = None,
) -> list[Table]:
    """Return one table for each protocol and version, in the order of their names.

    Rows of a block share identity and driver to the byte. Where there are several blocks, the
    mean over all of them follows.

    Several measurements of one experiment are one row: each metric is from the latest that has it.

    Args:
        results: what was measured; a bare `Result` has no values of single frames.
        shape: what to show, and where.
        extras: what else to show.

    Raises:
        TgbenchError: a metric is named that neither is known nor was measured, or a setting that
            no result has, or there is no result of the protocol that the shape is for.
    """
    extras = extras or Extras()
    every = merge_cases(as_cases(results))
    cases = [case for case in every if shape.protocol in ("", case.key.protocol)]
    chosen = [case.result for case in cases]
    if every and not chosen:
        raise TgbenchError(
            f"no result of the protocol {shape.protocol}, which this shape is for; make some with "
            f"`tgbench run --protocol {shape.protocol}`"
        )
    _check_metrics(chosen, shape)
    check_settings(shape.settings, chosen, VARIED)
    if shape.joins_protocols:
        return [_table("protocols", "all protocols", cases, shape, extras)] if cases else []
    by_protocol: dict[tuple[str, str], list[MeasuredCase]] = defaultdict(list)
    for case in cases:
        by_protocol[case.key.protocol, case.key.version].append(case)
    tables = []
    for (name, version), found in sorted(by_protocol.items()):
        several = sum(other == name for other, _ in by_protocol) > 1
        title = protocol_title(name, version if several else "")
        tables.append(_table(name, title, found, shape, extras))
    return tables


def _check_metrics(results: Sequence[Result], shape: Shape) -> None:
    known = {metric for result in results for metric in result.metrics}
    for metric in shape.metrics:
        if metric not in known:
            metric_named(metric, known)


def _table(
    name: str, title: str, cases: Sequence[MeasuredCase], shape: Shape, extras: Extras
) -> Table:
    results = [case.result for case in cases]
    papers = published_beside(results, shape.published, shape.settings) if extras.published else []
    if extras.published and not shape.settings:
        papers += declared_beside(results)
    columns = _columns(results, papers, shape, extras.digits)
    measured = [
        metric
        for metric, column in columns.items()
        if any(measured_cell(case, column).value is not None for case in cases)
    ]
    shown = [
        column
        for metric, column in columns.items()
        if metric in measured or any(metric in paper.metrics for paper in papers)
    ]
    frames = extras.intervals or extras.significance
    entries = measured_entries(cases, shown, frames, extras.intervals, shape.settings)
    printed = [with_dashes(paper.entries, shown) for paper in papers]
    everything = [*entries, *(entry for paper in printed for entry in paper)]
    layout = Layout(shape, shown, everything, extras.intervals, extras.significance)
    side = tuple(map(field_title, shape.rows))
    missing = [metric for metric, column in columns.items() if column not in shown]
    absent = [*missing_notes(results, missing), *remedy_note(results, list(columns))]
    if not layout.columns:
        none = Note("", "No table: none of the metrics has a value in these results")
        return Table(name, title, (), (), (none, *absent), side)
    means = layout.means(entries)
    empty = [block for block in means if not block.has_values]
    blocks = [*layout.blocks(entries), *(block for block in means if block.has_values)]
    for paper, rows in zip(papers, printed, strict=True):
        blocks += [
            Block(f"{paper.title}{_where(block)}", block.rows, published=True)
            for block in layout.blocks(rows)
        ]
    marked, notes = annotated(blocks, layout.columns)
    general = [
        *training_notes(results, method_labels(results, shape.settings)),
        *sizes_note(entries),
        *dash_note(blocks, layout.columns),
        *no_mean_notes(empty, layout.columns),
        *absent,
        *ranking_notes(blocks, layout.columns),
        *spread_note(blocks, layout.columns),
    ]
    if extras.intervals:
        general.append(interval_note(blocks, layout.columns))
    if extras.significance:
        general.append(significance_note(blocks, layout.columns))
    texts = dict.fromkeys(text for paper in papers for text in paper.notes)
    general += [Note("", text, in_caption=text == NOTE) for text in texts]
    return Table(name, title, layout.columns, marked, (*notes, *general), side)


def _columns(
    results: Sequence[Result],
    papers: Sequence[Published],
    shape: Shape,
    digits: Mapping[str, int],
) -> dict[str, Column]:
    """Return by name the metrics that are asked for, whether anything has a value or not."""
    sought = shape.metrics or in_table_order(
        [
            *(metric for result in results for metric in result.metrics),
            *(metric for paper in papers for metric in paper.metrics),
        ]
    )
    columns = (
        metric_column(metric, results)
        for metric in sought
        if metric in plugins.metrics() or any(metric in result.metrics for result in results)
    )
    return {
        column.name: dataclasses.replace(
            column, decimals=digits.get(column.name, digits.get("", column.decimals))
        )
        for column in columns
    }


def _where(block: Block) -> str:
    return f"; {block.title}" if block.title else ""
