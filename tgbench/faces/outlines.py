"""Areas of an image that outlines of the face mesh enclose."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from ..arrays import Mask, Points, window_of
from . import mesh

_SUBPIXEL_BITS = 4
_BESIDE = 0.02
"""How far from the mesh's outline the edge of the face may be, as a share of the side."""

_CLOSED = 1.0
"""Pixels between the lips below which the mouth is closed."""


def face_mask(landmarks: Points, shape: tuple[int, ...]) -> Mask:
    """Return the inside of the face's outline, bool [H, W].

    Args:
        landmarks: mesh points [478, 2 or 3], pixels.
        shape: of the image: height, width.
    """
    return filled(landmarks[list(mesh.OVAL), :2], shape)


def face_core(landmarks: Points, shape: tuple[int, ...]) -> Mask:
    """Return what is the face, wherever beside the mesh's outline its edge may be, bool [H, W]."""
    outline = face_mask(landmarks, shape)
    core = np.zeros_like(outline)
    window = window_of(outline, 1)
    core[window] = cv2.erode(outline[window].view(np.uint8), _edge_brush(shape)).view(np.bool_)
    return core if core.any() else outline


def beside(face: Mask) -> Mask:
    """Return a face and as much around it as its edge may be beside the mesh's, bool [H, W]."""
    near = np.zeros_like(face)
    brush = _edge_brush(face.shape)
    window = window_of(face, len(brush))
    near[window] = cv2.dilate(face[window].view(np.uint8), brush).view(np.bool_)
    return near


def face_within(landmarks: Points, jaw: Points, shape: tuple[int, ...]) -> Mask:
    """Return the inside of the face's outline with a jaw [P, 2] of its own, bool [H, W].

    Args:
        landmarks: mesh points [478, 2 or 3], pixels.
        jaw: from the person's left ear over the chin to the right one, pixels.
        shape: of the image: height, width.
    """
    last = mesh.OVAL.index(mesh.JAW[-1])
    before, after = mesh.OVAL[: mesh.OVAL.index(mesh.JAW[0]) + 1], mesh.OVAL[last:]
    outline = [landmarks[list(before), :2], jaw, landmarks[list(after), :2]]
    return filled(np.concatenate(outline), shape)


def inner_mouth_mask(landmarks: Points, shape: tuple[int, ...]) -> Mask:
    """Return the opening between the lips, bool [H, W]; empty where they are closed."""
    if np.linalg.norm(landmarks[13, :2] - landmarks[14, :2]) < _CLOSED:
        return np.zeros(shape[:2], np.bool_)
    return filled(landmarks[list(mesh.INNER_LIPS), :2], shape)


def above_ears(landmarks: Points, shape: tuple[int, ...]) -> Mask:
    """Return what lies above the line through both ear lobes, bool [H, W]."""
    left, right = landmarks[361, :2], landmarks[132, :2]
    along = left - right
    far, up = 20.0 * along, 20.0 * np.array([along[1], -along[0]])
    corners = [left + far, right - far, right - far + up, left + far + up]
    return filled(np.array(corners), shape)


def above_jaw(landmarks: Points, shape: tuple[int, ...]) -> Mask:
    """Return what lies above the mesh's jaw or above the line through both ear lobes."""
    return above_ears(landmarks, shape) | face_mask(landmarks, shape)


def filled(outline: Points, shape: tuple[int, ...]) -> Mask:
    """Return the inside of a polygon [N, 2] in pixels (centres at +0.5), bool [H, W]."""
    # OpenCV has pixel centres at whole numbers.
    fixed = np.round((np.asarray(outline, np.float64) - 0.5) * 2**_SUBPIXEL_BITS)
    inside = np.zeros(shape[:2], np.uint8)
    points = np.clip(fixed, -1e6, 1e6).astype(np.int32)
    cv2.fillPoly(inside, [points], (1.0,), shift=_SUBPIXEL_BITS)
    return inside > 0


def _edge_brush(shape: tuple[int, ...]) -> NDArray[np.uint8]:
    reach = 2 * max(1, round(_BESIDE * shape[0])) + 1
    return np.ones((reach, reach), np.uint8)
