"""What a speaker's head, lids, brows and eyes do while they speak."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .articulation import Articulation, Track, articulate, smoothstep
from .noise import drift
from .phonemes import Manner
from .script import Script, around

_BLINK_GAP = (1.8, 4.6)
_CLOSING, _CLOSED, _OPENING = 0.085, 0.035, 0.17


@dataclass(frozen=True)
class Manners:
    """How much someone moves.

    Attributes:
        turn: deviation of yaw, pitch and roll in degrees.
        sway: deviation of the head's place in millimetres.
        brows: how much the brows take part, 1 for the mean.
        smile: how much of a smile there is at rest.
    """

    turn: tuple[float, float, float] = (3.4, 2.0, 1.3)
    sway: tuple[float, float, float] = (4.0, 2.0, 5.0)
    brows: float = 1.0
    smile: float = 0.1


@dataclass(frozen=True)
class Performance:
    """Everything that moves, float64 [N] each, 0..1 unless said otherwise.

    Attributes:
        mouth: the articulators.
        blink: 0 open to 1 shut.
        wide: upper lids raised beyond their rest.
        squint: lower lids tightened.
        cheeks: cheeks raised.
        smile: corners of the mouth drawn up.
        brow_inner: inner ends of the brows raised.
        brow_outer: outer ends raised.
        brow_lower: brows drawn down and together.
        gaze: [N, 2] radians the eyes are turned to their left and up.
        turn: [N, 3] radians: yaw to the person's left, pitch down, roll to their right.
        place: [N, 3] metres the head is off its mean place.
        breath: chest's rise in metres.
    """

    mouth: Articulation
    blink: Track
    wide: Track
    squint: Track
    cheeks: Track
    smile: Track
    brow_inner: Track
    brow_outer: Track
    brow_lower: Track
    gaze: NDArray[np.float64]
    turn: NDArray[np.float64]
    place: NDArray[np.float64]
    breath: Track

    def __len__(self) -> int:
        return len(self.blink)


def perform(
    script: Script, times: Track, manners: Manners, generator: np.random.Generator
) -> Performance:
    """Act out a script at times in seconds.

    The brows rise with stressed vowels and frown now and then; the head nods with stress.
    """
    stress = _stress(script, times)
    emphasis = stress * (0.5 + 0.5 * np.clip(drift(times, 2.2, generator), -1.0, 1.0))
    mood, effort, mirth = (drift(times, period, generator) for period in (3.1, 3.7, 4.3))
    frown = smoothstep((effort - 0.3) / 1.2)
    raised = smoothstep((mood + 0.1) / 1.4) * (1.0 - frown)
    smile = manners.smile + 0.35 * smoothstep((mirth - 0.2) / 1.2)
    turn = np.radians(manners.turn) * _drifts(times, 2.9, 3, generator)
    turn[:, 1] += np.radians(2.0) * emphasis
    return Performance(
        mouth=articulate(script, times),
        blink=_blinks(times, generator),
        wide=np.clip(0.7 * raised * emphasis + 0.3 * raised, 0.0, 1.0),
        squint=np.clip(0.55 * frown + 0.5 * (smile - manners.smile), 0.0, 1.0),
        cheeks=np.clip(1.3 * (smile - manners.smile) + 0.15 * frown, 0.0, 1.0),
        smile=smile,
        brow_inner=np.clip(manners.brows * (0.55 * raised + 0.35 * emphasis), 0.0, 1.0),
        brow_outer=np.clip(manners.brows * (0.45 * raised + 0.4 * emphasis), 0.0, 1.0),
        brow_lower=np.clip(manners.brows * 0.65 * frown, 0.0, 1.0),
        gaze=np.radians([3.0, 1.5]) * _saccades(times, generator) - 0.6 * turn[:, :2] * [1, -1],
        turn=turn,
        place=np.array(manners.sway) / 1000.0 * _drifts(times, 3.6, 3, generator),
        breath=0.0016 * np.sin(2 * np.pi * times / 3.8),
    )


def _drifts(
    times: Track, period: float, count: int, generator: np.random.Generator
) -> NDArray[np.float64]:
    return np.stack([drift(times, period, generator) for _ in range(count)], axis=1)


def _stress(script: Script, times: Track) -> Track:
    track = np.zeros(len(times))
    for segment in script.segments:
        if segment.stress > 0.0 and segment.phoneme.manner is Manner.VOWEL:
            middle = (segment.start + segment.end) / 2.0
            near = around(times, middle - 0.5, middle + 0.5)
            track[near] += segment.stress * np.exp(-(((times[near] - middle) / 0.13) ** 2))
    return np.clip(track, 0.0, 1.0)


def _blinks(times: Track, generator: np.random.Generator) -> Track:
    track = np.zeros(len(times))
    moment = float(generator.uniform(0.6, 1.6))
    while moment < times[-1]:
        near = around(times, moment - _CLOSING, moment + _CLOSED + _OPENING)
        closing = (times[near] - moment) / _CLOSING + 1.0
        opening = (moment + _CLOSED - times[near]) / _OPENING + 1.0
        track[near] = np.maximum(track[near], smoothstep(np.minimum(closing, opening)))
        moment += float(generator.uniform(*_BLINK_GAP))
    return track


def _saccades(times: Track, generator: np.random.Generator) -> NDArray[np.float64]:
    """Eyes rest and jump."""
    track = np.zeros((len(times), 2))
    moment = 0.0
    while moment < times[-1]:
        target = generator.normal(0.0, 0.8, 2)
        after = around(times, moment, np.inf)
        jump = smoothstep((times[after] - moment) / 0.05)[:, None]
        track[after] += (target - track[after]) * jump
        moment += float(generator.uniform(0.6, 2.2))
    return track
