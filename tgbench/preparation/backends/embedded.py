"""The backends that need nothing beside MediaPipe: all of them start from its face mesh.

Pose and parsing are at work in processes of their own, so each imports what it needs itself.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping

import numpy as np
from numpy.typing import NDArray

from ...faces import ibug68, landmarks
from ...faces.action_units import MEASURED_BY, measure_action_units
from ...faces.canonical import in_head_frame
from ...faces.head_track import HeadTrack
from ...progress import Progress
from ..clip import Clip
from ..frames import SEEN_AT
from ..images import spread
from .interfaces import ParsedFrame

_LEARNT_FRAMES = 40


class MeshLandmarks:
    """The vertices of the mesh that are nearest to the 68 landmarks."""

    def landmarks(self, clip: Clip, progress: Progress) -> NDArray[np.float32]:
        """Return [N, 68, 2]; see `LandmarkBackend`."""
        return ibug68(clip.mesh)

    def describe(self) -> str:
        """Return the detector with its version."""
        return landmarks.describe(tracking=True)


class BundlePose:
    """Bundle adjustment over mesh landmarks and optical flow."""

    def __init__(self) -> None:
        """Load what it needs."""
        from ...faces.pose import track_head

        self._track_head = track_head

    def track(self, clip: Clip, progress: Progress) -> HeadTrack:
        """Return the head's track; see `track_head`."""
        with progress.task("tracking the head", None):
            seen = clip.seen
            return self._track_head(seen.landmarks, (SEEN_AT, SEEN_AT), seen.flow, clip.grey)

    def describe(self) -> str:
        """Return what is adjusted."""
        return "bundle adjustment over mesh landmarks and optical flow"


class MeshParsing:
    """Outlines of the mesh, the edge of the jaw, and a mixture of place and colour."""

    def __init__(self) -> None:
        """Load what it needs."""
        from ...faces.parsing import Parser

        self._parser = Parser

    def parse(self, clip: Clip, progress: Progress) -> Generator[ParsedFrame, None, None]:
        """Yield every frame; see `tgbench.faces.parsing`."""
        mesh = clip.mesh
        with progress.task("parsing", len(clip)) as task:
            parser = self._parser(
                (clip.image(i), clip.person(i), mesh[i]) for i in spread(len(clip), _LEARNT_FRAMES)
            )
            frames = ((clip.image(i), mesh[i]) for i in range(len(clip)))
            for frame, jaw in enumerate(parser.jaw.outlines(frames)):
                image, person, points = clip.image(frame), clip.person(frame), mesh[frame]
                yield ParsedFrame(
                    parser.parse(image, person, points, jaw), parser.teeth_mask(image, points)
                )
                task.advance()

    def describe(self) -> str:
        """Return what decides."""
        return "mesh outlines, edge of the jaw, a mixture of place and colour"


class GeometryUnits:
    """Lengths in the face that the units change."""

    def measure(
        self, clip: Clip, track: HeadTrack, progress: Progress
    ) -> Mapping[str, NDArray[np.float32]]:
        """Return all units; see `measure_action_units`."""
        points = in_head_frame(clip.seen.landmarks, (SEEN_AT, SEEN_AT), track)
        return measure_action_units(points)

    def describe(self) -> str:
        """Return what is measured."""
        return f"{MEASURED_BY}: lengths between points of the face mesh in the head frame"
