"""Cameras that leave the place of the one that filmed, around the head's centre.

All angles are of the head frame: x to the person's left, y up, z out of the face, the head's centre
at the origin, as in `tgbench.identities`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import TgbenchError

Matrices = NDArray[np.float64]

TURN_FRAMES = 96
"""Frames in which a spiral goes round once, as in the code of GGHead's and HFA-GP's renders."""

HEAD_SHARE = 0.18
"""Radius of a sphere that holds a head with its hair, as a share of the filming distance."""


@dataclass(frozen=True)
class View:
    """Where the camera stands, beside the one that filmed the frame.

    Attributes:
        name: short, part of results' paths.
        yaw: degrees that it goes to the person's left, around the head's vertical axis.
        pitch: degrees that it goes up, around the head's lateral axis.
        half_angle: degrees of the cone on which it circles instead; 0: it stands still.
        distance: from the head's centre, as a multiple of the filming one.
        frozen: whether the head does not move meanwhile.
    """

    name: str
    yaw: float = 0.0
    pitch: float = 0.0
    half_angle: float = 0.0
    distance: float = 1.0
    frozen: bool = False

    def turns(self, frames: int) -> Matrices:
        """Return by which rotation about the head's centre the camera moves, [T, 3, 3].

        A spiral begins at the person's left and goes round once in `TURN_FRAMES` frames, or once
        in all where there are fewer.
        """
        # Imported late: it takes a fifth of a second, and most that deals with views turns none.
        from scipy.spatial.transform import Rotation

        if not self.half_angle:
            # A camera that goes up turns about the head's x axis, which points to its left.
            turn = Rotation.from_euler("YX", [self.yaw, -self.pitch], degrees=True).as_matrix()
            return np.tile(turn, (frames, 1, 1))
        phase = 2.0 * np.pi * np.arange(frames) / min(TURN_FRAMES, frames)
        axes = np.stack([-np.sin(phase), np.cos(phase), np.zeros(frames)], axis=1)
        vectors = np.radians(self.half_angle) * axes
        return np.asarray(Rotation.from_rotvec(vectors).as_matrix())

    def cameras(self, poses: NDArray[np.floating]) -> NDArray[np.float32]:
        """Return the cameras of frames, float32 [T, 4, 4] to the head, OpenGL axes.

        The head's centre stays where the filming camera saw it. With no angle and the filming
        distance they are those of the clip to the bit.

        Args:
            poses: [T, 4, 4], of the cameras that filmed.

        Raises:
            TgbenchError: a camera would be in the head.
        """
        filmed = np.asarray(poses, np.float64)
        turns, still = self.turns(len(filmed)), np.eye(3)
        moved = filmed.copy()
        # As differences, which vanish exactly where nothing turns.
        moved[:, :3, :3] += (turns - still) @ filmed[:, :3, :3]
        moved[:, :3, 3] += np.einsum("nij,nj->ni", turns - still, filmed[:, :3, 3])
        moved[:, :3, 3] += (self.distance - 1.0) * moved[:, :3, 3]
        _refuse_inside(self, moved, filmed)
        return moved.astype(np.float32)

    def record(self) -> dict[str, float]:
        """Return what tells it from other views, but for the name."""
        return {
            "yaw": self.yaw,
            "pitch": self.pitch,
            "half_angle": self.half_angle,
            "distance": self.distance,
        }

    @property
    def angle(self) -> float:
        """Degrees between its direction and that of the camera that filmed, without a sign."""
        if self.half_angle:
            return self.half_angle
        ahead = self.turns(1)[0][2, 2]
        return float(np.degrees(np.arccos(np.clip(ahead, -1.0, 1.0))))


def directions(poses: NDArray[np.floating]) -> Matrices:
    """Return from where cameras see the head: yaw and pitch in degrees, [T, 2].

    Args:
        poses: [T, 4, 4] camera to head.
    """
    place = np.asarray(poses, np.float64)[:, :3, 3]
    yaw = np.arctan2(place[:, 0], place[:, 2])
    pitch = np.arctan2(place[:, 1], np.hypot(place[:, 0], place[:, 2]))
    return np.degrees(np.stack([yaw, pitch], axis=1))


def beyond(asked: NDArray[np.floating], filmed: NDArray[np.floating]) -> str:
    """Return in words how far cameras go beyond what a clip shows; empty: they do not.

    Args:
        asked: [T, 4, 4], cameras to render from.
        filmed: [N, 4, 4], cameras of the frames that train.
    """
    seen, said = directions(filmed), []
    over = _over(directions(asked), seen)
    for axis, name in enumerate(("yaw", "pitch")):
        if over[axis] > 0.5:
            low, high = seen[:, axis].min(), seen[:, axis].max()
            said.append(f"{name} up to {over[axis]:.0f} degrees beyond the {low:.0f} to {high:.0f}")
    return f"seen from where no training frame was: {', '.join(said)} filmed" if said else ""


def degrees_beyond(asked: NDArray[np.floating], filmed: NDArray[np.floating]) -> float:
    """Return how many degrees cameras go beyond what a clip shows, in yaw or pitch; as `beyond`.

    It is negative where they stay inside.
    """
    return float(_over(directions(asked), directions(filmed)).max())


def _over(wanted: Matrices, seen: Matrices) -> Matrices:
    """Return by how many degrees yaw and pitch leave the range that is seen, [2]."""
    return np.maximum(seen.min(axis=0) - wanted.min(axis=0), wanted.max(axis=0) - seen.max(axis=0))


def _refuse_inside(view: View, cameras: Matrices, filmed: Matrices) -> None:
    distances = np.linalg.norm(cameras[:, :3, 3], axis=1)
    radius = HEAD_SHARE * float(np.median(np.linalg.norm(filmed[:, :3, 3], axis=1)))
    if not (distances > radius).all():
        frame = int(np.argmin(distances))
        raise TgbenchError(
            f"view '{view.name}': the camera of frame {frame} is in the head "
            f"({distances[frame]:.2f} from its centre, the head's radius is {radius:.2f}); use "
            "a larger --rule camera_distance"
        )
