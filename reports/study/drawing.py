"""Drawing the design of a study: who sees what, in which order."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from .balance import Slot, balanced_sequences, period
from .records import Kind, Trial

MOST_TRIALS = 40
"""Of a participant, unless asked for otherwise: about 20 minutes."""

MOST_SEQUENCES = 240
"""That are drawn, unless asked for otherwise."""


@dataclass(frozen=True)
class Plan:
    """What is to be drawn.

    Attributes:
        kind: ratings, or pairs.
        conditions, items: what is crossed.
        length: trials of a participant, without checks.
        participants: how many sequences.
        seed: of the draw.
    """

    kind: Kind
    conditions: tuple[str, ...]
    items: tuple[str, ...]
    length: int
    participants: int
    seed: int

    @property
    def units(self) -> tuple[tuple[str, ...], ...]:
        """What one trial compares: a condition, or a pair of them."""
        return units_of(self.kind, self.conditions)

    @property
    def exact_after(self) -> int:
        """Participants after which the balance is exact."""
        return period(len(self.units), len(self.items), sided=self.kind == "pairs")


def units_of(kind: Kind, conditions: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    """Return what one trial compares: a condition, or a pair of them."""
    return tuple(itertools.combinations(conditions, 2 if kind == "pairs" else 1))


def draw(
    plan: Plan, videos: Mapping[tuple[str, str], str], checks: Sequence[str]
) -> tuple[tuple[Trial, ...], ...]:
    """Return the trials of each participant, attention checks among them.

    Args:
        plan: of the design.
        videos: by condition and item.
        checks: their videos; each participant sees all of them, one in each equal part of the
            session, at a place that differs.
    """
    sided = plan.kind == "pairs"
    slots = balanced_sequences(
        len(plan.units),
        len(plan.items),
        plan.length,
        plan.participants,
        plan.seed,
        sided=sided,
    )
    generator = np.random.default_rng([plan.seed, 1])
    return tuple(
        _with_checks([_trial(plan, slot, videos) for slot in each], checks, sided, generator)
        for each in slots
    )


def _trial(plan: Plan, slot: Slot, videos: Mapping[tuple[str, str], str]) -> Trial:
    item = plan.items[slot.item]
    shown = tuple(videos[condition, item] for condition in plan.units[slot.unit])
    return Trial(videos=shown[::-1] if slot.flipped else shown)


def _with_checks(
    trials: list[Trial], checks: Sequence[str], sided: bool, generator: np.random.Generator
) -> tuple[Trial, ...]:
    found = list(trials)
    edges = np.linspace(0, len(trials), len(checks) + 1).round().astype(int)
    shuffled = [checks[number] for number in generator.permutation(len(checks))]
    places = [
        int(generator.integers(low + 1, high + 1)) if high > low else int(high)
        for low, high in itertools.pairwise(edges)
    ]
    for place, video in sorted(zip(places, shuffled, strict=True), reverse=True):
        found.insert(place, Trial(videos=(video,) * (2 if sided else 1)))
    return tuple(found)
