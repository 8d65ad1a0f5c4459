"""Where somebody speaks in a sound."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any, Protocol

import numpy as np

from ...audio import SAMPLE_RATE, Waveform
from ...errors import Unavailable
from ...extras import install_extra

VOICE = "silero_vad"
"""Name of the detector among the models of a context."""


class VoiceDetector(Protocol):
    """Finds speech."""

    def speech(self, audio: Waveform) -> list[tuple[float, float]]:
        """Return start and end in seconds of each stretch of speech, mono at 16 kHz."""

    def describe(self) -> str:
        """Return name and version."""


class SileroVoice:
    """Silero's detector, of the package silero-vad. Its times are whole tenths of a second.

    THEval names version 5.1.2.
    """

    def __init__(self) -> None:
        """Load it.

        Raises:
            Unavailable: the package is not installed.
        """
        try:
            import torch

            threads = torch.get_num_threads()
            import silero_vad
        except ImportError as error:
            raise Unavailable(f"silero-vad is not installed: {install_extra('theval')}") from error
        # Importing it leaves all of torch with one thread, methods that are timed included.
        torch.set_num_threads(threads)
        self._package: Any = silero_vad
        self._network = silero_vad.load_silero_vad()

    def speech(self, audio: Waveform) -> list[tuple[float, float]]:
        """Return start and end in seconds of each stretch of speech."""
        import torch

        samples = torch.from_numpy(np.ascontiguousarray(audio.samples, np.float32))
        found = self._package.get_speech_timestamps(
            samples, self._network, sampling_rate=SAMPLE_RATE, return_seconds=True
        )
        return [(float(each["start"]), float(each["end"])) for each in found]

    def describe(self) -> str:
        """Return name and version."""
        return f"silero-vad {version('silero-vad')}"
