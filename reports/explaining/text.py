"""Explanations as lines of text, for a terminal and for the page."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from tgbench import plugins
from tgbench.results import MeasuredCase

from .explanation import NOT_MEASURED, Explanation, worst_cases

HEADING = "What the worst cases point to"


@dataclass(frozen=True)
class Told:
    """What is said of a method's worst case.

    Attributes:
        heading: method and case, and how it was chosen.
        points: defects with the evidence.
        unknown: what cannot be told, and what is missing for it; empty: nothing.
        missing: metrics that were not measured, by name.
    """

    heading: str
    points: tuple[str, ...]
    unknown: str
    missing: tuple[str, ...]


def told(cases: Sequence[MeasuredCase], label_of: Callable[[MeasuredCase], str]) -> Iterator[Told]:
    """Yield what the worst case of each method suffers from.

    Args:
        cases: merged, of any protocols.
        label_of: names the method of a case.
    """
    for worst in worst_cases(cases):
        chosen = f" ({worst.chosen_by})" if worst.chosen_by else ""
        found = worst.explanation
        points = [f"{defect}: {', '.join(evidence)}" for defect, evidence in found.pointed]
        yield Told(
            f"{label_of(worst.case)}, {worst.case.key.title}{chosen}",
            tuple(points or _none(found)),
            _unknown(found.open),
            plugins.in_table_order(
                name
                for each in found.open.values()
                for name, reason in each.items()
                if reason == NOT_MEASURED
            ),
        )


def _none(found: Explanation) -> Iterator[str]:
    if found.ruled_out:
        count = len(found.ruled_out)
        yield "no defect" if count == 1 else f"none of {count} defects"


def _unknown(unknown: Mapping[str, Mapping[str, str]]) -> str:
    """Return what cannot be told: defects of which the same is missing are named together."""
    alike: dict[str, list[str]] = {}
    for defect, missing in unknown.items():
        alike.setdefault(_reasons(missing), []).append(defect)
    return "; ".join(f"{', '.join(defects)} ({reasons})" for reasons, defects in alike.items())


def _reasons(missing: Mapping[str, str]) -> str:
    """Return what is missing of metrics, those with one reason together."""
    alike: dict[str, list[str]] = {}
    for name, reason in missing.items():
        alike.setdefault(reason, []).append(name)
    return "; ".join(f"{', '.join(names)}: {reason}" for reason, names in alike.items())
