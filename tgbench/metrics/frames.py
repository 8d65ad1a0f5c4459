"""Pairs of frames as metrics see them, with what several of them need found once."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING

from ..faces.finders import LandmarkFinder, MeshLandmarks, among_mesh, landmark_finder
from ..interfaces import Image, Points, Shared

if TYPE_CHECKING:
    from ..faces.landmarks import Faces


class FaceFinders:
    """The detectors of a suite, each made when a metric first needs it."""

    def __init__(self, landmarks: LandmarkFinder | str, models: Shared | None = None) -> None:
        """Choose what finds landmarks.

        Args:
            landmarks: its name, or a finder that is there already.
            models: detectors that are there already, and where new ones go; None: there are none.
        """
        self._made = models or Shared()
        self._chosen = landmarks

    @property
    def among_mesh(self) -> bool:
        """Whether the landmarks are points of the mesh, so that one search finds both."""
        return self._chosen == "mediapipe"

    @property
    def mesh(self) -> MeshLandmarks:
        """What finds the face mesh.

        Raises:
            Unavailable: its package is not installed.
        """
        return self._made.once("mesh", MeshLandmarks)

    @property
    def landmarks(self) -> LandmarkFinder:
        """What finds the 68 landmarks.

        Raises:
            Unavailable: its package or weights are missing.
        """
        if not isinstance(self._chosen, str):
            return self._chosen
        if self.among_mesh:
            return self.mesh
        name = self._chosen
        return self._made.once(("landmarks", name), lambda: landmark_finder(name))


_MESHES = frozenset({"prediction_mesh", "target_mesh"})


class LazyFrame:
    """A pair of frames whose faces are found on first use and shared; see `FrameView`."""

    def __init__(
        self, index: int, prediction: Image, target: Image | None, finders: FaceFinders
    ) -> None:
        self.index = index
        self.prediction = prediction
        self._target = target
        self._finders = finders

    @property
    def has_target(self) -> bool:
        """Whether there is a ground-truth frame."""
        return self._target is not None

    def with_prediction(self, prediction: Image) -> LazyFrame:
        """Return another prediction of the same truth, with what was found in that."""
        other = LazyFrame(self.index, prediction, self._target, self._finders)
        known = ("target_faces", "target_mesh", "target_landmarks")
        vars(other).update({name: vars(self)[name] for name in known if name in vars(self)})
        return other

    @property
    def target(self) -> Image:
        """The ground-truth frame, uint8 RGB [H, W, 3].

        Raises:
            ValueError: there is none; metrics that declare to need one are not asked.
        """
        if self._target is None:
            raise ValueError(f"frame {self.index} has no ground truth")
        return self._target

    @property
    def meshes_asked_for(self) -> frozenset[str]:
        """Names of the properties that hold a face mesh by now."""
        # A cached property is among the instance's variables once it was asked for.
        return _MESHES & vars(self).keys()

    def find(self, meshes: Iterable[str]) -> None:
        """Find face meshes before a metric asks for them; threads may do so for several frames.

        Where that fails, the metric that asks fails.
        """
        for name in meshes:
            with suppress(Exception):
                getattr(self, name)

    @property
    def landmarks_found(self) -> tuple[Points | None, Points | None]:
        """68 landmarks of prediction and target, as far as something asked for them before."""
        return self._found("prediction"), self._found("target")

    @cached_property
    def prediction_landmarks(self) -> Points | None:
        """68 iBUG landmarks [68, 2] in pixels, None where no face was found."""
        if self._finders.among_mesh:
            return among_mesh(self.prediction_mesh)
        return self._finders.landmarks.find(self.prediction)

    @cached_property
    def target_landmarks(self) -> Points | None:
        """The same of the target."""
        if self._finders.among_mesh:
            return among_mesh(self.target_mesh)
        return self._finders.landmarks.find(self.target)

    @cached_property
    def prediction_mesh(self) -> Points | None:
        """Points of the face mesh [478, 3] in pixels, None where no face was found."""
        return self.prediction_faces.largest

    @cached_property
    def target_mesh(self) -> Points | None:
        """The same of the target."""
        return self.target_faces.largest

    @cached_property
    def prediction_faces(self) -> Faces:
        """What the detector of the mesh sees in the prediction."""
        return self._finders.mesh.look(self.prediction)

    @cached_property
    def target_faces(self) -> Faces:
        """The same of the target."""
        return self._finders.mesh.look(self.target)

    def _found(self, picture: str) -> Points | None:
        asked = vars(self)
        if f"{picture}_landmarks" not in asked and self._finders.among_mesh:
            return among_mesh(asked.get(f"{picture}_mesh"))
        return asked.get(f"{picture}_landmarks")
