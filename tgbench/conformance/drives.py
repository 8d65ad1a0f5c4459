"""What the method under check is driven with: held-out frames, other speech, silence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ..audio import AudioFeatures, Waveform, encode
from ..audio.encoding import CannotEncode
from ..identities import Identity
from ..interfaces import Drive
from ..specs import AudioEncoderSpec


def of_frames(identity: Identity, frames: Sequence[int], encoder: AudioEncoderSpec) -> Drive:
    """Return the drive that consecutive frames of a clip give."""
    rows = np.array(frames, np.int64)
    features = identity.audio_features(encoder)
    return Drive.of_frames(identity, rows, _sound(identity, rows), features, rows)


def with_other_speech(
    identity: Identity, frames: Sequence[int], encoder: AudioEncoderSpec
) -> Drive:
    """Return the same with the sound of the loudest training frames."""
    drive, train = of_frames(identity, frames, encoder), identity.split().train
    power = np.convolve(_power(identity)[train.start : train.stop], np.ones(len(frames)), "valid")
    rows = train.start + int(power.argmax()) + np.arange(len(frames))
    return replace(drive, audio=_sound(identity, rows), feature_index=rows)


def with_silence(identity: Identity, frames: Sequence[int], encoder: AudioEncoderSpec) -> Drive:
    """Return the same with silence.

    Features of an encoder that cannot be run here are those of the quietest frame of the clip.
    """
    drive, count = of_frames(identity, frames, encoder), len(frames)
    silence = Waveform(np.zeros_like(drive.audio.samples), drive.audio.rate)
    try:
        windows = encode(encoder, silence)
    except CannotEncode:
        windows = np.repeat(drive.features[[_power(identity).argmin()]], count, axis=0)
    return replace(drive, audio=silence, features=windows, feature_index=np.arange(count))


def of_length(identity: Identity, count: int, encoder: AudioEncoderSpec) -> Drive:
    """Return a drive of any length: the training frames forth and back, with their sound."""
    train = np.array(identity.split().train, np.int64)
    cycle = np.arange(count) % (2 * len(train))
    rows = train[np.minimum(cycle, 2 * len(train) - 1 - cycle)]
    features: AudioFeatures = identity.audio_features(encoder)
    per_frame = round(identity.audio.rate / identity.fps)
    sound = Waveform(np.resize(identity.audio.samples, count * per_frame), identity.audio.rate)
    return Drive.of_frames(identity, rows, sound, features, rows)


def _sound(identity: Identity, rows: NDArray[np.int64]) -> Waveform:
    """Return the sound from the first of some frames on, silent past its end."""
    sound = identity.audio
    start = round(identity.image_ids[rows[0]] / identity.fps * sound.rate)
    count = round(len(rows) / identity.fps * sound.rate)
    samples = sound.samples[start : start + count]
    return Waveform(np.pad(samples, (0, count - len(samples))), sound.rate)


def _power(identity: Identity) -> NDArray[np.float64]:
    """Return the mean power of the sound within 0.1 s of every frame, float64 [N]."""
    sound = identity.audio
    around = sound.rate // 5
    power = np.convolve(sound.samples**2, np.ones(around) / around, "same")
    middles = (np.array(identity.image_ids) + 0.5) / identity.fps * sound.rate
    return power[middles.astype(int).clip(0, len(power) - 1)].astype(np.float64)
