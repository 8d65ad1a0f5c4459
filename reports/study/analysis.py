"""What the answers of a study say."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tgbench.statistics import Interval

from .agreement import Scale, krippendorff_alpha
from .answers import Participant
from .correlation import FEWEST_VIDEOS, Correlation, pearson, spearman
from .crossed import LEVEL, Labels, Spread, Values, crossed_spread
from .differences import Difference, differences
from .observations import Choices, Ratings, choices_of, items_of, ratings_of
from .preference import NoEstimate, strength_influences, strengths
from .records import Key

BOUNDS = (1.0, 5.0)
"""Of ratings."""

_METHOD = "participants and videos as crossed clusters"


@dataclass(frozen=True)
class Score:
    """What people said of a condition.

    Attributes:
        value: mean rating from 1 to 5, or log-strength over an average rival; None: no estimate.
        interval: of it; None where one participant alone answered.
        answers: how many it is based on.
        share: of pairs in which it was chosen; None for ratings.
        reason: why there is no value.
    """

    value: float | None
    interval: Interval | None
    answers: int
    share: float | None = None
    reason: str = ""


@dataclass(frozen=True)
class MetricAgreement:
    """How a metric goes with what people said of the same videos.

    Attributes:
        metric, title, measured_by, direction: of the metric.
        videos: how many have both.
        spearman, pearson: None where they are not defined.
    """

    metric: str
    title: str
    measured_by: str
    direction: str
    videos: int
    spearman: Correlation | None
    pearson: Correlation | None


@dataclass(frozen=True)
class Findings:
    """What the answers to one question say.

    Attributes:
        scores: by condition.
        differences: of pairs of conditions, where the answers say how sure they are.
        alphas: Krippendorff's alpha by scale; None where it is not defined.
        metrics: of each that was measured.
    """

    scores: dict[str, Score]
    differences: tuple[Difference, ...]
    alphas: dict[Scale, float | None]
    metrics: tuple[MetricAgreement, ...]


def analyse(key: Key, people: Sequence[Participant]) -> dict[str, Findings]:
    """Return what answers say, by question."""
    found = {}
    for question in key.design.questions:
        if key.design.kind == "pairs":
            found[question.name] = _of_choices(key, choices_of(key, people, question.name))
        else:
            found[question.name] = _of_ratings(key, ratings_of(key, people, question.name))
    return found


def _of_ratings(key: Key, ratings: Ratings) -> Findings:
    scores = {name: _mean(ratings, number) for number, name in enumerate(key.conditions)}
    units = ratings.conditions * len(items_of(key)) + ratings.items
    table = _raters_by_units(units, ratings.participants, ratings.values)
    alphas: dict[Scale, float | None] = {
        scale: krippendorff_alpha(table, scale) for scale in ("ordinal", "interval")
    }
    return Findings(
        scores,
        _differences_of_means(key, ratings),
        alphas,
        _metrics(key, ratings.conditions, ratings.items, ratings.values),
    )


def _differences_of_means(key: Key, ratings: Ratings) -> tuple[Difference, ...]:
    chosen = ratings.conditions[:, None] == np.arange(len(key.conditions))
    counts = chosen.sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        means = (chosen * ratings.values[:, None]).sum(axis=0) / counts
        influences = np.where(chosen, (ratings.values[:, None] - means) / counts, 0.0)
    return differences(key.conditions, means, influences, ratings.participants, ratings.items)


def _mean(ratings: Ratings, condition: int) -> Score:
    chosen = ratings.conditions == condition
    values = ratings.values[chosen]
    if not len(values):
        return Score(None, None, 0, reason="nobody rated it")
    mean = float(values.mean())
    spread = crossed_spread(
        ((values - mean) / len(values))[:, None],
        ratings.participants[chosen],
        ratings.items[chosen],
    )
    return Score(mean, _interval(mean, spread, 0, BOUNDS), len(values))


def _of_choices(key: Key, choices: Choices) -> Findings:
    count = len(key.conditions)
    won = np.bincount(choices.winners, minlength=count)
    shown = won + np.bincount(choices.losers, minlength=count)
    try:
        found = strengths(choices.winners, choices.losers, count)
        reason = ""
    except NoEstimate as error:
        found, reason = np.full(count, np.nan), str(error)
    influences = strength_influences(np.nan_to_num(found), choices.winners, choices.losers)
    spread = crossed_spread(influences, choices.participants, choices.items)
    apart = differences(key.conditions, found, influences, choices.participants, choices.items)
    scores = {
        name: Score(
            None if reason else float(found[number]),
            None if reason else _interval(float(found[number]), spread, number),
            int(shown[number]),
            float(won[number] / shown[number]) if shown[number] else None,
            reason,
        )
        for number, name in enumerate(key.conditions)
    }
    first = np.minimum(choices.winners, choices.losers)
    second = np.maximum(choices.winners, choices.losers)
    units = (first * count + second) * len(items_of(key)) + choices.items
    table = _raters_by_units(
        units, choices.participants, (choices.winners == first).astype(np.float64)
    )
    videos = np.concatenate([choices.winners, choices.losers])
    outcome = np.concatenate([np.ones(len(choices.winners)), np.zeros(len(choices.losers))])
    metrics = _metrics(key, videos, np.tile(choices.items, 2), outcome)
    # Which of a pair is called the first is arbitrary, so both ways count.
    table = np.hstack([table, 1.0 - table])
    return Findings(scores, apart, {"nominal": krippendorff_alpha(table, "nominal")}, metrics)


def _interval(
    centre: float, spread: Spread, number: int, bounds: tuple[float, float] = (-math.inf, math.inf)
) -> Interval | None:
    reach = float(spread.half_width()[number])
    if not math.isfinite(reach):
        return None
    return Interval(max(centre - reach, bounds[0]), min(centre + reach, bounds[1]), LEVEL, _METHOD)


def _raters_by_units(units: Labels, participants: Labels, values: Values) -> Values:
    """Return [raters, units], NaN where there is no value."""
    which, columns = np.unique(units, return_inverse=True)
    rows = int(participants.max()) + 1 if len(participants) else 0
    table = np.full((rows, len(which)), np.nan)
    table[participants, columns] = values
    return table


def _metrics(
    key: Key, conditions: Labels, items: Labels, values: Values
) -> tuple[MetricAgreement, ...]:
    """Return for each metric how it goes with the mean of what was said of each video."""
    places = {
        (name, item): (number, place)
        for number, name in enumerate(key.conditions)
        for place, item in enumerate(items_of(key))
    }
    columns: dict[tuple[str, str], list[tuple[float, float]]] = defaultdict(list)
    about = {}
    for stimulus in key.stimuli.values():
        number, place = places[stimulus.condition, stimulus.item]
        said = values[(conditions == number) & (items == place)]
        for name, metric in stimulus.metrics.items() if len(said) else ():
            about[name, metric.measured_by] = metric
            columns[name, metric.measured_by].append((metric.value, float(said.mean())))
    found = []
    for (name, measured_by), pairs in sorted(columns.items()):
        if len(pairs) < FEWEST_VIDEOS:
            continue
        metric = about[name, measured_by]
        measured, said = np.array(pairs).T
        found.append(
            MetricAgreement(
                name,
                metric.title,
                measured_by,
                metric.direction,
                len(pairs),
                spearman(measured, said),
                pearson(measured, said),
            )
        )
    return tuple(found)
