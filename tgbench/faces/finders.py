"""Finders of the 68 iBUG landmarks, by the names that options use."""

from __future__ import annotations

from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Protocol

from ..arrays import Image, Points
from ..errors import suggest

if TYPE_CHECKING:
    from .landmarks import Faces

FINDERS = ("mediapipe", "fan")


class LandmarkFinder(Protocol):
    """Finds the 68 iBUG landmarks of the face in an image."""

    def find(self, image: Image) -> Points | None:
        """Return [68, 2] in pixels, None where there is no face."""

    def describe(self) -> str:
        """Return what finds them, as results record it."""


class MeshLandmarks:
    """MediaPipe's face mesh and the landmarks among its points; every image is seen on its own.

    Threads may ask at the same time: there are as many networks as ask at once.
    """

    def __init__(self) -> None:
        """Load the network.

        Raises:
            Unavailable: its package is not installed.
        """
        from .landmarks import LandmarkDetector

        self._make = LandmarkDetector
        first = LandmarkDetector()
        self._description = first.describe()
        self._free = SimpleQueue[LandmarkDetector]()
        self._free.put(first)

    def mesh(self, image: Image) -> Points | None:
        """Return the points of the mesh [478, 3] in pixels, None where there is no face."""
        return self.look(image).largest

    def look(self, image: Image) -> Faces:
        """Return what the detector sees in an image: one face, and how many there may be."""
        try:
            detector = self._free.get_nowait()
        except Empty:
            detector = self._make()
        try:
            return detector.look(image)
        finally:
            self._free.put(detector)

    def find(self, image: Image) -> Points | None:
        """Return [68, 2] in pixels, None where there is no face."""
        return among_mesh(self.mesh(image))

    def describe(self) -> str:
        """Return the detector with its version."""
        return self._description


def among_mesh(mesh: Points | None) -> Points | None:
    """Return the 68 landmarks [68, 2] among the points of a mesh [478, 3]."""
    from .landmarks import ibug68

    return None if mesh is None else ibug68(mesh)


def landmark_finder(name: str) -> LandmarkFinder:
    """Return the finder of a name.

    Raises:
        TgbenchError: there is none of that name.
        Unavailable: its package or its weights are missing.
    """
    if name == "mediapipe":
        return MeshLandmarks()
    if name == "fan":
        from .fan import FanLandmarks

        return FanLandmarks()
    raise suggest(name, FINDERS, "landmark detector")
