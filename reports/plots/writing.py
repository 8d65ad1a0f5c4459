"""All plots of some results, as files."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tgbench import plugins
from tgbench.files import make_folder
from tgbench.metrics.speed.specs import FPS
from tgbench.progress import SILENT, Progress
from tgbench.results import MeasuredCase
from tgbench.specs import Direction, Needs

from ..tables.angles import AnglePanel, angle_panels
from ..tables.building import Extras, build_tables
from ..tables.cells import Column, Table
from ..tables.shapes import Shape
from .angles import plot_angles
from .bars import plot_metrics
from .curves import plot_curves
from .ladder import plot_ladder
from .panels import cases
from .speed import plot_speed
from .spread import plot_spread
from .style import save

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SUFFIXES = (".pdf", ".svg")

_MOST_BYTES = 150
"""Of a file's name: file systems take 255, and a number and suffixes follow."""


def write_plots(
    results: Sequence[MeasuredCase],
    folder: Path,
    progress: Progress = SILENT,
    *,
    metrics: Sequence[str] = (),
    protocol: str = "",
) -> list[Path]:
    """Write every plot that results allow, as PDF and SVG, and return the files.

    Args:
        results: what was measured.
        folder: where they go; made if need be.
        progress: where to report.
        metrics: to draw, in this order; empty for all.
        protocol: the only one to draw; empty for all.

    Raises:
        TgbenchError: Matplotlib is not installed, or the folder cannot be written.
    """
    make_folder(folder)
    extras = Extras(intervals=True)
    written: list[Path] = []
    taken: set[str] = set()
    shape = Shape(tuple(metrics), protocol=protocol)
    with progress.task("drawing plots", None) as task:
        for table in build_tables(results, shape=shape, extras=extras):
            for name, figure in _figures(table):
                if figure is not None:
                    stem = _file_name(f"{table.title} {name}", taken)
                    written += [save(figure, folder / f"{stem}{suffix}") for suffix in SUFFIXES]
                    task.advance()
    return written


def _figures(table: Table) -> Iterator[tuple[str, Figure | None]]:
    quality = [column for column in table.columns if _measures_quality(column)]
    yield "metrics", plot_metrics(table)
    yield "spread", plot_spread(table, quality)
    names = [column.name for column in table.columns]
    for column in quality:
        if FPS.name in names:
            yield f"speed {column.name}", plot_speed(table, column.name)
    for method, variants in _ladders(table).items():
        yield f"ablation {method}", plot_ladder(table, variants, quality)
    yield from _angles(table)
    for block in cases(table):
        yield f"frames {block.title}", plot_curves(block, table.columns)


def _angles(table: Table) -> Iterator[tuple[str, Figure | None]]:
    """Yield a figure for each identity and angle that cameras moved by."""
    labels = list(dict.fromkeys(row.label for block in table.blocks for row in block.rows))
    found: dict[tuple[str, str], list[AnglePanel]] = defaultdict(list)
    for panel in angle_panels([table]):
        found[panel.identity, panel.axis].append(panel)
    for (identity, axis), panels in found.items():
        yield f"angles {axis} {identity}", plot_angles(panels, labels)


def _measures_quality(column: Column) -> bool:
    spec = plugins.metrics().get(column.name)
    timed = spec is not None and Needs.TIMING in spec.needs
    return not timed and column.direction is not Direction.NONE


def _ladders(table: Table) -> dict[str, list[str]]:
    """Return the labels of methods that come in several variants, the plainest first."""
    found: dict[str, set[str]] = defaultdict(set)
    for row in (row for block in table.blocks for row in block.rows):
        for result in row.results:
            found[result.method.name].add(row.label)
    return {
        method: sorted(several, key=lambda label: (label.count("="), label))
        for method, several in found.items()
        if len(several) > 1
    }


def _file_name(text: str, taken: set[str]) -> str:
    """Return a name that every file system takes, different from those before.

    Letters of any alphabet stay, with the marks on them.
    """
    known = unicodedata.normalize("NFC", text.lower())
    kept = "".join(letter if _stays(letter) else "-" for letter in known)
    word = re.sub("-+", "-", kept).encode()[:_MOST_BYTES].decode(errors="ignore").strip("-")
    name = word = word or "plot"
    number = 2
    while name in taken:
        name, number = f"{word}-{number}", number + 1
    taken.add(name)
    return name


def _stays(letter: str) -> bool:
    # A view 'yaw+10' is another one than 'yaw-10'.
    return letter.isalnum() or letter == "+" or unicodedata.category(letter).startswith("M")
