"""Faces cut out of frames, masked for the network, and pasted back."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import torch
from torch import Tensor

from tgbench.arrays import Image

from .faces import Box
from .generator import FACE_SIDE


def cropped(frame: Image, box: Box) -> Image:
    """Return the face of a frame, uint8 RGB [96, 96, 3]."""
    left, top, right, bottom = box
    return cv2.resize(frame[top:bottom, left:right], (FACE_SIDE, FACE_SIDE)).astype(np.uint8)


def network_input(faces: Sequence[Image], references: Sequence[Image]) -> Tensor:
    """Return what the network sees, float32 [B, 6, 96, 96] in 0 to 1, blue first.

    Args:
        faces: uint8 RGB [96, 96, 3] each; their lower half is blanked.
        references: faces whose lower half is seen, one for each.
    """
    seen = np.concatenate([np.stack(faces), np.stack(references)])[..., ::-1]
    seen[: len(faces), FACE_SIDE // 2 :] = 0
    planes = torch.from_numpy(seen.astype(np.float32) / 255.0).permute(0, 3, 1, 2)
    return torch.cat((planes[: len(faces)], planes[len(faces) :]), dim=1)


def images(made: Tensor) -> Image:
    """Return the network's faces [B, 3, 96, 96] as uint8 RGB [B, 96, 96, 3].

    Fractions of a level are dropped, as in the original program.
    """
    levels = (made.permute(0, 2, 3, 1) * 255.0).to(torch.uint8).cpu().numpy()
    return np.ascontiguousarray(levels[..., ::-1])


def pasted(frame: Image, face: Image, box: Box) -> Image:
    """Return a frame with a face [96, 96, 3] in place of what was in a box; the rest is equal."""
    left, top, right, bottom = box
    result = frame.copy()
    result[top:bottom, left:right] = cv2.resize(face, (right - left, bottom - top))
    return result
