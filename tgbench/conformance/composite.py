"""Checks of what a frame is made of: torso, background, the true video, the upper face."""

from __future__ import annotations

from collections.abc import Iterable

import cv2
import numpy as np

from ..arrays import Image
from ..identities import Identity, layout
from ..interfaces import Drive
from ..specs import CompositeMode, LeakedCondition
from . import drives, regions
from .bench import Bench, Variant
from .clips import change_poses, change_units, recoloured, relink, repaint, write_image
from .comparing import share_changed
from .findings import DoesNotHold, NotTried
from .subject import Frames

_PICTURES = (
    *(layout.ORIGINAL, layout.GROUND_TRUTH, layout.PARSING),
    *(layout.TORSO_IMAGE, layout.TEETH, layout.LANDMARKS),
)
_CODED = 12
"""Levels by which a video codec may change a pixel."""

_BLUR = (5, 5)
"""Pixels over which colours are compared: codecs keep colours at half the resolution."""

_MOST_OFF = 0.05
"""Share of the pixels outside of the head that may be others than those behind it."""

_MOVES = 0.01
"""Share of the pixels of the upper face that change where it moves."""

_STILL = 6
"""Levels by which a codec may change a face that does not move."""


def composite_mode_is_true(bench: Bench) -> str:
    """Render with recoloured surroundings: torso, background and true frames around the head."""
    variant = _with_other_surroundings(bench)
    mode = bench.spec.composite_mode
    if mode is CompositeMode.FULL_FRAME:
        return _makes_the_whole_frame(bench, variant)
    if mode is CompositeMode.HEAD_OVER_TORSO:
        behind = [variant.clip.torso_over_background(frame) for frame in bench.rows]
        outside, what = ~bench.masks(regions.head), "torso and background"
    else:
        behind = [variant.clip.frame(frame) for frame in bench.rows]
        outside, what = ~bench.masks(regions.pasted), "the true frames"
    inner = np.stack([cv2.erode(mask.astype(np.uint8), np.ones(_BLUR)) for mask in outside])
    shown, true = _blurred(variant.frames), _blurred(behind)
    off = share_changed(shown, true, inner.astype(bool), _CODED)
    if off > _MOST_OFF:
        refused = "; it was loaded with the unchanged clip" if variant.refused else ""
        raise DoesNotHold(
            f"'{mode}' is declared, but {off:.1%} of the pixels around the head are not those of "
            f"{what}{refused}"
        )
    return f"'{mode}': {1 - off:.1%} of the pixels around the head are those of {what}"


def torso_is_declared(bench: Bench) -> str:
    """See whether frames change with torso and background, and whether that is declared."""
    variant = _with_other_surroundings(bench)
    condition = LeakedCondition.TORSO_AND_BACKGROUND
    declared = condition in bench.spec.leaked_conditions
    changed = _changed(bench, variant)
    pasted = bench.spec.composite_mode is CompositeMode.FACE_PASTED
    if changed and not declared and not pasted:
        raise DoesNotHold(
            f"other surroundings change {changed:.2%} of the pixels; declare '{condition}' in "
            "leaked_conditions"
        )
    if declared and not changed:
        raise DoesNotHold(
            f"'{condition}' is declared, but other surroundings change nothing; leave it out"
        )
    return f"other surroundings change {changed:.1%} of the pixels, as declared"


def mouth_is_not_the_true_one(bench: Bench) -> str:
    """Compare the mouths of frames driven by other speech with the true ones."""
    if bench.spec.composite_mode is not CompositeMode.FACE_PASTED:
        raise NotTried(f"asked only of '{CompositeMode.FACE_PASTED}'")

    def drive_of(clip: Identity) -> Drive:
        return drives.with_other_speech(clip, bench.rows, bench.encoder)

    variant = bench.variant("pasted-mouth", drive_of=drive_of)
    truth = np.stack([bench.clip.frame(frame) for frame in bench.rows])
    own = share_changed(variant.frames, truth, bench.masks(regions.mouth), _CODED)
    if own < _MOVES:
        raise DoesNotHold("the mouths are those of the true frames, whatever is said")
    return f"{own:.1%} of the mouth's pixels are the method's own"


def upper_face_moves_as_declared(bench: Bench) -> str:
    """Hold the head still, let speech and action units go on, and watch brows and eyes."""
    if LeakedCondition.UPPER_FACE in bench.spec.leaked_conditions and bench.spec.moves_upper_face:
        raise NotTried("brows and eyes are the true ones, which stand still with the head")
    if len(bench.rows) < 2:
        raise NotTried("the identity holds out one frame only")
    frames = _with_a_still_head(bench).frames
    where = regions.upper_face(bench.clip, bench.rows[0])
    above = bench.visible if bench.spec.moves_upper_face else _STILL + bench.chance
    most = max(share_changed(frames[:1], frame[None], where, above) for frame in frames)
    text = f"up to {most:.1%} of the pixels of brows and eyes change while the head is still"
    if bench.spec.moves_upper_face and most < _MOVES:
        raise DoesNotHold(f"moves_upper_face is declared, but {text}")
    if not bench.spec.moves_upper_face and most >= _MOVES:
        if LeakedCondition.HEAD_POSE not in bench.spec.leaked_conditions:
            raise NotTried(f"{text}, but the head has poses of its own")
        raise DoesNotHold(f"moves_upper_face=False is declared, but {text}")
    return text


def _makes_the_whole_frame(bench: Bench, variant: Variant) -> str:
    changed = _changed(bench, variant)
    mode = CompositeMode.FULL_FRAME
    if changed and LeakedCondition.TORSO_AND_BACKGROUND not in bench.spec.leaked_conditions:
        raise DoesNotHold(
            f"'{mode}' is declared, but other true surroundings change {changed:.2%} of the "
            f"pixels; declare '{CompositeMode.HEAD_OVER_TORSO}' or '{CompositeMode.FACE_PASTED}'"
        )
    if variant.refused:
        raise NotTried("the method does not load with a clip whose held-out frames are others")
    return f"'{mode}': recoloured true surroundings change nothing"


def _with_other_surroundings(bench: Bench) -> Variant:
    """Return frames for a clip whose held-out frames are recoloured around the head."""

    def edit(clip: Identity) -> None:
        for frame in bench.rows:
            behind = recoloured(clip.torso_over_background(frame))
            opaque = np.full((*behind.shape[:2], 1), 255, np.uint8)
            write_image(clip.path(layout.TORSO_IMAGE, frame), np.dstack([behind, opaque]))
            repaint(clip, frame, ~regions.head(clip, frame))

    return bench.variant("surroundings", edit)


def _with_a_still_head(bench: Bench) -> Variant:
    """Return frames for a clip whose held-out frames all show the first of them.

    The action units of its upper face rise from one end of their scale to the other.
    """
    first = bench.rows[0]

    def edit(clip: Identity) -> None:
        for frame in bench.rows[1:]:
            for pattern in _PICTURES:
                if clip.path(pattern, first).is_file():
                    relink(clip.path(pattern, first), clip.path(pattern, frame))
        change_poses(clip, np.repeat(clip.poses[[first]], len(bench.rows), axis=0), bench.rows)
        rising = np.linspace(0.0, 5.0, len(bench.rows))
        change_units(clip, layout.UPPER_ACTION_UNITS, bench.rows, lambda values: rising)

    return bench.variant("still-head", edit)


def _blurred(images: Iterable[Image]) -> Frames:
    return np.stack([cv2.blur(image, _BLUR) for image in images]).astype(np.uint8)


def _changed(bench: Bench, variant: Variant) -> float:
    everywhere = np.ones(bench.frames.shape[:3], bool)
    return share_changed(bench.frames, variant.frames, everywhere, bench.visible)
