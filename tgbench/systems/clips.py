"""What of a person a system is shown: the training frames, and the frames that it is to render.

A system that is fitted sees nothing of the held-out frames. One that renders sees of the frames to
render only what its declaration says that it is given.
"""

from __future__ import annotations

from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ..arrays import Image, Points
from ..audio import Waveform
from ..drive import Drive
from ..errors import TgbenchError
from ..identities import Identity, layout
from ..identities.identity import ActionUnits
from ..identities.split import Split
from ..specs import AudioEncoderSpec, LeakedCondition

_FACE = slice(17, 48)
"""Brows, nose and eyes, of the 68 landmarks."""

_NOSE = slice(27, 36)


class Clip(Protocol):
    """Frames of a person with all that goes with them."""

    def __len__(self) -> int:
        """Return how many frames there are."""

    @property
    def poses(self) -> NDArray[np.float32]:
        """Camera to world of every frame, [T, 4, 4], OpenGL axes."""

    @property
    def action_units(self) -> ActionUnits:
        """Expression of every frame."""

    @property
    def sound(self) -> Waveform:
        """The sound of exactly these frames."""

    def features(self, encoder: AudioEncoderSpec) -> NDArray[np.float32]:
        """Return one window of features for every frame, [T, steps, channels]."""

    def picture(self, index: int, truth: bool) -> Image:
        """Return what a system is shown of a frame, uint8 RGB [H, W, 3]."""

    def landmarks(self, index: int, truth: bool) -> Points:
        """Return the 68 landmarks that a system is given of a frame, [68, 2]."""


class TrainingClip:
    """The training frames of a person, one after another, and their sound.

    Attributes:
        identity: the person.
        frames: the training frames, positions in the identity's clip.
        held_out: how many frames are held out.
    """

    def __init__(self, identity: Identity, split: Split) -> None:
        """Take the training part of a clip.

        Raises:
            TgbenchError: there is none.
        """
        if len(split.train) == 0:
            raise TgbenchError(f"{identity.folder}: has no training frame")
        self.identity = identity
        self.frames = list(split.train)
        self.held_out = len(split.test)

    def __len__(self) -> int:
        return len(self.frames)

    @property
    def poses(self) -> NDArray[np.float32]:
        """Camera to world, see `Clip`."""
        return self.identity.poses[self.frames]

    @cached_property
    def action_units(self) -> ActionUnits:
        """Expression, as the identity has it."""
        units = self.identity.action_units
        values = {name: row[self.frames] for name, row in units.values.items()}
        return ActionUnits(values, units.measured_by)

    @cached_property
    def sound(self) -> Waveform:
        """The sound, silent past the end of the track."""
        # Of a clip from which a tracker dropped frames, one cut would drift.
        audio, fps = self.identity.audio, self.identity.fps
        ids = [self.identity.image_ids[frame] for frame in self.frames]
        edges = [round(i / fps * audio.rate) for i in range(max(ids) + 2)]
        samples = np.pad(audio.samples, (0, max(0, edges[-1] - len(audio.samples))))
        return Waveform(np.concatenate([samples[edges[i] : edges[i + 1]] for i in ids]), audio.rate)

    def features(self, encoder: AudioEncoderSpec) -> NDArray[np.float32]:
        """Return the windows of the training frames."""
        return self.identity.audio_features(encoder).windows[self.frames]

    def picture(self, index: int, truth: bool) -> Image:
        """Return a training frame."""
        return self.identity.frame(self.frames[index])

    def landmarks(self, index: int, truth: bool) -> Points:
        """Return those of a training frame."""
        return self.identity.landmarks_of(self.frames[index])


class DrivenClip:
    """The frames that a system is to render.

    In place of what it may not see stands the same of a training frame, in their order, forth and
    back.

    Attributes:
        identity: the person.
        drive: what the frames are rendered from.
        training: the training frames of the person.
    """

    def __init__(
        self, training: TrainingClip, drive: Drive, leaked: tuple[LeakedCondition, ...]
    ) -> None:
        """Take the frames of a drive.

        Args:
            training: of the same person.
            drive: what to render.
            leaked: what of the truth the system is given.
        """
        self.identity = training.identity
        self.drive = drive
        self.training = training
        self._leaked = frozenset(leaked)

    def __len__(self) -> int:
        return len(self.drive)

    @property
    def poses(self) -> NDArray[np.float32]:
        """Camera to world, see `Clip`."""
        return self.drive.poses

    @cached_property
    def action_units(self) -> ActionUnits:
        """Expression, as far as the system is given it; else the median of the training frames."""
        own, known = self.drive.action_units, self.training.action_units
        given = {
            name: row
            if self._gives_unit(name)
            else np.full(len(self), np.median(known.values[name]), np.float32)
            for name, row in own.values.items()
        }
        return ActionUnits(given, own.measured_by)

    @property
    def sound(self) -> Waveform:
        """The driving sound."""
        return self.drive.audio

    def features(self, encoder: AudioEncoderSpec) -> NDArray[np.float32]:
        """Return the windows of the driving sound."""
        if encoder.name != self.drive.encoder:
            raise TgbenchError(
                f"the case has the audio features '{self.drive.encoder}', the system wants "
                f"'{encoder.name}'; set audio_features to that"
            )
        return self.drive.features[self.drive.feature_index]

    def picture(self, index: int, truth: bool) -> Image:
        """Return the true frame where that is shown, else what stands behind the head."""
        if truth:
            return self.identity.frame(self.source(index))
        if self.gives_torso:
            return self.drive.background(index)
        return self.identity.torso_over_background(self.stand_in(index))

    def landmarks(self, index: int, truth: bool) -> Points:
        """Return the landmarks of a frame: of what shows the mouth and the jaw, a training frame's.

        Brows, nose and eyes are those of the frame where the system is given its upper face or its
        action units: RAD-NeRF takes from them how wide the eyes are.
        """
        if truth:
            return self.identity.landmarks_of(self.source(index))
        points = self.identity.landmarks_of(self.stand_in(index))
        if self._gives_upper_face:
            own = self.identity.landmarks_of(self.source(index))
            points += own[_NOSE].mean(axis=0) - points[_NOSE].mean(axis=0)
            points[_FACE] = own[_FACE]
        return points

    @property
    def gives_torso(self) -> bool:
        """Whether the system is given the true torso and background."""
        return LeakedCondition.TORSO_AND_BACKGROUND in self._leaked

    def source(self, index: int) -> int:
        """Return the frame of the identity that a frame to render has its pose of."""
        return int(self.drive.source_frames[index])

    def stand_in(self, index: int) -> int:
        """Return the training frame that stands in for a frame to render."""
        turn, rest = divmod(index, len(self.training))
        return self.training.frames[rest if turn % 2 == 0 else -1 - rest]

    @property
    def _gives_upper_face(self) -> bool:
        return not self._leaked.isdisjoint(
            {
                LeakedCondition.UPPER_FACE,
                LeakedCondition.ACTION_UNITS,
                LeakedCondition.UPPER_FACE_ACTION_UNITS,
            }
        )

    def _gives_unit(self, name: str) -> bool:
        if LeakedCondition.ACTION_UNITS in self._leaked:
            return True
        return name in layout.UPPER_ACTION_UNITS and self._gives_upper_face
