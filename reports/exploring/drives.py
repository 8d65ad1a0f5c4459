"""What drives an exploration: all training frames, one seen from the front, other speech."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tgbench import plugins
from tgbench.audio import AudioFeatures, FeatureSource
from tgbench.drive import PlainBackdrop
from tgbench.driving.cameras import directions
from tgbench.identities import Identity
from tgbench.interfaces import Drive
from tgbench.specs import AudioEncoderSpec

Rows = NDArray[np.int64]

_SPOKEN = "lipsync"
"""The protocol that knows how a sound drives a clip."""


class ExploredFrames:
    """Drives of an identity; the head alone where the method takes any backdrop."""

    def __init__(self, identity: Identity, encoder: AudioEncoderSpec, head_alone: bool) -> None:
        self._identity, self._split = identity, identity.split()
        self._encoder = encoder
        self._features: AudioFeatures = identity.audio_features(encoder)
        self._head_alone = head_alone

    def training(self) -> Drive:
        """Return the drive of all training frames."""
        return self._drive(np.array(self._split.train, np.int64))

    def from_the_front(self, count: int) -> Drive:
        """Return so many frames at the pose of the training frame that is nearest to frontal."""
        train = self._split.train
        seen = directions(self._identity.poses[train.start : train.stop])
        nearest = train.start + int(np.argmin(np.hypot(*seen.T)))
        return self._drive(np.full(count, nearest, np.int64))

    def spoken(self, sound: Path, seconds: float) -> Drive:
        """Return the first seconds of a sound, at poses of training frames as under lipsync.

        Raises:
            TgbenchError: there is no such sound, or it is shorter than a frame.
        """
        protocol = plugins.find(plugins.protocols(), _SPOKEN, "protocol").load()()
        (case,) = protocol.plan([self._identity], [sound], FeatureSource(self._encoder))
        drive: Drive = case.drive
        count = min(len(drive), max(1, round(seconds * drive.fps)))
        return self._over_backdrop(drive.part(0, count))

    def _drive(self, rows: Rows) -> Drive:
        identity = self._identity
        start = identity.image_ids[int(rows[0])] / identity.fps
        sound = identity.audio.cut(start, start + len(rows) / identity.fps)
        drive = Drive.of_frames(identity, rows, sound, self._features, rows)
        return self._over_backdrop(drive)

    def _over_backdrop(self, drive: Drive) -> Drive:
        if not self._head_alone:
            return drive
        size = drive.intrinsics
        return dataclasses.replace(drive, backdrop=PlainBackdrop(size.width, size.height))
