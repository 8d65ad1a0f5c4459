"""Segmentation of a person into head, hair, neck, torso and mouth, in the layout's colours.

The mesh tells where the face and the inner lips are, the picture where the edge of the jaw is. Of
the rest of the person, what is above the ear lobes is hair (or ears, which move with it), and what
is below is told apart by place and colour. What does not hang together with neck and clothes, but
lies beside the head, belongs to the head.
"""

from __future__ import annotations

from collections.abc import Iterable

import cv2
import numpy as np
from numpy.typing import NDArray

from ..arrays import Image, Mask, Points, window_of
from ..compiled import njit
from ..identities.layout import HAIR, HEAD, INNER_MOUTH, NECK, TORSO, WHITE
from .jawline import JawLine
from .mask_cleanup import connected_to, remove_slivers
from .neck_parsing import BelowJaw, Sample
from .outlines import (
    above_ears,
    above_jaw,
    beside,
    face_core,
    face_mask,
    face_within,
    inner_mouth_mask,
)

_TEETH_LIGHTNESS, _TEETH_CHROMA = 0.62, 24.0
"""Teeth are at least this share as light as the face's skin, and this near to grey, in Lab."""

_RIM = 4
"""Pixels around the mouth that are looked at with it."""

_WHITE, _HAIR, _TORSO, _NECK, _HEAD, _INNER_MOUTH = range(6)
_COLOURS = np.array((WHITE, HAIR, TORSO, NECK, HEAD, INNER_MOUTH), np.uint8)

_LEARNED_SIDE = 256
"""Pixels: the longer side of frames from which colours are learned."""

_SOLID = 128
"""How much of a pixel, of 255, must be the person for it to count as such."""


class Parser:
    """Parses the frames of a clip, with models fitted to some of them."""

    def __init__(
        self, frames: Iterable[tuple[Image, NDArray[np.uint8], NDArray[np.floating]]]
    ) -> None:
        """Learn the person's colours and jaw.

        Args:
            frames: image, person mask and landmarks (see `parse`) of a few dozen frames across
                the clip.
        """
        frames = list(frames)
        self.jaw = JawLine((image, landmarks) for image, _, landmarks in frames)
        samples = [_sample(*_shrunk(*frame)) for frame in frames]
        self._below = BelowJaw(samples)
        self._skin_lightness = float(np.median([_lightness(sample) for sample in samples]))

    def parse(
        self,
        image: Image,
        person: NDArray[np.uint8],
        landmarks: NDArray[np.floating],
        jaw: Points | None = None,
    ) -> Image:
        """Return the segmentation, uint8 RGB [H, W, 3], in the layout's colours.

        Args:
            image: uint8 RGB [H, W, 3].
            person: how much of each pixel is the person, uint8 [H, W].
            landmarks: mesh points [478, 2 or 3], pixels.
            jaw: its edge, as `jaw.outlines` yields it for the frames of a clip. Found in this frame
                alone if not given.
        """
        shape = image.shape[:2]
        if jaw is None:
            (jaw,) = self.jaw.outlines([(image, landmarks)])
        core = face_core(landmarks, shape)
        solid = (person > _SOLID) | core
        face = face_within(landmarks, jaw, shape) & solid
        above = above_ears(landmarks, shape) & solid & ~face
        locks, neck = self._below.parts(image, landmarks, solid & ~above & ~face)
        # Hair grows above: dark spots under a chin are its shadow.
        hair = connected_to(above | locks, above)
        head = connected_to(face | hair, core)
        body = remove_slivers(solid & ~head, head)
        mouth = inner_mouth_mask(landmarks, shape)
        return _coloured(solid, mouth, face, beside(face), hair, body, neck, _COLOURS)

    def teeth_mask(self, image: Image, landmarks: NDArray[np.floating]) -> Mask:
        """Return where teeth show, bool [H, W]: bright, hardly coloured, between the lips."""
        mouth = inner_mouth_mask(landmarks, image.shape[:2])
        teeth = np.zeros(mouth.shape, np.bool_)
        # With a rim, so that opening sees what surrounds the mouth.
        rows, columns = window_of(mouth, _RIM)
        mouth = mouth[rows, columns]
        lab = cv2.cvtColor(image[rows, columns], cv2.COLOR_RGB2LAB).astype(np.float32)
        chroma = np.hypot(lab[..., 1] - 128.0, lab[..., 2] - 128.0)
        bright = lab[..., 0] > _TEETH_LIGHTNESS * self._skin_lightness
        seen = (mouth & bright & (chroma < _TEETH_CHROMA)).astype(np.uint8)
        opened = cv2.morphologyEx(seen, cv2.MORPH_OPEN, np.ones((2, 2), np.uint8))
        teeth[rows, columns] = opened > 0
        return teeth


@njit(cache=True, nogil=True)
def _coloured(
    solid: Mask,
    mouth: Mask,
    face: Mask,
    beside_face: Mask,
    hair: Mask,
    body: Mask,
    neck: Mask,
    colours: NDArray[np.uint8],
) -> Image:
    """Return the segmentation of masks [H, W] that overlap, uint8 RGB [H, W, 3].

    The colours [6, 3] are given: what is compiled would keep those of another file for good.
    """
    height, width = solid.shape
    image = np.empty((height, width, 3), np.uint8)
    for y in range(height):
        for x in range(width):
            part = _WHITE
            if mouth[y, x]:
                part = _INNER_MOUTH
            elif face[y, x]:
                part = _HEAD
            elif body[y, x]:
                part = _NECK if neck[y, x] else _TORSO
            elif solid[y, x]:
                # What is left beside the face is its edge.
                part = _HEAD if beside_face[y, x] and not hair[y, x] else _HAIR
            for c in range(3):
                image[y, x, c] = colours[part, c]
    return image


def _shrunk(
    image: Image, person: NDArray[np.uint8], landmarks: NDArray[np.floating]
) -> tuple[Image, NDArray[np.uint8], NDArray[np.floating]]:
    """Return a frame no larger than is needed to learn colours."""
    share = _LEARNED_SIDE / max(person.shape)
    if share >= 1.0:
        return image, person, landmarks
    image, person = (
        np.asarray(
            cv2.resize(each, None, fx=share, fy=share, interpolation=cv2.INTER_AREA), np.uint8
        )
        for each in (image, person)
    )
    return image, person, landmarks * share


def _sample(image: Image, person: NDArray[np.uint8], landmarks: NDArray[np.floating]) -> Sample:
    shape = image.shape[:2]
    face, above = face_mask(landmarks, shape), above_jaw(landmarks, shape)
    solid = person > _SOLID
    reach = max(3, shape[0] // 28) | 1
    brush = np.ones((reach, reach), np.uint8)
    near = cv2.dilate(face.astype(np.uint8), brush) > 0
    inner = cv2.erode(face.astype(np.uint8), brush) > 0
    # Below the eyes ears stand beside the face, which are skin.
    top = np.arange(shape[0])[:, None] < landmarks[[33, 263], 1].mean()
    lower = np.arange(shape[0])[:, None] > landmarks[[117, 346], 1].mean()
    return Sample(
        image, landmarks, solid & above & ~near & top, inner & lower, solid & ~above & ~face
    )


def _lightness(sample: Sample) -> float:
    lab = cv2.cvtColor(sample.image, cv2.COLOR_RGB2LAB)[..., 0]
    return float(np.median(lab[sample.skin])) if sample.skin.any() else 128.0
