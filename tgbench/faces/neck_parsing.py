"""What a person's pixels below the jaw are: hair, neck or clothes.

A mixture model that a clip fits to itself: the colours of hair and skin are known from above the
jaw, those of the clothes are found, and where in relation to the face each of the three lies is
learned over some frames. Place and colour together are steadier than colour alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from ..arrays import Image, Mask, window_of

Array = NDArray[np.float32]
Array64 = NDArray[np.float64]

HAIR, NECK, TORSO = range(3)

_BINS = 16
_LIGHT = np.arange(256) * _BINS // 256
_CHROMA = np.clip((np.arange(256) - 128) // 5 + _BINS // 2, 0, _BINS - 1)
"""In which bin each value of Lab falls."""

_CELLS_OF_LAB = [
    (table * size).astype(np.uint16)
    for table, size in ((_LIGHT, _BINS**2), (_CHROMA, _BINS), (_CHROMA, 1))
]
"""What each value of L, a and b adds to the number of a colour's cell."""

_CELLS = 48
_ACROSS, _DOWN = (-2.0, 2.0), (-0.5, 3.5)
_ROUNDS = 4
_LONG_HAIR = 0.2
_RARE = 1e-4
_UNSEEN = 1.0
_EARS = (132, 361)
_EDGE_SOFTNESS = (0.03 * 255.0) ** 2
"""Variance of colour, squared grey levels, above which a difference counts as an edge."""

_FILTER_SCALE = 0.5
"""At what scale the guided filter fits its planes (He and Sun, "Fast guided filter", 2015)."""


@dataclass(frozen=True)
class Sample:
    """A frame to learn from.

    Attributes:
        image: uint8 RGB [H, W, 3].
        landmarks: [478, 2 or 3], pixels.
        hair, skin: pixels above the jaw that surely are.
        below: pixels of the person below it.
    """

    image: Image
    landmarks: NDArray[np.floating]
    hair: Mask
    skin: Mask
    below: Mask


class BelowJaw:
    """Tells hair, neck and torso apart in the frames of the clip it was fitted to."""

    def __init__(self, samples: Sequence[Sample]) -> None:
        """Fit the mixture (expectation maximisation over place and colour)."""
        cells = [_cells(sample.image) for sample in samples]
        pairs = list(zip(cells, samples, strict=True))
        hair = _colours(np.concatenate([cell[sample.hair] for cell, sample in pairs]))
        skin = _colours(np.concatenate([cell[sample.skin] for cell, sample in pairs]))
        colour = np.concatenate([cell[sample.below] for cell, sample in pairs]).astype(np.intp)
        place = np.concatenate([_places_of(sample)[sample.below] for sample in samples])
        self._looks = np.stack([hair, skin, _colours(colour)])
        self.long_hair = _share_beside(samples, cells, self._looks) > _LONG_HAIR
        usual = _usual_places(self.long_hair)
        self._where = usual
        for _ in range(_ROUNDS):
            odds = self._posterior(colour, place)
            counts = [np.bincount(place, weights, _CELLS**2) for weights in odds]
            learned = np.stack(counts).reshape(3, _CELLS, _CELLS) + _UNSEEN
            learned = usual * gaussian_filter(learned, (0.0, 1.5, 1.5))
            self._where = learned / learned.sum(axis=0)
            self._looks[TORSO] = _colours(colour, odds[TORSO])
            # Hair in the shade of the neck has colours that the crown has not.
            self._looks[HAIR] = (hair + _colours(colour, odds[HAIR])) / 2.0

    def parts(
        self, image: Image, landmarks: NDArray[np.floating], below: Mask
    ) -> tuple[Mask, Mask]:
        """Return where hair and where neck are likelier than the others, both bool [H, W].

        Args:
            image: uint8 RGB [H, W, 3].
            landmarks: [478, 2 or 3], pixels.
            below: pixels of the person below the jaw; all of the result lie there.
        """
        hair, neck = np.zeros_like(below), np.zeros_like(below)
        if not below.any():
            return hair, neck
        reach = max(2, image.shape[0] // 64)
        # The filter averages twice over `reach` pixels of twice the side, so nothing farther off
        # counts. From even places on, so that these pixels are the same ones in every frame.
        window = window_of(below, 4 * reach + 2)
        rows, columns = (slice(each.start // 2 * 2, each.stop) for each in window)
        seen, part = np.ascontiguousarray(image[rows, columns]), below[rows, columns]
        leads = [
            cv2.ximgproc.guidedFilter(seen, lead, reach, _EDGE_SOFTNESS, scale=_FILTER_SCALE)
            for lead in self._leads(seen, part, landmarks, (rows.start, columns.start))
        ]
        neck[rows, columns] = part & (leads[0] > 0.0)
        if self.long_hair:
            hair[rows, columns] = part & (leads[1] >= np.maximum(leads[0], 0.0))
        return hair, neck

    def _leads(
        self, seen: Image, part: Mask, landmarks: NDArray[np.floating], corner: tuple[int, int]
    ) -> list[Array]:
        """Return how much likelier than torso neck is, and hair if it is long, float32 [h, w].

        `seen` and `part` are image and mask of a window, whose top and left are `corner`. Looked at
        in pixels of twice the side: the filter that comes next sees no more.
        """
        height, width = part.shape
        size = (-(-width // 2), -(-height // 2))
        small = np.asarray(cv2.resize(seen, size, interpolation=cv2.INTER_AREA), np.uint8)
        share = cv2.resize(part.astype(np.float32), size, interpolation=cv2.INTER_AREA)
        y, x = (
            start + 1.0 + 2.0 * np.arange(count)
            for start, count in zip(corner, share.shape, strict=True)
        )
        place = _places(landmarks, x, y)
        found = self._posterior(_cells(small).ravel(), place.ravel()).reshape(3, *share.shape)
        return [
            cv2.resize(
                (found[each] - found[TORSO]) * share,
                (width, height),
                interpolation=cv2.INTER_NEAREST,
            )
            for each in ((NECK, HAIR) if self.long_hair else (NECK,))
        ]

    def _posterior(self, colour: NDArray[np.integer], place: NDArray[np.int64]) -> Array:
        """Return how likely each class is, [3, K], by cells of colour and of place."""
        looks, where = self._looks + np.float32(_RARE), self._where.reshape(3, -1)
        odds = np.empty((3, len(colour)), np.result_type(looks, where))
        for odd, look, here in zip(odds, looks, where, strict=True):
            np.multiply(here.take(place), look.take(colour), out=odd)
        odds /= odds.sum(axis=0) + np.float32(1e-12)
        return np.asarray(odds, np.float32)


def _places(landmarks: NDArray[np.floating], x: Array64, y: Array64) -> NDArray[np.int64]:
    """Return in which cell of a grid that goes with the face places lie, [len(y), len(x)]."""
    right, left = landmarks[_EARS[0], :2], landmarks[_EARS[1], :2]
    across = (left - right) / float((left - right) @ (left - right))
    middle = (left + right) / 2.0
    x, y = x - middle[0], (y - middle[1])[:, None]
    to_column, to_row = (_CELLS / (high - low) for low, high in (_ACROSS, _DOWN))
    column = (x * across[0] - _ACROSS[0]) * to_column + y * (across[1] * to_column)
    row = (y * across[0] - _DOWN[0]) * to_row - x * (across[1] * to_row)
    column, row = (np.clip(value, 0, _CELLS - 1).astype(np.int64) for value in (column, row))
    return np.asarray(row * _CELLS + column)


def _places_of(sample: Sample) -> NDArray[np.int64]:
    y, x = (np.arange(count) + 0.5 for count in sample.below.shape)
    return _places(sample.landmarks, x, y)


def _usual_places(long_hair: bool) -> Array:
    """Return how likely each class is in each cell before looking, [3, cells, cells]."""
    u = np.linspace(*_ACROSS, _CELLS)[None, :]
    v = np.linspace(*_DOWN, _CELLS)[:, None]
    neck = np.exp(-((u / 0.5) ** 2)) * np.exp(-((np.maximum(v - 0.6, 0.0) / 0.6) ** 2))
    hair = np.exp(-(((np.abs(u) - 0.65) / 0.35) ** 2)) * np.exp(-((v / 1.5) ** 2))
    torso = 1.0 / (1.0 + np.exp((0.9 - v) / 0.15)) + 5e-3 + 0.0 * u
    places = np.stack([hair * float(long_hair), neck + 0.01, torso])
    return (places / places.sum(axis=0)).astype(np.float32)


def _share_beside(
    samples: Sequence[Sample], cells: Sequence[NDArray[np.uint16]], looks: Array
) -> float:
    """Return how much of the strips just below the ears is the person but no skin: hair."""
    shares = []
    for sample, cell in zip(samples, cells, strict=True):
        place = _places_of(sample)
        row, column = np.divmod(place, _CELLS)
        u = np.abs(_ACROSS[0] + (column + 0.5) * (_ACROSS[1] - _ACROSS[0]) / _CELLS)
        v = _DOWN[0] + (row + 0.5) * (_DOWN[1] - _DOWN[0]) / _CELLS
        strip = (u > 0.55) & (u < 0.8) & (v > 0.02) & (v < 0.15)
        if strip.any():
            skin = looks[NECK][cell] > looks[HAIR][cell]
            shares.append(float((sample.below & ~skin)[strip].mean()))
    return float(np.median(shares)) if shares else 0.0


def _cells(image: Image) -> NDArray[np.uint16]:
    """Return each pixel's cell of a colour histogram [H, W]; a and b rarely leave the middle."""
    planes = cv2.split(cv2.cvtColor(image, cv2.COLOR_RGB2LAB))
    light, a, b = (table[plane] for table, plane in zip(_CELLS_OF_LAB, planes, strict=True))
    return np.asarray(light + a + b, np.uint16)


def _colours(cells: NDArray[np.integer], weights: Array | None = None) -> Array:
    """Return a smoothed histogram of colours, summing to 1."""
    counts = np.bincount(cells, weights, _BINS**3).reshape((_BINS,) * 3)
    smooth = gaussian_filter(counts.astype(np.float64), 0.7).ravel()
    return (smooth / max(float(smooth.sum()), 1.0)).astype(np.float32)
