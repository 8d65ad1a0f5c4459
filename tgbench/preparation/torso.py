"""The torso image: neck and clothes without the head, continued beneath it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ..arrays import Image, Mask, pixels_of, window_of
from ..compiled import njit
from ..faces.mask_cleanup import distance_from
from ..identities.layout import HAIR, HEAD, INNER_MOUTH, NECK, TORSO
from .inpainting import smooth_fill

Colours = NDArray[np.float32]
Window = tuple[slice, slice]

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
    return pixels_of(parsing, HEAD, HAIR, INNER_MOUTH)


class TorsoPainter:
    """Paints neck and torso of successive frames, with nothing of the head in them."""

    def __init__(self) -> None:
        """Start before the first frame of a clip."""
        self._before: dict[str, _Fill] = {}

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
        neck, torso = (pixels_of(parsing, each) for each in (NECK, TORSO))
        rows = _body_rows(neck | torso)
        if rows is None:
            return np.zeros((*image.shape[:2], 4), np.uint8)
        neck, torso = neck[rows], torso[rows]
        person, parsing, painted = person[rows], parsing[rows], image[rows].copy()
        head = head_mask(parsing)
        body = neck | torso
        clean = body & ~_grown(head, _SEAM * side)
        under, up = _below_chin(head, pixels_of(parsing, HEAD), neck, body, side)
        reach = _TORSO_REACH * side
        under |= head & (distance_from(body, reach) < reach)
        as_neck = (neck | (under & _nearer(neck, torso, under, side))) & ~clean
        place = window_of(under | (body & ~clean))
        colour = painted[place].astype(np.float32)
        for name, part, wanted in (
            ("neck", neck, as_neck),
            ("torso", torso, (body | under) & ~clean & ~as_neck),
        ):
            if wanted.any():
                known = part & clean
                known = known if known.any() else body & clean
                window = window_of(wanted, round(_MARGIN * side))
                fill = _Fill(self._filled(name, image, rows.start, known, window), window)
                fill.copy_to(colour, place, wanted)
        shade = np.power(_DARKER, _without_folds(up, under, side) * 512.0 / side)
        colour[under[place]] *= shade[:, None].astype(np.float32)
        painted[place] = cv2.convertScaleAbs(colour)
        result = np.zeros((*image.shape[:2], 4), np.uint8)
        _cut_out(painted, person * body, under, result[rows])
        return result

    def _filled(self, name: str, whole: Image, top: int, known: Mask, window: Window) -> Colours:
        """Return colours [h, w, 3] of a window that continue a part, much as before.

        `known` and `window` are of the rows of the whole image from `top` on.
        """
        rows, columns = window
        place = slice(top + rows.start, top + rows.stop), columns
        earlier = self._before.get(name)
        known_here = known[window]
        if known_here.any():
            fresh = smooth_fill(whole[place], known_here)
            if earlier is not None:
                _steady(fresh, known_here, place, earlier)
            self._before[name] = _Fill(fresh, place)
            return fresh
        plain = whole[top:][known].mean(axis=0) if known.any() else whole.mean(axis=(0, 1))
        fresh = np.full((*known_here.shape, 3), plain, np.float32)
        if earlier is not None:
            here, there = _overlap(place, earlier.place)
            fresh[here] = earlier.colours[there]
        return fresh


@dataclass(frozen=True)
class _Fill:
    """What was filled in: float32 [h, w, 3] of the rows and columns `place` of the image."""

    colours: Colours
    place: Window

    def copy_to(self, colours: Colours, place: Window, wanted: Mask) -> None:
        """Copy what is wanted of it into the colours of another window."""
        here, there = _overlap(place, self.place)
        cv2.copyTo(self.colours[there], wanted[place][here].view(np.uint8), colours[here])


def _steady(fresh: Colours, known: Mask, place: Window, earlier: _Fill) -> None:
    """Keep much of what was filled in earlier where nothing is seen now, in place."""
    here, there = _overlap(place, earlier.place)
    now, before = fresh[here], earlier.colours[there]
    if now.size and float(np.abs(now - before).mean()) < _OTHER_LIGHT:
        kept = now + _KEPT * (before - now)
        cv2.copyTo(kept, (~known[here]).view(np.uint8), now)


def _overlap(place: Window, other: Window) -> tuple[Window, Window]:
    """Return the part that two windows of an image share, as a window of each; it may be empty."""
    low = [max(a.start, b.start) for a, b in zip(place, other, strict=True)]
    high = [min(a.stop, b.stop) for a, b in zip(place, other, strict=True)]
    rows, columns = zip(low, map(max, low, high), strict=True)

    def of(window: Window) -> Window:
        (top, left) = (each.start for each in window)
        return (
            slice(rows[0] - top, rows[1] - top),
            slice(columns[0] - left, columns[1] - left),
        )

    return of(place), of(other)


def _body_rows(body: Mask) -> slice | None:
    """Return the rows of neck and torso and as many above as decide what they become."""
    low = body.any(axis=1)
    if not low.any():
        return None
    # What is painted goes on for the reach; half of it is blurred over, and a margin is looked at.
    above = round((1.5 * _NECK_REACH + _MARGIN) * len(body)) + 2
    return slice(max(0, int(low.argmax()) - above), None)


def _below_chin(
    head: Mask, face: Mask, neck: Mask, body: Mask, side: int
) -> tuple[Mask, NDArray[np.int16]]:
    """Return where the neck goes on under the head, and how many rows above the body pixels are.

    The masks are of the lower rows of a frame with `side`.
    """
    up, above_neck = _rows_to_body(body, neck)
    reach = _NECK_REACH * side
    under = head & above_neck & (up < reach)
    chin = face[:-1] & neck[1:]
    if chin.any():
        # Level with what is under the chin: no wings where the jaw rises to the ears.
        top = np.flatnonzero(chin.any(axis=1)).max() - reach
        under[: max(0, math.floor(top) + 1)] = False
    return under, up


@njit(cache=True, nogil=True)
def _rows_to_body(body: Mask, neck: Mask) -> tuple[NDArray[np.int16], Mask]:
    """Return how many rows below each pixel the body begins, and whether that is neck.

    Many rows where it is nowhere below.
    """
    height, width = body.shape
    up, above_neck = np.empty((height, width), np.int16), np.empty((height, width), np.bool_)
    first, is_neck = np.full(width, 2 * height, np.int16), np.zeros(width, np.bool_)
    for y in range(height - 1, -1, -1):
        for x in range(width):
            if body[y, x]:
                first[x], is_neck[x] = y, neck[y, x]
            up[y, x], above_neck[y, x] = first[x] - y, is_neck[x]
    return up, above_neck


def _without_folds(up: NDArray[np.int16], under: Mask, side: int) -> Colours:
    """Return `up` [K] of what is under the head, alike in columns that end at other heights."""
    if not under.any():
        return np.zeros(0, np.float32)
    reach = _NECK_REACH * side
    # The blur sees half of the reach.
    window = window_of(under, round(reach))
    depth = np.where(up[window] < reach, up[window], 0).astype(np.float32)
    smooth = cv2.GaussianBlur(depth, (0, 0), reach / 8)
    return np.asarray(smooth[under[window]], np.float32)


def _nearer(neck: Mask, torso: Mask, under: Mask, side: int) -> Mask:
    """Return where of `under`, which body is near, that is the neck."""
    nearer = np.zeros_like(under)
    if under.any():
        window = window_of(under, round(_NECK_REACH * side) + 2)
        nearer[window] = distance_from(neck[window]) <= distance_from(torso[window])
    return nearer


def _grown(mask: Mask, reach: float) -> Mask:
    reach = max(1.0, reach)
    return distance_from(mask, reach) <= reach


@njit(cache=True, nogil=True)
def _cut_out(
    image: Image, alpha: NDArray[np.uint8], opaque: Mask, result: NDArray[np.uint8]
) -> None:
    """Write an image as RGBA.

    Args:
        image: uint8 RGB [H, W, 3].
        alpha: uint8 [H, W].
        opaque: where alpha is 255 in any case, bool [H, W].
        result: uint8 [H, W, 4], all zeros; they stay where alpha is 0.
    """
    for y in range(image.shape[0]):
        for x in range(image.shape[1]):
            share = np.uint8(255) if opaque[y, x] else alpha[y, x]
            if share > 0:
                for c in range(3):
                    result[y, x, c] = image[y, x, c]
                result[y, x, 3] = share
