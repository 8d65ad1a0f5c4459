"""What the makers of a method's inputs declare about themselves."""

from __future__ import annotations

from dataclasses import dataclass

from .base import NOTHING, Requires, Spec


@dataclass(frozen=True)
class AudioEncoderSpec(Spec):
    """What turns sound into windows of features, one a video frame.

    `implementation` is a class with the methods of `tgbench.interfaces.AudioEncoder`; where it is
    empty, tgbench does not run the encoder and only reads its files.

    Attributes:
        file: name of its features in an identity folder, a `.npy` [frames, steps, channels].
        window: steps and channels of a frame's window.
        requires: what must be installed to run it.
        recipe: how to make the file, where tgbench does not run the encoder.
    """

    file: str = ""
    window: tuple[int, int] = (0, 0)
    requires: Requires = NOTHING
    recipe: str = ""
