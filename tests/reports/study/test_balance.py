from __future__ import annotations

from collections import Counter

import pytest

from tgbench.reports.study.balance import balanced_sequences, period, williams_square

from .conftest import make_key


@pytest.mark.parametrize("units", [1, 2, 3, 4, 5, 8, 9])
def test_each_unit_stands_everywhere_and_follows_each_other_equally_often(units: int) -> None:
    square = williams_square(units)
    for position in range(units):
        assert len(set(Counter(square[:, position].tolist()).values())) == 1
        assert set(square[:, position]) == set(range(units))
    follows = Counter(
        (int(row[place]), int(row[place + 1])) for row in square for place in range(units - 1)
    )
    assert len(follows) == units * (units - 1)
    assert len(set(follows.values())) <= 1
    assert all(sorted(row) == list(range(units)) for row in square.tolist())


@pytest.mark.parametrize(("units", "items"), [(2, 1), (3, 2), (4, 4), (5, 3), (6, 3)])
@pytest.mark.parametrize("sided", [False, True])
@pytest.mark.parametrize("share", [1.0, 0.4])
def test_every_video_is_at_every_position_equally_often(
    units: int, items: int, sided: bool, share: float
) -> None:
    length = max(1, round(share * units * items))
    people = period(units, items, sided=sided)
    found = balanced_sequences(units, items, length, people, 3, sided=sided)
    seen = Counter(
        (place, slot.unit, slot.item) for each in found for place, slot in enumerate(each)
    )
    assert len(seen) == length * units * items
    assert len(set(seen.values())) == 1
    sides = Counter((slot.unit, slot.item, slot.flipped) for each in found for slot in each)
    assert len(sides) == units * items * (2 if sided else 1)
    assert len(set(sides.values())) == 1


@pytest.mark.parametrize("units", [3, 4])
def test_nobody_sees_a_video_twice_nor_waits_long_for_a_condition(units: int) -> None:
    for each in balanced_sequences(units, 3, 3 * units, 10, 0, sided=False):
        assert len({(slot.unit, slot.item) for slot in each}) == 3 * units
        for block in range(3):
            assert len({slot.unit for slot in each[block * units : (block + 1) * units]}) == units


def test_the_seed_decides() -> None:
    drawn = [balanced_sequences(4, 2, 8, 8, seed, sided=True) for seed in (0, 0, 1)]
    assert drawn[0] == drawn[1]
    assert drawn[0] != drawn[2]


@pytest.mark.parametrize("kind", ["ratings", "pairs"])
def test_checks_come_once_each_at_places_that_differ(kind: str) -> None:
    key = make_key(kind=kind)  # type: ignore[arg-type]
    places = []
    for sequence in key.design.sequences:
        found = [place for place, trial in enumerate(sequence) if trial.videos[0] in key.checks]
        assert {sequence[place].videos[0] for place in found} == set(key.checks)
        half = len(sequence) / 2
        assert found[0] <= half <= found[1]
        places.append(tuple(found))
    assert len(set(places)) > 5
