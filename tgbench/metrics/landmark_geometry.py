"""Measures on the 68 iBUG landmarks of one face."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..arrays import Points

MOUTH = slice(48, 68)
"""Outer and inner lips."""

_CHIN, _NOSE_BRIDGE, _NOSE_BASE = 8, 27, 33
_OUTER_EYE_CORNERS = (36, 45)
_UPPER_LIDS, _LOWER_LIDS = [37, 38, 43, 44], [41, 40, 47, 46]
_BROWS, _EYES = slice(17, 27), slice(36, 48)
_UPPER_INNER_LIP = [61, 62, 63]
_LOWER_INNER_LIP = [67, 66, 65]


def inter_ocular_distance(landmarks: Points) -> float:
    """Return the distance of the outer eye corners in pixels, for landmarks [68, 2]."""
    right, left = _OUTER_EYE_CORNERS
    return float(np.linalg.norm(landmarks[left] - landmarks[right]))


def centred_mouth(landmarks: Points) -> NDArray[np.float64]:
    """Return the mouth [20, 2] of landmarks [68, 2] without place and size.

    Centred on its mean, in inter-ocular distances.
    """
    mouth = np.asarray(landmarks, np.float64)[MOUTH]
    return np.asarray((mouth - mouth.mean(axis=0)) / inter_ocular_distance(landmarks))


def mouth_opening(landmarks: Points) -> float:
    """Return the mean gap of the inner lips by the inter-ocular distance, for landmarks [68, 2].

    0 for a closed mouth; about 0.1 in speech, 0.4 wide open.
    """
    gaps = np.linalg.norm(landmarks[_LOWER_INNER_LIP] - landmarks[_UPPER_INNER_LIP], axis=1)
    return float(gaps.mean() / inter_ocular_distance(landmarks))


def eye_opening(landmarks: Points) -> float:
    """Return the mean gap of the lids by the inter-ocular distance, for landmarks [68, 2].

    0 for shut eyes; about 0.1 open.
    """
    gaps = np.linalg.norm(landmarks[_LOWER_LIDS] - landmarks[_UPPER_LIDS], axis=1)
    return float(gaps.mean() / inter_ocular_distance(landmarks))


def brow_height(landmarks: Points) -> float:
    """Return how high the brows are above the middle of the eyes, for landmarks [68, 2].

    At right angles to the line of the outer eye corners, by their distance; about 0.25 at rest.
    """
    right, left = _OUTER_EYE_CORNERS
    across = (landmarks[left] - landmarks[right]).astype(np.float64)
    up = np.array([across[1], -across[0]]) / np.linalg.norm(across)
    rise = (landmarks[_BROWS].mean(axis=0) - landmarks[_EYES].mean(axis=0)) @ up
    return float(rise / inter_ocular_distance(landmarks))


def below_nose(landmarks: Points, shape: tuple[int, int]) -> NDArray[np.bool_]:
    """Return which pixels lie nearer to the chin than the base of the nose does, bool [H, W].

    Args:
        landmarks: [68, 2] in pixels.
        shape: H and W.
    """
    base, down = landmarks[_NOSE_BASE], landmarks[_CHIN] - landmarks[_NOSE_BRIDGE]
    y, x = np.mgrid[: shape[0], : shape[1]] + 0.5
    below: NDArray[np.bool_] = (x - base[0]) * down[0] + (y - base[1]) * down[1] > 0
    return below
