"""Putting the branches together (equation 9)."""

from __future__ import annotations

from torch import Tensor

from .rasterizer import Rasterization


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
