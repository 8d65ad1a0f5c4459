"""What `tgbench score` prints of several clips together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from ..terminal import Terminal

if TYPE_CHECKING:
    from ..running.result import MetricRecord


class Remarks:
    """Notes and missing metrics, each printed once with the number of clips that it concerns."""

    def __init__(self) -> None:
        self._notes: dict[str, list[str]] = {}
        self._missing: dict[tuple[str, str], list[str]] = {}

    def note(self, text: str, clip: str) -> None:
        """Add a note on a clip."""
        self._notes.setdefault(text, []).append(clip)

    def missing(self, metrics: str, reason: str, clip: str) -> None:
        """Add metrics that could not be measured on a clip."""
        self._missing.setdefault((metrics, reason), []).append(clip)

    def print(self, terminal: Terminal, clips: int) -> None:
        """Print all remarks.

        Args:
            terminal: where to print.
            clips: how many there are; the number is left out for a single one.
        """
        from rich.text import Text

        def which(concerned: Sequence[str]) -> str:
            if clips == 1:
                return ""
            several = f"{len(concerned)} of {clips} clips"
            return f" ({several if len(concerned) > 1 else concerned[0]})"

        for (metrics, reason), concerned in self._missing.items():
            terminal.out.print(Text(f"- {metrics}{which(concerned)}: {reason}", style="dim"))
        for note, concerned in self._notes.items():
            terminal.out.print(Text(f"note{which(concerned)}: {note}"))


def print_means(
    scored: Sequence[Mapping[str, MetricRecord]], clips: int, terminal: Terminal
) -> None:
    """Print the mean of every metric over the clips that have it.

    Args:
        scored: metrics by name, of each clip that was scored.
        clips: how many there were.
        terminal: where to print.
    """
    from rich.text import Text

    from .. import plugins
    from ..terminal.text_table import Head, print_table

    specs = plugins.metrics()
    rows: list[list[Text]] = []
    for name in dict.fromkeys(name for metrics in scored for name in metrics):
        spec = specs[name]
        found = [metrics[name].value for metrics in scored if name in metrics]
        values = [value for value in found if value is not None]
        if values and spec.direction.averages:
            mean = f"{sum(values) / len(values):.{spec.decimals}f}"
            rows.append([Text(spec.label), Text(mean), Text(f"{len(values)}/{clips}")])
    if rows:
        heads = [Head("", right=False), Head("mean over clips"), Head("clips")]
        print_table(terminal.out, heads, rows)
