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

from typing import Self

import numpy as np
from numpy.typing import NDArray

from ...errors import Unavailable
from ...interfaces import FrameView, Measurement, MetricContext
from ...statistics import Series
from ..landmark_geometry import mouth_opening
from .specs import LIP_AGREEMENT, LIP_LAG, SHORTEST_SPEECH
from .speech_and_lips import (
    Agreement,
    lip_agreement,
    speech_level,
)


class _LipTrack:
    """The mouth's opening over the frames seen, beside the sound."""

    def __init__(self, context: MetricContext) -> None:
        if context.audio is None:
            raise Unavailable("no sound was given to compare the lips with")
        self._audio = context.audio
        self.fps = context.fps
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
        return lip_agreement(np.array(self._opening, np.float64), self._level, self.fps)

    def series(self) -> dict[str, list[float | None]]:
        opening = [None if np.isnan(value) else value for value in self._opening]
        level = [None if np.isnan(value) else value for value in self._level.tolist()]
        return {"mouth_opening": opening, "speech_level": level}

    @property
    def _level(self) -> Series:
        level = speech_level(self._audio, len(self._opening), self.fps)
        return np.where(self._heard, level, np.nan)

    @property
    def _heard(self) -> NDArray[np.bool_]:
        """Which frames start before the sound ends: after it nothing was said to agree with."""
        return np.arange(len(self._opening)) / self.fps < self._audio.seconds

    def missing(self) -> str:
        """Return why there is no agreement."""
        fewest = SHORTEST_SPEECH * self.fps
        if self.total < fewest:
            return (
                f"{self.total / self.fps:.1f} s are too short; it takes "
                f"{SHORTEST_SPEECH:g} s of speech"
            )
        if self._heard.sum() < fewest:
            return (
                f"{self._audio.seconds:.1f} s of sound are too short; it takes "
                f"{SHORTEST_SPEECH:g} s of speech"
            )
        if self.scored < fewest:
            return f"a face was found in less than {SHORTEST_SPEECH:g} s of the frames"
        return "the mouth never moves, or the sound is silent throughout"


_MEASURED_BY = (
    "inner-lip gap by inter-ocular distance against speech level (300-3400 Hz), trend over 0.5 s "
    "removed, lags within 0.4 s"
)


class _OfLips:
    """A metric of the whole track of lips and sound."""

    def __init__(self, context: MetricContext) -> None:
        self._track = _LipTrack(context)

    def update(self, frame: FrameView) -> float | None:
        """See a frame; a correlation has no value for a single one, nor has a lag."""
        self._track.update(frame)
        return None

    def merge(self, later: Self) -> None:
        """Go on with the frames that `later` has seen."""
        self._track.merge(later._track)


class LipAgreement(_OfLips):
    """Correlation of mouth opening with speech level at the lag where it is largest."""

    spec = LIP_AGREEMENT

    def series(self) -> dict[str, list[float | None]]:
        """Return what was correlated: `mouth_opening` and `speech_level` of every frame."""
        return self._track.series()

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


class LipLag(_OfLips):
    """Milliseconds by which the lips are behind the sound where the two agree best.

    Positive: the lips are late, as if the picture had been delayed. That is the sign that
    SyncNet's code gives its offset. Where they agree no better than the lips do with unrelated
    sounds, there is no lag to speak of, and no value; nor at either end of the search, where r
    may be rising still.
    """

    spec = LIP_LAG

    def compute(self) -> Measurement:
        """Return the lag in milliseconds."""
        found = self._track.agreement()
        value, reason = None, ""
        if found is None:
            reason = self._track.missing()
        elif found.correlation <= found.chance:
            reason = (
                f"lips and sound agree no better than chance ({found.correlation:.2f}, chance "
                f"{found.chance:.2f}), so a lag would mean nothing"
            )
        elif not found.is_peak:
            reason = (
                f"lips and sound agree best at {found.lag / self._track.fps * 1000.0:+.0f} ms, the "
                "end of the search, so they may agree better beyond it"
            )
        else:
            value = found.lag / self._track.fps * 1000.0
        return Measurement(
            value,
            reason=reason,
            scored=self._track.scored,
            total=self._track.total,
            measured_by=_MEASURED_BY,
            details={} if found is None else {"lag_frames": found.lag},
        )
