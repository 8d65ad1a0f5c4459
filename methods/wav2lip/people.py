"""Synthetic people and voices to train on; none of them is a built-in identity."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

from tgbench.arrays import Image
from tgbench.audio import Waveform
from tgbench.identities import Identity
from tgbench.synthetic.dataset import rehearse
from tgbench.synthetic.motion import Performance
from tgbench.synthetic.person import SYNTH_A, SYNTH_B, Person
from tgbench.synthetic.sculpture import FaceShape
from tgbench.synthetic.studio import Studio
from tgbench.synthetic.voice import Voice

_FIRST_SEED = 70_001
"""Far from those of the built-in identities and tracks, so that these say other things."""

_SHAPE_SPREAD = 0.07
_HUE_SPREAD, _LIGHT_SPREAD = 6.0, 22.0


@dataclass(frozen=True)
class Talk:
    """What somebody says, and what the mouth does.

    Attributes:
        sound: mono at 16 kHz.
        mouth: float32 [N, 8], the articulators at 25 frames a second, 0 to 1.
    """

    sound: Waveform
    mouth: NDArray[np.float32]


def person(number: int) -> Person:
    """Return one of endlessly many people; the same every time.

    Face, complexion, hair, clothes and voice are those of one of the built-in people, changed.
    """
    random = np.random.default_rng([_FIRST_SEED, number])
    base = (SYNTH_A, SYNTH_B)[number % 2]
    tint, light = random.normal(0, _HUE_SPREAD, 3), random.normal(0, _LIGHT_SPREAD)
    look = replace(
        base.look,
        skin=_coloured(base.look.skin, tint + light),
        lips=_coloured(base.look.lips, tint + light + random.normal(0, _HUE_SPREAD, 3)),
        blush=float(random.uniform(0.6, 1.2)),
        freckles=float(random.uniform(0.0, 0.6)),
        stubble=base.look.stubble * float(random.uniform(0.0, 1.3)),
    )
    lighting = random.normal(0, 3 * _LIGHT_SPREAD, 3)
    return replace(
        base,
        seed=_FIRST_SEED + number,
        shape=_shaped(base.shape, random),
        look=look,
        hair=replace(base.hair, colour=_coloured(base.hair.colour, random.normal(0, 30, 3))),
        clothes=replace(base.clothes, colour=_coloured(base.clothes.colour, lighting)),
        voice=voice(random),
    )


def voice(random: np.random.Generator) -> Voice:
    """Return a voice: low or high, of a long or a short vocal tract, breathy or not."""
    height = float(random.uniform(0.0, 1.0))
    return Voice(
        hertz=100.0 * 2.2**height * float(random.uniform(0.92, 1.08)),
        tract=0.98 + 0.17 * height + float(random.normal(0.0, 0.02)),
        breath=float(random.uniform(0.02, 0.08)),
        open_share=float(random.uniform(0.55, 0.72)),
        tilt=float(random.uniform(2000.0, 2900.0)),
    )


def talk(number: int, seconds: float) -> Talk:
    """Return what a person of a number says, without filming it."""
    take = rehearse(person(number), seconds)
    return Talk(take.audio, _mouth(take.performance))


def filmed(
    number: int, seconds: float, every: int, size: int
) -> tuple[Talk, Iterator[tuple[int, Image]]]:
    """Return what a person says, and every so many frames of it.

    Args:
        number: of the person.
        seconds: how long they talk.
        every: distance of the frames that are filmed.
        size: side of the frames in pixels.
    """
    someone = person(number)
    take = rehearse(someone, seconds)
    studio = Studio(someone, take.performance, size)
    frames = range(0, int(seconds * Identity.fps), every)
    shots = ((frame, studio.shoot(frame).image) for frame in frames)
    return Talk(take.audio, _mouth(take.performance)), shots


def _mouth(performance: Performance) -> NDArray[np.float32]:
    mouth = performance.mouth
    return np.stack([getattr(mouth, field.name) for field in fields(mouth)], 1).astype(np.float32)


def _shaped(shape: FaceShape, random: np.random.Generator) -> FaceShape:
    """Return a face whose lengths are a few per cent others."""
    return replace(
        shape,
        **{
            field.name: getattr(shape, field.name)
            * float(random.uniform(1.0 - _SHAPE_SPREAD, 1.0 + _SHAPE_SPREAD))
            for field in fields(shape)
        },
    )


def _coloured(
    colour: tuple[float, float, float], change: NDArray[np.float64]
) -> tuple[float, float, float]:
    red, green, blue = (float(value) for value in np.clip(np.add(colour, change), 12.0, 245.0))
    return red, green, blue
