"""Opening the files of pictures and sound that FFmpeg reads."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from .errors import TgbenchError

if TYPE_CHECKING:
    from av.container import InputContainer

_PLAYLISTS = frozenset({"concat", "hls", "hls,applehttp", "dash", "imf"})
"""Formats of text that names other files, which then are read in place of it."""


def open_media(path: Path, fault: str) -> InputContainer:
    """Open a media file, which may come from anyone.

    Args:
        path: of the file.
        fault: what to say of a file that cannot be opened, such as "is no video".

    Raises:
        TgbenchError: no such file, no media file, or one that stands for others.
    """
    import av

    if not path.is_file():
        raise TgbenchError(f"{path}: no such file")
    try:
        # Texts in a file may be of any encoding; none of them matters here.
        container = av.open(str(path), metadata_errors="ignore")
    except (av.error.FFmpegError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise TgbenchError(f"{path}: {fault} ({reason})") from error
    if container.format.name in _PLAYLISTS:
        container.close()
        raise TgbenchError(f"{path}: is a list of other files; give one of those")
    return container
