"""Reading and resizing images, for several stages."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from ..arrays import Image
from ..errors import TgbenchError
from ..identities.image_files import decoded
from ..inputs import read_bytes, reason

_REMEDY = "delete the folder and prepare it again"


def read_rgb(path: Path, side: int) -> Image:
    """Return a square image that an earlier stage wrote, uint8 RGB [side, side, 3].

    Raises:
        TgbenchError: it is gone, damaged or of another size.
    """
    return _read(path, side, cv2.IMREAD_COLOR)


def read_grey(path: Path, side: int) -> Image:
    """Return a square image that an earlier stage wrote, uint8 [side, side].

    Raises:
        TgbenchError: it is gone, damaged or of another size.
    """
    return _read(path, side, cv2.IMREAD_GRAYSCALE)


def _read(path: Path, side: int, how: int) -> Image:
    try:
        image = decoded(read_bytes(path), how)
    except (OSError, ValueError) as error:
        raise TgbenchError(f"{path}: cannot be read ({reason(error)}); {_REMEDY}") from error
    if image is None:
        raise TgbenchError(f"{path}: is not an image, or is truncated; {_REMEDY}")
    if image.shape[:2] != (side, side):
        height, width = image.shape[:2]
        raise TgbenchError(f"{path}: is {width}x{height}, not {side}x{side}; {_REMEDY}")
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
