"""What a backend of each kind does. Each is made with its settings, if its spec names any."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ...arrays import Image, Mask
from ...faces.head_track import HeadTrack
from ...progress import Progress
from ..clip import Clip


class Backend(Protocol):
    """What backends of all kinds have."""

    def describe(self) -> str:
        """Return what it measures with, versions and weights included, as provenance records it."""


class LandmarkBackend(Backend, Protocol):
    """Finds the 68 iBUG landmarks."""

    def landmarks(self, clip: Clip, progress: Progress) -> NDArray[np.float32]:
        """Return [N, 68, 2] in pixels of the identity's images, NaN where there is no face."""


class PoseBackend(Backend, Protocol):
    """Tracks the head."""

    def track(self, clip: Clip, progress: Progress) -> HeadTrack:
        """Return the head's track, in pixels of a `SEEN_AT` square."""


@dataclass(frozen=True)
class ParsedFrame:
    """The parts of the person in one frame.

    Attributes:
        parsing: uint8 RGB [H, W, 3] in the layout's colours.
        teeth: bool [H, W].
    """

    parsing: Image
    teeth: Mask


class ParsingBackend(Backend, Protocol):
    """Tells head, hair, neck, torso and mouth apart."""

    def parse(self, clip: Clip, progress: Progress) -> Generator[ParsedFrame, None, None]:
        """Yield every frame, in order."""


class ActionUnitBackend(Backend, Protocol):
    """Measures action units."""

    def measure(
        self, clip: Clip, track: HeadTrack, progress: Progress
    ) -> Mapping[str, NDArray[np.float32]]:
        """Return name such as "AU45" to [N], 0 to 5, NaN where there is no face.

        Args:
            clip: the frames.
            track: of the head; only where the spec's `after` has the pose.
            progress: where to report.
        """
