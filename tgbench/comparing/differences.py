"""Protocol by protocol, metric by metric: how far two sides are apart, beyond chance or not."""

from __future__ import annotations

import enum
import statistics
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from .. import plugins
from ..errors import TgbenchError
from ..plugins import in_table_order
from ..specs import Direction
from ..statistics import FEWEST_FRAMES, Difference, Series, paired_difference
from .matching import Pair, by_protocol, matched, unlike
from .sides import SCORE, Entry, values_of


class Verdict(enum.StrEnum):
    """What a difference says."""

    FIRST = "A is better"
    SECOND = "B is better"
    NONE = "no difference to be told"
    UNSURE = "no interval"
    NEUTRAL = "neither way is better"


@dataclass(frozen=True)
class Row:
    """One metric over all clips on which both sides have a value.

    Attributes:
        metric: its name.
        first, second: means over the clips, each counting alike.
        difference: of the second to the first, paired by frame; None where the value is no mean
            over frames, or there are too few.
        verdict: which is better.
        cases: how many clips it is over.
    """

    metric: str
    first: float
    second: float
    difference: Difference | None
    verdict: Verdict
    cases: int


@dataclass(frozen=True)
class Section:
    """Two sides under one protocol; values of unlike protocols are never averaged.

    Attributes:
        protocol: its name.
        version: of the protocol.
        clips: that both sides have: whom, and by what driven.
        rows: metrics that could be compared.
        notes: what could not on all clips, and why.
    """

    protocol: str
    version: str
    clips: tuple[str, ...]
    rows: tuple[Row, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Comparison:
    """Two sides, compared.

    Attributes:
        seeds: of the fits that were compared, of A and of B; empty where nothing tells them.
        sections: one for each protocol that both have.
        notes: what only one side has, and what the seeds mean.
    """

    seeds: tuple[tuple[int, ...], tuple[int, ...]]
    sections: tuple[Section, ...]
    notes: tuple[str, ...]


def compare(
    first: Sequence[Entry], second: Sequence[Entry], seed: int = 0, metrics: Collection[str] = ()
) -> Comparison:
    """Compare two sides, each of one method, on the cases that both have.

    Several seeds of one method are averaged frame by frame first.

    Args:
        first: what was measured of A.
        second: what was measured of B.
        seed: of the bootstrap.
        metrics: the only ones to compare; empty for all.

    Raises:
        TgbenchError: a side holds several methods, or no case is on both.
    """
    for side, name in ((first, "A"), (second, "B")):
        methods = sorted({entry.method for entry in side})
        if len(methods) > 1 and side[0].protocol != SCORE:
            raise TgbenchError(
                f"{name} holds several methods ({', '.join(methods)}); choose one of each with "
                "--methods"
            )
    pairs, notes = matched(first, second)
    sections = [
        _section(protocol, version, own, seed, metrics)
        for (protocol, version), own in by_protocol(pairs).items()
    ]
    seeds = (_seeds(pair[0] for pair in pairs), _seeds(pair[1] for pair in pairs))
    about = what_seeds_mean(seeds)
    return Comparison(seeds, tuple(sections), (*notes, about) if about else tuple(notes))


def _seeds(sides: Iterable[Sequence[Entry]]) -> tuple[int, ...]:
    return tuple(sorted({e.seed for side in sides for e in side if e.seed is not None}))


def what_seeds_mean(seeds: tuple[tuple[int, ...], tuple[int, ...]]) -> str:
    """Say how far a verdict reaches; nothing where no seeds are known."""
    if not any(seeds):
        return ""
    reach = (
        "these fits are compared, not methods as such: intervals and p tell of chance over frames "
        "and clips, not over seeds, and another seed may give another result"
    )
    average = (
        "; to average over seeds, run each with an --out of its own below one folder, and compare "
        "such folders"
    )
    spread = "; `tgbench report` shows mean and spread over seeds"
    return reach + (average if min(map(len, seeds)) < 2 else "") + spread


def _section(
    protocol: str, version: str, pairs: Sequence[Pair], seed: int, chosen: Collection[str]
) -> Section:
    rows = []
    noted: dict[str, list[str]] = defaultdict(list)
    names = in_table_order(
        metric
        for pair in pairs
        for side in pair
        for entry in side
        for metric in entry.metrics
        if not chosen or metric in chosen
    )
    for metric in names:
        row, note = _row(metric, pairs, seed)
        if row is not None:
            rows.append(row)
        if note:
            noted[note].append(metric)
    notes = (f"{', '.join(metrics)}: {note}" for note, metrics in noted.items())
    clips = _told_apart([pair[0][0] for pair in pairs])
    return Section(protocol, version, clips, tuple(rows), tuple(notes))


def _told_apart(entries: Sequence[Entry]) -> tuple[str, ...]:
    """Name clips, those of one name by the hashes of what they are of, too."""
    names = [entry.clip for entry in entries]
    hashes = [", ".join(text[:6] for text in entry.inputs if text) for entry in entries]
    return tuple(
        name if names.count(name) == 1 else f"{name} ({told})"
        for name, told in zip(names, hashes, strict=True)
    )


def _row(metric: str, pairs: Sequence[Pair], seed: int) -> tuple[Row | None, str]:
    """Return what is found of a metric, and in words why not on all clips."""
    values: list[tuple[float, float]] = []
    series: list[tuple[Series, Series]] = []
    lacking: dict[str, list[str]] = defaultdict(list)
    whole = plugins.averages_frames(metric)
    if len(pairs) > 1 and _direction(metric) is Direction.NONE:
        return None, "not compared; has no better side, so a mean over clips would hide how far off"
    for pair in pairs:
        lack = _lack(metric, pair)
        if lack:
            lacking[lack].append(pair[0][0].clip)
            continue
        records = [[entry.metrics[metric] for entry in side] for side in pair]
        apart = unlike(metric, pair, [record for side in records for record in side])
        if apart:
            return None, f"not compared; {apart}"
        first, second = (statistics.fmean(r.value or 0.0 for r in side) for side in records)
        values.append((first, second))
        columns = [values_of(side, metric) for side in pair] if whole else [None, None]
        if columns[0] is not None and columns[1] is not None:
            series.append((columns[0], columns[1]))
    if not values:
        return None, f"not compared; {'; '.join(lacking)}"
    found = paired_difference(series, seed=seed) if len(series) == len(values) else None
    means = [statistics.fmean(column) for column in zip(*values, strict=True)]
    row = Row(metric, means[0], means[1], found, _verdict(metric, found), len(values))
    return row, _partly(len(values), len(pairs), lacking)


def _lack(metric: str, pair: Pair) -> str:
    """Say which side has no value on a clip; nothing where both have."""
    found = [[entry.metrics.get(metric) for entry in side] for side in pair]
    lacks = [any(record is None or record.value is None for record in side) for side in found]
    if not any(lacks):
        return ""
    who = "neither side has a value" if all(lacks) else f"{'AB'[lacks[1]]} has no value"
    reasons = [r.reason for side in found for r in side if r is not None and r.reason]
    return f"{who} ({'; '.join(dict.fromkeys(reasons))})" if reasons else who


def _partly(had: int, clips: int, lacking: Mapping[str, Sequence[str]]) -> str:
    if not lacking:
        return ""
    why = "; ".join(f"on {', '.join(names)} {lack}" for lack, names in lacking.items())
    return f"over {had} of {clips} clips; {why}"


def _direction(metric: str) -> Direction:
    spec = plugins.metrics().get(metric)
    return spec.direction if spec is not None else Direction.NONE


def _verdict(metric: str, difference: Difference | None) -> Verdict:
    direction = _direction(metric)
    if difference is None:
        return Verdict.UNSURE
    if direction is Direction.NONE:
        return Verdict.NEUTRAL
    if not difference.beyond():
        return Verdict.NONE
    second = (difference.mean > 0.0) == (direction is Direction.HIGHER)
    return Verdict.SECOND if second else Verdict.FIRST


def why_no_interval(rows: Sequence[Row]) -> str:
    """Say once why some rows have no interval; nothing where all have one."""
    without = [row.metric for row in rows if row.difference is None]
    if not without:
        return ""
    return (
        f"{', '.join(without)}: no mean over frames, or fewer than {FEWEST_FRAMES} frames scored "
        "in a clip, so how sure the difference is cannot be told"
    )
