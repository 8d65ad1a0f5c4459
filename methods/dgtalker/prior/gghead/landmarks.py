"""Where the 68 landmarks of iBUG are on a head of which only points are known."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from ..template import head_template, landmark_texels

Points = NDArray[np.float64]

_FACE_DEPTH = 0.03
"""Metres in front of the ears' axis from which on texels of the template are its face."""

_POINTS, _ROUNDS = 800, 30
_KEPT = 0.8
"""Share of the face's points that are compared, the nearest ones: lips and noses differ."""


def landmarks_among(points: NDArray[np.floating]) -> NDArray[np.int64]:
    """Return the numbers of the points at the landmarks, [68].

    The suite's template is brought to them by a similarity, from the face's own nearest points
    (trimmed ICP), with y up and the face towards +z; then each landmark takes the nearest one.

    Args:
        points: [N, 3] of a head's skin, in any unit.
    """
    places = np.asarray(points, np.float64)
    template = head_template().reshape(-1, 3).astype(np.float64)
    face = template[template[:, 2] > _FACE_DEPTH]
    face = face[:: max(1, len(face) // _POINTS)]
    scale, turn, shift = _closest(face, places)
    marks = scale * template[landmark_texels()] @ turn.T + shift
    found: NDArray[np.int64] = cKDTree(places).query(marks)[1].astype(np.int64)
    return found


def _closest(face: Points, places: Points) -> tuple[float, Points, Points]:
    """Return the similarity that brings a face to a head: scale, rotation and translation."""
    # Ears are where a head is widest, and the nose is the foremost point.
    width = float(np.ptp(np.quantile(places[:, 0], [0.01, 0.99])))
    scale, turn = width / float(np.ptp(head_template()[..., 0])), np.eye(3)
    shift = _nose(places) - scale * _nose(face)
    tree = cKDTree(places)
    for _ in range(_ROUNDS):
        moved = scale * face @ turn.T + shift
        apart, nearest = tree.query(moved)
        kept = apart <= np.quantile(apart, _KEPT)
        scale, turn, shift = _similarity(face[kept], places[nearest[kept]])
    return scale, turn, shift


def _nose(points: Points) -> Points:
    """Return the tip of the nose: the middle of the foremost points near the middle plane."""
    middle = np.median(points[:, 0])
    near = points[np.abs(points[:, 0] - middle) < 0.1 * float(np.ptp(points[:, 0]))]
    place: Points = near[np.argsort(near[:, 2])[-3:]].mean(axis=0)
    return place


def _similarity(source: Points, target: Points) -> tuple[float, Points, Points]:
    """Return scale, rotation and translation of least squares (Umeyama 1991, equations 38-42)."""
    centre, there = source.mean(axis=0), target.mean(axis=0)
    flat, wanted = source - centre, target - there
    left, size, right = np.linalg.svd(wanted.T @ flat / len(flat))
    sign = np.array([1.0, 1.0, np.sign(np.linalg.det(left @ right))])
    turn: Points = left * sign @ right
    scale = float((size * sign).sum() / flat.var(axis=0).sum())
    return scale, turn, there - scale * turn @ centre
