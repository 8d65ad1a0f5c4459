"""Draw what `schedule_curve` found: `python -m benchmarks.schedule_plot OUT.svg NAME=CSV ...`."""

from __future__ import annotations

import argparse
import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tgbench import plugins

if TYPE_CHECKING:
    from matplotlib.figure import Figure

METRICS = ("psnr", "ssim", "lmd")


def drawn(curves: Mapping[str, Sequence[Mapping[str, str]]]) -> Figure:
    """Return a panel a metric against iterations, a line a curve.

    Args:
        curves: rows of `curve.csv`, by what the legend calls them.
    """
    from matplotlib.figure import Figure

    from tgbench.reports.plots.style import curve_look, looks, paper_style

    styles = looks(list(curves))
    with paper_style():
        figure = Figure(figsize=(7.2, 2.0), layout="constrained")
        panels = figure.subplots(1, len(METRICS))
        for axes, metric in zip(panels, METRICS, strict=True):
            for name, rows in curves.items():
                iterations = [int(row["iterations"]) / 1000 for row in rows]
                values = [float(row[metric]) for row in rows]
                axes.plot(iterations, values, label=name, **curve_look(styles[name]))
            axes.set_ylabel(plugins.metric_spec(metric).label)
            axes.set_xlabel("thousand iterations")
        panels[0].legend()
    return figure


def main(arguments: Sequence[str] | None = None) -> None:
    """Read curves and draw them."""
    from tgbench.reports.plots.style import save

    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("picture", type=Path)
    parser.add_argument("curves", nargs="+", metavar="NAME=CSV")
    args = parser.parse_args(arguments)
    curves: dict[str, list[dict[str, str]]] = {}
    for each in args.curves:
        name, _, file = each.rpartition("=")
        with Path(file).open(encoding="utf-8", newline="") as stream:
            curves[name or file] = list(csv.DictReader(stream))
    save(drawn(curves), args.picture)


if __name__ == "__main__":
    main()
