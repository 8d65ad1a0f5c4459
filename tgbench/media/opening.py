"""Opening the files of pictures and sound that FFmpeg reads."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import TgbenchError
from ..files import require_file

if TYPE_CHECKING:
    from av.container import InputContainer

_FORMATS = (
    "aac,ac3,aiff,amr,ape,apng,asf,au,av1,avi,caf,dts,dv,eac3,flac,flv,gif,h261,h263,h264,hevc,"
    "ivf,m4v,matroska,mjpeg,mov,mp3,mpeg,mpegts,mpegvideo,mxf,nut,obu,ogg,rm,tta,vc1,voc,vvc,w64,"
    "wav,wtv,wv,yuv4mpegpipe"
)
"""FFmpeg's demuxers of files that hold their content themselves.

Others read further files or addresses that the file names, devices, or take any text for a picture.
"""

_PROTOCOLS = "file"

_LISTS = (b"ffconcat", b"#EXTM3U", b"<?xml", b"<MPD", b"[playlist]", b"v=0")
"""How files begin that name other files, which FFmpeg would read in their place."""

REMEDY = (
    "if a player plays it, convert it with ffmpeg; otherwise it is damaged or truncated: copy or "
    "record it again"
)
"""What to do about a file that FFmpeg's libraries cannot read."""


def open_media(path: Path, fault: str, wanted: str) -> InputContainer:
    """Open a media file, which may come from anyone; nothing but this file is read.

    Args:
        path: of the file.
        fault: what a message says of a file that cannot be opened: "cannot be read as a video".
        wanted: what to give instead, such as "give a video".

    Raises:
        TgbenchError: no such file, no media file, or one that stands for others.
    """
    import av

    require_file(path, wanted)
    with path.open("rb") as stream:
        head = stream.read(64).lstrip(b"\xef\xbb\xbf \t\r\n")
    if not head:
        raise TgbenchError(f"{path}: is empty; copy or record it again")
    if head.startswith(_LISTS):
        raise TgbenchError(f"{path}: is a list of other files; give one of those")
    options = {"protocol_whitelist": _PROTOCOLS, "format_whitelist": _FORMATS}
    try:
        # Texts in a file may be of any encoding; none of them matters here.
        return av.open(f"file:{path}", options=options, metadata_errors="ignore")
    except av.error.ArgumentError as error:
        raise TgbenchError(
            f"{path}: {fault}: it is an image, a text or another kind of file; {wanted}"
        ) from error
    except (av.error.FFmpegError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise TgbenchError(f"{path}: {fault} ({reason}); {REMEDY}") from error
