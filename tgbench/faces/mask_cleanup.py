"""Clean up the masks of head and body by their connected parts."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from ..arrays import Mask

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
    _, pieces, stats, _ = cv2.connectedComponentsWithStats(opened.astype(np.uint8))
    areas = stats[:, cv2.CC_STAT_AREA].copy()
    areas[0] = 0
    if not areas.any():
        return body
    # Shoulders that hair parts from each other are a body; what hangs on a cheek is not.
    bottom = stats[:, cv2.CC_STAT_TOP] + stats[:, cv2.CC_STAT_HEIGHT]
    low = bottom >= bottom[areas.argmax()] - 2 * reach
    kept = (low & (areas > 0))[pieces]
    # Opening rounds corners off; they are given back, strips are not.
    corners = body & (distance_from(kept) <= 0.6 * reach)
    far = body & (distance_from(head) > _BESIDE * side)
    return np.asarray(corners | far)


def connected_to(head: Mask, core: Mask) -> Mask:
    """Return the parts of the head that touch its core, bool [H, W]; all where none does."""
    _, pieces = cv2.connectedComponents(head.astype(np.uint8))
    own = np.zeros(pieces.max() + 1, np.bool_)
    own[pieces[core & head]] = True
    own[0] = False
    return own[pieces] if own.any() else head


def _opened(mask: Mask, reach: int) -> Mask:
    brush = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    # Where the picture ends, the body goes on.
    wide = cv2.copyMakeBorder(
        mask.astype(np.uint8), reach, reach, reach, reach, cv2.BORDER_REPLICATE
    )
    opened = cv2.morphologyEx(wide, cv2.MORPH_OPEN, brush)
    return opened[reach:-reach, reach:-reach] > 0


def distance_from(mask: Mask) -> NDArray[np.float32]:
    """Return how far every pixel is from the mask, pixels; infinite where it is empty."""
    if not mask.any():
        return np.full(mask.shape, np.inf, np.float32)
    return np.asarray(cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, 5), np.float32)
