"""One protocol: a table that can be sorted and filtered, each row leading to its results."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from ..html.escaping import text
from ..html.markup import counted, named
from ..html.summary import render_cell, render_head, render_marks, render_notes
from ..tables.cells import Block, Cell, Column, Row, Table
from .dates import day
from .facets import Facets
from .filters import render_filters
from .submissions import Submission

_ABOUT = ("Frames made of", "Given when rendering", "From", "Measured on")
"""Heads of what follows the metrics."""

_LEGEND = (
    "Best <b>bold</b>, second <u>underlined</u>, among all values of this page that compare: of "
    "one case, measured by the same thing; for picture metrics on frames made of the same parts; "
    "for speed on the same machine. Rows that a filter hides still count: what is marked is the "
    "best of all, not of what is shown. Sorted by a metric, rows that do not compare stay apart, "
    "with a dashed line between them."
)
_PUBLISHED = (
    " Published rows are ranked among themselves alone. A paper does not say what frames are made "
    "of, what is given or what measured, so these filters hide its rows."
)


class Board:
    """The table of a protocol, and all that belongs to it.

    Args:
        table: of all its results.
        submissions: all of them, superseded ones included.
    """

    def __init__(self, table: Table, submissions: Sequence[Submission]) -> None:
        self._table = table
        self._facets = Facets(table)
        self._submissions = {id(submission.result): submission for submission in submissions}
        self._alike = Counter(submission.experiment for submission in submissions)

    def render(self) -> Iterator[str]:
        """Yield filters, table, notes and what measured each number."""
        yield from self._numbers() if self._table.blocks else self._without_numbers()
        if self._table.notes:
            told = counted(len(self._table.notes), "note")
            yield f'<details class="more"><summary>{told}</summary>'
            yield from render_notes(self._table.notes, 0)
            yield "</details>\n"

    def _numbers(self) -> Iterator[str]:
        yield from render_filters(self._facets)
        legend = _LEGEND + (_PUBLISHED if self._facets.published else "")
        yield f'<p class="muted legend-line">{legend}</p>\n'
        yield '<div class="scroll board-scroll" tabindex="0" role="region" aria-label="Results">'
        yield '<table class="summary board"><thead><tr><th scope="col" class="side">Method</th>'
        yield from map(render_head, self._table.columns)
        yield "".join(f'<th scope="col" class="about">{head}</th>' for head in _ABOUT)
        yield "</tr></thead>\n"
        # Means over all cases are what most look for; a page of many cases would hide them below.
        for block in sorted(self._table.blocks, key=lambda block: not block.mean):
            yield from self._block(block)
        yield "</table></div>\n"
        yield from self._measurers()

    def _without_numbers(self) -> Iterator[str]:
        """Yield links to results where no metric of any has a value, so that there is no row."""
        yield "<h2>Results without numbers</h2><ul>"
        for submission in self._submissions.values():
            told = f"{submission.entry.label} on {submission.result.identity.name}"
            yield f'<li><a href="results/{submission.page}.html">{named(told)}</a></li>\n'
        yield "</ul>\n"

    def _block(self, block: Block) -> Iterator[str]:
        rows = block.rows
        told = named(block.title or "all results")
        if block.published:
            told += ' <span class="tag">published</span>'
        if block.mean:
            rows = tuple(filter(_has_number, rows))
            if without := len(block.rows) - len(rows):
                which = f"{without:,} of {len(block.rows):,} methods"
                told += f' <span class="muted">(none for {which}, which lack a case)</span>'
        columns = self._table.columns
        yield f"<tbody{self._facets.of_block(block)}>"
        yield f'<tr class="block"><th colspan="{len(columns) + 1 + len(_ABOUT)}">{told}</th></tr>\n'
        for row in rows:
            yield f'<tr class="row"{self._facets.of_row(row)}>{self._label(row, block)}'
            for column in columns:
                yield self._cell(row.cells[column.name], column)
            yield from self._about(row)
            yield "</tr>\n"
        yield "</tbody>\n"

    def _cell(self, cell: Cell, column: Column) -> str:
        # Said once below the table; in every cell it would be most of the page.
        untold = dataclasses.replace(cell, measured_by="")
        return render_cell(untold, column, 0, self._facets.of_cell(cell, column))

    def _label(self, row: Row, block: Block) -> str:
        label = named(row.label)
        pages = [self._submissions[id(result)] for result in row.results]
        if len(pages) == 1:
            label = f'<a href="results/{pages[0].page}.html">{label}</a>'
        label += render_marks(row.marks, 0)
        if len(pages) > 1 and not block.mean:
            seeds = (
                f'<a href="results/{page.page}.html">seed {page.result.seed}</a>' for page in pages
            )
            label += f'<span class="seeds">{", ".join(seeds)}</span>'
        if not block.mean and any(self._alike[page.experiment] > 1 for page in pages):
            label += ' <a class="tag" href="#repeated">measured more than once</a>'
        return f'<th scope="row" class="side">{label}</th>'

    def _about(self, row: Row) -> Iterator[str]:
        results = row.results
        sources = (self._submissions[id(result)].source for result in results)
        yield _texts(result.method.composite_mode for result in results)
        given = (condition for result in results for condition in result.method.leaked_conditions)
        yield _texts(given, "nothing" if results else "")
        yield _texts(sources)
        yield _texts([max(map(day, (result.created for result in results)), default="")])

    def _measurers(self) -> Iterator[str]:
        if not self._facets.measurers:
            return
        yield '<details class="more"><summary>What measured each number</summary><dl>'
        titles = {column.name: column.title for column in self._table.columns}
        for name, measurers in self._facets.measurers.items():
            yield f"<dt>{text(titles[name])}</dt>"
            for number, measurer in enumerate(measurers, 1):
                before = f"{number}: " if len(measurers) > 1 else ""
                yield f"<dd>{before}{text(measurer)}</dd>"
        yield "</dl></details>\n"


def _has_number(row: Row) -> bool:
    return any(cell.value is not None for cell in row.cells.values())


def _texts(values: Iterable[str], none: str = "") -> str:
    told = ", ".join(dict.fromkeys(values))
    return f'<td class="text">{named(told) if told else text(none)}</td>'
