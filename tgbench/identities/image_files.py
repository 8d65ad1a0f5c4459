"""Image files of an identity: damaged and oversized ones are refused."""

from __future__ import annotations

import io
import os
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ..errors import TgbenchError
from ..inputs import image_head, open_file, read_bytes, reason
from .png import decode_png

_TAIL = 1024
"""Bytes in which the end mark of an image is looked for."""

_ENDS = {".jpg": b"\xff\xd9", ".png": b"IEND\xaeB`\x82"}

_MOST_PIXELS = 1 << 26
"""Of an image, 8192 x 8192: a file of a few bytes may claim to be any size."""


def decode_image(path: Path, flag: int) -> NDArray[np.uint8]:
    """Return a whole image, uint8 [H, W], RGB [H, W, 3] or RGBA [H, W, 4].

    Args:
        path: of the file.
        flag: one of OpenCV's `IMREAD_...`.

    Raises:
        TgbenchError: it cannot be read, is no image, is cut short, or claims to be huge.
    """
    try:
        content = read_bytes(path)
        (width, height), _ = image_head(io.BytesIO(content))
    except OSError as error:
        raise TgbenchError(f"{path}: cannot be read ({reason(error)})") from error
    except ValueError as error:
        raise TgbenchError(f"{path}: {error}; prepare the identity again") from error
    if width * height > _MOST_PIXELS:
        raise TgbenchError(f"{path}: is {width}x{height}, too large; prepare the identity again")
    whole = _ends_whole(path, content[-_TAIL:])
    image = decoded(content, flag) if whole else None
    if image is None:
        raise TgbenchError(f"{path}: is not an image, or is truncated; prepare the identity again")
    return image


def decoded(content: bytes, flag: int) -> NDArray[np.uint8] | None:
    """Decode a file's content as `decode_image` does; None if it is no image.

    OpenCV decodes what `decode_png` does not. From bytes: its `imread` prints to the terminal.
    """
    if not content:
        return None
    image = decode_png(content)
    if image is not None and _has_channels(image, flag):
        return image
    other = cv2.imdecode(np.frombuffer(content, np.uint8), flag)
    if other is None:
        return None
    return _red_first(other.astype(np.uint8, copy=False))


def _has_channels(image: NDArray[np.uint8], flag: int) -> bool:
    """Say whether an image is what one of OpenCV's flags asks for."""
    channels = image.shape[2] if image.ndim == 3 else 1
    wanted = {cv2.IMREAD_GRAYSCALE: (1,), cv2.IMREAD_COLOR: (3,), cv2.IMREAD_UNCHANGED: (1, 3, 4)}
    return channels in wanted.get(flag, ())


def _red_first(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    if image.ndim == 2:
        return image
    how = cv2.COLOR_BGRA2RGBA if image.shape[2] == 4 else cv2.COLOR_BGR2RGB
    return np.asarray(cv2.cvtColor(image, how), np.uint8)


def look_at_image(path: Path) -> tuple[tuple[int, int], str, bool]:
    """Return (width, height), Pillow's mode, and whether the file ends as its format says.

    Raises:
        OSError: it cannot be read.
        ValueError: it is no image.
    """
    with open_file(path) as stream:
        size, mode = image_head(stream)
        stream.seek(-min(_TAIL, os.fstat(stream.fileno()).st_size), os.SEEK_END)
        return size, mode, _ends_whole(path, stream.read())


def _ends_whole(path: Path, tail: bytes) -> bool:
    # Decoders fill up what was cut off.
    return _ENDS.get(path.suffix, b"") in tail
