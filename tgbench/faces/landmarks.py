"""Dense face landmarks, and the 68 of iBUG among them."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..arrays import Image, Points
from . import backend

IBUG68_FROM_MESH = (
    # Jaw, from the person's right ear over the chin to the left ear.
    *(127, 234, 93, 132, 58, 172, 150, 176, 152, 400, 379, 397, 288, 361, 323, 454, 356),
    *(70, 63, 105, 66, 107),  # right brow
    *(336, 296, 334, 293, 300),  # left brow
    *(168, 197, 5, 4),  # bridge of the nose
    *(98, 97, 2, 326, 327),  # underside of the nose
    *(33, 160, 158, 133, 153, 144),  # right eye
    *(362, 385, 387, 263, 373, 380),  # left eye
    *(61, 40, 37, 0, 267, 270, 291, 321, 314, 17, 84, 91),  # outer lips
    *(78, 81, 13, 311, 308, 402, 14, 178),  # inner lips
)
"""The mesh vertex nearest to each point of the iBUG 68 scheme.

The jaw is where the two schemes differ: iBUG marks the visible outline, the mesh points fixed to
the skin.
"""

MESH_POINTS = 478

_GRAPH = "mediapipe/modules/face_landmark/face_landmark_front_cpu.binarypb"
_FACES = "multi_face_landmarks"
_CANDIDATES = "all_face_detections"
_DETECTOR_THRESHOLD = (
    "facedetectionshortrangecpu__facedetectionshortrange__facedetection__"
    "TensorsToDetectionsCalculator.min_score_thresh"
)
_MESH_THRESHOLD = "facelandmarkcpu__ThresholdingCalculator.threshold"


class Faces(NamedTuple):
    """What a detector saw in an image.

    Attributes:
        found: landmarks of every face, as of `LandmarkDetector.detect`, the largest first.
        candidates: how many faces the network saw that looks for them in the whole image, which
            may be more than are followed; the mesh takes back some that are none. 0 where
            tracking had no need to look.
    """

    found: list[Points]
    candidates: int

    @property
    def largest(self) -> Points | None:
        """Landmarks of the largest face found."""
        return self.found[0] if self.found else None


class LandmarkDetector:
    """MediaPipe Face Mesh with refined lips, eyes and irises.

    Without tracking every image is seen on its own, so a result depends on that image alone.
    With tracking the face is looked for where the last image had it: faster and steadier, for
    the frames of one clip in order.
    """

    def __init__(
        self, *, tracking: bool = False, max_faces: int = 1, min_confidence: float = 0.5
    ) -> None:
        """Load the network.

        Args:
            tracking: whether images are successive frames of one clip.
            max_faces: most faces to find in an image.
            min_confidence: below it a face does not count, 0 to 1.

        Raises:
            Unavailable: MediaPipe is not installed.
        """
        self._tracking = tracking
        solutions = backend.solution("face_mesh")
        self._started = False
        with backend.quiet():
            # As `solutions.FaceMesh` does, which does not give what its detector saw.
            self._mesh: Any = solutions.SolutionBase(
                binary_graph_path=_GRAPH,
                side_inputs={
                    "num_faces": max_faces,
                    "with_attention": True,
                    "use_prev_landmarks": tracking,
                },
                calculator_params={
                    _DETECTOR_THRESHOLD: min_confidence,
                    _MESH_THRESHOLD: min_confidence,
                },
                outputs=[_FACES, _CANDIDATES],
            )
            self._mesh.process(np.zeros((64, 64, 3), np.uint8))

    def detect(self, image: Image) -> Points | None:
        """Return the landmarks of the largest face found.

        Args:
            image: uint8 RGB [H, W, 3].

        Returns:
            float32 [478, 3]: x and y in pixels (pixel centres at +0.5), z in the same unit
            relative to the head's middle, smaller towards the camera. None: no face.
        """
        return self.look(image).largest

    def detect_all(self, image: Image) -> list[Points]:
        """Return the landmarks of all faces found, the largest first; see `detect`."""
        return self.look(image).found

    def look(self, image: Image) -> Faces:
        """Return all faces found, and how many the network saw that looks for them."""
        height, width = image.shape[:2]
        side = max(height, width)
        # The network's landmarks are only placed right in a square image.
        if height != width:
            square = np.zeros((side, side, 3), np.uint8)
            square[:height, :width] = image
        else:
            square = np.ascontiguousarray(image)
        seen = self._process(square)
        faces = [
            np.array([(point.x, point.y, point.z) for point in face.landmark], np.float32) * side
            for face in getattr(seen, _FACES) or ()
        ]
        candidates = getattr(seen, _CANDIDATES) or ()
        return Faces(sorted(faces, key=face_area, reverse=True), len(candidates))

    def _process(self, square: Image) -> Any:
        if self._started:
            return self._mesh.process(square)
        # Some of the networks only start, and say so, when there is a face.
        with backend.quiet():
            seen = self._mesh.process(square)
        self._started = bool(getattr(seen, _FACES))
        return seen

    def describe(self) -> str:
        """Return what measured, as results and provenance record it."""
        return describe(self._tracking)

    def close(self) -> None:
        """Free the network."""
        self._mesh.close()

    def __enter__(self) -> LandmarkDetector:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Free the network."""
        self.close()


def describe(tracking: bool) -> str:
    """Return what `LandmarkDetector` measures with."""
    mode = "tracking" if tracking else "each image on its own"
    return f"mediapipe {backend.version()} face mesh, refined, {mode}"


def ibug68(points: NDArray[np.floating]) -> Points:
    """Return the 68 iBUG landmarks [..., 68, 2] among mesh points [..., 478, 2 or 3]."""
    return np.asarray(points[..., IBUG68_FROM_MESH, :2], np.float32)


def face_area(points: NDArray[np.floating]) -> float:
    """Return the area of the box around landmarks, in square pixels."""
    low, high = points[:, :2].min(axis=0), points[:, :2].max(axis=0)
    return float(np.prod(high - low))
