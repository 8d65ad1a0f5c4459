"""Reading, resizing and compositing images, for several stages."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ..arrays import Image
from ..errors import TgbenchError


def read_rgb(path: Path) -> Image:
    """Return an image that an earlier stage wrote, uint8 RGB [H, W, 3].

    Raises:
        TgbenchError: it is gone or damaged.
    """
    return np.asarray(cv2.cvtColor(_read(path, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB), np.uint8)


def read_grey(path: Path) -> Image:
    """Return an image that an earlier stage wrote, uint8 [H, W].

    Raises:
        TgbenchError: it is gone or damaged.
    """
    return _read(path, cv2.IMREAD_GRAYSCALE)


def _read(path: Path, how: int) -> Image:
    image = cv2.imread(str(path), how)
    if image is None:
        raise TgbenchError(f"{path}: is gone or damaged; delete the folder and prepare it again")
    return np.asarray(image, np.uint8)


def resized(image: Image, side: int) -> Image:
    """Return a square image or mask at another size: averaged when smaller, cubic when larger."""
    if image.shape[0] == side:
        return image
    how = cv2.INTER_AREA if image.shape[0] > side else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(image, (side, side), interpolation=how), np.uint8)


def over(image: Image, alpha: NDArray[np.uint8], behind: Image) -> Image:
    """Return `image` over `behind`, uint8 RGB; `alpha` uint8 [H, W] is the share of `image`."""
    mixed = cv2.copyTo(image, (alpha == 255).view(np.uint8), behind.copy())
    partly = np.flatnonzero((alpha > 0) & (alpha < 255))
    share = alpha.ravel()[partly][:, None].astype(np.uint16)
    front, back = (each.reshape(-1, 3).take(partly, axis=0) for each in (image, behind))
    mixed.reshape(-1, 3)[partly] = (front * share + back * (255 - share) + 127) // 255
    return np.asarray(mixed, np.uint8)


def spread(count: int, most: int) -> list[int]:
    """Return up to `most` frames, evenly spread over `count`."""
    frames: list[int] = np.unique(np.linspace(0, count - 1, most).round().astype(int)).tolist()
    return frames
