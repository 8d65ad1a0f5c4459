"""How tables look in a terminal, LaTeX, Markdown and CSV.

A form of a third party is a function of a `TableReport` that returns the text of a file, and a
`tgbench.specs.RendererSpec` in the entry-point group `tgbench.renderers`.
"""

from .cell_text import interval_text, number_text
from .report import TableReport

__all__ = ["TableReport", "interval_text", "number_text"]
