"""Which face stands in for a frame's own: so that no mouth of the truth is seen.

The original program shows the network the very frame that it edits, mouth included. The
supplement of TalkingGaussian gives it another clip instead; here it is one that the settings name,
or the training part.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from tgbench.arrays import Image

from .generator import FACE_SIDE

_COARSE = (24, 12)
"""Width and height at which upper halves of faces are compared."""


class References:
    """Faces of training frames, or of another clip."""

    def __init__(self, faces: NDArray[np.uint8]) -> None:
        """Take the faces, uint8 RGB [R, 96, 96, 3].

        Raises:
            ValueError: these are no such faces.
        """
        if faces.shape[1:] != (FACE_SIDE, FACE_SIDE, 3) or not len(faces):
            raise ValueError(f"reference faces have the shape {faces.shape}")
        self.faces = faces
        self._upper = np.stack([_upper_half(face) for face in faces])

    def like(self, face: Image) -> Image:
        """Return the reference whose upper half is most like that of a face.

        The upper half is what a method of this kind is shown of the true frame anyway; it tells
        how the head is turned.
        """
        apart = ((self._upper - _upper_half(face)) ** 2).sum(axis=(1, 2, 3))
        chosen: Image = self.faces[int(apart.argmin())]
        return chosen


def _upper_half(face: Image) -> NDArray[np.float32]:
    upper = cv2.resize(face[: FACE_SIDE // 2], _COARSE, interpolation=cv2.INTER_AREA)
    return upper.astype(np.float32)
