"""Mono waveforms at 16 kHz, the rate of every tool of the field."""

from __future__ import annotations

import logging
import tempfile
import wave
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..arrays import IN_MEMORY
from ..errors import TgbenchError
from ..files import atomic_path
from ..media import REMEDY, open_media
from ..media.clock import read_beginning, read_clock
from ..media.tracks import Tracks, find_tracks
from .decoding import SoundDecoder

SAMPLE_RATE = 16_000
"""Samples a second of every waveform inside the suite."""

_FAULT = "cannot be read as audio"
_WANTED = "give a file with speech"

_log = logging.getLogger("tgbench")


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


@dataclass(frozen=True)
class Sound:
    """The sound of a file, and what was chosen in reading it.

    Attributes:
        waveform: the sound.
        notes: other tracks, gaps that were filled, damage, in words.
    """

    waveform: Waveform
    notes: tuple[str, ...]


def read_sound(path: Path) -> Sound:
    """Read the default audio track of any media file as mono at 16 kHz.

    Channels are averaged. Sample k is what a player plays k / 16000 seconds after it shows or
    plays anything at all, as frames have it in `VideoReader`: gaps between the stamps of the
    sound, and before it, are silence, and what codecs put before a recording is left out.

    Raises:
        TgbenchError: no such file, not a media file, no audio track in it, one without samples or
            with some that are no numbers, or with a clock or rate that no recording has.
    """
    import av

    with open_media(path, _FAULT, _WANTED) as container:
        tracks = find_tracks(container)
        if tracks.sound is None:
            raise TgbenchError(f"{path}: has no audio track; {_WANTED}, or name one with --audio")
        clock = read_clock(read_beginning(container, tracks), tracks, container.format.name, path)
    decoder = SoundDecoder(path, SAMPLE_RATE, clock)
    with open_media(path, _FAULT, _WANTED) as container:
        try:
            samples = _collected(decoder.blocks(container, find_tracks(container)), path)
        except av.error.FFmpegError as error:
            raise TgbenchError(f"{path}: {_FAULT} ({error.strerror}); {REMEDY}") from error
    if not len(samples):
        raise TgbenchError(
            f"{path}: has an audio track, but no sound of it can be decoded; its header is damaged "
            "or nothing follows it: copy or record it again"
        )
    return Sound(Waveform(samples), tuple(_notes(decoder, tracks)))


def _collected(blocks: Iterable[NDArray[np.float32]], path: Path) -> NDArray[np.float32]:
    """Return blocks as one array, which lies in a temporary file where the sound is long."""
    with tempfile.SpooledTemporaryFile(max_size=IN_MEMORY) as file:
        for block in blocks:
            if not np.isfinite(block).all():
                raise TgbenchError(
                    f"{path}: holds samples that are NaN or infinity; write the sound again"
                )
            file.write(np.ascontiguousarray(block, np.float32).data)
        count = file.tell() // np.dtype(np.float32).itemsize
        if count * np.dtype(np.float32).itemsize <= IN_MEMORY:
            file.seek(0)
            return np.frombuffer(bytearray(file.read()), np.float32)
        # Copy on write: whoever changes samples changes their own.
        return np.memmap(file, np.float32, "c", shape=(count,)).view(np.ndarray)


def read_waveform(path: Path) -> Waveform:
    """Return the waveform of `read_sound`, and log its notes.

    Raises:
        TgbenchError: see `read_sound`.
    """
    sound = read_sound(path)
    for note in sound.notes:
        _log.warning("%s: %s", path, note)
    return sound.waveform


def _notes(decoder: SoundDecoder, tracks: Tracks) -> list[str]:
    notes = list(tracks.sound_notes)
    if decoder.filled:
        notes.append(f"its sound has gaps of {decoder.filled:.2f} s in all, filled with silence")
    if decoder.clipped:
        notes.append(
            f"its sound is clipped: at least {100 * decoder.clipped:.2g} % of the samples are cut "
            "off at full scale; record it again at a lower level"
        )
    if decoder.changed:
        notes.append("its sound changes channels or sample rate midway")
    if decoder.damaged:
        notes.append(f"{decoder.damaged} packets of its sound are damaged; silence replaces them")
    return notes


def write_wav(path: Path, waveform: Waveform) -> None:
    """Write 16-bit PCM mono, atomically. Samples outside [-1, 1] are clipped."""
    pcm = np.round(np.clip(waveform.samples, -1.0, 1.0) * 32767.0).astype("<i2")
    with atomic_path(path) as temporary, wave.open(str(temporary), "wb") as stream:
        stream.setnchannels(1)
        stream.setsampwidth(2)
        stream.setframerate(waveform.rate)
        stream.writeframes(pcm.tobytes())
