"""Smaller copies of videos, for pages that would be too large."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

from tgbench.errors import TgbenchError
from tgbench.files import atomic_path
from tgbench.media import open_media
from tgbench.media.tracks import find_tracks
from tgbench.video.writer import KEYFRAME_SECONDS

RATE_FACTOR = 24
"""Of x264: a sixth of what runs write, with lips and lids still sharp."""

_OPTIONS = {"crf": str(RATE_FACTOR), "preset": "veryfast"}


def write_preview(source: Path, path: Path) -> None:
    """Write a video again, smaller: the same frames at the same times, and the same sound.

    Args:
        source: of the video.
        path: of the file to make, `.mp4`.

    Raises:
        TgbenchError: the video cannot be decoded.
        OSError: there is no room for the copy.
    """
    import av

    try:
        with (
            atomic_path(path) as temporary,
            open_media(source, "cannot be decoded", "give a video") as given,
        ):
            options = {"movflags": "use_metadata_tags+faststart"}
            with av.open(str(temporary), "w", options=options) as made:
                _encode_again(given, made)
    except (av.error.FFmpegError, TgbenchError) as error:
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise OSError(error.errno, os.strerror(error.errno), str(path)) from error
        raise TgbenchError(f"{source.name} cannot be decoded ({error})") from error


def _encode_again(given: Any, made: Any) -> None:
    from av.video.frame import PictureType

    made.metadata.update(given.metadata)
    pictures = find_tracks(given).picture
    if pictures is None:
        raise TgbenchError("it has no pictures")
    rate = pictures.average_rate
    coded = made.add_stream("libx264", rate=rate, options=_OPTIONS)
    coded.width, coded.height, coded.pix_fmt = pictures.width, pictures.height, "yuv420p"
    coded.gop_size = max(1, round(KEYFRAME_SECONDS * rate))
    coded.time_base = pictures.time_base
    written, read = coded.codec_context, pictures.codec_context
    written.color_range, written.colorspace = read.color_range, read.colorspace
    written.color_primaries, written.color_trc = read.color_primaries, read.color_trc
    sounds = {stream: made.add_stream_from_template(stream) for stream in given.streams.audio}
    for packet in given.demux(pictures, *sounds):
        if packet.stream in sounds:
            if packet.dts is not None:
                packet.stream = sounds[packet.stream]
                made.mux(packet)
            continue
        for frame in packet.decode():
            # As the encoder likes, not as the frame was stored.
            frame.pict_type = PictureType.NONE
            made.mux(coded.encode(frame))
    made.mux(coded.encode(None))
