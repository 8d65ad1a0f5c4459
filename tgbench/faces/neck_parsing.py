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

from ..arrays import Image, Mask

Array = NDArray[np.float32]

HAIR, NECK, TORSO = range(3)

_BINS = 16
_LIGHT = np.arange(256) * _BINS // 256
_CHROMA = np.clip((np.arange(256) - 128) // 5 + _BINS // 2, 0, _BINS - 1)
"""In which bin each value of Lab falls."""

_CELLS = 48
_ACROSS, _DOWN = (-2.0, 2.0), (-0.5, 3.5)
_ROUNDS = 4
_LONG_HAIR = 0.2
_RARE = 1e-4
_UNSEEN = 1.0
_EARS = (132, 361)
_EDGE_SOFTNESS = (0.03 * 255.0) ** 2
"""Variance of colour, squared grey levels, above which a difference counts as an edge."""


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
        colour = np.concatenate([cell[sample.below] for cell, sample in pairs])
        place = np.concatenate(
            [_place(sample.landmarks, sample.below.shape)[sample.below] for sample in samples]
        )
        self._looks = np.stack([hair, skin, _colours(colour)])
        self.long_hair = _share_beside(samples, cells, self._looks) > _LONG_HAIR
        usual = _usual_places(self.long_hair)
        self._where = usual
        for _ in range(_ROUNDS):
            odds = self._posterior(colour, place)
            counts = [np.bincount(place, weights, _CELLS**2) for weights in odds.T]
            learned = np.stack(counts).reshape(3, _CELLS, _CELLS) + _UNSEEN
            learned = usual * gaussian_filter(learned, (0.0, 1.5, 1.5))
            self._where = learned / learned.sum(axis=0)
            self._looks[TORSO] = _colours(colour, odds[:, TORSO])
            # Hair in the shade of the neck has colours that the crown has not.
            self._looks[HAIR] = (hair + _colours(colour, odds[:, HAIR])) / 2.0

    def odds(self, image: Image, landmarks: NDArray[np.floating], below: Mask) -> Array:
        """Return how likely `HAIR`, `NECK` and `TORSO` are, float32 [H, W, 3], 0 beside `below`.

        Args:
            image: uint8 RGB [H, W, 3].
            landmarks: [478, 2 or 3], pixels.
            below: pixels of the person below the jaw.
        """
        odds = np.zeros((*below.shape, 3), np.float32)
        if not below.any():
            return odds
        odds[below] = self._posterior(_cells_of(image[below]), _places_in(landmarks, below))
        reach = max(2, image.shape[0] // 64)
        left, top, width, height = cv2.boundingRect(below.view(np.uint8))
        # The filter averages twice over `reach`, so nothing farther off counts.
        rim = 2 * reach + 1
        rows = slice(max(top - rim, 0), top + height + rim)
        columns = slice(max(left - rim, 0), left + width + rim)
        smooth = cv2.ximgproc.guidedFilter(
            np.ascontiguousarray(image[rows, columns]),
            np.ascontiguousarray(odds[rows, columns]),
            reach,
            _EDGE_SOFTNESS,
        )
        odds[rows, columns] = smooth * below[rows, columns, None]
        return odds

    def _posterior(self, colour: NDArray[np.int64], place: NDArray[np.int64]) -> Array:
        looks, where = (self._looks + np.float32(_RARE)).T, self._where.reshape(3, -1).T
        # Rows of tables lie together in memory, columns do not.
        odds = np.take(np.ascontiguousarray(where), place, axis=0)
        odds *= np.take(np.ascontiguousarray(looks), colour, axis=0)
        odds /= odds.sum(axis=1, keepdims=True) + np.float32(1e-12)
        return np.asarray(odds, np.float32)


def _place(landmarks: NDArray[np.floating], shape: tuple[int, ...]) -> NDArray[np.int64]:
    """Return in which cell of a grid that goes with the face every pixel lies, [H, W]."""
    everywhere = np.ones(shape[:2], np.bool_)
    return _places_in(landmarks, everywhere).reshape(shape[:2])


def _places_in(landmarks: NDArray[np.floating], mask: Mask) -> NDArray[np.int64]:
    """Return the cells of the marked pixels, [K]."""
    right, left = landmarks[_EARS[0], :2], landmarks[_EARS[1], :2]
    across = (left - right) / float((left - right) @ (left - right))
    beginning, top, width, height = cv2.boundingRect(mask.view(np.uint8))
    x = np.arange(beginning, beginning + width) + 0.5 - (left + right)[0] / 2.0
    y = (np.arange(top, top + height) + 0.5 - (left + right)[1] / 2.0)[:, None]
    marked = mask[top : top + height, beginning : beginning + width]
    u = (x * across[0] + y * across[1])[marked]
    v = (y * across[0] - x * across[1])[marked]
    column = (u - _ACROSS[0]) / (_ACROSS[1] - _ACROSS[0]) * _CELLS
    row = (v - _DOWN[0]) / (_DOWN[1] - _DOWN[0]) * _CELLS
    column, row = (np.clip(value, 0, _CELLS - 1).astype(np.int64) for value in (column, row))
    return row * _CELLS + column


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
    samples: Sequence[Sample], cells: Sequence[NDArray[np.int64]], looks: Array
) -> float:
    """Return how much of the strips just below the ears is the person but no skin: hair."""
    shares = []
    for sample, cell in zip(samples, cells, strict=True):
        place = _place(sample.landmarks, sample.below.shape)
        row, column = np.divmod(place, _CELLS)
        u = np.abs(_ACROSS[0] + (column + 0.5) * (_ACROSS[1] - _ACROSS[0]) / _CELLS)
        v = _DOWN[0] + (row + 0.5) * (_DOWN[1] - _DOWN[0]) / _CELLS
        strip = (u > 0.55) & (u < 0.8) & (v > 0.02) & (v < 0.15)
        if strip.any():
            skin = looks[NECK][cell] > looks[HAIR][cell]
            shares.append(float((sample.below & ~skin)[strip].mean()))
    return float(np.median(shares)) if shares else 0.0


def _cells(image: Image) -> NDArray[np.int64]:
    """Return each pixel's cell of a colour histogram [H, W]; a and b rarely leave the middle."""
    return _cells_of(image.reshape(-1, 3)).reshape(image.shape[:2])


def _cells_of(pixels: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Return the cells of pixels [K, 3], RGB."""
    light, a, b = cv2.split(cv2.cvtColor(pixels[None], cv2.COLOR_RGB2LAB)[0][:, None])
    cells = (_LIGHT[light[:, 0]] * _BINS + _CHROMA[a[:, 0]]) * _BINS + _CHROMA[b[:, 0]]
    return np.asarray(cells, np.int64)


def _colours(cells: NDArray[np.int64], weights: Array | None = None) -> Array:
    """Return a smoothed histogram of colours, summing to 1."""
    counts = np.bincount(cells, weights, _BINS**3).reshape((_BINS,) * 3)
    smooth = gaussian_filter(counts.astype(np.float64), 0.7).ravel()
    return (smooth / max(float(smooth.sum()), 1.0)).astype(np.float32)
