"""Reading and resizing images, for several stages."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from ..arrays import Image
from ..errors import TgbenchError
from ..identities.image_files import decoded


def read_rgb(path: Path) -> Image:
    """Return an image that an earlier stage wrote, uint8 RGB [H, W, 3].

    Raises:
        TgbenchError: it is gone or damaged.
    """
    return _read(path, cv2.IMREAD_COLOR)


def read_grey(path: Path) -> Image:
    """Return an image that an earlier stage wrote, uint8 [H, W].

    Raises:
        TgbenchError: it is gone or damaged.
    """
    return _read(path, cv2.IMREAD_GRAYSCALE)


def _read(path: Path, how: int) -> Image:
    image = decoded(path.read_bytes(), how) if path.is_file() else None
    if image is None:
        raise TgbenchError(f"{path}: is gone or damaged; delete the folder and prepare it again")
    return image


def resized(image: Image, side: int) -> Image:
    """Return a square image or mask at another size: averaged when smaller, cubic when larger."""
    if image.shape[0] == side:
        return image
    how = cv2.INTER_AREA if image.shape[0] > side else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(image, (side, side), interpolation=how), np.uint8)


def spread(count: int, most: int) -> list[int]:
    """Return up to `most` frames, evenly spread over `count`."""
    frames: list[int] = np.unique(np.linspace(0, count - 1, most).round().astype(int)).tolist()
    return frames
