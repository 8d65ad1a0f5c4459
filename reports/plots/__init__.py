"""Plots for papers: vector files of a column's width that read in black and white."""

from __future__ import annotations

from .angles import plot_angles
from .bars import plot_metrics
from .curves import plot_curves
from .ladder import plot_ladder
from .speed import plot_speed
from .spread import plot_spread
from .writing import write_plots

__all__ = [
    "plot_angles",
    "plot_curves",
    "plot_ladder",
    "plot_metrics",
    "plot_speed",
    "plot_spread",
    "write_plots",
]
