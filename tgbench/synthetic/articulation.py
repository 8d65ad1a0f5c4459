"""From sounds to moving lips: what the articulators do at any time of a script.

Every sound pulls each articulator towards its target with a dominance that fades with time
(Cohen and Massaro 1993), so that neighbours colour one another. Closures are not a matter of
degree: lips that must meet do meet, for exactly as long as the sound is stopped.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .phonemes import Manner, Mouth
from .script import Script, Segment, around

Track = NDArray[np.float64]

_REACH = 0.055
_HOLD_SHARE = 0.28
_FORGOTTEN = 0.6
_SEAL_RAMP, _TUCK_RAMP = 0.060, 0.055
_REST_RAMP, _REST_DELAY, _SHORTEST_REST = 0.16, 0.06, 0.24
_BLENDED = ("jaw", "part", "round", "spread", "tip", "front")


@dataclass(frozen=True)
class Articulation:
    """Articulators over time, float64 [N] each in 0..1; see `phonemes.Mouth`."""

    jaw: Track
    part: Track
    round: Track
    spread: Track
    seal: Track
    tuck: Track
    tip: Track
    front: Track


def articulate(script: Script, times: Track) -> Articulation:
    """Return what the mouth does at ascending times in seconds."""
    tracks = dict(zip(_BLENDED, _blended(script, times).T, strict=True))
    seal = _held(script, times, _SEAL_RAMP, lambda mouth: mouth.seal)
    tuck = _held(script, times, _TUCK_RAMP, lambda mouth: mouth.tuck)
    return Articulation(seal=np.maximum(seal, _rest(script, times)), tuck=tuck, **tracks)


def _blended(script: Script, times: Track) -> NDArray[np.float64]:
    """Return the articulators that compromise between sounds, [N, len(_BLENDED)]."""
    pull = np.zeros((len(times), len(_BLENDED)))
    total = np.zeros((len(times), 1))
    for segment in script.segments:
        mouths = [segment.phoneme.mouth]
        if segment.phoneme.mouth_to is not None:
            mouths.append(segment.phoneme.mouth_to)
        length = segment.seconds / len(mouths)
        for k, mouth in enumerate(mouths):
            centre, hold = segment.start + (k + 0.5) * length, length * _HOLD_SHARE
            near = around(times, centre - hold - _FORGOTTEN, centre + hold + _FORGOTTEN)
            away = np.maximum(np.abs(times[near] - centre) - hold, 0.0)
            dominance = mouth.weight * np.exp(-((away / _REACH) ** 1.4))[:, None]
            pull[near] += dominance * _targets(segment, mouth)
            total[near] += dominance
    return pull / np.maximum(total, 1e-12)


def _targets(segment: Segment, mouth: Mouth) -> NDArray[np.float64]:
    values = np.array([getattr(mouth, name) for name in _BLENDED])
    if segment.phoneme.manner is Manner.VOWEL:
        values[0] = min(values[0] * (0.9 + 0.25 * segment.stress), 1.0)
    return values


def _held(
    script: Script, times: Track, ramp: float, amount: Callable[[Mouth], float]
) -> NDArray[np.float64]:
    """Return a track that is at full during each sound that asks for it, with ramps around."""
    track = np.zeros(len(times))
    for segment in script.segments:
        strength = amount(segment.phoneme.mouth)
        if strength > 0.0:
            near = around(times, segment.start - ramp, segment.release + ramp)
            early = (times[near] - segment.start) / ramp + 1.0
            late = (segment.release - times[near]) / ramp + 1.0
            plateau = strength * smoothstep(np.minimum(early, late))
            track[near] = np.maximum(track[near], plateau)
    return track


def _rest(script: Script, times: Track) -> Track:
    """Lips come to rest against each other in pauses."""
    track = np.zeros(len(times))
    for segment in script.segments:
        if segment.phoneme.manner is not Manner.PAUSE or segment.seconds < _SHORTEST_REST:
            continue
        begin = -np.inf if segment.start == 0.0 else segment.start + _REST_DELAY
        end = np.inf if segment.end >= script.seconds else segment.end - _REST_DELAY / 2.0
        near = around(times, segment.start, segment.end)
        closing, opening = (times[near] - begin) / _REST_RAMP, (end - times[near]) / _REST_RAMP
        track[near] = smoothstep(np.minimum(closing, opening))
    return track


def smoothstep(s: Track) -> Track:
    """Ease from 0 to 1 without a corner at either end."""
    s = np.clip(s, 0.0, 1.0)
    return s * s * (3.0 - 2.0 * s)
