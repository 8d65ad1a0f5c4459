"""Reading files that anybody may have made: regular files of bounded size and depth.

Faults are an `OSError` or a `ValueError`, as with Python's own functions; callers add what the file
should have been.
"""

from __future__ import annotations

import errno
import json
import os
import stat
import threading
import warnings
from pathlib import Path
from typing import Any, BinaryIO

MEBIBYTE = 1 << 20
LARGEST_TEXT = 64 * MEBIBYTE
"""Bytes of a table; a table of an hour of frames has a tenth of this."""

DEEPEST = 64
"""Levels of JSON; files of the suite have ten."""

# Warning filters belong to the process: threads that change them at once may leave them changed.
_ONE_AT_A_TIME = threading.Lock()


def open_file(path: Path) -> BinaryIO:
    """Open a regular file for reading; a pipe, which might block forever, is refused.

    Raises:
        OSError: it cannot be opened, or is something else.
    """
    # Without O_NONBLOCK, opening a pipe waits for whoever writes into it.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    kind = os.fstat(descriptor).st_mode
    if stat.S_ISREG(kind):
        return os.fdopen(descriptor, "rb")
    os.close(descriptor)
    if stat.S_ISDIR(kind):
        raise IsADirectoryError(errno.EISDIR, "is a folder, not a file", str(path))
    raise OSError(errno.EINVAL, "is a pipe or a device, not a file", str(path))


def read_bytes(path: Path, most: int = LARGEST_TEXT) -> bytes:
    """Return what is in a regular file.

    Args:
        path: of the file.
        most: bytes that it may have.

    Raises:
        OSError: it cannot be read, or is not a regular file.
        ValueError: it is larger.
    """
    with open_file(path) as stream:
        # Python would allocate room for `most`, however small the file is.
        content = stream.read(min(os.fstat(stream.fileno()).st_size, most) + 1)
    if len(content) > most:
        size = f"{most >> 20} MB" if most >= MEBIBYTE else f"{most >> 10} kB"
        raise ValueError(f"is larger than the limit of {size}")
    return content


def read_text(path: Path, most: int = LARGEST_TEXT) -> str:
    """Return the text of a regular file in UTF-8, without a byte order mark.

    Raises:
        OSError: it cannot be read, or is not a regular file.
        ValueError: it is larger than `most` bytes, or not UTF-8.
    """
    return read_bytes(path, most).decode("utf-8-sig")


def read_json(path: Path, most: int = LARGEST_TEXT) -> Any:
    """Return what a regular file of JSON says, as `parse_json`.

    Raises:
        OSError: it cannot be read, or is not a regular file.
        ValueError: it is larger than `most` bytes, not JSON, or nested too deeply.
    """
    return parse_json(read_bytes(path, most))


def parse_json(text: str | bytes) -> Any:
    """Return what JSON says.

    Raises:
        ValueError: it is not JSON, or nested too deeply to be traversed.
    """
    try:
        # Editors on Windows put a byte order mark in front.
        value = json.loads(text if isinstance(text, str) else text.decode("utf-8-sig"))
    except RecursionError as error:
        raise ValueError("is nested too deeply") from error
    level, depth = [value], 0
    while level:
        depth += 1
        if depth > DEEPEST:
            raise ValueError("is nested too deeply")
        level = [part for whole in level for part in _parts(whole)]
    return value


def image_head(content: BinaryIO) -> tuple[tuple[int, int], str]:
    """Return the (width, height) and the Pillow mode that an image declares, without decoding it.

    Raises:
        ValueError: it is not an image, or declares an impossible size.
    """
    from PIL import Image

    with _ONE_AT_A_TIME, warnings.catch_warnings():
        # Of sizes that the caller refuses.
        warnings.simplefilter("ignore")
        try:
            with Image.open(content) as image:
                return image.size, image.mode
        except Exception as error:  # Pillow raises errors of many kinds.
            raise ValueError("is not an image, or is truncated") from error


def _parts(whole: Any) -> list[Any]:
    parts = whole.values() if isinstance(whole, dict) else whole if isinstance(whole, list) else ()
    return [part for part in parts if isinstance(part, dict | list)]


def reason(error: Exception) -> str:
    """Return on one line why a file could not be read, without its name."""
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return " ".join(str(text).split())
