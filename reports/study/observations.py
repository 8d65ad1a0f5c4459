"""Answers as arrays, with the videos' conditions and items in the place of their blinded names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .answers import Participant
from .crossed import Labels, Values
from .records import Key


@dataclass(frozen=True)
class Ratings:
    """Ratings of one question.

    Attributes:
        conditions, items, participants: [n], their numbers.
        values: [n], from 1 to 5.
    """

    conditions: Labels
    items: Labels
    participants: Labels
    values: Values


@dataclass(frozen=True)
class Choices:
    """Choices of one question.

    Attributes:
        winners, losers, items, participants: [n], numbers of conditions, items and participants.
    """

    winners: Labels
    losers: Labels
    items: Labels
    participants: Labels


def items_of(key: Key) -> tuple[str, ...]:
    """Return the items of a study, sorted."""
    return tuple(sorted({each.item for each in key.stimuli.values()}))


def ratings_of(key: Key, people: Sequence[Participant], question: str) -> Ratings:
    """Return the ratings of a question; attention checks are none."""
    conditions, items = _numbered(key)
    rows = [
        (conditions[stimulus.condition], items[stimulus.item], number, answer.values[question])
        for number, person in enumerate(people)
        for answer in person.answers.answers
        if (stimulus := key.stimuli.get(answer.videos[0])) is not None
    ]
    table = np.array(rows, np.int64).reshape(-1, 4)
    return Ratings(table[:, 0], table[:, 1], table[:, 2], table[:, 3].astype(np.float64))


def choices_of(key: Key, people: Sequence[Participant], question: str) -> Choices:
    """Return the choices of a question; attention checks are none."""
    conditions, items = _numbered(key)
    rows = []
    for number, person in enumerate(people):
        for answer in person.answers.answers:
            if answer.videos[0] in key.checks:
                continue
            side = answer.values[question]
            won, lost = (key.stimuli[answer.videos[each]] for each in (side, 1 - side))
            rows.append(
                (conditions[won.condition], conditions[lost.condition], items[won.item], number)
            )
    table = np.array(rows, np.int64).reshape(-1, 4)
    return Choices(table[:, 0], table[:, 1], table[:, 2], table[:, 3])


def _numbered(key: Key) -> tuple[dict[str, int], dict[str, int]]:
    conditions = {name: number for number, name in enumerate(key.conditions)}
    return conditions, {name: number for number, name in enumerate(items_of(key))}
