"""Clean up the masks of head and body by their connected parts."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from ..arrays import Mask, window_of

_THIN = 0.008
"""Half the width, as a share of the side, below which a strip is no part of a body."""

_BESIDE = 0.06
"""How far from the head, as a share of the side, a thin strip is taken for a part of it."""


def remove_slivers(body: Mask, head: Mask) -> Mask:
    """Return the body without the slivers along jaw, cheeks and hair, bool [H, W].

    Neck and clothes are opened as one, so that a low strip of neck over a collar stays.

    Args:
        body: neck and clothes.
        head: face, hair and mouth.
    """
    side = body.shape[0]
    reach = max(1, round(_THIN * side))
    if not body.any():
        return body
    # A head farther above the body is too far to matter.
    top = max(0, int(body.any(axis=1).argmax()) - round(_BESIDE * side) - 2 * reach - 2)
    clean = body.copy()
    clean[top:] = _without_slivers(body[top:], head[top:], side, reach)
    return clean


def _without_slivers(body: Mask, head: Mask, side: int, reach: int) -> Mask:
    opened = _opened(body, reach)
    _, pieces, stats, _ = cv2.connectedComponentsWithStats(opened.view(np.uint8))
    areas = stats[:, cv2.CC_STAT_AREA].copy()
    areas[0] = 0
    if not areas.any():
        return body
    # Shoulders that hair parts from each other are a body; what hangs on a cheek is not.
    bottom = stats[:, cv2.CC_STAT_TOP] + stats[:, cv2.CC_STAT_HEIGHT]
    low = bottom >= bottom[areas.argmax()] - 2 * reach
    wanted = low & (areas > 0)
    kept = opened if wanted[1:].all() else wanted[pieces]
    # Opening rounds corners off; they are given back, strips are not.
    near, far = 0.6 * reach, _BESIDE * side
    corners = body & (distance_from(kept, near) <= near)
    return np.asarray(corners | (body & (distance_from(head, far) > far)))


def connected_to(head: Mask, core: Mask) -> Mask:
    """Return the parts of the head that touch its core, bool [H, W]; all where none does."""
    window = window_of(head)
    part = head[window]
    count, labels = cv2.connectedComponents(part.view(np.uint8))
    pieces = np.asarray(labels, np.int32)
    own = np.zeros(count, np.bool_)
    own[pieces[core[window] & part]] = True
    own[0] = False
    if own[1:].all() or not own.any():
        return head
    connected = np.zeros_like(head)
    connected[window] = own.take(pieces)
    return connected


def _opened(mask: Mask, reach: int) -> Mask:
    brush = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    # Where the picture ends, the body goes on.
    wide = cv2.copyMakeBorder(mask.view(np.uint8), reach, reach, reach, reach, cv2.BORDER_REPLICATE)
    opened = cv2.morphologyEx(wide, cv2.MORPH_OPEN, brush)
    return np.ascontiguousarray(opened[reach:-reach, reach:-reach]).view(np.bool_)


def distance_from(mask: Mask, most: float = math.inf) -> NDArray[np.float32]:
    """Return how far every pixel is from the mask, pixels; infinite where it is empty.

    Args:
        mask: bool [H, W].
        most: distance from which on a pixel may be given as infinitely far, which saves time.
    """
    distance = np.full(mask.shape, np.inf, np.float32)
    if not mask.any():
        return distance
    margin = math.ceil(most) + 1 if math.isfinite(most) else sum(mask.shape)
    window = window_of(mask, margin)
    apart = (~mask[window]).view(np.uint8)
    distance[window] = cv2.distanceTransform(apart, cv2.DIST_L2, 5)
    return distance
