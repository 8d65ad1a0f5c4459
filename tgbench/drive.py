"""What a method renders from: cameras, expression, sound and background of each frame."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from .arrays import Image
from .audio import AudioFeatures, Waveform
from .identities import ActionUnits, Identity, Intrinsics
from .plugins import DEFAULT_ENCODER


class Backdrop(Protocol):
    """What supplies the image behind the head; `Identity` does."""

    def torso_over_background(self, frame: int) -> Image:
        """Return the true torso over the background plate, uint8 RGB [H, W, 3].

        Args:
            frame: of the identity.
        """


@dataclass(frozen=True)
class PlainBackdrop:
    """One colour behind the head: no torso, no room.

    Attributes:
        width, height: of the image in pixels.
        colour: RGB, 0 to 255.
    """

    width: int
    height: int
    colour: tuple[int, int, int] = (255, 255, 255)

    def torso_over_background(self, frame: int) -> Image:
        """Return the colour everywhere, uint8 RGB [H, W, 3]."""
        return np.full((self.height, self.width, 3), self.colour, np.uint8)


@dataclass(frozen=True)
class Drive:
    """The conditions that a method renders from, frame by frame. Never the target image.

    Attributes:
        intrinsics: the camera of all frames.
        poses: float32 [T, 4, 4], camera to world, OpenGL axes.
        action_units: expression per frame, each [T], on the 0 to 5 scale.
        audio: the sound of exactly these frames.
        features: float32 [M, steps, channels], the windows of a whole sound track.
        feature_index: int [T], the row of `features` at each frame. Rows around it are its
            neighbours in time, so a window may look past either end of the frames rendered.
        source_frames: int [T], the frame of the identity whose pose, expression and background
            of each frame comes from.
        backdrop: supplies the image behind the head; see `background`.
        encoder: name of the audio encoder that the features are of.
        fps: frames a second, of the identity's clip.
        driver: short name of what drives, by which finished videos are found; a protocol need not
            set it.
    """

    intrinsics: Intrinsics
    poses: NDArray[np.float32]
    action_units: ActionUnits
    audio: Waveform
    features: NDArray[np.float32]
    feature_index: NDArray[np.int64]
    source_frames: NDArray[np.int64]
    backdrop: Backdrop = field(repr=False)
    encoder: str = DEFAULT_ENCODER
    fps: float = Identity.fps
    driver: str = ""

    @classmethod
    def of_frames(
        cls,
        identity: Identity,
        source_frames: NDArray[np.int64],
        audio: Waveform,
        features: AudioFeatures,
        feature_index: NDArray[np.int64],
    ) -> Drive:
        """Return a drive that takes pose, expression and backdrop from frames of an identity.

        Args:
            identity: the person.
            source_frames: int [T], a frame of the identity for each frame to render.
            audio: sound of exactly these frames.
            features: of a whole sound track.
            feature_index: int [T], rows of the features.
        """
        units = identity.action_units
        return cls(
            intrinsics=identity.intrinsics,
            poses=identity.poses[source_frames],
            action_units=ActionUnits(
                {name: row[source_frames] for name, row in units.values.items()},
                units.measured_by,
            ),
            audio=audio,
            features=features.windows,
            feature_index=feature_index,
            source_frames=source_frames,
            backdrop=identity,
            encoder=features.encoder,
            fps=identity.fps,
        )

    def __len__(self) -> int:
        return len(self.poses)

    def part(self, start: int, stop: int) -> Drive:
        """Return frames start to stop, `stop` excluded, as a drive of their own.

        Audio features stay whole: the windows of a frame may look past either end.
        """
        units, inside = self.action_units, slice(start, stop)
        return replace(
            self,
            poses=self.poses[inside],
            action_units=replace(
                units, values={name: row[inside] for name, row in units.values.items()}
            ),
            audio=self.audio.cut(start / self.fps, stop / self.fps),
            feature_index=self.feature_index[inside],
            source_frames=self.source_frames[inside],
        )

    def background(self, frame: int) -> Image:
        """Return the true torso over the background plate at a frame, uint8 RGB [H, W, 3]."""
        return self.backdrop.torso_over_background(int(self.source_frames[frame]))
