"""Opening the files of pictures and sound that FFmpeg reads."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from .errors import TgbenchError
from .files import require_file

if TYPE_CHECKING:
    from av.container import InputContainer

_PLAYLISTS = frozenset({"concat", "hls", "hls,applehttp", "dash", "imf"})
"""Formats of text that names other files, which then are read in place of it."""


REMEDY = (
    "if a player plays it, convert it with ffmpeg; else it is damaged or cut short: copy or record "
    "it again"
)
"""What to do about a file that FFmpeg's libraries cannot read."""


def open_media(path: Path, fault: str, wanted: str) -> InputContainer:
    """Open a media file, which may come from anyone.

    Args:
        path: of the file.
        fault: what to say of a file that cannot be opened, such as "is no video".
        wanted: what to give in place of what is no file, such as "give a video".

    Raises:
        TgbenchError: no such file, no media file, or one that stands for others.
    """
    import av

    require_file(path, wanted)
    if path.stat().st_size == 0:
        raise TgbenchError(f"{path}: is empty; copy or record it again")
    try:
        # Texts in a file may be of any encoding; none of them matters here.
        container = av.open(str(path), metadata_errors="ignore")
    except (av.error.FFmpegError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise TgbenchError(f"{path}: {fault} ({reason}); {REMEDY}") from error
    if container.format.name in _PLAYLISTS:
        container.close()
        raise TgbenchError(f"{path}: is a list of other files; give one of those")
    return container
