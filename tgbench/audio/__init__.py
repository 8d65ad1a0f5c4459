"""Sound: waveforms in and out of files, and the features that drive a method."""

from .encoding import encode, read_features
from .feature_cache import encode_once
from .features import DEFAULT_FEATURES, AudioFeatures, FeatureSource
from .waveform import SAMPLE_RATE, Sound, Waveform, read_sound, read_waveform, write_wav
from .windows import whole_frames, windows_of_steps

__all__ = [
    "DEFAULT_FEATURES",
    "SAMPLE_RATE",
    "AudioFeatures",
    "FeatureSource",
    "Sound",
    "Waveform",
    "encode",
    "encode_once",
    "read_features",
    "read_sound",
    "read_waveform",
    "whole_frames",
    "windows_of_steps",
    "write_wav",
]
