"""Image files of an identity: damaged and oversized ones are refused, PNG is written fast."""

from __future__ import annotations

import io
import os
import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
from isal import isal_zlib
from numpy.typing import NDArray

from ..errors import TgbenchError
from ..inputs import image_head, open_file, read_bytes, reason

_TAIL = 1024
"""Bytes in which the end mark of an image is looked for."""

_ENDS = {".jpg": b"\xff\xd9", ".png": b"IEND\xaeB`\x82"}

_PNG_UP = 2
"""PNG's number of the filter that takes the row above away."""

_PNG_COLOURS = {1: 0, 3: 2, 4: 6}
"""PNG's colour types by the number of channels."""

_MOST_PIXELS = 1 << 26
"""Of an image, 8192 x 8192: a file of a few bytes may claim to be any size."""


def decode_image(path: Path, flag: int) -> NDArray[np.uint8]:
    """Return a whole image as OpenCV decodes it, uint8 [H, W] or [H, W, C], blue first.

    Decoded from bytes: `imread` prints to the terminal instead of raising.

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
    image = cv2.imdecode(np.frombuffer(content, np.uint8), flag) if whole else None
    if image is None:
        raise TgbenchError(f"{path}: is not an image, or is truncated; prepare the identity again")
    return image.astype(np.uint8, copy=False)


def encode_png(image: NDArray[np.uint8]) -> bytes:
    """Return an image as a PNG file.

    Each row is stored as its difference from the one above, packed by ISA-L. On maps and cut-outs
    that takes a tenth of the time of OpenCV, which tries five filters a row and packs with zlib.

    Args:
        image: uint8 [H, W], RGB [H, W, 3] or RGBA [H, W, 4].
    """
    height, width = image.shape[:2]
    flat = image.reshape(height, -1)
    rows = np.empty((height, flat.shape[1] + 1), np.uint8)
    rows[:, 0] = _PNG_UP
    rows[0, 1:] = flat[0]
    np.subtract(flat[1:], flat[:-1], out=rows[1:, 1:])
    channels = 1 if image.ndim == 2 else image.shape[2]
    head = struct.pack(">IIBBBBB", width, height, 8, _PNG_COLOURS[channels], 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        _png_chunk(name, content)
        for name, content in (
            (b"IHDR", head),
            (b"IDAT", isal_zlib.compress(rows.data, 1)),
            (b"IEND", b""),
        )
    )


def _png_chunk(name: bytes, content: bytes) -> bytes:
    check = zlib.crc32(content, zlib.crc32(name))
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", check)


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
