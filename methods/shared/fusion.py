"""Fusion of both branches (equation 9)."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tgbench.arrays import window_of
from tgbench.interfaces import Layers

from .njit import Floats, kernel
from .rasterizer import Rasterization

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

    One pass over what was drawn instead of a dozen over the image.
    """
    drawn = face if mouth is None else mouth
    by_face, face_alpha, by_mouth, mouth_alpha = (
        tensor.detach().to("cpu", torch.float32).contiguous().numpy()
        for tensor in (face.colors[..., :3], face.alpha, drawn.colors[..., :3], drawn.alpha)
    )
    behind = np.ascontiguousarray(behind)
    image = behind.copy()
    rows, columns = window_of((face_alpha > 0.0) | (mouth_alpha > 0.0))
    lines = [array.reshape(len(array), -1) for array in (by_face, by_mouth, behind, image)]
    ends = rows.start, rows.stop, columns.start, columns.stop
    _fuse(*lines, face_alpha, mouth_alpha, mouth is not None, ends, cut)
    return image


@kernel
def _fuse(
    face: Floats,
    mouth: Floats,
    behind: Bytes,
    image: Bytes,
    face_alpha: Floats,
    mouth_alpha: Floats,
    has_mouth: bool,
    window: tuple[int, int, int, int],
    cut: bool,
) -> None:
    """Fill a window of the image.

    Args:
        face: [H, 3 W].
        mouth: [H, 3 W].
        behind: [H, 3 W].
        image: [H, 3 W], output.
        face_alpha: [H, W].
        mouth_alpha: [H, W].
        has_mouth: whether there is one.
        window: first row, the one after the last, and so for columns.
        cut: whether values are cut down rather than rounded.
    """
    top, bottom, left, right = window
    # Flat loops over one row each: LLVM turns them into SIMD.
    values = np.uint64(3 * (right - left))
    shares, shares_behind = np.empty(values, np.float32), np.zeros(values, np.float32)
    for y in range(top, bottom):
        for x in range(np.uint64(right - left)):
            by_face = face_alpha[y, x + np.uint64(left)]
            by_mouth = mouth_alpha[y, x + np.uint64(left)] if has_mouth else _ZERO
            for c in range(np.uint64(3)):
                shares[np.uint64(3) * x + c] = by_face
                shares_behind[np.uint64(3) * x + c] = by_mouth
        faces, mouths = face[y, 3 * left : 3 * right], mouth[y, 3 * left : 3 * right]
        below, made = behind[y, 3 * left : 3 * right], image[y, 3 * left : 3 * right]
        for k in range(values):
            by_face, by_mouth = shares[k], shares_behind[k]
            value = np.float32(below[k]) / _MAXIMUM
            value = mouths[k] + (_ONE - by_mouth) * value if by_mouth > _ZERO else value
            value = faces[k] + (_ONE - by_face) * value
            scaled = min(max(value, _ZERO), _ONE) * _MAXIMUM
            scaled = scaled if cut else np.rint(scaled)
            scaled = scaled if by_face + by_mouth > _ZERO else np.float32(below[k])
            made[k] = np.uint8(np.int32(scaled))
