"""Action units from how far landmarks move, for one person, on OpenFace's 0 to 5 scale.

Each unit is a length in the face that the muscle changes (Ekman and Friesen's manual says which),
measured in the head frame so that turning the head does not count. The clip itself tells the
person's rest: a percentile of that length, since a speaker's brows are mostly at rest while the
lips hardly ever are. How far is "5" is fixed, in millimetres, the same for everyone.

These are lengths, not a judgement of wrinkles and bulges: they follow motion well and say little
about units that show in the skin only. They never compare with OpenFace's values.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

MEASURED_BY = "geometry"

Array = NDArray[np.float64]

_HIGHEST = 5.0
_IGNORED = 0.06
"""Share of the full length below which a change is taken for noise of the landmarks."""

_SMOOTHING = 0.8
"""Frames; a movement of the face takes five or more, a blink three, which is left alone."""

_EYE_CORNERS = (33, 133, 362, 263)
_RIGHT_LIDS = ((159, 145), (160, 144), (158, 153))
_LEFT_LIDS = ((386, 374), (387, 373), (385, 380))

_LIDS = slice(-2, None)
"""Where the gaps between the lids stand among the lengths of a face, the right eye's first."""

_OPEN = 80
"""Percentile of the gap between the lids over a clip at which the eyes are open."""


@dataclass(frozen=True)
class _Unit:
    """How one unit is measured.

    Attributes:
        length: points [N, 478, 3] in millimetres to the length [N] that grows with the unit.
        rest: percentile of the length over the clip at which the unit is absent.
        full: millimetres from rest to intensity 5.
    """

    length: Callable[[Array], Array]
    rest: float
    full: float


def measure_action_units(points: NDArray[np.floating]) -> dict[str, NDArray[np.float32]]:
    """Measure all units of a clip.

    Args:
        points: mesh points in the head frame, [N, 478, 3] metres.

    Returns:
        Name such as "AU12" to float32 [N], 0 to 5.
    """
    lengths = face_lengths(points)
    return intensities(lengths, rest_of(lengths))


def face_lengths(points: NDArray[np.floating]) -> Array:
    """Return the lengths that the units change, float64 [N, K] in millimetres.

    Args:
        points: mesh points in the head frame, [N, 478, 3] metres.
    """
    millimetres = 1000.0 * np.asarray(points, np.float64)
    lengths = [unit.length(millimetres) for unit in _UNITS.values()]
    lids = [_distance(millimetres, *pairs) for pairs in (_RIGHT_LIDS, _LEFT_LIDS)]
    return np.stack([*lengths, *lids], axis=1)


def rest_of(lengths: Array) -> Array:
    """Return a person's lengths at rest [K], as his clip tells them.

    Args:
        lengths: of the clip [N, K], NaN where there was no face; one frame at least has one.
    """
    seen = np.isfinite(lengths[:, 0])
    moving, lids = _smoothed(lengths)[seen], lengths[seen, _LIDS]
    rest = [np.percentile(moving[:, i], unit.rest) for i, unit in enumerate(_UNITS.values())]
    return np.array([*rest, *np.percentile(lids, _OPEN, axis=0)])


def intensities(lengths: Array, rest: Array) -> dict[str, NDArray[np.float32]]:
    """Return how strong each unit is.

    Args:
        lengths: of a clip [N, K], NaN where there was no face.
        rest: the person's, from this clip or another one.

    Returns:
        Name such as "AU12" to float32 [N], 0 to 5; NaN where there was no face.
    """
    moved = _smoothed(lengths) - rest
    values = {
        name: _intensity(moved[:, i] / unit.full) for i, (name, unit) in enumerate(_UNITS.items())
    }
    values["AU45"] = _blink(lengths[:, _LIDS], rest[_LIDS])
    return values


def _smoothed(lengths: Array) -> Array:
    """Smooth the lengths of the face's movements over time, each run of seen frames by itself."""
    smooth = np.full_like(lengths, np.nan)
    seen = np.isfinite(lengths[:, 0])
    borders = np.flatnonzero(np.diff(seen, prepend=False, append=False))
    for start, stop in borders.reshape(-1, 2):
        run = lengths[start:stop]
        smooth[start:stop] = gaussian_filter1d(run, _SMOOTHING, axis=0, mode="nearest")
    return smooth


def _intensity(share: Array) -> NDArray[np.float32]:
    scaled = (share - _IGNORED) / (1.0 - _IGNORED) * _HIGHEST
    return np.clip(scaled, 0.0, _HIGHEST).astype(np.float32)


def _height(points: Array, *vertices: int) -> Array:
    """Return how high vertices are above the corners of the eyes."""
    return points[:, vertices, 1].mean(axis=1) - points[:, _EYE_CORNERS, 1].mean(axis=1)


def _distance(points: Array, *pairs: tuple[int, int]) -> Array:
    return np.mean([np.linalg.norm(points[:, a] - points[:, b], axis=-1) for a, b in pairs], axis=0)


def _blink(gaps: Array, usual: Array) -> NDArray[np.float32]:
    """AU45: how much of the usual opening between the lids is gone, the wider-open eye's."""
    closed = 1.0 - gaps / np.maximum(usual, 1e-3)
    # A look downwards closes a third; the network never sees more than about 0.85 gone.
    share = (closed.min(axis=1) - 0.25) / 0.5
    return np.clip(share * _HIGHEST, 0.0, _HIGHEST).astype(np.float32)


def _lip_corners(points: Array) -> Array:
    """Return how high the corners of the mouth are above the nose's base."""
    return points[:, (61, 291), 1].mean(axis=1) - points[:, 2, 1]


def _mouth_width(points: Array) -> Array:
    return _distance(points, (61, 291))


def _lip_middle(points: Array) -> Array:
    return points[:, (0, 17), 1].mean(axis=1) - points[:, 2, 1]


_UNITS: dict[str, _Unit] = {
    # Inner and outer ends of the brows rise.
    "AU01": _Unit(lambda p: _height(p, 107, 55, 336, 285), 40, 7.0),
    "AU02": _Unit(lambda p: _height(p, 70, 46, 63, 300, 276, 293), 40, 7.0),
    # The brows sink and draw together.
    "AU04": _Unit(
        lambda p: -_height(p, 107, 55, 65, 336, 285, 295) - 0.5 * _distance(p, (55, 285)), 60, 7.0
    ),
    # The upper lids rise above their usual place.
    "AU05": _Unit(lambda p: _height(p, 159, 160, 158, 386, 387, 385), 60, 3.0),
    # The cheeks rise towards the eyes.
    "AU06": _Unit(lambda p: _height(p, 50, 205, 280, 425), 40, 7.0),
    # The lower lids rise.
    "AU07": _Unit(lambda p: _height(p, 145, 144, 153, 374, 373, 380), 40, 3.5),
    # The wings of the nose rise.
    "AU09": _Unit(lambda p: _height(p, 64, 48, 294, 278), 50, 4.0),
    # The upper lip rises towards the nose's base.
    "AU10": _Unit(lambda p: points_above(p, (0, 37, 267), 2), 30, 6.0),
    # The corners of the mouth rise and draw apart.
    "AU12": _Unit(lambda p: 0.7 * _lip_corners(p) + 0.35 * _mouth_width(p), 35, 9.0),
    # The corners are pulled apart and back without rising.
    "AU14": _Unit(
        lambda p: 0.5 * _mouth_width(p) - p[:, (61, 291), 2].mean(axis=1) - 0.5 * _lip_corners(p),
        50,
        9.0,
    ),
    # The corners sink below the middle of the lips.
    "AU15": _Unit(lambda p: _lip_middle(p) - _lip_corners(p), 50, 7.0),
    # The chin and the lower lip rise.
    "AU17": _Unit(lambda p: points_above(p, (17, 84, 314, 18), 2), 75, 7.0),
    # The mouth widens.
    "AU20": _Unit(lambda p: _mouth_width(p) - 0.5 * _lip_corners(p), 50, 12.0),
    # The red of the lips narrows.
    "AU23": _Unit(lambda p: -_distance(p, (0, 13)) - _distance(p, (14, 17)), 50, 8.0),
    # The lips part.
    "AU25": _Unit(lambda p: _distance(p, (13, 14), (82, 87), (312, 317)), 5, 20.0),
    # The chin sinks.
    "AU26": _Unit(lambda p: -_height(p, 152, 148, 377), 15, 16.0),
}


def points_above(points: Array, vertices: tuple[int, ...], base: int) -> Array:
    """Return how high vertices are above another one."""
    return points[:, vertices, 1].mean(axis=1) - points[:, base, 1]
