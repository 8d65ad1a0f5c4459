from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from tgbench.faces.action_units import measure_action_units
from tgbench.identities.layout import ALL_ACTION_UNITS

Array = NDArray[np.float64]

RIGHT = {
    **{33: (-45, 0, 60), 133: (-17, 0, 65)},
    **{159: (-31, 5, 66), 160: (-36, 4.5, 65), 158: (-26, 4.5, 66)},
    **{145: (-31, -5, 66), 144: (-36, -4.5, 65), 153: (-26, -4.5, 66)},
    **{107: (-10, 18, 72), 55: (-12, 16, 72), 65: (-20, 18, 71)},
    **{70: (-50, 18, 60), 46: (-52, 14, 58), 63: (-42, 22, 65)},
    **{50: (-40, -30, 62), 205: (-38, -42, 64), 64: (-17, -38, 75), 48: (-16, -40, 76)},
    **{37: (-6, -59, 86), 82: (-6, -68, 84), 87: (-6, -69, 84), 84: (-8, -77, 84)},
    **{61: (-25, -69, 72), 148: (-8, -114, 76)},
}
MIRRORED = {
    **{33: 263, 133: 362, 159: 386, 160: 387, 158: 385, 145: 374, 144: 373, 153: 380},
    **{107: 336, 55: 285, 65: 295, 70: 300, 46: 276, 63: 293, 50: 280, 205: 425},
    **{64: 294, 48: 278, 37: 267, 82: 312, 87: 317, 84: 314, 61: 291, 148: 377},
}
MIDDLE = {
    **{2: (0, -45, 84), 0: (0, -60, 88), 13: (0, -68, 86), 14: (0, -69, 86)},
    **{17: (0, -78, 86), 18: (0, -82, 84), 152: (0, -115, 78)},
}
LOWER_LIP = (14, 87, 317, 17, 84, 314, 18)
CHIN = (152, 148, 377)
FRAMES, HELD = 100, slice(60, 75)


def neutral_face() -> Array:
    """A face of about human measure, in millimetres."""
    points = np.zeros((478, 3))
    for vertex, place in {**RIGHT, **MIDDLE}.items():
        points[vertex] = place
    for vertex, mirrored in MIRRORED.items():
        points[mirrored] = points[vertex] * (-1, 1, 1)
    return points


def measure(*moves: tuple[tuple[int, ...], tuple[float, float, float]]) -> dict[str, float]:
    """Return every unit while vertices are moved by millimetres; x counts away from the middle."""
    clip = np.tile(neutral_face(), (FRAMES, 1, 1))
    for vertices, (x, y, z) in moves:
        for vertex in vertices:
            side = np.sign(neutral_face()[vertex, 0])
            clip[HELD, vertex] += (side * x, y, z)
    units = measure_action_units(clip / 1000.0)
    outside = np.r_[:55, 80:FRAMES]
    for name, values in units.items():
        assert values.shape == (FRAMES,), name
        assert values[outside].max() < 0.3, name
    return {name: float(values[67]) for name, values in units.items()}


def both(*vertices: int) -> tuple[int, ...]:
    return (*vertices, *(MIRRORED[vertex] for vertex in vertices))


def test_a_still_face_shows_nothing() -> None:
    units = measure_action_units(np.tile(neutral_face() / 1000.0, (50, 1, 1)))
    assert set(units) == set(ALL_ACTION_UNITS)
    assert all((values == 0.0).all() for values in units.values())


@pytest.mark.parametrize(
    ("name", "vertices", "move", "least"),
    [
        ("AU01", both(107, 55), (0, 7, 0), 3.5),
        ("AU02", both(70, 46, 63), (0, 7, 0), 3.5),
        ("AU04", both(107, 55, 65), (-2, -5, 0), 3.5),
        ("AU05", both(159, 160, 158), (0, 3, 0), 3.5),
        ("AU06", both(50, 205), (0, 6, 0), 3.5),
        ("AU07", both(145, 144, 153), (0, 3, 0), 3.5),
        ("AU09", both(64, 48), (0, 3.5, 0), 3.5),
        ("AU10", (0, *both(37)), (0, 5, 0), 3.5),
        ("AU12", both(61), (6, 8, -4), 3.5),
        ("AU14", both(61), (6, 0, -5), 3.0),
        ("AU15", both(61), (0, -6, 0), 3.0),
        ("AU17", (17, 18, *both(84)), (0, 6, 0), 3.5),
        ("AU20", both(61), (6, 0, 0), 3.0),
        ("AU25", LOWER_LIP, (0, -18, 0), 3.5),
        ("AU26", CHIN, (0, -20, 0), 3.5),
    ],
)
def test_each_unit_sees_its_own_movement(
    name: str, vertices: tuple[int, ...], move: tuple[float, float, float], least: float
) -> None:
    assert measure((vertices, move))[name] >= least


def test_lips_that_narrow_are_tight() -> None:
    assert measure(((0,), (0, -3, 0)), ((17,), (0, 3, 0)))["AU23"] > 3.0


@pytest.mark.parametrize(
    ("vertices", "move", "silent"),
    [
        (both(107, 55), (0, 7, 0), ("AU04", "AU05", "AU06", "AU12", "AU25", "AU26", "AU45")),
        (both(61), (6, 8, -4), ("AU01", "AU04", "AU15", "AU25", "AU26", "AU45")),
        (LOWER_LIP, (0, -15, 0), ("AU01", "AU02", "AU04", "AU06", "AU09", "AU17", "AU45")),
        (both(64, 48), (0, 3, 0), ("AU01", "AU10", "AU12", "AU25")),
    ],
)
def test_other_units_stay_silent(
    vertices: tuple[int, ...], move: tuple[float, float, float], silent: tuple[str, ...]
) -> None:
    units = measure((vertices, move))
    assert all(units[name] < 0.5 for name in silent), units


def test_speaking_opens_lips_in_proportion() -> None:
    little = measure((LOWER_LIP, (0, -5, 0)), (CHIN, (0, -5, 0)))["AU25"]
    much = measure((LOWER_LIP, (0, -10, 0)), (CHIN, (0, -10, 0)))["AU25"]
    assert 0.5 < little < much < 5.0
    assert much / little == pytest.approx(2.0, rel=0.25)


def test_a_blink_is_a_blink_and_not_a_tight_lid() -> None:
    lids = both(159, 160, 158)
    blink = measure((lids, (0, -8.5, 0)))
    assert blink["AU45"] > 3.5
    assert blink["AU05"] == 0.0
    assert measure((lids, (0, -1.5, 0)))["AU45"] == 0.0


def test_one_eye_does_not_blink() -> None:
    assert measure(((159, 160, 158), (0, -8.5, 0)))["AU45"] == 0.0


def test_values_keep_to_the_scale() -> None:
    units = measure((LOWER_LIP, (0, -60, 0)), (CHIN, (0, -60, 0)), (both(61), (30, 30, 0)))
    assert all(0.0 <= value <= 5.0 for value in units.values())
    assert units["AU25"] == 5.0
