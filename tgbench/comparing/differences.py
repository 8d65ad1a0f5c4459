"""Metric by metric: how far two sides are apart, and whether that is more than chance."""

from __future__ import annotations

import enum
import statistics
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .. import plugins
from ..errors import TgbenchError
from ..metrics.specs import IMAGE_METRICS, in_table_order
from ..running.result import MetricRecord
from ..specs import Direction, Needs
from ..statistics import FEWEST_FRAMES, Difference, Series, paired_difference
from .sides import Entry, Key, frames_of, values_of

Cases = dict[Key, tuple[list[Entry], list[Entry]]]


class Verdict(enum.StrEnum):
    """What a difference says."""

    FIRST = "A is better"
    SECOND = "B is better"
    NONE = "no difference to be told"
    UNSURE = "no interval"
    NEUTRAL = "neither way is better"


@dataclass(frozen=True)
class Row:
    """One metric over all cases that both sides have.

    Attributes:
        metric: its name.
        first, second: means over the cases, each counting alike.
        difference: of the second to the first, paired by frame; None where the value is no mean
            over frames, or there are too few.
        verdict: which is better.
        cases: how many cases it is over.
    """

    metric: str
    first: float
    second: float
    difference: Difference | None
    verdict: Verdict
    cases: int


@dataclass(frozen=True)
class Comparison:
    """Two sides, compared.

    Attributes:
        titles: the cases that both have.
        rows: metrics that could be compared.
        notes: what could not, and why.
    """

    titles: tuple[str, ...]
    rows: tuple[Row, ...]
    notes: tuple[str, ...]


def compare(first: Sequence[Entry], second: Sequence[Entry], seed: int = 0) -> Comparison:
    """Compare two sides, each of one method, on the cases that both have.

    Several seeds of one method are averaged frame by frame first.

    Raises:
        TgbenchError: a side holds several methods, or no case is on both.
    """
    for side, name in ((first, "A"), (second, "B")):
        methods = sorted({entry.method for entry in side})
        if len(methods) > 1 and side[0].case[0] != "score":
            raise TgbenchError(
                f"{name} holds several methods ({', '.join(methods)}); choose one of each with "
                "--methods"
            )
    cases, notes = _paired(first, second)
    rows = []
    names = in_table_order(
        metric for entries in cases.values() for entry in entries[0] for metric in entry.metrics
    )
    for metric in names:
        row = _row(metric, cases, seed)
        if isinstance(row, Row):
            rows.append(row)
        elif row:
            notes.append(row)
    titles = tuple(entries[0][0].title for entries in cases.values())
    return Comparison(titles, tuple(rows), tuple(notes))


def _paired(first: Sequence[Entry], second: Sequence[Entry]) -> tuple[Cases, list[str]]:
    of_first, of_second = (_by_case(side) for side in (first, second))
    common = [key for key in of_first if key in of_second]
    notes = []
    for name, own, other in (("A", of_first, of_second), ("B", of_second, of_first)):
        alone = [entries[0].title for key, entries in own.items() if key not in other]
        if alone:
            notes.append(f"only {name} has {', '.join(alone)}")
    if not common:
        raise TgbenchError(
            "no case is on both sides: protocol, its version, the identity's files and the "
            f"driving sound must be the same ({'; '.join(notes)})"
        )
    return {key: (of_first[key], of_second[key]) for key in common}, notes


def _by_case(side: Sequence[Entry]) -> dict[Key, list[Entry]]:
    cases: dict[Key, list[Entry]] = defaultdict(list)
    for entry in side:
        cases[entry.case].append(entry)
    for entries in cases.values():
        seeds = [entry.seed for entry in entries]
        for entry in entries:
            if seeds.count(entry.seed) > 1:
                folders = [str(e.folder) for e in entries if e.seed == entry.seed]
                raise TgbenchError(
                    f"{entry.title}: two results of one method and seed ({', '.join(folders)}); "
                    "name the folder of the one that is meant"
                )
    return cases


def _row(metric: str, cases: Cases, seed: int) -> Row | str:
    """Return what is found of a metric, or in words why nothing is."""
    values: list[tuple[float, float]] = []
    pairs: list[tuple[Series, Series]] = []
    whole = _averages(metric)
    for entries in cases.values():
        records = [[e.metrics[metric] for e in side if metric in e.metrics] for side in entries]
        if not all(records) or any(r.value is None for side in records for r in side):
            return _missing(metric, records)
        unlike = _unlike(metric, entries, records)
        if unlike:
            return f"{metric}: not compared; {unlike}"
        first, second = (statistics.fmean(r.value or 0.0 for r in side) for side in records)
        values.append((first, second))
        series = [values_of(side, metric) for side in entries] if whole else [None, None]
        if series[0] is not None and series[1] is not None:
            pairs.append((series[0], series[1]))
    paired = len(pairs) == len(values) and paired_difference(pairs, seed=seed)
    means = [statistics.fmean(column) for column in zip(*values, strict=True)]
    found = paired or None
    return Row(metric, means[0], means[1], found, _verdict(metric, found), len(values))


def _averages(metric: str) -> bool:
    spec = plugins.metrics().get(metric)
    return spec is not None and spec.averages_frames


def _missing(metric: str, records: Sequence[Sequence[MetricRecord]]) -> str:
    """Say which side has no value; nothing where neither has."""
    has = [any(record.value is not None for record in side) for side in records]
    if not any(has):
        return ""
    reasons = [record.reason for side in records for record in side if record.reason]
    why = f" ({reasons[0]})" if reasons else ""
    return f"{metric}: not compared; {'A' if has[1] else 'B'} lacks a value in a case{why}"


def _unlike(
    metric: str, entries: tuple[list[Entry], list[Entry]], records: Sequence[Sequence[MetricRecord]]
) -> str:
    """Return in what the two sides were measured unlike, nothing where they may be compared."""
    by = {record.measured_by for side in records for record in side}
    if len(by) > 1:
        return f"measured unlike: {' / '.join(sorted(by))}"
    both = [*entries[0], *entries[1]]
    if metric in IMAGE_METRICS and len({entry.made_of for entry in both}) > 1:
        made = " / ".join(sorted({entry.made_of for entry in both}))
        return f"the frames are made of unlike parts ({made})"
    spec = plugins.metrics().get(metric)
    if spec is not None and Needs.TIMING in spec.needs:
        return "timed on unlike machines" if len({e.machine for e in both}) > 1 else ""
    if spec is not None and Needs.AUDIO in spec.needs and len({e.sound for e in both}) > 1:
        return "heard with unlike sounds"
    frames = [frames_of(entry) for entry in both]
    if any(other != frames[0] for other in frames[1:]):
        return "measured on unlike frames"
    return ""


def _verdict(metric: str, difference: Difference | None) -> Verdict:
    spec = plugins.metrics().get(metric)
    direction = spec.direction if spec is not None else Direction.NONE
    if difference is None:
        return Verdict.UNSURE
    if direction is Direction.NONE:
        return Verdict.NEUTRAL
    if not difference.beyond():
        return Verdict.NONE
    second = (difference.mean > 0.0) == (direction is Direction.HIGHER)
    return Verdict.SECOND if second else Verdict.FIRST


def why_no_interval(metrics: Mapping[str, Row]) -> str:
    """Say once why some rows have no interval; nothing where all have one."""
    without = [name for name, row in metrics.items() if row.difference is None]
    if not without:
        return ""
    return (
        f"{', '.join(without)}: no mean over frames, or fewer than {FEWEST_FRAMES} frames scored "
        "in a clip, so how sure the difference is cannot be told"
    )
