"""How sure a mean over frames is, and a difference of two of them on the same frames.

Neighbouring frames are alike, so a clip of 300 frames holds far fewer than 300 independent values:
an interval that ignores this is several times too narrow. Whole stretches of frames are drawn
instead (Politis & Romano 1992, blocks wrapped around the clip's end), as long as the clip's own
correlation asks for (Politis & White 2004, corrected by Patton, Politis & White 2009). Where there
are several clips they are drawn first, frames within them second: frames of one clip share its
person, light and sound.

A mean of values with bounds, such as an error from 0 on, is looked for on a scale without any: its
logarithm, for one bound. There the means of skewed errors are nearer to symmetric, so intervals
hold the true one more often, and no interval leaves the bounds.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri, stdtr, stdtrit

from .scales import scale_between
from .specs import UNBOUNDED, Bounds

Series = NDArray[np.float64]

LEVEL = 0.95
RESAMPLES = 2000
FEWEST_FRAMES = 20
"""Fewer scored frames than this (0.8 s) tell nothing about how they vary."""

FEWEST_CLIPS = 3
"""Of a mean over several: the interval of two, from a single difference between people, is wide
beyond use. That of a difference paired frame by frame is not, as people share most of it."""

_LEAST_BLOCK = 13
"""Of clips of one to twelve seconds whose frames vary as TalkingGaussian's differences do between
seeds, about 6 of 100 intervals missed the mean with this; with 5 up to 13 did."""

_PER_BATCH = 1 << 20
"""Block starts that are drawn at once, so that memory does not grow with the clip."""


@dataclass(frozen=True)
class Interval:
    """Where a mean may lie.

    Attributes:
        low, high: the bounds.
        level: share of such intervals that hold the true mean.
        method: how it was found, in words.
    """

    low: float
    high: float
    level: float
    method: str


@dataclass(frozen=True)
class Difference:
    """Second minus first, on the same frames.

    Attributes:
        mean: of the differences.
        interval: of that mean.
        p_value: two-sided, of a difference as large if there were none; not below
            1 / (resamples + 1).
        frames: pairs in which both are scored.
    """

    mean: float
    interval: Interval
    p_value: float
    frames: int

    def beyond(self, margin: float = 0.0) -> bool:
        """Whether the whole interval is more than `margin` from zero, on one side of it."""
        return self.interval.low > margin or self.interval.high < -margin


def as_series(values: Iterable[float | None]) -> Series:
    """Return per-frame values as float64 [T], NaN where a frame was not scored."""
    return np.array([math.nan if value is None else value for value in values], np.float64)


def mean_interval(
    clips: Sequence[Series],
    *,
    bounds: Bounds = UNBOUNDED,
    seed: int = 0,
    level: float = LEVEL,
    resamples: int = RESAMPLES,
) -> Interval | None:
    """Return where the mean over clips of their means over frames may lie.

    Args:
        clips: per-frame values [T] of each, in the order of time, NaN where not scored. Each clip
            counts alike, however long.
        bounds: the least and the most that a value can be; the interval stays between.
        seed: of the draws.
        level: share of such intervals that hold the true mean.
        resamples: how often is drawn.

    Returns:
        None where a clip has fewer than `FEWEST_FRAMES` scored frames, for two clips, and where so
        few frames are off a bound that many resamples have none of them.
    """
    clips = [_finite(clip) for clip in clips]
    if not _enough(clips) or 1 < len(clips) < FEWEST_CLIPS:
        return None
    centre = float(np.mean([np.nanmean(clip) for clip in clips]))
    drawn = _deviations(clips, np.random.default_rng(seed), resamples, level)
    method = _method(drawn.blocks, len(clips), resamples)
    scale = scale_between(bounds, centre)
    if scale is None:
        return _interval(centre, drawn.values * drawn.widening, level, method)
    middle = float(scale.forward(centre))
    there = (scale.forward(centre + drawn.values) - middle) * drawn.widening
    # Between an infinite number and another one quantiles are none.
    with np.errstate(invalid="ignore"):
        found = _interval(middle, there, level, f"{method}, on a logarithmic scale")
    if not math.isfinite(found.high - found.low):
        return None
    low, high = (float(end) for end in scale.backward([found.low, found.high]))
    return Interval(low, high, level, found.method)


def paired_difference(
    pairs: Sequence[tuple[Series, Series]],
    *,
    seed: int = 0,
    level: float = LEVEL,
    resamples: int = RESAMPLES,
) -> Difference | None:
    """Return how much the second of two results is above the first on the same frames.

    Args:
        pairs: for each clip the per-frame values [T] of both, frame by frame the same ones.
        seed: of the draws.
        level: of the interval.
        resamples: how often is drawn.

    Returns:
        None where a clip has fewer than `FEWEST_FRAMES` frames that are scored in both.

    Raises:
        ValueError: the two of a pair are of unlike length.
    """
    if any(len(first) != len(second) for first, second in pairs):
        raise ValueError("results on unlike frames have no paired difference")
    clips = [_finite(second) - _finite(first) for first, second in pairs]
    if not _enough(clips):
        return None
    mean = float(np.mean([np.nanmean(clip) for clip in clips]))
    drawn = _deviations(clips, np.random.default_rng(seed), resamples, level)
    deviations = drawn.values * drawn.widening
    interval = _interval(mean, deviations, level, _method(drawn.blocks, len(clips), resamples))
    as_far = int((np.abs(deviations) >= abs(mean)).sum())
    scored = sum(int(np.isfinite(clip).sum()) for clip in clips)
    return Difference(mean, interval, (1 + as_far) / (resamples + 1), scored)


def samples_differ(first: Sequence[float], second: Sequence[float], level: float = LEVEL) -> bool:
    """Return whether the means of two samples differ (Welch 1947), as those of fits with seeds.

    Args:
        first: two values at least.
        second: likewise.
        level: share of equal means that are not told to differ.

    Raises:
        ValueError: a sample is of a single value, which tells nothing about how it varies.
    """
    if min(len(first), len(second)) < 2:
        raise ValueError("a single value tells nothing about how it varies")
    if np.ptp(first) == 0.0 and np.ptp(second) == 0.0:
        return first[0] != second[0]
    of_mean = [float(np.var(sample, ddof=1)) / len(sample) for sample in (first, second)]
    both = sum(of_mean)
    freedom = both**2 / sum(
        part**2 / (len(sample) - 1) for part, sample in zip(of_mean, (first, second), strict=True)
    )
    apart = abs(float(np.mean(first)) - float(np.mean(second))) / math.sqrt(both)
    return bool(2.0 * stdtr(freedom, -apart) < 1.0 - level)


def block_length(clip: Series) -> int:
    """Return how many frames are drawn at a stretch.

    What the clip's correlation asks for, and no less than half a second, since a short clip hides
    its slow changes; but no more than a quarter of the clip, or there would be nothing to draw.
    """
    wanted = max(_automatic_length(clip), _LEAST_BLOCK)
    return max(1, min(wanted, len(clip) // 4))


def _finite(clip: Series) -> Series:
    """Return values with NaN for the infinite ones, which no metric finds."""
    return np.where(np.isfinite(clip), clip, np.nan)


def _enough(clips: Sequence[Series]) -> bool:
    return bool(clips) and all(np.isfinite(clip).sum() >= FEWEST_FRAMES for clip in clips)


def _interval(centre: float, deviations: Series, level: float, method: str) -> Interval:
    low, high = np.quantile(deviations, [(1.0 - level) / 2.0, (1.0 + level) / 2.0])
    return Interval(centre - float(high), centre - float(low), level, method)


def _method(blocks: Sequence[int], clips: int, resamples: int) -> str:
    lengths = f"{min(blocks)}" if min(blocks) == max(blocks) else f"{min(blocks)} to {max(blocks)}"
    over = f"{clips} clips, " if clips > 1 else ""
    return f"bootstrap over {over}blocks of {lengths} frames, {resamples} resamples"


@dataclass(frozen=True)
class _Deviations:
    """How far resampled means are off the mean.

    Few blocks, or few clips, vary less than what they stand for and look more certain than they
    are: deviations are to be widened, by the ratio of Student's t to the normal distribution.

    Attributes:
        values: [resamples], not widened.
        widening: by how much.
        blocks: each clip's block length.
    """

    values: Series
    widening: float
    blocks: list[int]


def _deviations(
    clips: Sequence[Series], generator: np.random.Generator, resamples: int, level: float
) -> _Deviations:
    lengths = [block_length(clip) for clip in clips]
    drawn = np.stack(
        [
            _resampled_means(clip, length, generator, resamples) - np.nanmean(clip)
            for clip, length in zip(clips, lengths, strict=True)
        ]
    )
    if len(clips) == 1:
        share = lengths[0] / len(clips[0])
        widening = _widening(1.0 / share, level) / math.sqrt(1.0 - share)
        return _Deviations(drawn[0], widening, lengths)
    offsets = np.array([np.nanmean(clip) for clip in clips])
    offsets -= offsets.mean()
    chosen = generator.integers(0, len(clips), (len(clips), resamples))
    means = (drawn + offsets[:, None])[chosen, np.arange(resamples)].mean(axis=0)
    few = math.sqrt(len(clips) / (len(clips) - 1))
    return _Deviations(means, few * _widening(len(clips), level), lengths)


def _widening(independent: float, level: float) -> float:
    """Return Student's t by the normal quantile for about so many independent values."""
    upper = (1.0 + level) / 2.0
    return float(stdtrit(max(independent - 1.0, 1.0), upper) / ndtri(upper))


def _resampled_means(
    clip: Series, length: int, generator: np.random.Generator, resamples: int
) -> Series:
    """Return means [resamples] of as many frames as the clip has, drawn in stretches."""
    frames = len(clip)
    known = np.isfinite(clip)
    blocks = math.ceil(frames / length)
    rest = frames - (blocks - 1) * length
    sums = _running_sum(np.where(known, clip, 0.0), length)
    counts = None if known.all() else _running_sum(known.astype(np.float64), length)
    means = np.empty(resamples)
    rows = max(1, _PER_BATCH // blocks)
    for first in range(0, resamples, rows):
        starts = generator.integers(0, frames, (min(rows, resamples - first), blocks))
        total = _sum_of_stretches(sums, starts, length, rest)
        if counts is None:
            means[first : first + rows] = total / frames
            continue
        scored = _sum_of_stretches(counts, starts, length, rest)
        means[first : first + rows] = total / np.maximum(scored, 1.0)
        means[first : first + rows][scored == 0] = np.nanmean(clip)
    return means


def _sum_of_stretches(running: Series, starts: NDArray[np.int64], length: int, rest: int) -> Series:
    """Return for each row of starts the sum over its stretches, of which the last is shorter."""
    frames = len(running) - 1 - length
    whole = running[length : length + frames] - running[:frames]
    last = running[rest : rest + frames] - running[:frames]
    sums: Series = whole[starts[:, :-1]].sum(axis=1) + last[starts[:, -1]]
    return sums


def _running_sum(values: Series, wrapped: int) -> Series:
    """Return sums of the first k values, k from 0 on, of a clip that goes on with its start."""
    return np.concatenate([[0.0], np.cumsum(np.concatenate([values, values[:wrapped]]))])


def _automatic_length(clip: Series) -> int:
    """Return the block length of Politis & White 2004 for the circular bootstrap of a mean."""
    frames = len(clip)
    centred = np.where(np.isfinite(clip), clip, np.nanmean(clip)) - np.nanmean(clip)
    quiet = max(5, math.ceil(math.sqrt(math.log10(frames))))
    furthest = min(math.ceil(math.sqrt(frames)) + quiet, frames - 1)
    covariance = np.array(
        [centred[: frames - lag] @ centred[lag:] / frames for lag in range(furthest + 1)]
    )
    if covariance[0] <= 0.0:
        return 1
    matters = np.abs(covariance[1:] / covariance[0]) > 2.0 * math.sqrt(math.log10(frames) / frames)
    last = _last_before_quiet(matters, quiet)
    reach = min(2 * last, furthest)
    lags = np.arange(-reach, reach + 1)
    window = np.clip(2.0 * (1.0 - np.abs(lags) / reach), 0.0, 1.0)
    weighted = window * covariance[np.abs(lags)]
    spectrum = float(weighted.sum())
    if spectrum <= 0.0:
        return 1
    slope = float((np.abs(lags) * weighted).sum())
    return round((1.5 * (slope / spectrum) ** 2 * frames) ** (1.0 / 3.0))


def _last_before_quiet(matters: NDArray[np.bool_], quiet: int) -> int:
    """Return the last lag that matters before `quiet` lags in a row that do not, at least 1."""
    for lag in range(len(matters) - quiet + 1):
        if not matters[lag : lag + quiet].any():
            return max(lag, 1)
    found = np.flatnonzero(matters)
    return int(found[-1]) + 1 if len(found) else 1
