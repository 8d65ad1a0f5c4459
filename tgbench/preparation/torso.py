"""What of the person stays when the head is taken away."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from ..identities.layout import HAIR, HEAD, INNER_MOUTH, NECK, TORSO
from .plate import nearest_fill

Image = NDArray[np.uint8]

_NECK_REACH, _TORSO_REACH = 53.0 / 512.0, 9.0 / 512.0
"""How far neck and torso go on beneath the head, as shares of the image's side: AD-NeRF's."""

_SEAM = 6.0 / 512.0
"""Pixels next to the head, as a share of the side, that are taken as mixed with its colours."""

_DARKER = 0.98
"""Each row farther under the head is this much darker, as the shadow under a chin is."""


def head_mask(parsing: Image) -> NDArray[np.bool_]:
    """Return where a parsing map shows the head with hair and mouth, bool [H, W]."""
    return np.isin(_codes(parsing), [_code(colour) for colour in (HEAD, HAIR, INNER_MOUTH)])


def torso_image(image: Image, person: NDArray[np.uint8], parsing: Image) -> Image:
    """Return neck and torso, continued beneath the head's edge, uint8 RGBA [H, W, 4].

    A head that moves a little where it is rendered leaves no hole.

    Args:
        image: uint8 RGB [H, W, 3].
        person: how much of each pixel is the person, uint8 [H, W].
        parsing: in the layout's colours.
    """
    side = image.shape[0]
    head = head_mask(parsing)
    neck, torso = (_codes(parsing) == _code(colour) for colour in (NECK, TORSO))
    seam = 2 * max(1, round(_SEAM * side)) + 1
    near_head = cv2.dilate(head.astype(np.uint8), np.ones((seam, seam), np.uint8)) > 0
    body = neck | torso
    result = np.zeros((*image.shape[:2], 4), np.uint8)
    if not body.any():
        return result
    clean = body & ~near_head if (body & ~near_head).any() else body
    under = np.zeros_like(head)
    for part, reach in ((neck, _NECK_REACH), (torso, _TORSO_REACH)):
        if part.any():
            away = cv2.distanceTransform((~part).astype(np.uint8), cv2.DIST_L2, 5)
            under |= head & (away < reach * side)
    filled = nearest_fill(image, ~clean)
    depth = cv2.distanceTransform(head.astype(np.uint8), cv2.DIST_L2, 5)
    shade = np.power(_DARKER, np.where(under, depth * 512.0 / side, 0.0))[..., None]
    soft = cv2.GaussianBlur(filled, (5, 5), 0)
    colour = np.where(body[..., None], image, soft * shade)
    result[..., :3] = np.round(colour).astype(np.uint8)
    result[..., 3] = np.where(under, 255, np.where(body, person, 0))
    return result


def _codes(parsing: Image) -> NDArray[np.int32]:
    """Return one number a pixel, which is quicker to compare than three."""
    return parsing.astype(np.int32) @ np.array([65536, 256, 1], np.int32)


def _code(colour: tuple[int, int, int]) -> int:
    return (colour[0] * 256 + colour[1]) * 256 + colour[2]
