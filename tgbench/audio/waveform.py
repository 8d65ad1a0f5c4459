"""Mono waveforms at 16 kHz, the rate of every tool of the field."""

from __future__ import annotations

import wave
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..errors import TgbenchError
from ..files import atomic_path
from ..media import REMEDY, open_media

if TYPE_CHECKING:
    from av.container import InputContainer

SAMPLE_RATE = 16_000
"""Samples a second of every waveform inside the suite."""

_MICROSECONDS = 1_000_000
_FAULT = "cannot be read as audio"
_WANTED = "give a file with speech"


@dataclass(frozen=True)
class Waveform:
    """Mono sound.

    Attributes:
        samples: float32 [T] in [-1, 1].
        rate: samples a second.
    """

    samples: NDArray[np.float32]
    rate: int = SAMPLE_RATE

    @property
    def seconds(self) -> float:
        """Length in seconds."""
        return len(self.samples) / self.rate

    def cut(self, start: float, end: float) -> Waveform:
        """Return the part from `start` to `end` seconds."""
        return Waveform(self.samples[round(start * self.rate) : round(end * self.rate)], self.rate)


def read_waveform(path: Path) -> Waveform:
    """Read the first audio track of any media file as mono at 16 kHz.

    Channels are averaged. Sound that starts after the file does keeps its place: the gap is
    filled with silence, so that sound and picture stay in step.

    Raises:
        TgbenchError: no such file, not a media file, no audio track in it, or one with samples
            that are no numbers.
    """
    import av

    with open_media(path, _FAULT, _WANTED) as container:
        if not container.streams.audio:
            raise TgbenchError(f"{path}: has no audio track; {_WANTED}, or name one with --audio")
        try:
            waveform = _decode(container)
        except av.error.FFmpegError as error:
            raise TgbenchError(f"{path}: {_FAULT} ({error.strerror}); {REMEDY}") from error
    if not np.isfinite(waveform.samples).all():
        raise TgbenchError(f"{path}: holds samples that are no numbers; write the sound again")
    return waveform


def _decode(container: InputContainer) -> Waveform:
    import av

    stream = container.streams.audio[0]
    # The resampler's own mono mix of floating-point channels is not normalised and would clip.
    resampler = av.AudioResampler(format="fltp", rate=SAMPLE_RATE)
    chunks: list[NDArray[np.float32]] = []
    lead = 0.0
    for frame in container.decode(stream):
        if not chunks and frame.time is not None:
            lead = max(frame.time - (container.start_time or 0) / _MICROSECONDS, 0.0)
        chunks.extend(part.to_ndarray().mean(0) for part in resampler.resample(frame))
    chunks.extend(part.to_ndarray().mean(0) for part in resampler.resample(None))
    silence = np.zeros(round(lead * SAMPLE_RATE), np.float32)
    samples = np.concatenate([silence, *chunks]) if chunks else silence
    return Waveform(np.ascontiguousarray(samples, dtype=np.float32))


def write_wav(path: Path, waveform: Waveform) -> None:
    """Write 16-bit PCM mono, atomically. Samples outside [-1, 1] are clipped."""
    pcm = np.round(np.clip(waveform.samples, -1.0, 1.0) * 32767.0).astype("<i2")
    with atomic_path(path) as temporary, wave.open(str(temporary), "wb") as stream:
        stream.setnchannels(1)
        stream.setsampwidth(2)
        stream.setframerate(waveform.rate)
        stream.writeframes(pcm.tobytes())
