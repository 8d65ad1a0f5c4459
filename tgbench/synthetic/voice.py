"""Source-filter speech: swinging vocal folds and noise through moving resonances (Klatt 1980)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..audio import SAMPLE_RATE, Waveform
from ..compiled import njit
from .noise import drift
from .phonemes import Manner
from .script import Script, Segment

Track = NDArray[np.float64]

_STEP = SAMPLE_RATE // 1000
"""Samples between control values: a millisecond."""

_BANDWIDTHS = (70.0, 95.0, 140.0, 240.0, 320.0)
_NASAL_BANDWIDTHS = (110.0, 220.0, 260.0, 300.0, 350.0)
_BURST = 0.012
_LEVEL = 0.09
_ROOM = 2e-4
_TRILL_HERTZ = 27.0


@dataclass(frozen=True)
class Voice:
    """A speaker's throat.

    Attributes:
        hertz: mean pitch.
        tract: scale of the formants; above 1 for shorter vocal tracts.
        breath: share of noise in the voice, 0 to 1.
        open_share: share of a period during which the folds are open.
        tilt: cutoff in hertz above which the voice weakens.
        jitter: relative deviation of a period.
        shimmer: relative deviation of a period's strength.
    """

    hertz: float
    tract: float = 1.0
    breath: float = 0.03
    open_share: float = 0.6
    tilt: float = 2600.0
    jitter: float = 0.006
    shimmer: float = 0.04


@dataclass
class _Controls:
    """What moves during speech, one value a millisecond."""

    voicing: Track
    breath: Track
    hiss: Track
    hiss_hertz: Track
    hiss_width: Track
    formants: NDArray[np.float64]
    bandwidths: NDArray[np.float64]


def speak(script: Script, voice: Voice, generator: np.random.Generator) -> Waveform:
    """Voice a script. The sound is as long as the script, with its level normalised."""
    samples = round(script.seconds * SAMPLE_RATE)
    controls = _controls(script, voice, samples // _STEP + 2)
    times = np.arange(samples // _STEP + 2) / 1000.0
    pitch = pitch_contour(script, voice, times, generator)
    sound = np.zeros(samples)
    _synthesise(
        pitch,
        controls.voicing,
        controls.breath,
        controls.hiss,
        controls.hiss_hertz,
        controls.hiss_width,
        controls.formants,
        controls.bandwidths,
        generator.standard_normal(samples),
        generator.standard_normal((samples // 40, 2)),
        np.array([voice.open_share, voice.tilt, voice.jitter, voice.shimmer]),
        sound,
    )
    sound -= sound.mean()
    speaking = np.abs(sound) > 0.02 * np.abs(sound).max()
    # A script that is too short to say anything is all pause.
    if speaking.any():
        level = math.sqrt(float((sound[speaking] ** 2).mean()))
        sound = np.tanh(sound * (_LEVEL / level) / 0.8) * 0.8
    # No room is silent, and the logarithm of zero is not finite.
    sound += _ROOM * generator.standard_normal(samples)
    return Waveform(sound.astype(np.float32))


def pitch_contour(
    script: Script, voice: Voice, times: Track, generator: np.random.Generator
) -> Track:
    """Return the pitch in hertz at times in seconds: melody and a slow wander."""
    semitones = script.melody(times) + 0.35 * drift(times, 0.9, generator)
    return voice.hertz * 2.0 ** (semitones / 12.0)


def _controls(script: Script, voice: Voice, count: int) -> _Controls:
    formants = np.tile(np.array([500.0, 1500.0, 2500.0, 3500.0, 4500.0]), (count, 1))
    bandwidths = np.tile(np.array(_BANDWIDTHS), (count, 1))
    tracks = {name: np.zeros(count) for name in ("voicing", "breath", "hiss")}
    hiss_hertz, hiss_width = np.full(count, 2000.0), np.full(count, 1000.0)
    for segment in script.segments:
        span = slice(round(segment.start * 1000), round(segment.end * 1000))
        formants[span, :3] = _formants(segment, len(formants[span]))
        if segment.phoneme.manner is Manner.NASAL:
            bandwidths[span] = _NASAL_BANDWIDTHS
        if segment.phoneme.hiss is not None:
            hiss_hertz[span] = segment.phoneme.hiss.hertz
            hiss_width[span] = segment.phoneme.hiss.width
        _strengths(segment, tracks)
    formants[:, :3] *= voice.tract
    formants[:, 3:] *= 0.5 + 0.5 * voice.tract
    voicing = _smooth(tracks["voicing"], 14)
    return _Controls(
        voicing=voicing,
        breath=_smooth(tracks["breath"], 10) + voice.breath * voicing,
        hiss=_smooth(tracks["hiss"], 8),
        hiss_hertz=_smooth(hiss_hertz, 6),
        hiss_width=_smooth(hiss_width, 6),
        formants=np.stack([_smooth(track, 56) for track in formants.T], axis=1),
        bandwidths=np.stack([_smooth(track, 24) for track in bandwidths.T], axis=1),
    )


def _formants(segment: Segment, count: int) -> NDArray[np.float64]:
    start = np.array(segment.phoneme.formants)
    end = np.array(segment.phoneme.glide_to or segment.phoneme.formants)
    # A diphthong holds its ends and moves in between.
    along = np.clip((np.linspace(0.0, 1.0, count) - 0.25) / 0.5, 0.0, 1.0)[:, None]
    return start + (end - start) * along


def _strengths(segment: Segment, tracks: dict[str, Track]) -> None:
    """Fill in how loud voice, breath and noise are during a segment."""
    phoneme = segment.phoneme
    start, end = round(segment.start * 1000), round(segment.end * 1000)
    release = round(segment.release * 1000)
    accent = 0.85 + 0.3 * segment.stress
    voicing, breath, hiss = (tracks[name][start:end] for name in ("voicing", "breath", "hiss"))
    opened = slice(release - start, None)
    burst = slice(release - start, release - start + round(_BURST * 1000))
    level = phoneme.hiss.level if phoneme.hiss else 0.0
    match phoneme.manner:
        case Manner.VOWEL:
            voicing[:] = accent
        case Manner.GLIDE:
            voicing[:] = 0.7
        case Manner.NASAL:
            voicing[:] = 0.45
        case Manner.TRILL:
            beat = np.arange(end - start) / 1000.0 * _TRILL_HERTZ
            voicing[:] = 0.35 + 0.3 * np.cos(2 * np.pi * beat)
        case Manner.FRICATIVE:
            hiss[:] = level
            voicing[:] = 0.3 if phoneme.voiced else 0.0
        case Manner.STOP:
            voicing[: release - start] = 0.06 if phoneme.voiced else 0.0
            voicing[opened] = 0.6 if phoneme.voiced else 0.0
            breath[opened] = 0.0 if phoneme.voiced else 0.12
            hiss[burst] = level


def _smooth(track: Track, milliseconds: int) -> Track:
    window = np.hanning(milliseconds + 2)[1:-1]
    padded = np.pad(track, milliseconds, mode="edge")
    return np.convolve(padded, window / window.sum(), mode="same")[milliseconds:-milliseconds]


@njit(cache=True, nogil=True)
def _resonator(hertz: float, width: float, rate: float) -> tuple[float, float, float]:
    """Coefficients of Klatt's resonator with gain 1 at 0 Hz."""
    radius = math.exp(-math.pi * width / rate)
    b = 2.0 * radius * math.cos(2.0 * math.pi * hertz / rate)
    c = -radius * radius
    return 1.0 - b - c, b, c


@njit(cache=True, nogil=True)
def _synthesise(
    pitch: NDArray,
    voicing: NDArray,
    breath: NDArray,
    hiss: NDArray,
    hiss_hertz: NDArray,
    hiss_width: NDArray,
    formants: NDArray,
    bandwidths: NDArray,
    noise: NDArray,
    flutter: NDArray,
    throat: NDArray,
    out: NDArray,
) -> None:
    """Run the synthesiser; `flutter` [.., 2] jitters period and strength, `throat` is the voice."""
    rate = float(SAMPLE_RATE)
    open_share, tilt, jitter, shimmer = throat
    cascade = np.zeros((formants.shape[1], 2))
    noise_one, noise_two, tilted, previous = 0.0, 0.0, 0.0, 0.0
    keep = math.exp(-2.0 * math.pi * tilt / rate)
    phase, cycle = 0.0, 0
    for n in range(out.shape[0]):
        k = n // _STEP
        share = (n - k * _STEP) / _STEP
        hertz = pitch[k] + share * (pitch[k + 1] - pitch[k])
        row = cycle % flutter.shape[0]
        phase += hertz * (1.0 + jitter * flutter[row, 0]) / rate
        if phase >= 1.0:
            phase -= 1.0
            cycle += 1
        # Derivative of the airflow through the folds (KLGLOTT88), unit area under the pulse.
        pulse = 0.0
        if phase < open_share:
            s = phase / open_share
            pulse = (2.0 * s - 3.0 * s * s) * (1.0 + shimmer * flutter[row, 1])
        tilted = (1.0 - keep) * pulse + keep * tilted
        voice = (voicing[k] + share * (voicing[k + 1] - voicing[k])) * tilted
        rush = breath[k] * noise[n] * (1.0 if phase < open_share else 0.5)
        value = voice + 0.6 * rush
        for f in range(formants.shape[1]):
            a, b, c = _resonator(formants[k, f], bandwidths[k, f], rate)
            value = a * value + b * cascade[f, 0] + c * cascade[f, 1]
            cascade[f, 1] = cascade[f, 0]
            cascade[f, 0] = value
        a, b, c = _resonator(hiss_hertz[k], hiss_width[k], rate)
        rough = noise[n] - previous
        previous = noise[n]
        hissing = a * rough + b * noise_one + c * noise_two
        noise_two, noise_one = noise_one, hissing
        level = hiss[k] + share * (hiss[k + 1] - hiss[k])
        out[n] = value + 0.25 * level * hissing
