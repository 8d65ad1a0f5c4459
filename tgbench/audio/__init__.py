"""Sound: waveforms in and out of files, and the features that drive a method."""

from .features import MEL, FeatureKind, audio_features
from .waveform import SAMPLE_RATE, Sound, Waveform, read_sound, read_waveform, write_wav

__all__ = [
    "MEL",
    "SAMPLE_RATE",
    "FeatureKind",
    "Sound",
    "Waveform",
    "audio_features",
    "read_sound",
    "read_waveform",
    "write_wav",
]
