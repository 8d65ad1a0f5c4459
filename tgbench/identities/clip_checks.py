"""Checks of how a clip was filmed: cuts, cropped or turned faces, a background that moves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ..arrays import Mask, pixels_of
from ..overlap import in_order
from . import layout
from .identity import Identity
from .shot_boundaries import cuts

_OUTSIDE_POINTS = 3
"""Landmarks of 68 beyond the picture's border from which a face counts as cut off."""

_UPRIGHT = 60.0
"""Degrees that a face may lean to a side."""

_RESIDUAL = 0.03
"""Landmark residual in widths of the face beyond which no rigid head explains the landmarks."""

_MOVES = 10.0
"""Difference of the background from the plate, grey levels, beyond which it is another one."""

_MOVES_SELDOM = 0.05
"""Share of such frames that is no fault: in a fast move some hair counts as background."""

_ZOOM = 0.08
"""Change of the face's size at a cut, as a natural logarithm, that counts as a zoom."""

_EDGE = 0.03
"""Share of the side around the person that is not taken for background."""

_LEAST_BACKGROUND = 0.03
"""Share of the picture below which nothing is said of its background."""

_MOST_LOOKS = 250

_JAW_ENDS, _CHIN, _BETWEEN_EYES = (0, 16), 8, 27


@dataclass(frozen=True)
class _Background:
    """How far frames differ from the plate, where they show the background.

    Attributes:
        frames: the frames looked at, in order.
        difference: root mean square in grey levels of each, NaN where too little is seen.
    """

    frames: NDArray[np.int64]
    difference: NDArray[np.float64]


def filming_faults(identity: Identity, facts: Mapping[str, Any] | None = None) -> list[str]:
    """Return what is wrong with how a clip was filmed, a line each with frames; empty if sound.

    Reads every frame once. These are no errors in files: `validate` finds those.

    Args:
        identity: a folder whose files are whole.
        facts: its provenance, if `identity.json` is not written yet.
    """
    facts = identity.provenance if facts is None else facts
    shots = [*_cuts(identity)]
    faults = [*shots, *_outside(identity), *_turned(identity, facts)]
    # After a cut the plate belongs to one of the shots: the cut says it all.
    return faults if shots else [*faults, *_background(identity, facts)]


def _cuts(identity: Identity) -> Iterator[str]:
    size = _face_sizes(identity)
    for frame in cuts(identity):
        before = float(np.median(size[max(0, frame - 5) : frame]))
        ratio = float(np.median(size[frame : frame + 5])) / max(before, 1e-6)
        what = "another shot or another person"
        if abs(np.log(max(ratio, 1e-6))) > _ZOOM:
            what += f", the face {ratio:.2f} times as large"
        yield (f"frame {frame} ({_time(frame)}): a cut; from here on {what}; keep only one shot")


def _outside(identity: Identity) -> Iterator[str]:
    points, camera = identity.landmarks, identity.intrinsics
    edge = 0.01 * camera.width
    beyond = (points < -edge) | (points > np.array([camera.width, camera.height]) + edge)
    cut_off = beyond.any(axis=-1).sum(axis=1) >= _OUTSIDE_POINTS
    if cut_off.any():
        yield (
            f"{_frames(cut_off)}: the face is partly out of the picture; "
            "cut these frames out, or film with more room around the head"
        )


def _turned(identity: Identity, facts: Mapping[str, Any]) -> Iterator[str]:
    points = identity.landmarks.astype(np.float64)
    down = points[:, _CHIN] - points[:, _BETWEEN_EYES]
    leaning = np.degrees(np.abs(np.arctan2(down[:, 0], down[:, 1])))
    lying = leaning > _UPRIGHT
    if lying.any():
        yield (
            f"{_frames(lying)}: the face is turned by {np.median(leaning[lying]):.0f} degrees; "
            "turn the video upright (ffmpeg -vf hflip,vflip or transpose)"
        )
        return
    residual = _residual(facts)
    width = float(np.median(_face_sizes(identity)))
    if residual is not None and residual > _RESIDUAL * width:
        yield (
            f"all {len(identity)} frames: the landmarks do not fit a rigid head (residual "
            f"{residual:.1f} px, face {width:.0f} px wide); the picture may be upside down or the "
            "face partly hidden"
        )


def _background(identity: Identity, facts: Mapping[str, Any]) -> Iterator[str]:
    seen = _compared(identity)
    other = seen.difference > _MOVES
    if other.mean() <= _MOVES_SELDOM:
        return
    # Frames between those looked at go with the nearest of them.
    nearest = np.abs(np.arange(len(identity))[:, None] - seen.frames[None]).argmin(axis=1)
    level = float(np.median(seen.difference[other]))
    reason = (
        "the crop follows the head; cut out the frames in which the head moves far"
        if _follows(facts)
        else "the camera or zoom moves, or something moves behind the person; film with a "
        "fixed camera"
    )
    yield (
        f"{_frames(other[nearest])}: the background differs by {level:.0f} grey levels from the "
        f"background plate: {reason}"
    )


def _compared(identity: Identity) -> _Background:
    """Compare frames as filmed with the plate, where nobody stands."""
    frames = np.unique(np.linspace(0, len(identity) - 1, _MOST_LOOKS).round().astype(np.int64))
    differences = in_order(lambda frame: _difference(identity, int(frame)), frames)
    return _Background(frames, np.array([*differences]))


def _difference(identity: Identity, frame: int) -> float:
    behind = pixels_of(identity.parsing(frame), layout.WHITE).view(np.uint8)
    reach = 2 * max(1, round(_EDGE * behind.shape[1])) + 1
    free = cv2.erode(behind, np.ones((reach, reach), np.uint8))
    pixels = cv2.countNonZero(free)
    if pixels < _LEAST_BACKGROUND * free.size:
        return float("nan")
    squares = cv2.norm(identity.filmed(frame), identity.background, cv2.NORM_L2SQR, free)
    return float(np.sqrt(squares / (3 * pixels)))


def _face_sizes(identity: Identity) -> NDArray[np.float64]:
    points = identity.landmarks.astype(np.float64)
    left, right = _JAW_ENDS
    return np.asarray(np.linalg.norm(points[:, left] - points[:, right], axis=-1))


def _residual(facts: Mapping[str, Any]) -> float | None:
    pose = facts.get("pose")
    value = pose.get("landmark_residual_px") if isinstance(pose, dict) else None
    return float(value) if isinstance(value, int | float) else None


def _follows(facts: Mapping[str, Any]) -> bool:
    crop = facts.get("crop")
    return isinstance(crop, dict) and crop.get("follows_the_head") is True


def _frames(which: Mask) -> str:
    """Return the frames that are marked, as ranges."""
    edges = np.diff(np.concatenate([[0], which.astype(np.int8), [0]]))
    ranges = list(zip(np.flatnonzero(edges == 1), np.flatnonzero(edges == -1) - 1, strict=True))
    named = ", ".join(_range(int(first), int(last)) for first, last in ranges[:6])
    more = f" and {len(ranges) - 6} more ranges" if len(ranges) > 6 else ""
    return f"frame(s) {named}{more}, {int(which.sum())} of {len(which)}"


def _range(first: int, last: int) -> str:
    return f"{first}-{last}" if last > first else f"{first}"


def _time(frame: int) -> str:
    return f"{frame / layout.FPS:.1f} s"
