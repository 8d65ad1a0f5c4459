"""Reading a crop's file as the original's ffmpeg commands read it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import TgbenchError, Unavailable
from ...media import REMEDY, open_media
from ...media.clock import read_beginning, read_clock
from ...media.tracks import find_tracks
from ...video.reader import VideoReader
from . import FPS
from .jpeg import SIZE

_RATE_TOLERANCE = 1e-3
_FORMATS = ("yuv420p", "yuvj420p")
_FULL_RANGE = 2
"""FFmpeg's number for planes whose black is 0."""

_IN_STEP = "async=1:min_hard_comp=0.1:first_pts=0"
"""What `-async 1` stands for: sound that starts late gets silence in front."""

_AS_READ = "sample_fmts=s16:sample_rates=16000:channel_layouts=mono"


def crop_planes(path: Path) -> Iterator[tuple[NDArray[np.uint8], bool]]:
    """Yield every frame as it is stored, yuv420p [336, 224], and whether it is of full range.

    Where the picture starts later than the file, its first frame stands in, as in ffmpeg.

    Raises:
        TgbenchError: the file is no crop: not 224 x 224, not 25 frames a second at even
            distances, not 4:2:0 in 8 bits, or it cannot be decoded.
    """
    reader = VideoReader(path, FPS)
    if abs(reader.info.fps - FPS) > _RATE_TOLERANCE * FPS:
        raise TgbenchError(
            f"{path}: has {reader.info.fps:g} frames a second, and SyncNet takes {FPS}; "
            f"ffmpeg -i {path.name} -r {FPS} resampled.mp4"
        )
    for count, (frame, times) in enumerate(reader.decoded()):
        _require_crop(path, frame)
        if count and times != 1:
            raise TgbenchError(
                f"{path}: its frames are unevenly spaced from frame {count} on; "
                f"ffmpeg -i {path.name} -r {FPS} resampled.mp4"
            )
        full_range = frame.format.name == "yuvj420p" or frame.color_range == _FULL_RANGE
        planes = frame.to_ndarray()
        for _ in range(times):
            yield planes, full_range


def crop_sound(path: Path) -> NDArray[np.int16]:
    """Return a file's sound as int16 [T], mono at 16 kHz.

    Raises:
        Unavailable: there is no sound in it.
        TgbenchError: it cannot be decoded.
    """
    import av

    with _opened(path) as container:
        tracks = find_tracks(container)
        clock = read_clock(read_beginning(container, tracks), tracks, container.format.name, path)
    with _opened(path) as container:
        stream = find_tracks(container).sound
        if stream is None:
            raise Unavailable(f"{path}: has no sound track; give the sound as a file of its own")
        graph: Any = av.filter.Graph()
        source, sink = graph.add_abuffer(template=stream), graph.add("abuffersink")
        chain = [source, graph.add("aresample", _IN_STEP), graph.add("aformat", _AS_READ), sink]
        for before, after in itertools.pairwise(chain):
            before.link_to(after)
        graph.configure()
        parts: list[NDArray[np.int16]] = []
        for frame in container.decode(stream):
            if frame.pts is not None:
                frame.pts -= round(clock.sound_zero / frame.time_base)
            graph.push(frame)
            parts.extend(_ready(graph))
        graph.push(None)
        parts.extend(_ready(graph))
    return np.concatenate(parts) if parts else np.empty(0, np.int16)


def _ready(graph: Any) -> Iterator[NDArray[np.int16]]:
    """Yield what has come through so far."""
    import av

    while True:
        try:
            yield graph.pull().to_ndarray().ravel()
        except (av.error.BlockingIOError, av.error.EOFError):
            return


def _require_crop(path: Path, frame: Any) -> None:
    if (frame.width, frame.height) != (SIZE, SIZE):
        raise TgbenchError(
            f"{path}: is {frame.width} x {frame.height}, not a crop of {SIZE} x {SIZE} pixels; "
            "tgbench score makes crops of whole videos itself"
        )
    if frame.format.name not in _FORMATS:
        raise TgbenchError(
            f"{path}: is stored as {frame.format.name}, and the original's crops are yuv420p; "
            f"ffmpeg -i {path.name} -pix_fmt yuv420p converted.mp4"
        )


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    import av

    try:
        with open_media(path, "cannot be read", "give a crop's video or its sound") as container:
            yield container
    except av.error.FFmpegError as error:
        raise TgbenchError(f"{path}: cannot be read ({error.strerror}); {REMEDY}") from error
