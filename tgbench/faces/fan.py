"""Faces by S3FD and 68 landmarks by FAN (Bulat and Tzimiropoulos, 2017).

Both as the `face-alignment` package runs them.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from importlib import metadata
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..arrays import Image, Points
from ..errors import Unavailable
from ..extras import install_extra
from ..weights import describe_weights, weight_file
from ..weights.loading import load_weights

_NETWORK = "fan"
_DETECTOR = "fan_s3fd"
_INSTALL = install_extra("fan")


class FanLandmarks:
    """S3FD finds the faces, 2D-FAN-4 the landmarks of the one with the highest score.

    Scripts of the field take the *last* face of the package's list, `get_landmarks(image)[-1]`.
    The list is sorted by falling score, so that is the face the detector believes in least: the
    two differ wherever something else in the image looks like a face. With one face they agree.
    """

    def __init__(self, device: str | None = None) -> None:
        """Load both networks from the weight store.

        Args:
            device: as torch names it; None for CUDA where there is one, else the CPU.

        Raises:
            Unavailable: the package or a weight file is missing; says how to get it.
        """
        package = _package()
        import torch

        device = device or ("cuda" if torch.cuda.is_available() else "cpu")
        self._weights = f"{describe_weights(_NETWORK)}; {describe_weights(_DETECTOR)}"
        with _cudnn_kept():
            self._alignment = _alignment(package, device)

    def find(self, image: Image) -> Points | None:
        """Return the landmarks [68, 2] in pixels as the package gives them, None without a face.

        They are whole numbers: the maxima of heat maps of 64 x 64 cells, refined by a quarter.

        Args:
            image: uint8 RGB [H, W, 3].
        """
        with _cudnn_kept():
            best = _best(self._alignment.face_detector.detect_from_image(image))
            if best is None:
                return None
            (landmarks,) = self._alignment.get_landmarks_from_image(image, [best])
        return np.asarray(landmarks, np.float32)

    def describe(self) -> str:
        """Return the package's version, the weights and the choice among several faces."""
        return (
            f"face-alignment {metadata.version('face-alignment')}, 2D-FAN-4 and S3FD "
            f"({self._weights}), the face of the highest score"
        )


class FanFaces:
    """S3FD alone, on the whole image at its full size: the detector of Wav2Lip's program, too."""

    def __init__(self, device: str = "cpu") -> None:
        """Load the network from the weight store.

        Args:
            device: as torch names it.

        Raises:
            Unavailable: the package or the weight file is missing, or is of another network.
        """
        _package()
        from face_alignment.detection.sfd import FaceDetector
        from face_alignment.detection.sfd.net_s3fd import s3fd

        # The package fails with a list of all parameters where the file is another network's.
        load_weights(s3fd(), _DETECTOR)
        with _cudnn_kept():
            self._detector = FaceDetector(device, path_to_detector=str(weight_file(_DETECTOR)))

    def find(self, image: Image) -> NDArray[np.float64] | None:
        """Return the box of the highest score, None without a face.

        Args:
            image: uint8 RGB [H, W, 3].

        Returns:
            left, top, right, bottom in pixels.
        """
        with _cudnn_kept():
            best = _best(self._detector.detect_from_image(image))
        return None if best is None else np.asarray(best[:4], np.float64)


def _best(boxes: Sequence[NDArray[np.floating]]) -> NDArray[np.floating] | None:
    """Return the box [5] with the highest score, its last number."""
    return max(boxes, key=lambda box: float(box[4]), default=None)


def _package() -> Any:
    try:
        import face_alignment
    except ImportError as error:
        raise Unavailable(
            f"the face-alignment package cannot be imported ({error}): {_INSTALL}"
        ) from error
    # Others load their networks in another way, by which they would download them.
    if not hasattr(face_alignment.FaceAlignment, "_load_native"):
        version = metadata.version("face-alignment")
        raise Unavailable(f"face-alignment {version} cannot be used, 1.5 is needed: {_INSTALL}")
    return face_alignment


def _alignment(package: Any, device: str) -> Any:
    """Return the package's pipeline with networks from the weight store, not downloaded."""
    from face_alignment.models import FAN

    class StoredAlignment(package.FaceAlignment):
        def _load_native(
            self, network_name: str, network_size: int, device: str, dtype: Any
        ) -> Any:
            network = FAN(network_size)
            load_weights(network, _NETWORK)
            return network.to(device, dtype=dtype).eval()

    return StoredAlignment(
        package.LandmarksType.TWO_D,
        device=device,
        compile=False,
        face_detector="sfd",
        face_detector_kwargs={"path_to_detector": str(weight_file(_DETECTOR))},
    )


@contextlib.contextmanager
def _cudnn_kept() -> Iterator[None]:
    """Undo what the package sets for the whole process on CUDA: it makes others vary by run."""
    import torch

    before = torch.backends.cudnn.benchmark
    try:
        yield
    finally:
        torch.backends.cudnn.benchmark = before
