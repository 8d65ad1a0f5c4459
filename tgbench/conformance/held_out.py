"""Check that a fit does not look at held-out frames."""

from __future__ import annotations

from collections.abc import Callable

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
from .findings import DoesNotHold, NotTried, theirs
from .subject import Frames, StepCounter

_BY_CHANCE = 2.0
"""How much further than two fits with one seed the poisoned fit may be off."""


def fit_ignores_held_out_frames(bench: Bench) -> str:
    """Fit to a clip whose held-out part is noise, and compare the frames."""
    base = bench.frames
    chance = float(levels(base, bench.subject.render(bench.again, bench.drive)).mean())
    for name, noise in _POISONS.items():
        frames, refused = _fitted_to(bench, name, noise)
        if float(levels(base, frames).mean()) <= _BY_CHANCE * chance:
            if chance:
                raise NotTried("two fits with one seed differ, and that hides what a fit looks at")
            return f"equal frames, though held-out {name} were noise"
        # A method that was loaded with the noise may rightly show it.
        if not refused:
            break
    raise DoesNotHold(f"a fit changes with the held-out {name}: {difference(base, frames)}")


def _fitted_to(
    bench: Bench, name: str, noise: tuple[Callable[[Identity], None], ...]
) -> tuple[Frames, bool]:
    """Return the frames of a fit to a poisoned clip, and whether it loads with that clip alone."""
    subject, place = bench.subject, bench.folder / "poisoned" / name.partition(",")[0]
    copy = copied(bench.clip, place)
    for poison in noise:
        poison(copy)
    clip, method = Identity(copy.folder), subject.new()
    with theirs("fit, with noise for held-out frames,"):
        subject.fit(method, clip, place / "work", StepCounter())
    subject.save(method, place / "model")
    clean, refused = bench.loaded_with(bench.clip, place / "model", clip)
    return subject.render(clean, bench.drive), refused


def poison_images(clip: Identity) -> None:
    """Fill the held-out images, masks and landmarks of a copy with noise."""
    rng = np.random.default_rng(0)
    lens = clip.intrinsics
    shape = (lens.height, lens.width)
    for frame in clip.split().test:
        noise = rng.integers(0, 256, (*shape, 4), np.uint8)
        for pattern in (*IMAGES, layout.PARSING):
            write_image(clip.path(pattern, frame), noise[..., :3])
        write_image(clip.path(layout.TORSO_IMAGE, frame), noise)
        write_array(clip.path(layout.TEETH, frame), noise[..., 0] > 127)
        write_points(clip.path(layout.LANDMARKS, frame), rng.random((68, 2)) * shape[::-1])


def poison_tables(clip: Identity) -> None:
    """Give the held-out frames of a copy strange poses and action units.

    The sound stays: windows around the last training frames reach into it by design.
    """
    rng, frames = np.random.default_rng(1), clip.split().test
    strange = rng.permutation(clip.poses[list(frames)])
    strange[:, :3, 3] += rng.normal(0, 0.05, (len(frames), 3))
    change_poses(clip, strange, frames)
    change_units(
        clip, layout.ALL_ACTION_UNITS, frames, lambda values: rng.random(len(values)) * 5.0
    )


_POISONS = {
    "images, masks, poses and action units": (poison_images, poison_tables),
    "images and masks": (poison_images,),
}
