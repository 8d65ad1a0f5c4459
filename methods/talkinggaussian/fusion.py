"""Fusion of both branches (equation 9)."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tgbench.interfaces import Layers

from ..shared.njit import Floats, kernel
from ..shared.rasterizer import Rasterization

Bytes = NDArray[np.uint8]

_ZERO, _ONE, _MAXIMUM = np.float32(0), np.float32(1), np.float32(255)


def over(front: Rasterization, behind: Tensor) -> Tensor:
    """Lay a rendering over an image [H, W, 3]; its colours are premultiplied by its alpha."""
    return front.colors[..., :3] + (1.0 - front.alpha)[..., None] * behind


def fuse(face: Rasterization, mouth: Rasterization | None, behind: Tensor) -> Tensor:
    """Return C_face A_face + C_mouth (1 - A_face), the mouth itself over torso and plate.

    Args:
        face: of the face branch.
        mouth: of the inside-mouth branch, None where an identity has none.
        behind: torso over plate, [H, W, 3] in [0, 1].
    """
    return over(face, behind if mouth is None else over(mouth, behind))


def fused_layers(face: Rasterization, mouth: Rasterization | None) -> Layers:
    """Return alpha and expected depth of both branches, whose only channel is depth."""
    alpha, depth = face.alpha, face.colors[..., 0]
    if mouth is not None:
        through = 1.0 - face.alpha
        alpha, depth = alpha + through * mouth.alpha, depth + through * mouth.colors[..., 0]
    shares = alpha.to("cpu", torch.float32).numpy()
    depths = depth.to("cpu", torch.float32).numpy()
    with np.errstate(invalid="ignore", divide="ignore"):
        return Layers(shares, np.where(shares > 0.0, depths / shares, np.float32(np.nan)))


def fused_image(
    face: Rasterization, mouth: Rasterization | None, behind: Bytes, cut: bool = False
) -> Bytes:
    """Return what `fuse` does as uint8 [H, W, 3], rounded to the nearest value or cut down.

    One pass over the image instead of a dozen, and none where nothing was drawn.
    """
    image = np.empty_like(behind, order="C")
    drawn = face if mouth is None else mouth
    arrays = [
        tensor.detach().to("cpu", torch.float32).contiguous().numpy()
        for tensor in (face.colors, face.alpha, drawn.colors, drawn.alpha)
    ]
    _fuse(*arrays, mouth is not None, np.ascontiguousarray(behind), cut, image)
    return image


@kernel
def _fuse(
    face: Floats,
    face_alpha: Floats,
    mouth: Floats,
    mouth_alpha: Floats,
    has_mouth: bool,
    behind: Bytes,
    cut: bool,
    image: Bytes,
) -> None:
    for y in range(image.shape[0]):
        for x in range(image.shape[1]):
            by_face = face_alpha[y, x]
            by_mouth = mouth_alpha[y, x] if has_mouth else _ZERO
            for c in range(3):
                if by_face == _ZERO and by_mouth == _ZERO:
                    image[y, x, c] = behind[y, x, c]
                    continue
                value = np.float32(behind[y, x, c]) / _MAXIMUM
                if by_mouth > _ZERO:
                    value = mouth[y, x, c] + (_ONE - by_mouth) * value
                value = face[y, x, c] + (_ONE - by_face) * value
                scaled = min(max(value, _ZERO), _ONE) * _MAXIMUM
                image[y, x, c] = np.uint8(scaled if cut else np.rint(scaled))
