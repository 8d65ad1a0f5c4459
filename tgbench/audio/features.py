"""Audio features of a sound: read from a file, or computed by an audio encoder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..audio_encoders.mel import SPEC as MEL
from ..errors import TgbenchError
from ..specs import AudioEncoderSpec
from .encoding import SLACK, CannotEncode, read_features
from .feature_cache import encode_once
from .waveform import Waveform
from .windows import whole_frames


@dataclass(frozen=True)
class AudioFeatures:
    """Windows of a whole sound, one a video frame, and where they come from.

    Attributes:
        windows: float32 [frames, steps, channels].
        encoder: name of the audio encoder.
        file: they were read from; None where the encoder was run on the sound.
    """

    windows: NDArray[np.float32]
    encoder: str
    file: Path | None = None


@dataclass(frozen=True)
class FeatureSource:
    """Which audio encoder a method wants, and files of features that the user gave.

    Attributes:
        encoder: the encoder.
        files: one for each driving sound, in the same order; empty: the encoder is run.
    """

    encoder: AudioEncoderSpec = MEL
    files: tuple[Path, ...] = ()

    def of_sounds(self, sounds: Sequence[tuple[Path, Waveform]]) -> list[AudioFeatures]:
        """Return the features of driving sounds, each with its file.

        Raises:
            TgbenchError: a file is missing, of another shape or length; there are more or fewer
                files than sounds; or the encoder cannot be run.
        """
        if self.files and len(self.files) != len(sounds):
            raise TgbenchError(
                f"--audio-features: {len(self.files)} file(s) for {len(sounds)} driving sound(s); "
                "give one for each --audio, in the same order"
            )
        given = self.files or (None,) * len(sounds)
        return [
            self._of_sound(path, sound, file)
            for (path, sound), file in zip(sounds, given, strict=True)
        ]

    def _of_sound(self, path: Path, sound: Waveform, file: Path | None) -> AudioFeatures:
        encoder = self.encoder
        try:
            frames = whole_frames(sound)
            if file is None:
                return AudioFeatures(encode_once(encoder, sound), encoder.name)
        except CannotEncode as error:
            raise TgbenchError(
                f"{path}: {error}; then give the file with --audio-features"
            ) from error
        except TgbenchError as error:
            raise TgbenchError(f"{path}: {error}") from error
        windows = read_features(file, encoder, frames, longest=frames + SLACK)
        return AudioFeatures(windows, encoder.name, file)


DEFAULT_FEATURES = FeatureSource()
"""Mel, computed from the sound."""
