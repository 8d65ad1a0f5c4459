"""Blinks: how many, how long, and whether they come when the true ones do."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ...interfaces import Points
from ..tracks import Array, Found, TrackMetric
from .specs import BLINK_F1, BLINK_MS, BLINK_RATE, SHORTEST_BLINKS

_EYES = (slice(36, 42), slice(42, 48))

_SHUT = 0.6
"""Of the eye's usual opening, below which it is shut."""

_SHORTEST, _LONGEST = 0.08, 0.48
"""Seconds of a blink. A longer one is a look down."""

_TOGETHER = 0.12
"""Seconds between blinks that count as the same."""


class Blink(NamedTuple):
    """First frame with shut eyes, and how many there are."""

    start: int
    length: int

    @property
    def middle(self) -> float:
        """In frames."""
        return self.start + (self.length - 1) / 2.0


def eye_aspect_ratio(landmarks: Points) -> float:
    """Return the height of the eyes by their width, mean of both, for landmarks [68, 2].

    Soukupova and Cech 2016; about 0.3 open, below 0.15 shut.
    """
    ratios = []
    for eye in _EYES:
        outer, upper1, upper2, inner, lower2, lower1 = np.asarray(landmarks, np.float64)[eye]
        height = np.linalg.norm(upper1 - lower1) + np.linalg.norm(upper2 - lower2)
        ratios.append(height / (2.0 * np.linalg.norm(outer - inner)))
    return float(np.mean(ratios))


def blinks(openings: Array, fps: float) -> list[Blink]:
    """Return the blinks in a track of `eye_aspect_ratio` [T], NaN where no face was found.

    Shut eyes beside a missing frame or the end of the clip are none: they may be longer.
    """
    if np.isnan(openings).all():
        return []
    with np.errstate(invalid="ignore"):
        shut = openings < _SHUT * np.nanmedian(openings)
    edges = np.diff(np.concatenate([[False], shut, [False]]).astype(np.int8))
    found = []
    for start, end in zip(np.flatnonzero(edges == 1), np.flatnonzero(edges == -1), strict=True):
        whole = start > 0 and end < len(shut) and not np.isnan(openings[[start - 1, end]]).any()
        # Half a frame of tolerance: lengths are whole frames.
        if whole and _SHORTEST * fps - 0.5 <= end - start <= _LONGEST * fps + 0.5:
            found.append(Blink(int(start), int(end - start)))
    return found


class BlinkRate(TrackMetric):
    """Blinks a second. Of so few its error is large: the count is in the details."""

    spec = BLINK_RATE
    definition = "eye aspect ratio below 0.6 of its median for 80 to 480 ms"

    @staticmethod
    def take(points: Points) -> Array:
        """Return how open the eyes are."""
        return np.asarray(eye_aspect_ratio(points))

    def measure(self, prediction: Array, target: Array) -> Found:
        """Return the rate over the frames that show a face."""
        seconds = float((~np.isnan(prediction)).sum() / self.fps)
        count = len(blinks(prediction, self.fps))
        if seconds < SHORTEST_BLINKS:
            return Found(
                None,
                f"a face is seen for {seconds:.1f} s; a rate takes {SHORTEST_BLINKS:g} s",
                {"blinks": count},
            )
        error = float(np.sqrt(count)) / seconds
        return Found(count / seconds, details={"blinks": count, "standard_error": error})


class BlinkLength(BlinkRate):
    """Mean milliseconds that a blink's eyes are shut."""

    spec = BLINK_MS

    def measure(self, prediction: Array, target: Array) -> Found:
        """Return the mean length."""
        found = blinks(prediction, self.fps)
        if not found:
            return Found(None, "the person never blinks", {"blinks": 0})
        lengths = [blink.length * 1000.0 / self.fps for blink in found]
        return Found(float(np.mean(lengths)), details={"blinks": len(found)})


class BlinkAgreement(BlinkRate):
    """F1 of blinks against the true ones. Fair only to methods that are given the blinks."""

    spec = BLINK_F1
    definition = f"{BlinkRate.definition}; the same within 120 ms"

    def measure(self, prediction: Array, target: Array) -> Found:
        """Return F1, each blink matched with one of the other video at most."""
        own, true = blinks(prediction, self.fps), blinks(target, self.fps)
        details = {"blinks": len(own), "true_blinks": len(true)}
        if not true:
            return Found(None, "the true person never blinks", details)
        matched, left = 0, [blink.middle for blink in own]
        for blink in true:
            near = min(left, key=lambda other: abs(other - blink.middle), default=None)
            if near is not None and abs(near - blink.middle) <= _TOGETHER * self.fps:
                left.remove(near)
                matched += 1
        return Found(2.0 * matched / (len(own) + len(true)), details=details)
