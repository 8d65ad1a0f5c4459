"""Boxes around faces: float64 [N, 4] of left, top, right, bottom in pixels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Boxes = NDArray[np.floating]

MOST_OVERLAP = 0.1
"""Intersection over union up to which two boxes of an image are two faces, in the original."""


def overlap(box: Boxes, others: Boxes) -> Boxes:
    """Return intersection over union of a box [4] with each of several [N, 4]."""
    shared = np.minimum(box[2:], others[:, 2:]) - np.maximum(box[:2], others[:, :2])
    shared_area = np.maximum(shared, 0.0).prod(axis=1)
    sides, other_sides = box[2:] - box[:2], others[:, 2:] - others[:, :2]
    ratio: Boxes = shared_area / (sides.prod() + other_sides.prod(axis=1) - shared_area)
    return ratio


def without_duplicates(boxes: Boxes, scores: Boxes, most_overlap: float) -> NDArray[np.intp]:
    """Return which boxes stay when each loses those that overlap it and score less.

    Args:
        boxes: [N, 4].
        scores: [N].
        most_overlap: intersection over union up to which both stay.

    Returns:
        Indices of the boxes that stay, best score first.
    """
    order = scores.argsort()[::-1]
    kept = []
    while order.size:
        best, order = order[0], order[1:]
        kept.append(best)
        order = order[overlap(boxes[best], boxes[order]) <= most_overlap]
    return np.array(kept, np.intp)
