"""When lips move, beside the truth: what LMD cannot tell from a mouth that hardly moves.

LMD rates a frozen mouth above one that is 200 ms late. `mouth_mtm` finds the delay by itself.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d
from scipy.signal import find_peaks

from ...interfaces import Points
from ..landmark_geometry import MOUTH, centred_mouth, mouth_opening
from ..tracks import Array, Found, TrackMetric, both, runs
from .specs import LMD_DTW, MOUTH_MTM, TIMING_SHARE
from .warping import band_costs, warping_path

_SMOOTHING = 0.08
"""Seconds: the deviation of the Gaussian, two frames at 25, as in 2503.20308."""

_FURTHEST = 1.0
"""Seconds by which frames may be matched with each other."""

_PROMINENCE = 0.1
"""Of an extreme, by the deviation of the opening: what is less is the detector's noise."""

_NEAR = 1
"""Frames between an extreme and the one that the path leads to."""

_SHORTEST_RUN = 1.0
"""Seconds that show a face throughout, of which extremes are looked for."""

MOUTH_POINTS = MOUTH.stop - MOUTH.start

BAND = 0.12
"""Seconds by which `lmd_dtw` lets lips be early or late."""


class MouthTiming(TrackMetric):
    """Milliseconds between extremes of the mouth's opening and their partners in the truth.

    The mean distance of matched extremes (2503.20308, "mean temporal misalignment"): openings are
    smoothed and paired by dynamic time warping of their derivatives. An extreme counts where the
    path leads to one of the same kind, before the true one's neighbours. What has no partner is
    no error here; the share that has is in the details, and `mouth_gain` sees what is flat.
    """

    spec = MOUTH_MTM
    definition = (
        "extremes of the inner-lip gap by inter-ocular distance, Gaussian of 80 ms, matched by "
        "derivative time warping within 1 s; mean absolute distance"
    )

    @staticmethod
    def take(points: Points) -> Array:
        """Return the opening of the mouth."""
        return np.asarray(mouth_opening(points))

    def measure(self, prediction: Array, target: Array) -> Found:
        """Return the mean distance, with its signed median (positive: late) and matched share."""
        distances, extremes = [], 0
        fewest = round(_SHORTEST_RUN * self.fps)
        for run in runs(both(prediction, target), fewest):
            found, count = matched_extremes(prediction[run], target[run], self.fps)
            distances += found
            extremes += count
        if not extremes:
            return Found(None, "the true mouth has no extremes in 1 s that shows both faces")
        share = len(distances) / extremes
        if not distances:
            return Found(
                None, "no extreme of the mouth has a partner in the truth", {"matched_share": 0.0}
            )
        milliseconds = np.array(distances) * 1000.0 / self.fps
        return Found(
            float(np.abs(milliseconds).mean()),
            details={
                "median_ms": float(np.median(milliseconds)),
                "matched_share": share,
                "extremes": extremes,
            },
        )


def matched_extremes(prediction: Array, target: Array, fps: float) -> tuple[list[int], int]:
    """Return by how many frames matched extremes of a mouth's opening are late.

    Args:
        prediction: opening [T].
        target: the true one, frame by frame.
        fps: frames a second.

    Returns:
        The frames, and how many extremes the truth has.
    """
    smooth = [gaussian_filter1d(each, _SMOOTHING * fps) for each in (prediction, target)]
    own, true = (_extremes(each) for each in smooth)
    if not len(true[0]) or not len(own[0]):
        return [], len(true[0])
    speed, true_speed = (_scaled(np.gradient(each)) for each in smooth)
    path = warping_path(band_costs(speed, true_speed, round(_FURTHEST * fps)))
    late = []
    places, kinds = true
    for index, (place, kind) in enumerate(zip(places, kinds, strict=True)):
        before = places[index - 1] if index else -1
        after = places[index + 1] if index + 1 < len(places) else len(target)
        partners = own[0][(own[1] == kind) & (own[0] > before) & (own[0] < after)]
        reached = path[path[:, 1] == place, 0]
        away = np.abs(partners[:, None] - reached[None]).min(axis=1)
        if len(partners) and away.min() <= _NEAR:
            late.append(int(partners[away.argmin()] - place))
    return late, len(places)


def _extremes(opening: Array) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return frames of peaks and valleys, in order, and which of both they are (1, -1)."""
    least = _PROMINENCE * opening.std()
    if least == 0.0:
        return np.zeros(0, np.intp), np.zeros(0, np.intp)
    peaks, valleys = (find_peaks(sign * opening, prominence=least)[0] for sign in (1, -1))
    places = np.concatenate([peaks, valleys])
    order = places.argsort()
    kinds = np.repeat([1, -1], [len(peaks), len(valleys)])
    return places[order], kinds[order]


def _scaled(speed: Array) -> Array:
    deviation = speed.std()
    return speed / deviation if deviation > 0.0 else speed


class WarpedLmd(TrackMetric):
    """Squared distance of mouths where each may be early or late by 120 ms.

    Classic dynamic time warping (soft-DTW with gamma 0, see 2606.01031) in a Sakoe-Chiba band.
    Without the band it forgives what everyone sees.
    """

    spec = LMD_DTW
    definition = (
        "points 48 to 67, each mouth centred on its mean and divided by its inter-ocular distance; "
        "mean squared distance along the best path within 120 ms"
    )

    @staticmethod
    def take(points: Points) -> Array:
        """Return the centred mouth [20, 2]."""
        return centred_mouth(points)

    def measure(self, prediction: Array, target: Array) -> Found:
        """Return the distance with warping, and without it in the details."""
        warped, straight = self._sums(prediction, target)
        if straight is None:
            return Found(None, "no stretch of frames shows both faces")
        return Found(warped, details={"without_warping": straight})

    def _sums(self, prediction: Array, target: Array) -> tuple[float, float | None]:
        warped = straight = 0.0
        frames = both(prediction, target)
        stretches = runs(frames, 1)
        for run in stretches:
            band = round(BAND * self.fps)
            costs = band_costs(prediction[run], target[run], band) / MOUTH_POINTS
            one, other = warping_path(costs).T
            warped += float(costs[one, other - one + band].sum())
            straight += float(costs[:, band].sum())
        if not stretches:
            return 0.0, None
        return warped / len(frames), straight / len(frames)


class TimingShare(WarpedLmd):
    """The share of the mouth's squared distance that is timing: 1 where moving in time mends all.

    0 where lips are as wrong at any other moment within 120 ms.
    """

    spec = TIMING_SHARE
    definition = f"1 - warped / unwarped; {WarpedLmd.definition}"

    def measure(self, prediction: Array, target: Array) -> Found:
        """Return the share."""
        warped, straight = self._sums(prediction, target)
        if not straight:
            return Found(None, "the lips are those of the truth, so there is no error to explain")
        return Found(1.0 - warped / straight)
