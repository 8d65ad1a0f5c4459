"""Balanced orders: Williams' Latin squares, with items and sides that rotate.

A unit is what is compared: a condition to rate, or a pair of conditions. A participant sees blocks
of all units. The order within a block is a row of a Williams square (Williams 1949), in which each
unit stands at each position, and follows each other unit, equally often. Each block shows a unit
with another item. After `period` participants each unit was shown with each item at each position
equally often, and of a pair each condition on each side; any shorter list of trials that begins
alike has the same property, so that an incomplete design is balanced, too.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Slot:
    """What is shown at one position.

    Attributes:
        unit, item: their numbers.
        flipped: whether the second condition of a pair is on the left.
    """

    unit: int
    item: int
    flipped: bool


def williams_square(units: int) -> np.ndarray:
    """Return orders [rows, units], balanced for positions and for immediate predecessors.

    As many rows as units where that number is even, twice as many where it is odd.
    """
    up, down = iter(range(units)), iter(range(units - 1, -1, -1))
    zigzag = [next(up) if place == 0 or place % 2 else next(down) for place in range(units)]
    square = (np.array(zigzag)[None, :] + np.arange(units)[:, None]) % units
    return square if units % 2 == 0 else np.concatenate([square, square[:, ::-1]])


def period(units: int, items: int, *, sided: bool) -> int:
    """Return after how many participants the balance is exact."""
    return len(williams_square(units)) * items * (2 if sided else 1)


def balanced_sequences(
    units: int, items: int, length: int, participants: int, seed: int, *, sided: bool
) -> list[list[Slot]]:
    """Return what each participant sees.

    Args:
        units: conditions, or pairs of them; 1 or more.
        items: what they are shown with; 1 or more.
        length: trials of each participant, from 1 to units x items.
        participants: how many sequences.
        seed: of the assignment of units, items, rows and participants.
        sided: whether a unit has two sides.
    """
    generator = np.random.default_rng(seed)
    square = generator.permutation(units)[williams_square(units)]
    rows = len(square)
    item_names = generator.permutation(items)
    shifts = generator.integers(0, rows, items)
    found: list[list[Slot]] = []
    while len(found) < participants:
        round_number = len(found) // rows
        for row in generator.permutation(rows):
            order = _order(square, shifts, int(row), items)
            found.append(
                [
                    Slot(
                        unit,
                        int(item_names[(unit + block + round_number) % items]),
                        sided and (unit + block + round_number // items) % 2 == 1,
                    )
                    for block, unit in order[:length]
                ]
            )
    return found[:participants]


def _order(square: np.ndarray, shifts: np.ndarray, row: int, items: int) -> list[tuple[int, int]]:
    """Return (block, unit) of all trials; each block takes another row."""
    return [
        (block, int(unit))
        for block in range(items)
        for unit in square[(row + shifts[block]) % len(square)]
    ]
