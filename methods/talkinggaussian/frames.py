"""Crops of the training frames, read through a bounded cache."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tgbench.errors import TgbenchError
from tgbench.identities import Identity
from tgbench.identities.layout import LANDMARKS, TRANSFORMS_TRAIN
from tgbench.machine import cores

from ..shared.crop_window import window_camera
from ..shared.pixel_labels import BEHIND, FACE, INSIDE, label_pixels
from ..shared.rasterizer import Camera
from ..shared.window import Window, bounds, enclosing, same_size
from .config import BranchName

_INNER_LIPS_TOP, _INNER_LIPS_BOTTOM = 62, 66
_LIPS = slice(48, 68)
_OUTER_LIPS = slice(48, 60)


@dataclass(frozen=True)
class Crop:
    """A part of a training frame.

    Attributes:
        frame: its index in the identity.
        camera: sees exactly the part.
        image: uint8 RGB [h, w, 3], the truth; on the device that trains.
        labels: uint8 [h, w], the labels above; on the same device.
        window: its place in the frame.
    """

    frame: int
    camera: Camera
    image: Tensor
    labels: Tensor
    window: Window


@dataclass(frozen=True)
class _Survey:
    """Where the regions lie in a frame, None where they do not show."""

    head: Window | None
    skin: Window | None
    mouth: Window | None
    mouth_pixels: int


class TrainingFrames:
    """The training frames of an identity, cropped to the head.

    A crop is decoded when first asked for and kept as uint8 while the cache has room. Nothing
    is evicted: frames are drawn evenly, so a kept one is worth as much as a new one.
    """

    def __init__(
        self,
        identity: Identity,
        frames: range,
        cache_bytes: int,
        device: torch.device | str = "cpu",
        whole_lips: bool = False,
    ) -> None:
        """Read the masks of all training frames once.

        Args:
            identity: whose frames.
            frames: those that train.
            cache_bytes: memory for decoded crops, of the device.
            device: where crops are wanted.
            whole_lips: whether crops of the mouth hold all of the square about the lips.

        Raises:
            TgbenchError: there is no frame, none shows a head, or a landmark is NaN or infinite.
        """
        if len(frames) == 0:
            raise TgbenchError(f"{identity.folder / TRANSFORMS_TRAIN}: lists no frame to train on")
        self.identity = identity
        self.frames = frames
        self._device = device
        self._room = cache_bytes
        self._crops: dict[int, Crop] = {}
        self._behind: dict[int, Tensor] = {}
        with ThreadPoolExecutor(cores()) as pool:
            surveyed = list(pool.map(self._survey, frames))
        heads = [seen.head for seen in surveyed]
        self.mouth_pixels = np.array([seen.mouth_pixels for seen in surveyed])
        if not any(heads):
            raise TgbenchError(
                f"{identity.folder}: no training frame has head pixels in parsing/; "
                "prepare the identity again"
            )
        self._check_landmarks()
        limits = (identity.intrinsics.width, identity.intrinsics.height)
        whole = Window(0, 0, *limits)
        self._head_windows = same_size([head or whole for head in heads], limits)
        self._skin_windows = self._inside_head([seen.skin for seen in surveyed])
        mouths = [seen.mouth for seen in surveyed]
        if whole_lips:
            mouths = [enclosing(mouth, self.lips(i)) for i, mouth in enumerate(mouths)]
        self._mouth_windows = self._inside_head(mouths)

    def __len__(self) -> int:
        return len(self.frames)

    def head(self, position: int) -> Crop:
        """Return the part of the `position`-th training frame that shows the head."""
        crop = self._crops.get(position)
        if crop is None:
            crop = self._read(position)
            if self._reserve(crop.image.nbytes + crop.labels.nbytes):
                self._crops[position] = crop
        return crop

    def skin(self, position: int) -> Crop:
        """Return the part of the `position`-th training frame that shows the head without hair."""
        return self._part(position, self._skin_windows)

    def mouth(self, position: int) -> Crop:
        """Return the part of the `position`-th training frame about the inside of the mouth."""
        return self._part(position, self._mouth_windows)

    def view(self, position: int, branch: BranchName) -> tuple[Camera, Window]:
        """Return the camera of a whole frame, and the window that a branch is trained in."""
        window = self._head_windows[position]
        if branch == "mouth":
            window = self._mouth_windows[position].within(window)
        identity = self.identity
        camera = window_camera(identity.poses[self.frames[position]], identity.intrinsics)
        return camera, window

    def behind(self, position: int) -> Tensor:
        """Return torso over plate in the head's window, uint8 RGB [h, w, 3]."""
        kept = self._behind.get(position)
        if kept is None:
            rows_columns = self._head_windows[position].rows_columns
            image = self.identity.torso_over_background(self.frames[position])
            kept = self._placed(image[rows_columns])
            if self._reserve(kept.nbytes):
                self._behind[position] = kept
        return kept

    def lips(self, position: int) -> Window:
        """Return the square about the outer lips, in pixels of the whole frame."""
        points = self.identity.landmarks[self.frames[position]][_OUTER_LIPS]
        left, top = np.floor(points.min(0)).astype(int)
        right, bottom = np.ceil(points.max(0)).astype(int)
        lens = self.identity.intrinsics
        side = min(int(max(right - left, bottom - top)), lens.width, lens.height)
        box = Window(int(left), int(top), int(right), int(bottom))
        return box.resized(side, side, (lens.width, lens.height))

    def lips_rays(self) -> tuple[list[Camera], NDArray[np.float32]]:
        """Return the cameras of all whole frames and the middle of the lips in each, [N, 2]."""
        points = self.identity.landmarks[self.frames.start : self.frames.stop, _LIPS]
        lens, poses = self.identity.intrinsics, self.identity.poses
        return [window_camera(poses[frame], lens) for frame in self.frames], points.mean(axis=1)

    def lips_height(self) -> NDArray[np.float32]:
        """Return the gap between the inner lips in each training frame, pixels, float32 [N]."""
        points = self.identity.landmarks[self.frames.start : self.frames.stop]
        gap = points[:, _INNER_LIPS_BOTTOM] - points[:, _INNER_LIPS_TOP]
        return np.linalg.norm(gap, axis=1).astype(np.float32)

    def _check_landmarks(self) -> None:
        inside = self.identity.landmarks[self.frames.start : self.frames.stop]
        finite = np.isfinite(inside).all(axis=(1, 2))
        if not finite.all():
            path = self.identity.path(LANDMARKS, self.frames[int(np.argmin(finite))])
            raise TgbenchError(
                f"{path}: a landmark is NaN or infinite; detect the landmarks of the clip again"
            )

    def _labels(self, frame: int) -> NDArray[np.uint8]:
        return label_pixels(self.identity.parsing(frame), self.identity.teeth_mask(frame))

    def _survey(self, frame: int) -> _Survey:
        labels = self._labels(frame)
        mouth = np.isin(labels, INSIDE)
        skin = mouth | (labels == FACE)
        return _Survey(bounds(labels != BEHIND), bounds(skin), bounds(mouth), int(mouth.sum()))

    def _inside_head(self, windows: list[Window | None]) -> list[Window]:
        """Return windows of one size, counted from the corners of the heads' windows."""
        heads = self._head_windows
        local = [w and w.relative_to(head) for w, head in zip(windows, heads, strict=True)]
        # A frame without the region gets a window where the others have theirs.
        fallback = next((window for window in local if window), Window(0, 0, *heads[0].size))
        return same_size([window or fallback for window in local], heads[0].size)

    def _part(self, position: int, windows: list[Window]) -> Crop:
        head, inside = self.head(position), windows[position]
        window = inside.within(head.window)
        return Crop(
            head.frame,
            self._camera(head.frame, window),
            head.image[inside.rows_columns],
            head.labels[inside.rows_columns],
            window,
        )

    def _read(self, position: int) -> Crop:
        frame, window = self.frames[position], self._head_windows[position]
        return Crop(
            frame,
            self._camera(frame, window),
            self._placed(self.identity.frame(frame)[window.rows_columns]),
            self._placed(self._labels(frame)[window.rows_columns]),
            window,
        )

    def _placed(self, array: NDArray[np.uint8]) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(array)).to(self._device)

    def _camera(self, frame: int, window: Window) -> Camera:
        return window_camera(self.identity.poses[frame], self.identity.intrinsics, window)

    def _reserve(self, size: int) -> bool:
        if size > self._room:
            return False
        self._room -= size
        return True
