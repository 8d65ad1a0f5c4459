"""Check that a fit does not look at held-out frames."""

from __future__ import annotations

import numpy as np

from ..identities import Identity, layout
from .bench import Bench
from .clips import (
    IMAGES,
    change_poses,
    change_units,
    copied,
    write_array,
    write_image,
    write_points,
)
from .comparing import difference, levels
from .findings import DoesNotHold, NotTried

_BY_CHANCE = 2.0
"""How much further than two fits with one seed the poisoned fit may be off."""


def fit_ignores_held_out_frames(bench: Bench) -> str:
    """Fit to a clip whose held-out part is noise, and compare the frames."""
    base = bench.frames
    again = bench.subject.render(bench.again, bench.drive)
    chance = float(levels(base, again).mean())
    copy = copied(bench.clip, bench.folder / "poisoned")
    poison(copy)
    poisoned = bench.subject.fitted(Identity(copy.folder), bench.folder / "poisoned-fit")
    frames = bench.subject.render(poisoned, bench.drive)
    moved = float(levels(base, frames).mean())
    if moved > _BY_CHANCE * chance:
        told = difference(base, frames)
        raise DoesNotHold(f"a fit changes with the held-out frames: {told}")
    if chance:
        raise NotTried("two fits with one seed differ, and that hides what a fit looks at")
    return "equal frames, though images, masks, poses and action units were noise"


def poison(clip: Identity) -> None:
    """Fill the held-out part of a copy with noise: all but the sound.

    Windows of sound around the last training frames reach into the held-out part by design.
    """
    rng = np.random.default_rng(0)
    lens, frames = clip.intrinsics, clip.split().test
    shape = (lens.height, lens.width)
    for frame in frames:
        noise = rng.integers(0, 256, (*shape, 4), np.uint8)
        for pattern in (*IMAGES, layout.PARSING):
            write_image(clip.path(pattern, frame), noise[..., :3])
        write_image(clip.path(layout.TORSO_IMAGE, frame), noise)
        write_array(clip.path(layout.TEETH, frame), noise[..., 0] > 127)
        write_points(clip.path(layout.LANDMARKS, frame), rng.random((68, 2)) * shape[::-1])
    strange = rng.permutation(clip.poses[list(frames)])
    strange[:, :3, 3] += rng.normal(0, 0.05, (len(frames), 3))
    change_poses(clip, strange, frames)
    change_units(
        clip, layout.ALL_ACTION_UNITS, frames, lambda values: rng.random(len(values)) * 5.0
    )
