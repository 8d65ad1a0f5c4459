"""What a renderer is given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from tgbench.results import MeasuredCase
from tgbench.running.result import Result

from ..tables.cells import Table
from ..tables.published import Published

LatexWidth = Literal["auto", "column", "page"]
"""Of tables in LaTeX: of a column (`table`), of both (`table*`), or whichever is enough."""


@dataclass(frozen=True)
class TableReport:
    """The tables of one call of `tgbench report`, and what they were made of.

    Attributes:
        tables: as asked for.
        results: all measurements, whatever the tables show; not merged.
        published: what a paper prints for their protocols, where that was asked for.
        latex_width: how wide tables in LaTeX are.
    """

    tables: Sequence[Table]
    results: Sequence[MeasuredCase | Result] = ()
    published: Sequence[Published] = ()
    latex_width: LatexWidth = "auto"
