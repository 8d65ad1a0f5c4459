"""Log-mel energies: the default, which needs no pretrained network."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..specs import AudioEncoderSpec

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ..audio import Waveform

SPEC = AudioEncoderSpec(
    "mel",
    "log-mel energies, 32 channels at 50 steps a second; needs no pretrained network",
    "tgbench.audio_encoders.mel:LogMel",
    file="aud_mel.npy",
    window=(16, 32),
)


class LogMel:
    """Log-mel energies of the windows around each video frame."""

    def features(self, waveform: Waveform) -> NDArray[np.float32]:
        """Return float32 [N, 16, 32]; see `tgbench.audio.mel.log_mel_windows`."""
        from ..audio.mel import log_mel_windows

        return log_mel_windows(waveform)

    def stream(self, waveform: Waveform) -> Iterator[NDArray[np.float32]]:
        """Yield the windows of `features` in order, float32 [n, 16, 32]."""
        from ..audio.mel import log_mel_stream

        return log_mel_stream(waveform)
