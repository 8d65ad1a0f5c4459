"""The edge of the jaw, as the picture shows it.

The mesh puts its outline a few pixels beside the edge that can be seen, by an amount that belongs
to the person and to the place along the jaw. So the edge is looked for along normals of the mesh's
outline: first in many frames together, where noise, wrinkles and shadows cancel, then in each frame
near what the clip has in common. A minimal path through the edge strength is the outline, as in
Amini et al., "Using dynamic programming for solving variational problems in vision" (PAMI 1990).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline
from scipy.ndimage import gaussian_filter1d

from ..arrays import Image, Points
from ..compiled import njit
from . import mesh

Array = NDArray[np.float32]

_VERTICES = mesh.JAW[1:-1]
_PLACES = 96
"""Normals between the ears."""

_INWARD, _OUTWARD, _STEPS = -0.06, 0.09, 76
"""Where along a normal the edge is looked for, in face sizes, and at how many places."""

_SPACING = (_OUTWARD - _INWARD) / (_STEPS - 1)

_ENDS = 0.35
"""Share of its steepest change below which an edge is over."""

_SIDE = 0.01
"""How far to both sides of an edge colours are compared, in face sizes."""

_JUMP = 3
"""Steps that the outline may go in or out from one normal to the next."""

_BEND, _STRAY, _WANDER = 0.02, 0.0005, 0.003
"""Costs, in units of the clip's edge strength: of a jump, of leaving the mesh in the clip, and of
leaving the clip's outline in a frame; each per squared step."""

_FAINT = 0.1
"""Share of the clip's strongest edge below which edges count less."""

_STEADY_FRAMES, _STEADY_REACH = 1.5, 6
"""Standard deviation of the smoothing over time of what a frame adds to the clip's outline, and
how many frames to both sides are looked at."""


@dataclass(frozen=True)
class _Normals:
    """Where to look: [PLACES, 2] points and unit normals outwards, and the face's size, pixels."""

    points: Points
    outwards: Points
    size: float

    def at(self, steps: NDArray[np.floating]) -> Points:
        return self.points + self.outwards * (_offset(steps) * self.size)[:, None]


class JawLine:
    """Finds the outline below the ears in the frames of the clip that it was fitted to."""

    def __init__(self, frames: Iterable[tuple[Image, Points]]) -> None:
        """Find what the frames have in common.

        Args:
            frames: images (uint8 RGB [H, W, 3]) and mesh points ([478, 2 or 3], pixels) of a few
                dozen frames across the clip.
        """
        frames = np.stack([_changes(image, _normals(points)) for image, points in frames])
        common = np.median(frames, axis=0)
        strength = np.linalg.norm(common, axis=-1)
        # In the shade an edge is as much an edge as in the light.
        strongest = gaussian_filter1d(strength.max(axis=1), 4.0, mode="nearest")
        self._scale = (strongest + _FAINT * strongest.max() + 1e-6)[:, None]
        home = (np.arange(_STEPS) - _step_of(0.0)) ** 2
        self._usual = _cheapest(-strength / self._scale + _STRAY * home)
        towards = common[np.arange(_PLACES), self._usual]
        towards = gaussian_filter1d(towards, 2.0, axis=0, mode="nearest")
        self._towards = towards / (np.linalg.norm(towards, axis=-1, keepdims=True) + 1e-6)
        self._ends = np.zeros(_PLACES)
        self._ends = self._how_far_ends([self._along(changes) for changes in frames])

    def outlines(self, frames: Iterable[tuple[Image, Points]]) -> Iterator[Points]:
        """Yield the jaw's edge in successive frames, from the person's left ear to the right.

        Quiet over time: without what changes from frame to frame.

        Args:
            frames: as above; drawn a few frames ahead.

        Yields:
            [PLACES, 2], pixels.
        """
        ahead: deque[_Normals] = deque()

        def steps() -> Iterator[Array]:
            for image, landmarks in frames:
                ahead.append(_normals(landmarks))
                yield self._steps(image, ahead[-1])

        for steady in steadied(steps()):
            yield ahead.popleft().at(steady)

    def _steps(self, image: Image, normals: _Normals) -> Array:
        """Return where along each normal the edge lies in a frame, float32 [PLACES], steps."""
        along = self._along(_changes(image, normals))
        return (self._path(along) + self._ends).astype(np.float32)

    def _along(self, changes: Array) -> Array:
        """Return changes [PLACES, STEPS] in the direction of colour that the clip's edge has."""
        return np.asarray((changes * self._towards[:, None]).sum(axis=-1), np.float32)

    def _path(self, along: Array) -> NDArray[np.int64]:
        away = np.arange(_STEPS)[None] - self._usual[:, None]
        return _cheapest(-along / self._scale + _WANDER * away**2)

    def _how_far_ends(self, frames: list[Array]) -> NDArray[np.float64]:
        """Return by how many steps the end of the edge lies outwards of its steepest place.

        Skin darkens towards the edge of a jaw over several pixels. All of that is head; a sharp
        edge ends where it is steepest.
        """
        steps = np.arange(_STEPS)
        centred = np.zeros((len(frames), _PLACES, _STEPS), np.float32)
        for aligned, along in zip(centred, frames, strict=True):
            path = self._path(along)
            for place in range(_PLACES):
                aligned[place] = np.interp(steps + path[place], steps, along[place])
        profile = gaussian_filter1d(np.median(centred, axis=0), 3.0, axis=0, mode="nearest")
        over = profile < _ENDS * profile[:, :1]
        first = np.where(over.any(axis=1), over.argmax(axis=1), 0)
        sharp = (1.0 - _ENDS) * _SIDE / _SPACING
        return gaussian_filter1d(np.maximum(first - sharp - 1.0, 0.0), 3.0, mode="nearest")


def steadied(steps: Iterable[Array]) -> Iterator[Array]:
    """Yield the steps of successive frames without what changes from frame to frame.

    Args:
        steps: float32 [PLACES] of every frame; drawn a few frames ahead.
    """
    near: deque[Array] = deque(maxlen=2 * _STEADY_REACH + 1)
    frames = 0
    for frame, now in enumerate(steps):
        near.append(now)
        frames = frame + 1
        if frame >= _STEADY_REACH:
            yield _smooth(near, min(frame - _STEADY_REACH, _STEADY_REACH))
    for left in range(min(frames, _STEADY_REACH), 0, -1):
        yield _smooth(near, len(near) - left)


def _smooth(steps: Iterable[Array], at: int) -> Array:
    """Return one of successive frames' steps, smoothed over time and along the jaw."""
    over_time = gaussian_filter1d(
        np.stack([*steps]).astype(np.float64),
        _STEADY_FRAMES,
        axis=0,
        mode="nearest",
        radius=_STEADY_REACH,
    )
    return gaussian_filter1d(over_time[at], 1.0, mode="nearest").astype(np.float32)


def _normals(landmarks: Points) -> _Normals:
    corners = np.asarray(landmarks, np.float64)[list(_VERTICES), :2]
    length = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(corners, axis=0), axis=1))])
    spline = CubicSpline(length, corners)
    places = np.linspace(0.0, length[-1], _PLACES)
    along = gaussian_filter1d(spline(places, 1), 3.0, axis=0, mode="nearest")
    along /= np.linalg.norm(along, axis=1, keepdims=True)
    # From the left ear over the chin to the right one the outside lies to the left, with y down.
    outwards = np.column_stack([along[:, 1], -along[:, 0]])
    oval = np.asarray(landmarks[list(mesh.OVAL), :2], np.float32)
    return _Normals(spline(places), outwards * _sense(oval), float(cv2.contourArea(oval)) ** 0.5)


def _sense(oval: Array) -> float:
    """Return 1 for a face as filmed, -1 for one that is mirrored."""
    return float(np.sign(cv2.contourArea(oval, oriented=True)) or 1.0)


def _changes(image: Image, normals: _Normals) -> Array:
    """Return how colour changes outwards across each place, float32 [PLACES, STEPS, 3], Lab."""
    reach = max(1, round(_SIDE / _SPACING))
    wanted = np.arange(-reach, _STEPS + reach, dtype=np.float64)
    offsets = _offset(wanted) * normals.size
    # OpenCV has pixel centres at whole numbers.
    place = normals.points[:, None] + normals.outwards[:, None] * offsets[None, :, None] - 0.5
    lab, corner = _lab_around(image, place)
    grid = (place - corner).astype(np.float32)
    profile = cv2.remap(
        lab, grid[..., 0], grid[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    profile = gaussian_filter1d(profile, 1.5, axis=0, mode="nearest")
    total = np.cumsum(np.pad(profile, ((0, 0), (1, 0), (0, 0))), axis=1)
    mean = (total[:, reach:] - total[:, :-reach]) / reach
    return (mean[:, reach + 1 :] - mean[:, : -reach - 1])[:, :_STEPS]


def _lab_around(image: Image, place: Points) -> tuple[Array, NDArray[np.int64]]:
    """Return the part of an image [h, w, 3] in which places lie, in Lab, and where it begins."""
    last = np.array([image.shape[1], image.shape[0]]) - 1
    # Places lie on straight lines.
    ends = place[:, [0, -1]]
    low = np.clip(np.floor(ends.min(axis=(0, 1))).astype(np.int64), 0, last)
    high = np.clip(np.ceil(ends.max(axis=(0, 1))).astype(np.int64), low, last)
    part = np.ascontiguousarray(image[low[1] : high[1] + 1, low[0] : high[0] + 1])
    return cv2.cvtColor(part, cv2.COLOR_RGB2LAB).astype(np.float32), low


def _offset(steps: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return how far outwards steps are, in face sizes."""
    return _INWARD + (_OUTWARD - _INWARD) * np.asarray(steps, np.float64) / (_STEPS - 1)


def _step_of(offset: float) -> float:
    return (offset - _INWARD) / (_OUTWARD - _INWARD) * (_STEPS - 1)


@njit(cache=True, nogil=True)
def _cheapest(costs: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the cheapest path [P] through costs [P, S] that bends little."""
    places, steps = costs.shape
    came = np.empty((places, steps), np.int64)
    total = costs[0].copy()
    for place in range(1, places):
        reached = total.copy()
        for step in range(steps):
            best, source = np.inf, step
            for before in range(max(step - _JUMP, 0), min(step + _JUMP + 1, steps)):
                cost = reached[before] + _BEND * (before - step) ** 2
                if cost < best:
                    best, source = cost, before
            total[step] = best + costs[place, step]
            came[place, step] = source
    path = np.empty(places, np.int64)
    path[-1] = np.argmin(total)
    for place in range(places - 1, 0, -1):
        path[place - 1] = came[place, path[place]]
    return path
