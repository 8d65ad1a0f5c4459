"""Audio encoders: what turns sound into the features that drive a method.

An encoder is one module: a light `AudioEncoderSpec`, and a class with
`features(waveform) -> float32 [frames, steps, channels]` that imports what it computes with when
it is called.
"""

__all__: list[str] = []
