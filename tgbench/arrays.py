"""The kinds of arrays that the suite passes around, and `.npy` files mapped into memory."""

from __future__ import annotations

import math
import tempfile
import threading
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

IN_MEMORY = 64 << 20
"""Bytes up to which temporary arrays are in memory; larger ones are in a temporary file."""

Image = NDArray[np.uint8]
"""Pixels, uint8 [H, W, 3] in RGB unless a function says otherwise."""

Mask = NDArray[np.bool_]
"""Marked pixels or frames, bool [H, W] or [N]."""

Points = NDArray[np.floating]
"""Points in pixels (x, y) or in space, floating [N, 2] or [N, 3]."""

# NumPy has Python parse a file's head, and before 3.13 two threads that parse may disturb each
# other: SystemError, "AST constructor recursion depth mismatch" (CPython 106905).
_PARSING = threading.Lock()


def pixels_of(image: Image, *colours: tuple[int, int, int]) -> Mask:
    """Return where an image has exactly one of some colours, bool [H, W]."""
    import cv2

    # As one number a pixel, colours are compared in a quarter of the time of `inRange`.
    pixels = np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2RGBA)).view(np.uint32)[..., 0]
    wanted = np.array([[*colour, 255] for colour in colours], np.uint8).view(np.uint32)[:, 0]
    found = pixels == wanted[0]
    for other in wanted[1:]:
        found |= pixels == other
    return found


def over(image: Image, alpha: NDArray[np.uint8], behind: Image) -> Image:
    """Return `image` over `behind`, uint8 RGB; `alpha` uint8 [H, W] is the share of `image`."""
    import cv2

    mixed = np.asarray(cv2.copyTo(image, (alpha == 255).view(np.uint8), behind.copy()), np.uint8)
    # Few pixels are mixed.
    partly = np.flatnonzero((alpha > 0) & (alpha < 255))
    share = alpha.ravel()[partly][:, None].astype(np.uint16)
    front, back = (each.reshape(-1, 3).take(partly, axis=0) for each in (image, behind))
    mixed.reshape(-1, 3)[partly] = (front * share + back * (255 - share) + 127) // 255
    return mixed


def window_of(mask: Mask, margin: int = 0) -> tuple[slice, slice]:
    """Return the rows and columns of what is marked in [H, W], and a margin around them.

    Where nothing is marked it is the first pixel that they hold: OpenCV wants no empty images.
    """
    import cv2

    left, top, width, height = cv2.boundingRect(mask.view(np.uint8))
    rows, columns = (
        slice(max(start - margin, 0), min(start + max(length, 1) + margin, count))
        for start, length, count in zip((top, left), (height, width), mask.shape, strict=True)
    )
    return rows, columns


def map_array(path: Path) -> NDArray:
    """Return the array of a `.npy` file, whose values are read when they are used.

    Raises:
        OSError: it cannot be read.
        ValueError: it is no such file, or was cut short.
    """
    try:
        with _PARSING:
            array = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, MemoryError):
        raise
    except Exception as error:  # NumPy raises anything on a damaged head.
        raise ValueError((str(error) or type(error).__name__).splitlines()[0]) from error
    if not isinstance(array, np.ndarray):
        raise ValueError("is an archive of arrays, not one array")
    return array


def scratch(shape: tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
    """Return an array to fill, of unset values.

    A large one lies in a temporary file that is gone when the array is, so that the system may
    write it out where memory is scarce.

    Raises:
        OSError: the temporary folder is full.
    """
    if math.prod(shape) * np.dtype(dtype).itemsize <= IN_MEMORY:
        return np.empty(shape, dtype)
    with tempfile.TemporaryFile() as file:
        return np.memmap(file, dtype, "w+", shape=shape).view(np.ndarray)
