"""Scoring a crop: how well 224 x 224 pictures of a mouth agree with their sound.

On the same pictures, sound and weights the exact way equals the original's
`SyncNetInstance.evaluate` bit by bit on the same build of torch, and to 2e-5 on another.

Source: https://github.com/joonson/syncnet_python, in which Sync-C is called confidence and
Sync-E min dist; other papers call them LSE-C and LSE-D.
"""

from __future__ import annotations

import enum
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...arrays import Image
from ...errors import TgbenchError, Unavailable
from .crop_file import crop_planes, crop_sound
from .distances import ShiftedDistances, TrackScore
from .jpeg import SIZE, JpegRoundTrip, codec_version
from .lips import WINDOW, ExactLips, FastLips, LipReader
from .mfcc import Cepstra
from .network import SyncNet

SAMPLES_PER_FRAME = 640
_STEPS_PER_FRAME = 4
_SOUND_WINDOW = 20
"""Cepstral steps that the network hears at once: 200 ms, as long as five frames."""

_BATCH = 20
"""Windows that pass the network together. The size shows in the last bits of the features."""


class Way(enum.Enum):
    """How the network is run: as the original does, or faster and equal to rounding."""

    EXACT = "exact"
    FAST = "fast"


def versions() -> dict[str, str]:
    """Return the builds that take part in a score, for a result's details."""
    return {"torch": torch.__version__, "jpeg": codec_version()}


class CropScorer:
    """One track, streamed: memory does not grow with it but for 31 distances a window.

    The track has N frames, as many as have both picture and sound, and N - 5 windows.
    """

    def __init__(
        self, sound: NDArray[np.int16], network: SyncNet, way: Way | str = Way.EXACT
    ) -> None:
        """Prepare a track.

        Args:
            sound: int16 [T] at 16 kHz, starting with the track's first frame.
            network: the loaded network; scorers may share it.
            way: how the lip network is run.

        Raises:
            TgbenchError: the sound is not int16 [T].
        """
        if sound.dtype != np.int16 or sound.ndim != 1:
            raise TgbenchError(
                f"SyncNet takes sound as int16 [T], not {sound.dtype} {list(sound.shape)}"
            )
        self.way = Way(way)
        self._network = network
        self._lips: LipReader = ExactLips(network) if self.way is Way.EXACT else FastLips(network)
        self._cepstra = Cepstra(sound)
        self._heard = len(sound) // SAMPLES_PER_FRAME
        self._seen = 0
        self._scored = 0
        self._frames: list[Tensor] = []
        self._jpeg = JpegRoundTrip()
        self._distances = ShiftedDistances()

    @property
    def frames(self) -> int:
        """How many frames so far have both picture and sound."""
        return min(self._seen, self._heard)

    def update(self, crop: Image) -> None:
        """Take the next frame, uint8 RGB [224, 224, 3].

        Raises:
            TgbenchError: it is not that.
        """
        if crop.shape != (SIZE, SIZE, 3) or crop.dtype != np.uint8:
            raise TgbenchError(
                f"SyncNet takes crops of {SIZE} x {SIZE} RGB pixels in 8 bits, "
                f"not {crop.dtype} {list(crop.shape)}"
            )
        if self._is_heard():
            self._take(self._jpeg.image(crop))

    def update_planes(self, planes: Image, full_range: bool = False) -> None:
        """Take the next frame as a video file stores it, yuv420p [336, 224]."""
        if self._is_heard():
            self._take(self._jpeg.planes(planes, full_range))

    def compute(self) -> TrackScore:
        """Close the track and return its score.

        Raises:
            Unavailable: fewer than six frames have both picture and sound.
            TgbenchError: the network's answer is not finite.
        """
        windows = self.frames - WINDOW
        if windows < 1:
            raise Unavailable(
                f"SyncNet needs {WINDOW + 1} frames (240 ms) with sound; there are "
                f"{self._seen} frames, and sound for {self._heard}"
            )
        if windows > self._scored:
            self._score(windows - self._scored)
        score = self._distances.finish()
        if not np.isfinite(score.by_shift).all():
            raise TgbenchError("SyncNet's distances are not finite; are the weights sound?")
        return score

    def measured_by(self) -> str:
        """Return what the score depends on beside the weights.

        Builds of torch differ by 2e-5 and those of the JPEG coder not at all, so neither is part
        of it; see `versions`.
        """
        return f"SyncNet, {self.way.value}"

    def _is_heard(self) -> bool:
        """Count the frame and say whether it can matter."""
        self._seen += 1
        return self._seen <= self._heard

    def _take(self, image: Image) -> None:
        self._frames.append(torch.from_numpy(image))
        # The last window that the frames allow is never scored: N - 5, not N - 4.
        if self._seen - WINDOW >= self._scored + _BATCH:
            self._score(_BATCH)

    def _score(self, count: int) -> None:
        """Score the next windows and let go of the frames that no later one needs."""
        frames = torch.stack(self._frames[: count + WINDOW - 1]).permute(3, 0, 1, 2)
        steps = self._cepstra.steps(
            _STEPS_PER_FRAME * self._scored, _STEPS_PER_FRAME * (count - 1) + _SOUND_WINDOW
        )
        starts = range(0, _STEPS_PER_FRAME * count, _STEPS_PER_FRAME)
        heard = np.stack([steps[start : start + _SOUND_WINDOW].T for start in starts])
        self._distances.add(
            self._lips(frames.float()),
            self._network.sound(torch.from_numpy(heard)[:, None]),
        )
        del self._frames[:count]
        self._scored += count


def score_crop(
    video: Path, audio: Path | None = None, *, network: SyncNet, way: Way | str = Way.EXACT
) -> TrackScore:
    """Score a crop's file, as the original's `evaluate` does.

    Args:
        video: 224 x 224 pixels, 25 frames a second.
        audio: a file with the sound from the crop's first frame on; None for the video's own.
        network: the loaded network.
        way: how the lip network is run.

    Raises:
        Unavailable: there is no sound, or too little of either.
        TgbenchError: the file is no such crop or cannot be read.
    """
    scorer = CropScorer(crop_sound(Path(audio or video)), network, way)
    for planes, full_range in crop_planes(Path(video)):
        scorer.update_planes(planes, full_range)
    return scorer.compute()
