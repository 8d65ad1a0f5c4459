"""How far two sides differ, for each protocol and metric, and whether that may be chance."""

from __future__ import annotations

import enum
import statistics
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from .. import plugins
from ..comparability import is_unheard
from ..errors import TgbenchError
from ..metrics.naming import metrics_named
from ..plugins import in_table_order
from ..results import MeasuredCase, differences_among
from ..specs import Direction
from ..statistics import FEWEST_FRAMES, Difference, Series, paired_difference
from .matching import Pair, by_protocol, leak_notes, matched, read_side, why_not


class Outcome(enum.StrEnum):
    """What a difference says."""

    FIRST = "A is better"
    SECOND = "B is better"
    NONE = "no difference found"
    UNSURE = "no interval"
    NEUTRAL = "neither direction is better"


@dataclass(frozen=True)
class MetricComparison:
    """One metric over all clips on which both sides have a value.

    Attributes:
        metric: its name.
        first, second: means over the clips, each with the same weight.
        difference: B - A, paired by frame; None where the value is not a mean over frames, or
            there are too few.
        verdict: which side is better.
        cases: over how many clips.
    """

    metric: str
    first: float
    second: float
    difference: Difference | None
    verdict: Outcome
    cases: int


@dataclass(frozen=True)
class ProtocolComparison:
    """Two sides under one protocol; values of different protocols are never averaged.

    Attributes:
        protocol: its name.
        version: of the protocol.
        title: both for a reader, and whether frames were measured through a codec.
        clips: identities and drivers that both sides have.
        rows: metrics that could be compared.
        notes: what could not be compared on all clips, and why.
    """

    protocol: str
    version: str
    title: str
    clips: tuple[str, ...]
    rows: tuple[MetricComparison, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Comparison:
    """Two sides, compared.

    Attributes:
        a, b: methods of the sides, with their folders where both have one name.
        seeds: of the fits of A and of B; empty where they are unknown.
        sections: one for each protocol that both have.
        notes: what only one side has, and what the seeds mean.
    """

    a: str
    b: str
    seeds: tuple[tuple[int, ...], tuple[int, ...]]
    sections: tuple[ProtocolComparison, ...]
    notes: tuple[str, ...]


def compare_folders(
    first: Path,
    second: Path | None = None,
    *,
    methods: tuple[str, str] | None = None,
    metrics: Sequence[str] = (),
    protocol: str | None = None,
    seed: int = 0,
) -> Comparison:
    """Compare the results of two folders, or of two methods of one folder.

    Args:
        first: folder A, of `tgbench run` or `tgbench score --out`.
        second: folder B; None takes A again, with `methods`.
        methods: the method of A and of B; None where each folder holds one.
        metrics: names or titles of the only ones to compare; empty takes all that both have.
        protocol: the only one to compare; None takes every one that both have.
        seed: of the bootstrap.

    Raises:
        TgbenchError: a folder holds no such results, a side holds several methods, a metric is
            unknown, or no case is on both sides.
    """
    if second is None and methods is None:
        raise TgbenchError(
            f"{first} with what? Name a second folder, or two methods with --methods"
        )
    of_first, of_second = methods or (None, None)
    folders = (first, second or first)
    a, b = (
        read_side(folder, method, protocol)
        for folder, method in zip(folders, (of_first, of_second), strict=True)
    )
    measured = {metric for case in (*a, *b) for metric in case.metrics}
    names = [side[0].variant.method for side in (a, b)]
    if names[0] == names[1]:
        names = [f"{name} in {folder}" for name, folder in zip(names, folders, strict=True)]
    chosen = metrics_named(metrics, measured)
    return compare(a, b, labels=(names[0], names[1]), seed=seed, metrics=chosen)


def compare(
    first: Sequence[MeasuredCase],
    second: Sequence[MeasuredCase],
    *,
    labels: tuple[str, str] = ("A", "B"),
    seed: int = 0,
    metrics: Collection[str] = (),
) -> Comparison:
    """Compare two sides, each of one method, on the cases that both have.

    Several seeds of one method are averaged frame by frame first.

    Args:
        first: side A.
        second: side B.
        labels: what a reader calls them.
        seed: of the bootstrap.
        metrics: names of the only ones to compare; empty takes all.

    Raises:
        TgbenchError: a side holds several methods, or no case is on both.
    """
    for side, name in ((first, "A"), (second, "B")):
        methods = sorted({case.variant.method for case in side})
        if len(methods) > 1 and not side[0].scored:
            raise TgbenchError(
                f"{name} holds several methods ({', '.join(methods)}); choose one of each with "
                "--methods"
            )
    pairs, notes = matched(first, second)
    notes += leak_notes(pairs)
    sections = [_section(title, own, seed, metrics) for title, own in by_protocol(pairs).items()]
    seeds = (_seeds(pair[0] for pair in pairs), _seeds(pair[1] for pair in pairs))
    about = what_seeds_mean(seeds)
    return Comparison(*labels, seeds, tuple(sections), (*notes, about) if about else tuple(notes))


def _seeds(sides: Iterable[Sequence[MeasuredCase]]) -> tuple[int, ...]:
    return tuple(sorted({case.seed for side in sides for case in side if case.seed is not None}))


def what_seeds_mean(seeds: tuple[tuple[int, ...], tuple[int, ...]]) -> str:
    """Say how far the verdicts reach; nothing where no seeds are known."""
    if not any(seeds):
        return ""
    reach = (
        "the intervals and p cover chance over frames and clips, not over seeds: they compare "
        "these fits, and another seed may give another result"
    )
    average = "; to average over seeds, compare folders that hold several seeds of one method"
    spread = "; `tgbench report` shows mean and spread over seeds"
    return reach + (average if min(map(len, seeds)) < 2 else "") + spread


def _section(
    title: str, pairs: Sequence[Pair], seed: int, chosen: Collection[str]
) -> ProtocolComparison:
    rows = []
    noted: dict[str, list[str]] = defaultdict(list)
    names = in_table_order(
        metric
        for pair in pairs
        for side in pair
        for case in side
        for metric in case.metrics
        if not chosen or metric in chosen
    )
    for metric in names:
        row, notes = _row(metric, pairs, seed)
        if row is not None:
            rows.append(row)
        for note in notes:
            noted[note].append(metric)
    key = pairs[0][0][0].key
    said = tuple(f"{', '.join(metrics)}: {note}" for note, metrics in noted.items())
    clips = _distinct_names([pair[0][0] for pair in pairs])
    return ProtocolComparison(key.protocol, key.version, title, clips, tuple(rows), said)


def _distinct_names(cases: Sequence[MeasuredCase]) -> tuple[str, ...]:
    """Name clips; those of one name also by the hashes of their files."""
    names = [case.key.clip for case in cases]
    hashes = [
        ", ".join(text[:6] for text in (case.key.identity_sha256, case.key.driver_sha256) if text)
        for case in cases
    ]
    return tuple(
        name if names.count(name) == 1 else f"{name} ({short})"
        for name, short in zip(names, hashes, strict=True)
    )


def _row(
    metric: str, pairs: Sequence[Pair], seed: int
) -> tuple[MetricComparison | None, list[str]]:
    """Return what is found of a metric, and what a reader must know about it."""
    values: list[tuple[float, float]] = []
    series: list[tuple[Series, Series]] = []
    lacking: dict[str, list[str]] = defaultdict(list)
    remarks: dict[str, None] = {}
    averages = plugins.averages_frames(metric)
    no_mean = _direction(metric).why_no_mean(plugins.bounds_of(metric)[0])
    if len(pairs) > 1 and no_mean:
        return None, [f"not compared; {no_mean} over clips"]
    for pair in pairs:
        lack = _lack(metric, pair)
        if lack:
            lacking[lack].append(pair[0][0].key.clip)
            continue
        if why := why_not(metric, pair):
            return None, [f"not compared; {why}"]
        remarks |= dict.fromkeys((*_unheard(metric, pair), *_earlier(metric, pair)))
        first, second = (
            statistics.fmean(case.metrics[metric].value or 0.0 for case in side) for side in pair
        )
        values.append((first, second))
        columns = [_mean_over_seeds(side, metric) for side in pair] if averages else [None, None]
        if columns[0] is not None and columns[1] is not None:
            series.append((columns[0], columns[1]))
    if not values:
        return None, [f"not compared; {'; '.join(lacking)}"]
    found = paired_difference(series, seed=seed) if len(series) == len(values) else None
    means = [statistics.fmean(column) for column in zip(*values, strict=True)]
    row = MetricComparison(metric, means[0], means[1], found, _outcome(metric, found), len(values))
    return row, [*_partly(len(values), len(pairs), lacking), *remarks]


def _unheard(metric: str, pair: Pair) -> Iterable[str]:
    """Say which side's value is chance."""
    for name, side in zip("AB", pair, strict=True):
        if any(is_unheard(case.origin(metric).result, metric) for case in side):
            yield f"{name} does not hear the sound, so its value is chance"


def _earlier(metric: str, pair: Pair) -> Iterable[str]:
    """Say where a side's value is from an earlier measurement that was made otherwise."""
    for name, side in zip("AB", pair, strict=True):
        for case in side:
            origin = case.origin(metric)
            if unlike := differences_among([case.own_result, origin.own_result]):
                yield (
                    f"{name}'s value is from an earlier measurement, which differs in "
                    f"{', '.join(unlike)} ({origin.folder})"
                )


def _mean_over_seeds(cases: Sequence[MeasuredCase], metric: str) -> Series | None:
    """Return a metric's mean over seeds at single frames [T], None without values."""
    found = [case.values(metric) for case in cases]
    series = [values for values in found if values is not None]
    if len(series) < len(found) or len({len(values) for values in series}) > 1:
        return None
    mean: Series = sum(series[1:], start=series[0]) / len(series)
    return mean


def _lack(metric: str, pair: Pair) -> str:
    """Say which side has no value on a clip; nothing where both have."""
    found = [[case.applicable(metric) for case in side] for side in pair]
    lacks = [any(record is None or record.value is None for record in side) for side in found]
    if not any(lacks):
        return ""
    who = "neither side has a value" if all(lacks) else f"{'AB'[lacks[1]]} has no value"
    reasons = [
        record.reason
        for side in found
        for record in side
        if record is not None and record.value is None and record.reason
    ]
    return f"{who} ({'; '.join(dict.fromkeys(reasons))})" if reasons else who


def _partly(had: int, clips: int, lacking: Mapping[str, Sequence[str]]) -> list[str]:
    if not lacking:
        return []
    why = "; ".join(f"on {', '.join(names)} {lack}" for lack, names in lacking.items())
    return [f"over {had} of {clips} clips; {why}"]


def _direction(metric: str) -> Direction:
    spec = plugins.metrics().get(metric)
    return spec.direction if spec is not None else Direction.NONE


def _outcome(metric: str, difference: Difference | None) -> Outcome:
    direction = _direction(metric)
    if difference is None:
        return Outcome.UNSURE
    if direction is Direction.NONE:
        return Outcome.NEUTRAL
    if direction is Direction.ONE:
        return Outcome.UNSURE
    if not difference.beyond():
        return Outcome.NONE
    second = (difference.mean > 0.0) == (direction is Direction.HIGHER)
    return Outcome.SECOND if second else Outcome.FIRST


def why_no_interval(rows: Sequence[MetricComparison]) -> str:
    """Say once why some rows have no interval; nothing where all have one."""
    without = [row.metric for row in rows if row.difference is None]
    if not without:
        return ""
    return (
        f"{', '.join(without)}: no interval, because the value is not a mean over frames or a clip "
        f"has fewer than {FEWEST_FRAMES} scored frames"
    )
