"""Reading the pictures of any video as upright RGB frames at one steady rate."""

from __future__ import annotations

import logging
import math
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import TgbenchError

Image = NDArray[np.uint8]

_log = logging.getLogger("tgbench")

_TIE = 1e-3
"""Seconds by which a later frame must be nearer to be taken instead of an earlier one.

Containers round timestamps (Matroska to 1 ms); without a margin a track that starts half a frame
late would drop and double frames at the whim of that rounding.
"""

_MAX_THREADS = 8
"""Each decoding thread keeps frames of its own, which counts at 4K."""

_WHOLE = 0.9
"""Share of the announced frames below which a file counts as cut short; headers are not exact."""

_NOT_VIDEO = ("tty", "image2", "ico")
"""Formats in which FFmpeg sees pictures although no one would call the file a video."""


@dataclass(frozen=True)
class VideoInfo:
    """What a video file says about its picture track.

    Attributes:
        width, height: pixels of the frames as delivered: upright, with square pixels.
        fps: average rate of the track itself, before resampling.
        frames: how many frames the track has, None where the file does not say.
        seconds: length of the track, None where the file does not say.
        has_audio: whether there is a sound track too.
        rotation: degrees counter-clockwise by which stored frames are turned to stand upright.
        codec: name of the compression, such as "h264".
        variable_rate: whether frames are unevenly spaced in time, as phones and screen recorders
            write them.
    """

    width: int
    height: int
    fps: float
    frames: int | None
    seconds: float | None
    has_audio: bool
    rotation: int
    codec: str
    variable_rate: bool


class VideoReader:
    """Frames of a video, streamed. Iterating again starts from the beginning.

    Frame k shows what the video shows at k / fps seconds on the clock of the file, which starts
    at 0 with whatever track comes first; so frames and sound read from the same file stay in
    step. Where the picture starts later than the sound, its first frame stands in.

    A file that is cut short or damaged delivers what can be decoded, with a warning: a recording
    that a full disk ended is still worth most of its length.
    """

    def __init__(self, path: Path, fps: float | None = 25.0) -> None:
        """Open a file and look at its first frame.

        Args:
            path: any container and codec that FFmpeg knows.
            fps: frames a second to deliver, each the nearest in time; None for the frames as
                they are stored.

        Raises:
            TgbenchError: no such file, no video, or nothing in it can be decoded.
        """
        self.path = Path(path)
        self.fps = fps
        if not self.path.is_file():
            raise TgbenchError(f"{path}: no such file")
        with _opened(self.path) as container:
            stream = _picture_track(container, self.path)
            first = next(_decoded(container, stream, self.path), None)
            if first is None:
                raise TgbenchError(f"{path}: no frame of it can be decoded; is the file whole?")
            self.info = _describe(container, stream, first)

    @property
    def expected_frames(self) -> int | None:
        """About how many frames iterating will yield, for a progress bar."""
        if self.fps is None or self.info.seconds is None:
            return self.info.frames
        return max(1, round(self.info.seconds * self.fps))

    def __iter__(self) -> Iterator[Image]:
        """Yield frames, uint8 RGB [H, W, 3], contiguous."""
        for frame, times in self._schedule():
            if times:
                image = self._picture(frame)
                for _ in range(times):
                    yield image

    def _schedule(self) -> Iterator[tuple[Any, int]]:
        """Yield each stored frame with how many times it is delivered."""
        with _opened(self.path) as container:
            stream = _picture_track(container, self.path)
            frames = _decoded(container, stream, self.path)
            if self.fps is None:
                yield from ((frame, 1) for frame in frames)
                return
            yield from _resampled(_timed(frames, container, stream, self.info.fps), self.fps)

    def _picture(self, frame: Any) -> Image:
        info = self.info
        turned = info.rotation % 180 != 0
        width, height = (info.height, info.width) if turned else (info.width, info.height)
        image = frame.reformat(width=width, height=height, format="rgb24").to_ndarray()
        return np.ascontiguousarray(np.rot90(image, k=round(info.rotation / 90)))


def _opened(path: Path) -> Any:
    import av

    try:
        return av.open(str(path), metadata_errors="ignore")
    except (av.error.FFmpegError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise TgbenchError(f"{path}: is no video that can be read ({reason})") from error


def _picture_track(container: Any, path: Path) -> Any:
    """Return the first track of moving pictures: cover art in a sound file is none."""
    if container.format.name in _NOT_VIDEO or container.format.name.endswith("_pipe"):
        raise TgbenchError(f"{path}: is no video")
    for stream in container.streams.video:
        if not stream.disposition & stream.disposition.attached_pic:
            # FFmpeg's default is one thread a core.
            stream.codec_context.thread_count = min(os.cpu_count() or 1, _MAX_THREADS)
            stream.thread_type = "AUTO"
            return stream
    raise TgbenchError(f"{path}: has no video track")


def _decoded(container: Any, stream: Any, path: Path) -> Iterator[Any]:
    """Yield what can be decoded; warn once about what cannot."""
    import av

    damaged, delivered = 0, 0
    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets)
            frames = packet.decode()
        except StopIteration:
            break
        except av.error.EOFError:
            break
        except av.error.FFmpegError:
            damaged += 1
            # A demuxer that fails may fail for ever; a damaged packet is followed by good ones.
            if damaged > 100 and damaged > delivered:
                break
            continue
        for frame in frames:
            delivered += 1
            yield frame
    announced = _announced(container, stream)
    if damaged and delivered:
        _log.warning("%s: %d pieces are damaged and were skipped", path, damaged)
    elif announced and delivered < _WHOLE * announced - 2:
        _log.warning("%s: is cut short: %d of about %d frames", path, delivered, announced)


def _announced(container: Any, stream: Any) -> int | None:
    """Return how many frames the file says it has."""
    seconds = _seconds(container, stream)
    rate = stream.average_rate or stream.guessed_rate
    return stream.frames or (round(seconds * float(rate)) if seconds and rate else None)


def _seconds(container: Any, stream: Any) -> float | None:
    if stream.duration:
        return float(stream.duration * stream.time_base)
    return container.duration / 1e6 if container.duration else None


def _timed(
    frames: Iterator[Any], container: Any, stream: Any, fps: float
) -> Iterator[tuple[float, float, Any]]:
    """Yield (start, length, frame) in seconds since the start of the file, always increasing."""
    origin = (container.start_time or 0) / 1e6
    time_base = float(stream.time_base)
    end = -math.inf
    for index, frame in enumerate(frames):
        start = index / fps if frame.pts is None else frame.pts * time_base - origin
        if start <= end:
            continue
        length = frame.duration * time_base if frame.duration else 1.0 / fps
        end = start
        yield start, length, frame


def _resampled(timed: Iterator[tuple[float, float, Any]], fps: float) -> Iterator[tuple[Any, int]]:
    """Give every instant k / fps the frame nearest to it."""
    due = 0
    previous: tuple[float, float, Any] | None = None
    for current in timed:
        if previous is not None:
            border = (previous[0] + current[0]) / 2.0 + _TIE
            until = max(due, math.floor(border * fps) + 1)
            yield previous[2], until - due
            due = until
        previous = current
    if previous is not None:
        end = previous[0] + previous[1]
        until = max(due, math.ceil((end - _TIE) * fps))
        # A clip of one very short frame still shows it once.
        yield previous[2], max(until - due, int(due == 0))


def _describe(container: Any, stream: Any, first: Any) -> VideoInfo:
    aspect = float(stream.sample_aspect_ratio or 1)
    width, height = first.width, first.height
    # Pixels are made square by stretching, never by shrinking, so that nothing is lost.
    if aspect >= 1.0:
        width = round(width * aspect)
    else:
        height = round(height / aspect)
    rotation = round((first.rotation or 0) / 90) * 90
    if rotation % 180:
        width, height = height, width
    average = float(stream.average_rate or stream.guessed_rate or 25)
    base = float(stream.base_rate or average)
    return VideoInfo(
        width=width,
        height=height,
        fps=average,
        frames=_announced(container, stream),
        seconds=_seconds(container, stream),
        has_audio=bool(container.streams.audio),
        rotation=rotation,
        codec=stream.codec_context.name,
        variable_rate=abs(base / average - 1.0) > 0.01,
    )
