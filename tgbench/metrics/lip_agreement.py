"""Whether the lips move with the sound, from landmarks and loudness alone.

Speech gets louder as the mouth opens for a vowel and softer as it closes for a stop, so over a
clip the gap between the lips correlates with the level of the speech, most where the two are in
step. That needs no network and no ground truth.

It is not Sync-C. SyncNet was trained to tell which sound belongs to which lips and hears the
sounds themselves; this sees only how far a mouth opens, and a mouth that flaps with the loudness
scores higher than a real one, whose lips also round, press and protrude. Real recordings reach
0.2 to 0.5. Use it to notice lips that do not follow the sound, or follow it late; not to rank
methods that do.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, sosfiltfilt

from ..audio import Waveform
from ..errors import Unavailable
from ..interfaces import FrameView, Measurement, MetricContext
from .face_points import mouth_opening
from .specs import LIP_AGREEMENT, LIP_LAG

Series = NDArray[np.float64]

MAX_LAG_SECONDS = 0.4
"""How far lips and sound may be apart and still be looked for."""

_SPEECH_BAND = (300.0, 3400.0)
_LEVEL_WINDOW_SECONDS = 0.08
_FRAMES_AT_ONCE = 1500
_MARGIN_SECONDS = 1.0
_TREND_SECONDS = 0.5
_CHANCE_LAGS_SECONDS = (1.0, 1.8)
_SHORTEST_SECONDS = 2.0


@dataclass(frozen=True)
class Agreement:
    """How lips and sound agree.

    Attributes:
        correlation: Pearson's r at the best lag, in [-1, 1].
        lag: frames by which the lips are behind the sound there; negative: ahead of it.
        at_zero: r without any lag.
        chance: the best r among as many lags far from any real one; None: the clip is too short.
    """

    correlation: float
    lag: int
    at_zero: float
    chance: float | None


def speech_level(audio: Waveform, frames: int, fps: float) -> Series:
    """Return how loud the speech is at each frame, float64 [frames].

    The square root of the RMS between 300 and 3400 Hz in the 80 ms centred on the frame's start:
    compressed, because loudness spans orders of magnitude and the lips do not.
    """
    band = butter(4, _SPEECH_BAND, "bandpass", fs=audio.rate, output="sos")
    half = round(_LEVEL_WINDOW_SECONDS / 2.0 * audio.rate)
    centres = np.round(np.arange(frames) / fps * audio.rate).astype(np.int64)
    energy = np.empty(frames)
    # In pieces, for the filter works in float64 on several copies; its response dies away long
    # before the end of the margin.
    margin = round(_MARGIN_SECONDS * audio.rate)
    last = max(int(centres[-1]) + half, len(audio.samples)) if frames else 0
    for first in range(0, frames, _FRAMES_AT_ONCE):
        near = centres[first : first + _FRAMES_AT_ONCE]
        start = max(int(near[0]) - half - margin, -half)
        stop = min(int(near[-1]) + half + margin, last)
        heard = sosfiltfilt(band, _between(audio.samples, start, stop))
        power = np.concatenate([[0.0], np.cumsum(heard**2)])
        energy[first : first + len(near)] = power[near - start + half] - power[near - start - half]
    return np.sqrt(np.sqrt(np.maximum(energy, 0.0) / (2 * half)))


def _between(samples: NDArray[np.float32], start: int, stop: int) -> NDArray[np.float64]:
    """Return samples from start to stop, silent outside the sound."""
    inside = samples[max(start, 0) : max(stop, 0)]
    before = max(-start, 0)
    return np.pad(inside.astype(np.float64), (before, stop - start - before - len(inside)))


def lip_agreement(opening: Series, level: Series, fps: float) -> Agreement | None:
    """Correlate the opening of the mouth with the level of the speech.

    What changes slower than half a second (a smile, a turn of the head, the distance to the
    microphone) is removed from both first.

    Args:
        opening: [T], NaN where there was no face.
        level: [T], NaN where there is no sound.
        fps: frames a second.

    Returns:
        None where one of them never changes, or less than two seconds are scored.
    """
    window = max(3, round(_TREND_SECONDS * fps) | 1)
    opening, level = _without_trend(opening, window), _without_trend(level, window)
    reach = round(MAX_LAG_SECONDS * fps)
    fewest = round(_SHORTEST_SECONDS * fps)
    near = {lag: _correlation(opening, level, lag, fewest) for lag in range(-reach, reach + 1)}
    known = {lag: value for lag, value in near.items() if value is not None}
    at_zero = known.get(0)
    if at_zero is None:
        return None
    best = max(known, key=lambda lag: (known[lag], -abs(lag)))
    first, last = (round(seconds * fps) for seconds in _CHANCE_LAGS_SECONDS)
    away = [
        value
        for lag in range(first, last + 1)
        for value in (
            _correlation(opening, level, lag, fewest),
            _correlation(opening, level, -lag, fewest),
        )
        if value is not None
    ]
    return Agreement(known[best], best, at_zero, max(away, default=None))


def _without_trend(series: Series, window: int) -> Series:
    """Subtract the moving mean over the known values of a window."""
    known = np.isfinite(series)
    kernel = np.ones(window)
    # A series shorter than the window would come back as long as the window.
    total = np.convolve(np.where(known, series, 0.0), kernel, "full")
    count = np.convolve(known.astype(np.float64), kernel, "full")
    middle = slice(window // 2, window // 2 + len(series))
    return series - total[middle] / np.maximum(count[middle], 1.0)


def _correlation(opening: Series, level: Series, lag: int, fewest: int) -> float | None:
    """Pearson's r of opening[i + lag] and level[i]; None: too few pairs, or one is constant."""
    length = len(opening)
    if abs(lag) >= length:
        return None
    lips = opening[max(0, lag) : length + min(0, lag)]
    sound = level[max(0, -lag) : length + min(0, -lag)]
    known = np.isfinite(lips) & np.isfinite(sound)
    if known.sum() < fewest:
        return None
    lips, sound = lips[known] - lips[known].mean(), sound[known] - sound[known].mean()
    scale = float(np.linalg.norm(lips) * np.linalg.norm(sound))
    if scale < 1e-9:
        return None
    return float(lips @ sound) / scale


class _LipTrack:
    """The mouth's opening over the frames seen, beside the sound."""

    def __init__(self, context: MetricContext) -> None:
        if context.audio is None:
            raise Unavailable("no sound was given to compare the lips with")
        self._audio = context.audio
        self._fps = context.fps
        self._opening: list[float] = []

    def update(self, frame: FrameView) -> None:
        landmarks = frame.prediction_landmarks
        self._opening.append(np.nan if landmarks is None else mouth_opening(landmarks))

    def merge(self, later: _LipTrack) -> None:
        self._opening += later._opening

    @property
    def scored(self) -> int:
        return int((np.isfinite(self._opening) & self._heard).sum())

    @property
    def total(self) -> int:
        return len(self._opening)

    def agreement(self) -> Agreement | None:
        return lip_agreement(np.array(self._opening, np.float64), self._level, self._fps)

    def series(self) -> dict[str, list[float | None]]:
        opening = [None if np.isnan(value) else value for value in self._opening]
        level = [None if np.isnan(value) else value for value in self._level.tolist()]
        return {"mouth_opening": opening, "speech_level": level}

    @property
    def _level(self) -> Series:
        level = speech_level(self._audio, len(self._opening), self._fps)
        return np.where(self._heard, level, np.nan)

    @property
    def _heard(self) -> NDArray[np.bool_]:
        """Which frames start before the sound ends: after it nothing was said to agree with."""
        return np.arange(len(self._opening)) / self._fps < self._audio.seconds

    def missing(self) -> str:
        """Return why there is no agreement."""
        fewest = _SHORTEST_SECONDS * self._fps
        if self.total < fewest:
            return (
                f"{self.total / self._fps:.1f} s are too short to tell; it takes "
                f"{_SHORTEST_SECONDS:g} s of speech"
            )
        if self._heard.sum() < fewest:
            return (
                f"{self._audio.seconds:.1f} s of sound are too short to tell; it takes "
                f"{_SHORTEST_SECONDS:g} s of speech"
            )
        if self.scored < fewest:
            return f"a face was found in less than {_SHORTEST_SECONDS:g} s of the frames"
        return "the mouth never moves, or the sound is silent throughout"


_MEASURED_BY = (
    "inner-lip gap by inter-ocular distance against speech level (300-3400 Hz), trend over 0.5 s "
    "removed, lags within 0.4 s"
)


class LipAgreement:
    """Correlation of mouth opening with speech level at the lag where it is largest."""

    spec = LIP_AGREEMENT

    def __init__(self, context: MetricContext) -> None:
        self._track = _LipTrack(context)

    def update(self, frame: FrameView) -> float | None:
        """See a frame; a correlation has no value for a single one."""
        self._track.update(frame)
        return None

    def series(self) -> dict[str, list[float | None]]:
        """Return what was correlated: `mouth_opening` and `speech_level` of every frame."""
        return self._track.series()

    def merge(self, later: LipAgreement) -> None:
        """Go on with the frames that `later` has seen."""
        self._track.merge(later._track)

    def compute(self) -> Measurement:
        """Return the correlation, with the lag it was found at and what chance would give."""
        found = self._track.agreement()
        return Measurement(
            None if found is None else found.correlation,
            reason=self._track.missing() if found is None else "",
            scored=self._track.scored,
            total=self._track.total,
            measured_by=_MEASURED_BY,
            details={}
            if found is None
            else {
                "lag_frames": found.lag,
                "without_lag": found.at_zero,
                "by_chance": found.chance,
            },
        )


class LipLag:
    """Milliseconds by which the lips are behind the sound where the two agree best.

    Positive: the lips are late, as if the picture had been delayed. That is the sign that
    SyncNet's code gives its offset. Where they agree no better than lips and sound from unlike
    moments of the same clip, there is no lag to speak of, and no value.
    """

    spec = LIP_LAG

    def __init__(self, context: MetricContext) -> None:
        self._track = _LipTrack(context)
        self._fps = context.fps

    def update(self, frame: FrameView) -> float | None:
        """See a frame; a lag has no value for a single one."""
        self._track.update(frame)
        return None

    def merge(self, later: LipLag) -> None:
        """Go on with the frames that `later` has seen."""
        self._track.merge(later._track)

    def compute(self) -> Measurement:
        """Return the lag in milliseconds."""
        found = self._track.agreement()
        value, reason = None, ""
        if found is None:
            reason = self._track.missing()
        elif found.chance is not None and found.correlation <= found.chance:
            reason = (
                f"lips and sound agree no better than by chance ({found.correlation:.2f}, chance "
                f"{found.chance:.2f}), so a lag would mean nothing"
            )
        else:
            value = found.lag / self._fps * 1000.0
        return Measurement(
            value,
            reason=reason,
            scored=self._track.scored,
            total=self._track.total,
            measured_by=_MEASURED_BY,
            details={} if found is None else {"lag_frames": found.lag},
        )
