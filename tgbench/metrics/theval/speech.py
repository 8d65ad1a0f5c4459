"""THEval's lips in pauses and in speech, as a detector of voices tells them apart."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...audio import Waveform
from ...errors import Unavailable
from ...interfaces import MetricContext, Points
from ..tracks import Array, Found, runs
from .compared import ComparedWithTruth
from .specs import LIP_SYNC, SILENT_LIP, SILENT_LIP_PAPER
from .voice import VOICE, SileroVoice, VoiceDetector

_UPPER = [191, 80, 81, 82, 13, 312, 311, 310]
_LOWER = [95, 88, 178, 87, 14, 317, 402, 318]
_OUTER_CORNERS = (33, 263)
_EYES = ((33, 133), (362, 263))

_PAUSE = 0.3
"""Seconds of a pause that counts."""

_LEAST_SPEECH = 0.1
"""Of a clip, that must be speech."""

_HOP = 0.05
"""Seconds over which loudness is measured."""

_ORDERS = 200
"""Random orders of the loudness, of which as many as are as near to the lips make p."""


class _Heard(ComparedWithTruth):
    """A metric of frames with speech or without."""

    def __init__(self, context: MetricContext) -> None:
        """Detect speech in the driving sound.

        Raises:
            Unavailable: the detector is not installed, or there is no sound.
        """
        super().__init__(context)
        if context.audio is None:
            raise Unavailable("no sound was given")
        voice: VoiceDetector = context.model(VOICE, SileroVoice)
        self._audio = context.audio
        self._speech = voice.speech(context.audio)
        self.definition = f"{type(self).definition}; speech: {voice.describe()}"

    def _spoken(self, count: int) -> NDArray[np.bool_]:
        """Return which of the frames have speech; the last frame of each stretch counts."""
        spoken = np.zeros(count, np.bool_)
        for start, end in self._speech:
            spoken[int(start * self.fps) : int(end * self.fps) + 1] = True
        return spoken


class SilentLip(_Heard):
    """Median distance of the lips' gap from its mean in pauses. It rests on few frames."""

    spec = SILENT_LIP
    definition = (
        "mean height of eight pairs of inner-lip points by the distance of the outer eye corners, "
        "in pauses of 300 ms; median distance from the mean"
    )

    @staticmethod
    def take(points: Points) -> Array:
        """Return the gap of the lips."""
        flat = np.asarray(points, np.float64)[:, :2]
        size = np.linalg.norm(np.subtract(*flat[[*_OUTER_CORNERS]]))
        return np.asarray(np.abs(flat[_UPPER, 1] - flat[_LOWER, 1]).mean() / size)

    @staticmethod
    def middle(gaps: Array) -> float:
        """Return from what distances count."""
        return float(gaps.mean())

    def number(self, track: Array) -> Found:
        """Return the median distance."""
        silent = np.flatnonzero(~self._spoken(len(track)))
        pauses = [run for run in runs(silent, 1) if len(run) >= _PAUSE * self.fps]
        gaps = track[np.concatenate(pauses)] if pauses else np.empty(0)
        gaps = gaps[~np.isnan(gaps)]
        if len(gaps) < 2:
            return Found(None, "no pause of 300 ms shows a face")
        return Found(float(np.median(np.abs(gaps - self.middle(gaps)))), scored=len(gaps))


class SilentLipPaper(SilentLip):
    """The same about the median."""

    spec = SILENT_LIP_PAPER
    definition = SilentLip.definition.replace("from the mean", "from the median")

    @staticmethod
    def middle(gaps: Array) -> float:
        """Return from what distances count."""
        return float(np.median(gaps))


class LipSync(_Heard):
    """Mean distance of the mouth's opening from the loudness in speech, both scaled to 0 to 1.

    It hardly sees whether lips and sound belong together: `p` in the details is the share of
    random orders of the loudness that come as near.
    """

    spec = LIP_SYNC
    definition = (
        "height of the inner lips by the distance of the eyes along x, and the sound's RMS of "
        "50 ms, each scaled to 0 to 1 over frames with speech; mean absolute difference"
    )

    @staticmethod
    def take(points: Points) -> Array:
        """Return the opening of the mouth."""
        flat = np.asarray(points, np.float64)[:, :2]
        height = abs(flat[_UPPER, 1].mean() - flat[_LOWER, 1].mean())
        right, left = (flat[list(eye), 0].mean() for eye in _EYES)
        return np.asarray(height / abs(left - right))

    def number(self, track: Array) -> Found:
        """Return the distance, with p in the details."""
        spoken = self._spoken(len(track))
        used = spoken & ~np.isnan(track)
        if spoken.mean() < _LEAST_SPEECH or used.sum() < 2:
            return Found(None, "less than a tenth of the clip is speech that shows a face")
        opening = _scaled(track[used])
        loudness = _scaled(_loudness(self._audio, np.arange(len(track)) / self.fps)[used])
        value = float(np.abs(opening - loudness).mean())
        orders = np.random.default_rng(0)
        as_near = sum(
            float(np.abs(opening - orders.permutation(loudness)).mean()) <= value
            for _ in range(_ORDERS)
        )
        return Found(value, details={"p": (1 + as_near) / (1 + _ORDERS)}, scored=int(used.sum()))


def _loudness(audio: Waveform, times: Array) -> Array:
    """Return the RMS around times in seconds: of windows of 50 ms, and between them by line."""
    size = round(_HOP * audio.rate)
    samples = np.pad(audio.samples.astype(np.float64), (size // 2, size))
    count = 1 + len(audio.samples) // size
    windows = samples[: count * size].reshape(count, size)
    level = np.sqrt(np.square(windows).mean(axis=1))
    return np.interp(times, np.arange(count) * size / audio.rate, level)


def _scaled(values: Array) -> Array:
    return np.asarray((values - values.min()) / (np.ptp(values) + 1e-8))
