"""What the branches train on: crops of the training frames, streamed through a bounded cache."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tgbench.errors import TgbenchError
from tgbench.identities import HAIR, HEAD, INNER_MOUTH, Identity, Intrinsics

from .rasterizer import Camera, available_cores

BEHIND, FACE, HAIRS, MOUTH = 0, 1, 2, 3
"""Labels of a pixel: not of the head, surface of the head, its hair, inside of the mouth."""

_MARGIN = 8
_INNER_LIPS_TOP, _INNER_LIPS_BOTTOM = 62, 66
_LIPS = slice(48, 68)


@dataclass(frozen=True)
class Window:
    """A rectangle of an image in pixels: columns left..right, rows top..bottom, ends excluded."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def rows_columns(self) -> tuple[slice, slice]:
        """What to index an image with."""
        return slice(self.top, self.bottom), slice(self.left, self.right)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        return self.right - self.left, self.bottom - self.top

    def relative_to(self, other: Window) -> Window:
        """Return the same rectangle counted from another's corner."""
        left, top = other.left, other.top
        return Window(self.left - left, self.top - top, self.right - left, self.bottom - top)

    def clipped(self, size: tuple[int, int]) -> Window:
        """Return the part inside an image of a size."""
        return Window(
            min(max(self.left, 0), size[0]),
            min(max(self.top, 0), size[1]),
            min(max(self.right, 0), size[0]),
            min(max(self.bottom, 0), size[1]),
        )

    def resized(self, width: int, height: int, limits: tuple[int, int]) -> Window:
        """Return the window of a given size about the same centre, moved into the image."""
        left = (self.left + self.right - width) // 2
        top = (self.top + self.bottom - height) // 2
        left = min(max(left, 0), limits[0] - width)
        top = min(max(top, 0), limits[1] - height)
        return Window(left, top, left + width, top + height)


@dataclass(frozen=True)
class Crop:
    """A part of a training frame.

    Attributes:
        frame: its index in the identity.
        camera: sees exactly the part.
        image: uint8 RGB [h, w, 3], the truth.
        labels: uint8 [h, w], one of `BEHIND`, `FACE`, `HAIRS`, `MOUTH`.
        window: where it lies in the frame.
    """

    frame: int
    camera: Camera
    image: NDArray[np.uint8]
    labels: NDArray[np.uint8]
    window: Window


def window_camera(
    pose: NDArray[np.floating], lens: Intrinsics, window: Window | None = None
) -> Camera:
    """Return the camera of a pose [4, 4] (to the world, OpenGL axes), of a window or of all.

    The inverse of a rigid motion is written out: NumPy's solver would wake a pool of threads
    that then spin, and take a core from training, for each 4 x 4 matrix.
    """
    axes = np.asarray(pose[:3, :3], np.float64) * (1.0, -1.0, -1.0)
    world_to_camera = np.eye(4)
    world_to_camera[:3, :3] = axes.T
    world_to_camera[:3, 3] = -(axes.T * np.asarray(pose[:3, 3], np.float64)).sum(axis=1)
    window = window or Window(0, 0, lens.width, lens.height)
    return Camera(
        world_to_camera,
        lens.focal,
        lens.focal,
        lens.cx - window.left,
        lens.cy - window.top,
        *window.size,
    )


def label_pixels(
    parsing: NDArray[np.uint8], teeth: NDArray[np.bool_] | None = None
) -> NDArray[np.uint8]:
    """Turn a segmentation in the layout's colours and a teeth mask into labels, uint8 [H, W].

    The inside of the mouth is the union of the two masks (supplement B.2).
    """
    packed = parsing.astype(np.int32) @ np.array([65536, 256, 1], np.int32)
    labels = np.full(packed.shape, BEHIND, np.uint8)
    for colour, label in ((HEAD, FACE), (HAIR, HAIRS), (INNER_MOUTH, MOUTH)):
        labels[packed == (colour[0] << 16 | colour[1] << 8 | colour[2])] = label
    if teeth is not None:
        labels[teeth] = MOUTH
    return labels


class TrainingFrames:
    """The training frames of an identity, cropped to the head.

    A crop is decoded when first asked for and kept as uint8 while the cache has room. Nothing
    is evicted: frames are drawn evenly, so a kept one is worth as much as a new one.
    """

    def __init__(self, identity: Identity, frames: range, cache_bytes: int) -> None:
        """Look through the masks of all training frames once.

        Raises:
            TgbenchError: no frame shows a head.
        """
        self.identity = identity
        self.frames = frames
        self._room = cache_bytes
        self._crops: dict[int, Crop] = {}
        self._behind: dict[int, NDArray[np.uint8]] = {}
        with ThreadPoolExecutor(available_cores()) as pool:
            surveyed = list(pool.map(self._survey, frames))
        heads = [head for head, _, _ in surveyed]
        self.mouth_pixels = np.array([pixels for _, _, pixels in surveyed])
        if not any(heads):
            raise TgbenchError(
                f"{identity.folder}: no training frame has head pixels in parsing/; "
                "prepare the identity again"
            )
        limits = (identity.intrinsics.width, identity.intrinsics.height)
        whole = Window(0, 0, *limits)
        self._head_windows = _same_size([head or whole for head in heads], limits)
        mouths = [
            mouth and mouth.relative_to(window)
            for window, (_, mouth, _) in zip(self._head_windows, surveyed, strict=True)
        ]
        known = [mouth for mouth in mouths if mouth]
        self._mouth_windows = (
            _same_size([mouth or known[0] for mouth in mouths], self._head_windows[0].size)
            if known
            else None
        )

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

    def mouth(self, position: int) -> Crop:
        """Return the part of the `position`-th training frame about the mouth."""
        if self._mouth_windows is None:
            raise ValueError("this identity has no inside-mouth pixels")
        head = self.head(position)
        inside = self._mouth_windows[position]
        window = Window(
            head.window.left + inside.left,
            head.window.top + inside.top,
            head.window.left + inside.right,
            head.window.top + inside.bottom,
        )
        return Crop(
            head.frame,
            self.camera(head.frame, window),
            head.image[inside.rows_columns],
            head.labels[inside.rows_columns],
            window,
        )

    def behind(self, position: int) -> NDArray[np.uint8]:
        """Return torso over plate in the head's window, uint8 RGB [h, w, 3]."""
        kept = self._behind.get(position)
        if kept is None:
            rows_columns = self._head_windows[position].rows_columns
            image = self.identity.torso_over_background(self.frames[position])
            kept = np.ascontiguousarray(image[rows_columns])
            if self._reserve(kept.nbytes):
                self._behind[position] = kept
        return kept

    def lips(self, position: int) -> Window:
        """Return the lips' bounding box in pixels of the whole frame."""
        points = self.identity.landmarks[self.frames[position]][_LIPS]
        left, top = np.floor(points.min(0)).astype(int)
        right, bottom = np.ceil(points.max(0)).astype(int)
        return Window(int(left), int(top), int(right), int(bottom))

    def lips_rays(self) -> tuple[list[Camera], NDArray[np.float32]]:
        """Return the cameras of all whole frames and the middle of the lips in each, [N, 2]."""
        points = self.identity.landmarks[self.frames.start : self.frames.stop, _LIPS]
        lens, poses = self.identity.intrinsics, self.identity.poses
        return [window_camera(poses[frame], lens) for frame in self.frames], points.mean(axis=1)

    def lips_height(self) -> NDArray[np.float32]:
        """Return how far the lips are apart in each training frame, pixels, float32 [N]."""
        points = self.identity.landmarks[self.frames.start : self.frames.stop]
        gap = points[:, _INNER_LIPS_BOTTOM] - points[:, _INNER_LIPS_TOP]
        return np.linalg.norm(gap, axis=1).astype(np.float32)

    def camera(self, frame: int, window: Window) -> Camera:
        """Return the camera of a frame that sees only a window."""
        return window_camera(self.identity.poses[frame], self.identity.intrinsics, window)

    def _labels(self, frame: int) -> NDArray[np.uint8]:
        return label_pixels(self.identity.parsing(frame), self.identity.teeth_mask(frame))

    def _survey(self, frame: int) -> tuple[Window | None, Window | None, int]:
        labels = self._labels(frame)
        mouth = labels == MOUTH
        return _bounds(labels != BEHIND), _bounds(mouth), int(mouth.sum())

    def _read(self, position: int) -> Crop:
        frame, window = self.frames[position], self._head_windows[position]
        return Crop(
            frame,
            self.camera(frame, window),
            np.ascontiguousarray(self.identity.frame(frame)[window.rows_columns]),
            np.ascontiguousarray(self._labels(frame)[window.rows_columns]),
            window,
        )

    def _reserve(self, size: int) -> bool:
        if size > self._room:
            return False
        self._room -= size
        return True


def _bounds(mask: NDArray[np.bool_]) -> Window | None:
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    if len(rows) == 0:
        return None
    return Window(int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1)


def _same_size(windows: Iterable[Window], limits: tuple[int, int]) -> list[Window]:
    """Grow all windows to the largest and a margin, so that a loss weighs pixels alike."""
    windows = list(windows)
    width = max(window.right - window.left for window in windows) + 2 * _MARGIN
    height = max(window.bottom - window.top for window in windows) + 2 * _MARGIN
    width, height = min(width, limits[0]), min(height, limits[1])
    return [window.resized(width, height, limits) for window in windows]
