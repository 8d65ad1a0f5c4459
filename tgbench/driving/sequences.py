"""The frames, windows and poses that rules of a drive lead to."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .rules import DriveRules, LongerSound, ShorterSound, Windows

Index = NDArray[np.int64]


def mirrored(count: int, length: int) -> Index:
    """Return `count` positions that run 0..length-1, back to 0, forth again, and so on.

    The ends come twice, as in the field's loaders.
    """
    cycle = np.arange(count) % (2 * length)
    return np.minimum(cycle, 2 * length - 1 - cycle).astype(np.int64)


def positions(rules: DriveRules, heard: int, poses: int) -> tuple[Index, Index]:
    """Return for every frame to render which pose and which window of the sound it takes.

    Args:
        rules: for sounds that are longer or shorter than the poses.
        heard: frames that the sound lasts, 1 or more.
        poses: that there are, 1 or more.

    Returns:
        int [T] in 0..poses-1 and int [T] in 0..heard-1.
    """
    if heard > poses:
        count = poses if rules.longer_sound is LongerSound.TRUNCATE else heard
    else:
        count = poses if rules.shorter_sound is ShorterSound.LOOP else heard
    frames = np.arange(count, dtype=np.int64)
    if rules.longer_sound is LongerSound.MIRROR:
        return mirrored(count, poses), frames % heard
    return frames % poses, frames % heard


def windows_of(
    rules: DriveRules, features: NDArray[np.float32], index: Index
) -> tuple[NDArray[np.float32], Index]:
    """Return the windows that a method gets, and the row of each frame among them.

    Args:
        rules: for windows at the edges of what is rendered.
        features: float32 [M, steps, channels] of a whole sound.
        index: int [T], the row of each frame.
    """
    if rules.windows is Windows.REACH:
        return features, index
    return features[index], np.arange(len(index), dtype=np.int64)


def smoothed(poses: NDArray[np.float32], width: int) -> NDArray[np.float32]:
    """Return poses averaged over a window that is centred at each frame and shorter at the ends.

    Places are averaged by coordinates, turns by the chordal mean (Markley et al. 2007).

    Args:
        poses: float32 [T, 4, 4].
        width: odd number of frames; 1 changes nothing.
    """
    if width == 1:
        return poses
    # Imported late: it takes a fifth of a second, and most poses stay as they are.
    from scipy.spatial.transform import Rotation

    half, made = width // 2, poses.copy()
    turns = Rotation.from_matrix(poses[:, :3, :3])
    for frame in range(len(poses)):
        near = slice(max(0, frame - half), frame + half + 1)
        made[frame, :3, :3] = turns[near].mean().as_matrix()
        made[frame, :3, 3] = poses[near, :3, 3].mean(axis=0)
    return made
