"""Checks of what a method is given when it renders: sound, action units, pose, the true face."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

from ..identities import Identity, layout
from ..specs import CompositeMode, LeakedCondition
from . import drives, regions
from .bench import Bench, Region, Variant
from .clips import change_poses, change_units, repaint
from .comparing import share_changed
from .findings import DoesNotHold, NotTried

_ENOUGH = 0.005
"""Share of a region's pixels that change where what is declared has an effect."""

_UNDERTRAINED = "or is it trained too little to tell? (--preset, --set)"

_SOUNDS = {"other-speech": drives.with_other_speech, "silence": drives.with_silence}


@dataclass(frozen=True)
class Response:
    """How frames answer to a change.

    Attributes:
        anywhere: share of all pixels that changed.
        region: share of the pixels of the region where it should be seen.
    """

    anywhere: float
    region: float


def hears_the_sound(bench: Bench) -> str:
    """Render with other speech and with silence."""
    spoken, silent = (
        bench.variant(name, drive_of=partial(make, frames=bench.rows, encoder=bench.encoder))
        for name, make in _SOUNDS.items()
    )
    where, above = bench.masks(regions.mouth), bench.visible
    if not bench.spec.hears_audio:
        changed = max(_response(bench, variant).anywhere for variant in (spoken, silent))
        if changed:
            raise DoesNotHold(
                f"hears_audio=False is declared, but other sound changes {changed:.2%} of pixels"
            )
        return "neither other speech nor silence changes a pixel"
    # The held-out frames may be silent themselves.
    changes = {
        "other speech": share_changed(bench.frames, spoken.frames, where, above),
        "silence": max(
            share_changed(frames, silent.frames, where, above)
            for frames in (bench.frames, spoken.frames)
        ),
    }
    for name, share in changes.items():
        if share < _ENOUGH:
            raise DoesNotHold(
                f"hears_audio is declared, but {name} changes {share:.2%} of the mouth's pixels; "
                f"declare hears_audio=False, {_UNDERTRAINED}"
            )
    told = " and ".join(f"{name} changes {share:.1%}" for name, share in changes.items())
    return f"{told} of the mouth's pixels"


def upper_units_are_declared(bench: Bench) -> str:
    """Render with other action units of the upper face."""
    declared = {LeakedCondition.ACTION_UNITS, LeakedCondition.UPPER_FACE_ACTION_UNITS}
    return _agrees(
        bench,
        _with_units(bench, "upper-units", layout.UPPER_ACTION_UNITS),
        declared,
        "upper-face action units",
    )


def lower_units_are_declared(bench: Bench) -> str:
    """Render with other action units of the mouth."""
    variant = _with_units(bench, "lower-units", layout.MOUTH_ACTION_UNITS)
    if LeakedCondition.ACTION_UNITS in bench.spec.leaked_conditions:
        # All units are declared; which of them a method uses is its own affair.
        seen = _response(bench, variant)
        return f"declared; other units of the mouth change {seen.anywhere:.1%} of the pixels"
    return _agrees(bench, variant, {LeakedCondition.ACTION_UNITS}, "action units of the mouth")


def pose_is_declared(bench: Bench) -> str:
    """Render with the head poses of training frames."""
    train = bench.clip.split().train
    chosen = [train[i % len(train)] for i in range(0, 7 * len(bench.rows), 7)]

    def edit(clip: Identity) -> None:
        change_poses(clip, clip.poses[chosen], bench.rows)

    variant = bench.variant("poses", edit)
    if bench.spec.composite_mode is CompositeMode.FACE_PASTED:
        raise NotTried("a face pasted on the true video has the pose of that video")
    return _agrees(bench, variant, {LeakedCondition.HEAD_POSE}, "head poses")


def true_face_is_declared(bench: Bench) -> str:
    """Render with the true faces recoloured."""

    def edit(clip: Identity) -> None:
        for frame in bench.rows:
            repaint(clip, frame, regions.head(clip, frame))

    variant = bench.variant("true-face", edit)
    declared = LeakedCondition.UPPER_FACE in bench.spec.leaked_conditions
    pasted = bench.spec.composite_mode is CompositeMode.FACE_PASTED
    seen = _response(bench, variant, regions.upper_face)
    if variant.refused and not seen.anywhere:
        raise NotTried("the method does not load with a clip whose held-out frames are others")
    if declared and seen.region < _ENOUGH:
        raise DoesNotHold(
            f"'{LeakedCondition.UPPER_FACE}' is declared, but the frames do not change with it"
        )
    if pasted and not declared and _shows(bench, variant):
        raise DoesNotHold(f"the true upper face is shown; declare '{LeakedCondition.UPPER_FACE}'")
    if not pasted and not declared and seen.anywhere:
        raise DoesNotHold(
            f"rendering looks at the true face: recoloured, it changes {seen.anywhere:.2%} of the "
            f"pixels; declare '{LeakedCondition.UPPER_FACE}' or '{CompositeMode.FACE_PASTED}'"
        )
    return f"recoloured true faces change {seen.anywhere:.1%} of the pixels, as declared"


def _with_units(bench: Bench, name: str, units: tuple[str, ...]) -> Variant:
    def edit(clip: Identity) -> None:
        change_units(clip, units, bench.rows, lambda values: np.where(values > 2.5, 0.0, 5.0))

    return bench.variant(name, edit)


def _agrees(bench: Bench, variant: Variant, names: set[LeakedCondition], what: str) -> str:
    """Say that frames change exactly if one of some conditions is declared.

    Raises:
        DoesNotHold: they do not.
    """
    declared = [name for name in bench.spec.leaked_conditions if name in names]
    seen = _response(bench, variant)
    if declared and not seen.anywhere:
        raise DoesNotHold(
            f"'{declared[0]}' is declared, but other {what} change nothing; leave it out, "
            f"{_UNDERTRAINED}"
        )
    if not declared and seen.anywhere:
        options = " or ".join(f"'{name}'" for name in sorted(names))
        raise DoesNotHold(
            f"other {what} change {seen.anywhere:.2%} of the pixels; declare {options} in "
            "leaked_conditions"
        )
    return f"other {what} change {seen.anywhere:.1%} of the pixels, as declared"


def _response(bench: Bench, variant: Variant, region: Region = regions.everything) -> Response:
    where = bench.masks(region)
    everywhere = np.ones_like(where)
    first, second, above = bench.frames, variant.frames, bench.visible
    return Response(
        share_changed(first, second, everywhere, above), share_changed(first, second, where, above)
    )


def _shows(bench: Bench, variant: Variant) -> bool:
    """Return whether the upper faces of a copy are what the frames show there."""
    truth = np.stack([variant.clip.frame(frame) for frame in bench.rows])
    where = bench.masks(regions.upper_face)
    return share_changed(variant.frames, truth, where, above=12) < 0.5
