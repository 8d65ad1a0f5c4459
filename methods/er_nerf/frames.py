"""Training frames: what is in front of what, and the rectangles of head, face and lips."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tgbench.errors import TgbenchError
from tgbench.identities import Identity
from tgbench.identities.layout import LANDMARKS, TORSO_IMAGE, TRANSFORMS_TRAIN

from ..shared.pixel_labels import BEHIND, label_pixels
from ..shared.window import Window, bounds
from .rays import Pinhole

AROUND, OUTLINE, WITHIN = 0, 1, 2
"""Whether a pixel shows what is around the head, some of both, or the head alone."""

_OUTLINE_WIDTH = 0.02
"""Of the head's outline in a segmentation, as a share of the image's width."""

_EYES, _LIPS = slice(36, 48), slice(48, 60)
LEAST_SQUARE = 32
"""Side in pixels of random squares, and of the least about the lips: LPIPS takes no smaller one."""


@dataclass(frozen=True)
class Frame:
    """One training frame; no rectangle of it is empty.

    Attributes:
        image: uint8 [H, W, 3], the head over what is behind it.
        behind: uint8 [H, W, 3], torso over plate.
        shows: uint8 [H, W], `AROUND`, `OUTLINE` or `WITHIN`.
        camera: that took it.
        head: where the head is, with a margin; the whole image where no head was found.
        face: where the landmarks are.
        eyes: about both eyes, with the lids.
        lips: a square about the lips.
    """

    image: Tensor
    behind: Tensor
    shows: Tensor
    camera: Pinhole
    head: Window
    face: Window
    eyes: Window
    lips: Window


class Frames:
    """The training frames of an identity; decoded ones are kept while the cache has room.

    Attributes:
        identity: whose.
        numbers: of the frames.
        landmarks: of the frames, float32 [N, 68, 2] in pixels.
    """

    def __init__(
        self,
        identity: Identity,
        frames: range,
        scale: float,
        cache_bytes: int,
        device: torch.device,
    ) -> None:
        """Take the frames that train.

        Args:
            identity: whose.
            frames: their numbers.
            scale: units of the field for one of the identity's poses.
            cache_bytes: memory for decoded frames.
            device: where they are wanted.

        Raises:
            TgbenchError: there is none, a picture of the torso is not there, or a landmark is NaN
                or infinite.
        """
        if len(frames) == 0:
            raise TgbenchError(f"{identity.folder / TRANSFORMS_TRAIN}: lists no frame to train on")
        self.identity, self.numbers = identity, frames
        self._scale, self._device = scale, device
        self._room = cache_bytes
        self._kept: dict[int, Frame] = {}
        landmarks = identity.landmarks[frames.start : frames.stop]
        finite = np.isfinite(landmarks).all(axis=(1, 2))
        if not finite.all():
            path = identity.path(LANDMARKS, frames[int(np.argmin(finite))])
            raise TgbenchError(
                f"{path}: a landmark is NaN or infinite; detect the landmarks of the clip again"
            )
        torsos = (identity.path(TORSO_IMAGE, frame) for frame in frames)
        missing = next((path for path in torsos if not path.is_file()), None)
        if missing is not None:
            raise TgbenchError(
                f"{missing}: is not there, and the head is learnt over the torso; prepare the clip "
                "with `tgbench prepare`"
            )
        self.landmarks = landmarks

    def __len__(self) -> int:
        return len(self.numbers)

    def __getitem__(self, position: int) -> Frame:
        kept = self._kept.get(position)
        if kept is None:
            kept = self._read(position)
            size = kept.image.numel() + kept.behind.numel() + kept.shows.numel()
            if size <= self._room:
                self._room -= size
                self._kept[position] = kept
        return kept

    def plate(self) -> Tensor:
        """Return what stands behind head and torso, uint8 [H, W, 3]."""
        return self._placed(self.identity.background)

    def cameras(self, most: int) -> list[Pinhole]:
        """Return the cameras of frames spread evenly over the clip, on the CPU."""
        chosen = np.unique(np.linspace(0, len(self) - 1, min(most, len(self))).astype(int))
        return [self._camera(int(position), torch.device("cpu")) for position in chosen]

    def _camera(self, position: int, device: torch.device) -> Pinhole:
        pose = self.identity.poses[self.numbers[position]]
        return Pinhole.of_pose(pose, self.identity.intrinsics, self._scale, device)

    def _read(self, position: int) -> Frame:
        number, identity = self.numbers[position], self.identity
        labels = label_pixels(identity.parsing(number), identity.teeth_mask(number))
        lens, points = identity.intrinsics, self.landmarks[position]
        size = (lens.width, lens.height)
        face = _around(points).clipped(size)
        lips = _around(points[_LIPS])
        side = min(max(*lips.size, LEAST_SQUARE), *size)
        eyes = _around(points[_EYES])
        head = labels != BEHIND
        wide, high = eyes.size
        return Frame(
            self._placed(identity.frame(number)),
            self._placed(identity.torso_over_background(number)),
            self._placed(_parts(head)),
            self._camera(position, self._device),
            bounds(head) or Window(0, 0, *size),
            face,
            eyes.resized(min(wide, size[0]), min(high + wide // 4, size[1]), size),
            lips.resized(side, side, size),
        )

    def _placed(self, image: NDArray[np.uint8]) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(image)).to(self._device)


def _parts(head: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Return what pixels show, by a mask of the head [H, W]."""
    radius = max(1, round(_OUTLINE_WIDTH * head.shape[1] / 2.0))
    kernel = np.ones((2 * radius + 1, 2 * radius + 1), np.uint8)
    mask = head.astype(np.uint8)
    return np.add(cv2.dilate(mask, kernel), cv2.erode(mask, kernel), dtype=np.uint8)


def _around(points: NDArray[np.float32]) -> Window:
    left, top = np.floor(points.min(axis=0)).astype(int)
    right, bottom = np.ceil(points.max(axis=0)).astype(int) + 1
    return Window(int(left), int(top), int(right), int(bottom))
