"""The torso image: neck and clothes without the head, continued beneath it."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from ..arrays import Image, Mask, pixels_of
from ..faces.mask_cleanup import distance_from
from ..identities.layout import HAIR, HEAD, INNER_MOUTH, NECK, TORSO
from .inpainting import smooth_fill

Colours = NDArray[np.float32]

_NECK_REACH, _TORSO_REACH = 53.0 / 512.0, 9.0 / 512.0
"""How far neck and torso go on beneath the head, as shares of the image's side: AD-NeRF's."""

_SEAM = 6.0 / 512.0
"""Pixels next to the head, as a share of the side, that are taken as mixed with its colours."""

_DARKER = 0.98
"""Each row farther under the head is this much darker, as the shadow under a chin is."""

_KEPT = 0.8
"""Share of the last frame's colours in what is filled in, so that it does not flicker."""

_MARGIN = 0.08
"""Surroundings that what is filled in continues, as a share of the side."""

_OTHER_LIGHT = 20.0
"""Mean change of the filled-in colours, grey levels, beyond which the last frame says nothing."""


def head_mask(parsing: Image) -> Mask:
    """Return where a parsing map shows the head with hair and mouth, bool [H, W]."""
    return np.logical_or.reduce([pixels_of(parsing, each) for each in (HEAD, HAIR, INNER_MOUTH)])


class TorsoPainter:
    """Paints neck and torso of successive frames, with nothing of the head in them."""

    def __init__(self) -> None:
        """Start before the first frame of a clip."""
        self._before: dict[str, Colours] = {}

    def paint(self, image: Image, person: NDArray[np.uint8], parsing: Image) -> Image:
        """Return neck and torso, continued beneath the head's edge, uint8 RGBA [H, W, 4].

        A head that moves a little where it is rendered leaves no hole. Next to the head, where
        pixels hold some of its colours, neck and torso are continued as well, so that the image
        does not tell where the true head was.

        Args:
            image: uint8 RGB [H, W, 3].
            person: how much of each pixel is the person, uint8 [H, W].
            parsing: in the layout's colours.
        """
        side = image.shape[0]
        rows = _body_rows(parsing)
        result = np.zeros((*image.shape[:2], 4), np.uint8)
        if rows is None:
            return result
        whole, image, person, parsing = image, image[rows], person[rows], parsing[rows]
        head = head_mask(parsing)
        neck, torso = (pixels_of(parsing, colour) for colour in (NECK, TORSO))
        body = neck | torso
        clean = body & ~_grown(head, _SEAM * side)
        under_neck, rows_up = _below_chin(head, pixels_of(parsing, HEAD), neck, body, side)
        under = under_neck | (head & (distance_from(body) < _TORSO_REACH * side))
        as_neck = (neck | (under & _nearer(neck, torso))) & ~clean
        painted = result[rows]
        painted[..., :3] = image
        colour = np.zeros(image.shape, np.float32)
        colour[under] = image[under]
        for name, part, wanted in (
            ("neck", neck, as_neck),
            ("torso", torso, (body | under) & ~clean & ~as_neck),
        ):
            if wanted.any():
                known = part & clean
                known = known if known.any() else body & clean
                filled = self._filled(name, whole, rows, known, wanted)
                colour[wanted] = filled
                painted[wanted, :3] = np.round(filled).astype(np.uint8)
        shade = np.power(_DARKER, rows_up[under] * 512.0 / side)
        painted[under, :3] = np.round(colour[under] * shade[:, None]).astype(np.uint8)
        painted[..., 3] = np.where(under, 255, np.where(body, person, 0))
        painted *= (painted[..., 3:] > 0).view(np.uint8)
        return result

    def _filled(self, name: str, whole: Image, rows: slice, known: Mask, wanted: Mask) -> Colours:
        """Return colours [K, 3] of the wanted pixels that continue a part, much as before.

        `known` and `wanted` are of some rows of the whole image.
        """
        earlier = self._before.get(name)
        if earlier is None or earlier.shape != whole.shape:
            earlier = np.full(whole.shape, np.nan, np.float32)
        before, image = earlier[rows], whole[rows]
        window = _around(wanted, round(_MARGIN * whole.shape[0]))
        if not known[window].any():
            plain = image[known].mean(axis=0) if known.any() else whole.mean(axis=(0, 1))
            return np.where(np.isnan(before), plain, before)[wanted].astype(np.float32)
        fresh = smooth_fill(image[window], known[window])
        change = np.abs(fresh - before[window])
        seen = np.isfinite(change)
        if seen.any() and float(change[seen].mean()) < _OTHER_LIGHT:
            # What is seen now is as it is now; only what is not seen is kept.
            kept = seen & ~known[window][..., None]
            fresh = np.where(kept, fresh + _KEPT * (before[window] - fresh), fresh)
        filled = np.full(whole.shape, np.nan, np.float32)
        filled[rows][window] = fresh
        self._before[name] = filled
        return np.asarray(filled[rows][wanted], np.float32)


def _body_rows(parsing: Image) -> slice | None:
    """Return the rows of neck and torso and as many above as decide what they become."""
    low = (pixels_of(parsing, NECK) | pixels_of(parsing, TORSO)).any(axis=1)
    if not low.any():
        return None
    # What is painted goes on for the reach; half of it is blurred over, and a margin is looked at.
    above = round((1.5 * _NECK_REACH + _MARGIN) * parsing.shape[0]) + 2
    return slice(max(0, int(low.argmax()) - above), None)


def _around(mask: Mask, margin: int) -> tuple[slice, slice]:
    """Return the window that holds a mask and a margin around it."""
    low = np.argwhere(mask).min(axis=0) - margin
    high = np.argwhere(mask).max(axis=0) + margin + 1
    (top, left), (bottom, right) = np.maximum(low, 0), high
    return slice(int(top), int(bottom)), slice(int(left), int(right))


def _below_chin(head: Mask, face: Mask, neck: Mask, body: Mask, side: int) -> tuple[Mask, Colours]:
    """Return where the neck goes on under the head, and how many rows above the body pixels are.

    The masks are of the lower rows of a frame with `side`.
    """
    height = head.shape[0]
    rows = np.arange(height, dtype=np.int32)[:, None]
    first = np.where(body, rows, 2 * height)
    next_body = np.minimum.accumulate(first[::-1], axis=0)[::-1]
    up = next_body - rows
    reach = _NECK_REACH * side
    meets_neck = np.take_along_axis(neck, np.minimum(next_body, height - 1), axis=0)
    under = head & meets_neck & (up < reach)
    chin = face[:-1] & neck[1:]
    if chin.any():
        # Level with what is under the chin: no wings where the jaw rises to the ears.
        under &= rows > np.flatnonzero(chin.any(axis=1)).max() - reach
    # Columns that end at different heights are no folds.
    depth = np.where(up < reach, up, 0).astype(np.float32)
    smooth: Colours = np.asarray(cv2.GaussianBlur(depth, (0, 0), reach / 8), np.float32)
    return under, smooth


def _nearer(neck: Mask, torso: Mask) -> Mask:
    return distance_from(neck) <= distance_from(torso)


def _grown(mask: Mask, reach: float) -> Mask:
    return distance_from(mask) <= max(1.0, reach)
