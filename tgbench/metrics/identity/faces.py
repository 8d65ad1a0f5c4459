"""What networks for recognising faces make of a frame."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from ...errors import Unavailable
from ...extras import install_extra
from ...files import sha256_once
from ...interfaces import FrameView, Image, MetricContext, Points
from ...weights.store import describe_weights, weight_file
from .specs import ARCFACE

Vector = NDArray[np.float32]

EVERY = 0.2
"""Seconds from one frame that is looked at to the next."""


class FaceNetwork(Protocol):
    """Turns a face into a vector."""

    def vector(self, image: Image, mesh: Points) -> Vector:
        """Return the vector of a face, uint8 RGB [H, W, 3], with its mesh [478, 3] in pixels."""

    def describe(self) -> str:
        """Return what it is, with the hash of its weights."""


class DlibNetwork:
    """dlib's ResNet, in the public domain, from the package face_recognition_models.

    Its vectors [128] are compared by their Euclidean distance; they are no unit vectors.
    """

    SIDE, PADDING = 150, 0.25
    _CORNERS_AND_NOSE = (263, 362, 33, 133, 2)
    """Points of the mesh in the order of dlib's five: eye corners, and below the nose."""

    def __init__(self) -> None:
        """Load it.

        Raises:
            Unavailable: a package is missing.
        """
        # The package itself cannot be imported where setuptools no longer has pkg_resources.
        found = importlib.util.find_spec("face_recognition_models")
        folders = [] if found is None else list(found.submodule_search_locations or ())
        name = "models/dlib_face_recognition_resnet_model_v1.dat"
        self._path = next((p for folder in folders if (p := Path(folder, name)).is_file()), None)
        try:
            import dlib
        except ImportError:
            self._path = None
        if self._path is None:
            raise Unavailable(f"dlib or its weights are not installed: {install_extra('identity')}")
        self._dlib: Any = dlib
        self._network = dlib.face_recognition_model_v1(str(self._path))

    def vector(self, image: Image, mesh: Points) -> Vector:
        """Return the vector [128] of a face."""
        dlib = self._dlib
        points = np.rint(mesh[list(self._CORNERS_AND_NOSE), :2]).astype(int).tolist()
        box = dlib.rectangle(0, 0, image.shape[1], image.shape[0])
        shape = dlib.full_object_detection(box, dlib.points([dlib.point(*xy) for xy in points]))
        chip = dlib.get_face_chip(np.ascontiguousarray(image), shape, self.SIDE, self.PADDING)
        return np.array(self._network.compute_face_descriptor(chip), np.float32)

    def describe(self) -> str:
        """Return versions, and the hash of the weights."""
        assert self._path is not None
        return (
            f"dlib {self._dlib.__version__}, {self._path.name}, "
            f"sha256 {sha256_once(self._path)[:12]}"
        )


class ArcfaceNetwork:
    """ArcFace's ResNet-50 of WebFace600K as ONNX, from the weight store, run by OpenCV.

    Its vectors [512] are compared by the cosine of their angle.
    """

    SIDE = 112
    _TEMPLATE = np.array(
        [
            (38.2946, 51.6963),
            (73.5318, 51.5014),
            (56.0252, 71.7366),
            (41.5493, 92.3655),
            (70.7299, 92.2041),
        ]
    )
    """Where eyes, nose and corners of the mouth come to lie in the crop, in pixels."""

    def __init__(self, path: Path | None = None) -> None:
        """Load it.

        Args:
            path: a file to read instead of the store's.

        Raises:
            Unavailable: the weights are missing, or cannot be read.
        """
        self._described = path.name if path else describe_weights(ARCFACE)
        file = path or weight_file(ARCFACE)
        try:
            self._network = cv2.dnn.readNetFromONNX(str(file))
        except cv2.error as error:
            raise Unavailable(f"{file}: is no ONNX network that OpenCV can read") from error

    def vector(self, image: Image, mesh: Points) -> Vector:
        """Return the vector [512] of a face."""
        mesh = np.asarray(mesh, np.float64)[:, :2]
        eyes = [(mesh[33] + mesh[133]) / 2, (mesh[362] + mesh[263]) / 2]
        warp = similarity(np.array([*eyes, mesh[1], mesh[61], mesh[291]]), self._TEMPLATE)
        crop = cv2.warpAffine(image, warp, (self.SIDE, self.SIDE), flags=cv2.INTER_LINEAR)
        self._network.setInput(cv2.dnn.blobFromImage(crop, 1 / 127.5, mean=(127.5, 127.5, 127.5)))
        return np.asarray(self._network.forward(), np.float32).reshape(-1)

    def describe(self) -> str:
        """Return the file of its weights, and what runs them."""
        return f"{self._described}; OpenCV {cv2.__version__}"


class FaceVectors:
    """The vectors of the frames that are looked at, found once for all metrics of a case."""

    def __init__(self, network: FaceNetwork, fps: float) -> None:
        self.network = network
        self._step = max(1, round(EVERY * fps))
        self._last: tuple[int, dict[str, Vector | None]] = (-1, {})

    def looks_at(self, frame: FrameView) -> bool:
        """Return whether a frame is looked at."""
        return frame.index % self._step == 0

    def prediction(self, frame: FrameView) -> Vector | None:
        """Return the vector of the rendered face; None where no face was found."""
        return self._found(frame, "prediction", lambda: (frame.prediction, frame.prediction_mesh))

    def target(self, frame: FrameView) -> Vector | None:
        """Return the vector of the true face; None where no face was found."""
        return self._found(frame, "target", lambda: (frame.target, frame.target_mesh))

    def _found(
        self, frame: FrameView, which: str, see: Callable[[], tuple[Image, Points | None]]
    ) -> Vector | None:
        if self._last[0] != frame.index:
            self._last = (frame.index, {})
        vectors = self._last[1]
        if which not in vectors:
            image, mesh = see()
            vectors[which] = None if mesh is None else self.network.vector(image, mesh)
        return vectors[which]


def face_vectors(context: MetricContext, kind: Callable[[], FaceNetwork]) -> FaceVectors:
    """Return the vectors of a case by a network, which is loaded once.

    Raises:
        Unavailable: the network cannot be had.
    """
    return context.shared.once(kind, lambda: FaceVectors(context.model(kind, kind), context.fps))


def similarity(source: NDArray[np.float64], target: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the turn, scale and shift [2, 3] that bring points [N, 2] nearest to others."""
    x, y = source.T
    one, zero = np.ones(len(source)), np.zeros(len(source))
    rows = np.concatenate([np.column_stack([x, -y, one, zero]), np.column_stack([y, x, zero, one])])
    (a, b, right, down), *_ = np.linalg.lstsq(rows, target.T.reshape(-1), rcond=None)
    return np.array([[a, -b, right], [b, a, down]])
