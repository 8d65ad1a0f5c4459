"""Training frames: crops of the head, its mask, and where the lower face begins."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tgbench.driving.cameras import directions
from tgbench.errors import TgbenchError
from tgbench.identities import Identity
from tgbench.identities.layout import LANDMARKS, TRANSFORMS_TRAIN
from tgbench.machine import cores
from tgbench.metrics.landmark_geometry import below_nose

from ..shared.crop_window import window_camera
from ..shared.pixel_labels import BEHIND, label_pixels
from ..shared.rasterizer import Camera
from ..shared.window import Window, bounds, same_size

LEAST_FRAMES = 3
"""Fewer have no spread of expressions to learn from."""

MOST_ASIDE = 45.0
"""Degrees of yaw beyond which half of the landmarks that place the head are guesses."""


@dataclass(frozen=True)
class Crop:
    """The head in a training frame.

    Attributes:
        camera: sees exactly the crop.
        image: uint8 RGB [h, w, 3], the truth.
        head: bool [h, w], where it is the head.
        lower: bool [h, w], below the nose, along the axis of the face.
        landmarks: float32 [68, 2], pixels of the crop.
    """

    camera: Camera
    image: Tensor
    head: Tensor
    lower: Tensor
    landmarks: Tensor


def check_frames(identity: Identity, frames: range) -> None:
    """Refuse frames that a prior cannot be inverted over.

    Args:
        identity: whose.
        frames: those that train.

    Raises:
        TgbenchError: there are too few, or none is near frontal.
    """
    path = identity.folder / TRANSFORMS_TRAIN
    if len(frames) < LEAST_FRAMES:
        raise TgbenchError(
            f"{path}: {len(frames)} frames to train on, too few to invert the head prior over; "
            f"give a clip with at least {LEAST_FRAMES}"
        )
    aside = float(np.abs(directions(identity.poses[frames.start : frames.stop])[:, 0]).min())
    if aside > MOST_ASIDE:
        raise TgbenchError(
            f"{path}: the face is never frontal: every training frame shows it turned by "
            f"at least {aside:.0f} degrees; give a clip with frames within {MOST_ASIDE:.0f} degrees"
        )


class HeadFrames:
    """The training frames of an identity, cropped to the head; kept while the cache has room."""

    def __init__(
        self, identity: Identity, frames: range, cache_bytes: int, device: torch.device
    ) -> None:
        """Find the head in all training frames.

        Args:
            identity: whose.
            frames: those that train.
            cache_bytes: memory for decoded crops.
            device: where crops are wanted.

        Raises:
            TgbenchError: there are too few frames, none shows a head or is near frontal, or a
                landmark is NaN or infinite.
        """
        check_frames(identity, frames)
        self.identity, self.frames = identity, frames
        self._device, self._room = device, cache_bytes
        self._kept: dict[int, Crop] = {}
        self.landmarks = identity.landmarks[frames.start : frames.stop]
        finite = np.isfinite(self.landmarks).all(axis=(1, 2))
        if not finite.all():
            path = identity.path(LANDMARKS, frames[int(np.argmin(finite))])
            raise TgbenchError(
                f"{path}: a landmark is NaN or infinite; detect the landmarks of the clip again"
            )
        with ThreadPoolExecutor(cores()) as pool:
            heads = list(pool.map(lambda frame: bounds(self._head(frame)), frames))
        if not any(heads):
            raise TgbenchError(
                f"{identity.folder}: no training frame has head pixels in parsing/; "
                "prepare the identity again"
            )
        limits = (identity.intrinsics.width, identity.intrinsics.height)
        whole = Window(0, 0, *limits)
        self._windows = same_size([head or whole for head in heads], limits)

    def __len__(self) -> int:
        return len(self.frames)

    def __getitem__(self, position: int) -> Crop:
        kept = self._kept.get(position)
        if kept is None:
            kept = self._read(position)
            size = kept.image.nbytes + kept.head.nbytes + kept.lower.nbytes
            if size <= self._room:
                self._room -= size
                self._kept[position] = kept
        return kept

    def camera(self, position: int) -> Camera:
        """Return the camera of a whole training frame."""
        return window_camera(self.identity.poses[self.frames[position]], self.identity.intrinsics)

    def _read(self, position: int) -> Crop:
        frame, window = self.frames[position], self._windows[position]
        identity, inside = self.identity, window.rows_columns
        points = self.landmarks[position] - np.array([window.left, window.top])
        return Crop(
            window_camera(identity.poses[frame], identity.intrinsics, window),
            self._placed(identity.frame(frame)[inside]),
            self._placed(self._head(frame)[inside]),
            self._placed(below_nose(points, window.size[::-1])),
            self._placed(points.astype(np.float32)),
        )

    def _head(self, frame: int) -> NDArray[np.bool_]:
        identity = self.identity
        head: NDArray[np.bool_] = (
            label_pixels(identity.parsing(frame), identity.teeth_mask(frame)) != BEHIND
        )
        return head

    def _placed(self, array: NDArray) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(array)).to(self._device)
