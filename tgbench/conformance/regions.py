"""Parts of a frame of an identity, as masks: bool [H, W]."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from ..arrays import Mask
from ..identities import HAIR, HEAD, INNER_MOUTH, Identity

_BROWS_AND_EYES = (*range(17, 27), *range(36, 48))
_LIPS = range(48, 68)
_HEAD_MARGIN = 0.06
"""Share of the image's width by which a head's outline may be off."""

_PART_MARGIN = 0.04
"""The same around landmarks."""

_PASTE_MARGIN = 0.35
"""Share of a face's own size by which systems that paste a face enlarge its box."""


def everything(identity: Identity, frame: int) -> Mask:
    """Return all pixels."""
    return np.ones((identity.intrinsics.height, identity.intrinsics.width), bool)


def head(identity: Identity, frame: int) -> Mask:
    """Return the head with a margin."""
    parsing = identity.parsing(frame)
    mask = np.zeros(parsing.shape[:2], np.uint8)
    for colour in (HEAD, HAIR, INNER_MOUTH):
        mask |= (np.abs(parsing.astype(int) - colour).max(axis=-1) < 30).astype(np.uint8)
    side = 2 * round(_HEAD_MARGIN * mask.shape[1]) + 1
    ellipse = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    return cv2.dilate(mask, ellipse).astype(bool)


def upper_face(identity: Identity, frame: int) -> Mask:
    """Return the box of brows and eyes."""
    return _box(identity, identity.landmarks[frame][list(_BROWS_AND_EYES)], _PART_MARGIN)


def mouth(identity: Identity, frame: int) -> Mask:
    """Return the box of the lips."""
    return _box(identity, identity.landmarks[frame][list(_LIPS)], _PART_MARGIN)


def pasted(identity: Identity, frame: int) -> Mask:
    """Return the box that a system which pastes a face may write to."""
    points = identity.landmarks[frame]
    size = float(np.ptp(points, axis=0).max())
    return _box(identity, points, _PASTE_MARGIN * size / identity.intrinsics.width)


def _box(identity: Identity, points: NDArray[np.floating], margin: float) -> Mask:
    lens = identity.intrinsics
    pad = margin * lens.width
    left, top = np.floor(points.min(axis=0) - pad).astype(int).clip(0)
    right, bottom = np.ceil(points.max(axis=0) + pad).astype(int)
    mask = np.zeros((lens.height, lens.width), bool)
    mask[top:bottom, left:right] = True
    return mask
