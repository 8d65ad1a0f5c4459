"""People of the population to train on, none of whom a run can name, and what they say."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from tgbench.arrays import Image
from tgbench.audio import Waveform
from tgbench.identities import Identity
from tgbench.synthetic.dataset import rehearse
from tgbench.synthetic.motion import Performance
from tgbench.synthetic.names import MOST_SEED
from tgbench.synthetic.person import Person
from tgbench.synthetic.population import drawn_person
from tgbench.synthetic.studio import Studio


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
    """Return one of endlessly many people; the same every time."""
    return drawn_person(MOST_SEED + 1 + number)


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
