"""Sound: waveforms in and out of files, and the features that drive a method."""

from .features import MEL, FeatureKind, audio_features
from .waveform import SAMPLE_RATE, Waveform, read_waveform, write_wav

__all__ = [
    "MEL",
    "SAMPLE_RATE",
    "FeatureKind",
    "Waveform",
    "audio_features",
    "read_waveform",
    "write_wav",
]
