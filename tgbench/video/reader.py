"""Reading the pictures of any video as upright RGB frames at one steady rate."""

from __future__ import annotations

import logging
import math
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import TgbenchError
from ..media import REMEDY, open_media
from .label import NOTE

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


_FAULT = "is no video that can be read"
_WANTED = "give a video, or a folder of images"


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
        start: seconds on the clock of the file at which the picture starts, 0 unless another
            track comes first.
        pixel_format: FFmpeg's name of how pixels are stored, such as "yuv420p".
        labelled: whether the file says that it has the suite's visible label in its frames.
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
    start: float = 0.0
    pixel_format: str = ""
    labelled: bool = False


@dataclass(frozen=True)
class Survey:
    """What a file holds, by what is written about its pieces.

    Attributes:
        frames: how many iterating would yield if every piece were one frame; a few codecs hide
            pieces that are never shown.
        gaps: how many frames are missing among those stored, by the clock of the file.
    """

    frames: int
    gaps: int


class VideoReader:
    """Frames of a video, streamed. Iterating again starts from the beginning.

    Frame k shows what the video shows at k / fps seconds on the clock of the file, which starts
    at 0 with whatever track comes first; so frames and sound read from the same file stay in
    step. Where the picture starts later than the sound, its first frame stands in.

    A file that is cut short or damaged delivers what can be decoded, with a warning: a recording
    that a full disk ended is still worth most of its length.

    Attributes:
        damage: what was found wrong with the file the last time that it was read to its end.
        gaps: how many frames were missing then among those as they are stored, by the clock of
            the file; whatever follows them comes that much too early.
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
        self.damage = ""
        self.gaps = 0
        with open_media(self.path, _FAULT, _WANTED) as container:
            stream = _picture_track(container, self.path)
            first = next(self._decoded(container, stream), None)
            if first is None:
                raise TgbenchError(f"{path}: no frame of it can be decoded; {REMEDY}")
            self.info = _describe(container, stream, first)

    @property
    def expected_frames(self) -> int | None:
        """About how many frames iterating will yield, for a progress bar."""
        if self.fps is None or self.info.seconds is None:
            return self.info.frames
        return max(1, round(self.info.seconds * self.fps))

    def survey(self) -> Survey:
        """Look through the file without decoding it: what iterating would find in a sound one."""
        with open_media(self.path, _FAULT, _WANTED) as container:
            stream = _picture_track(container, self.path)
            pieces = list(_pieces(container, stream))
            pieces.sort(key=lambda piece: -math.inf if piece.pts is None else piece.pts)
            placed = _with_missing(pieces, float(stream.time_base), self.info.fps)
            gaps = sum(missing for _, missing in placed)
            if self.fps is None:
                return Survey(len(pieces), gaps)
            timed = _timed(iter(pieces), container, stream, self.info.fps)
            return Survey(sum(times for _, times in _resampled(timed, self.fps)), gaps)

    def __iter__(self) -> Iterator[Image]:
        """Yield frames, uint8 RGB [H, W, 3], contiguous."""
        for frame, times in self._schedule():
            if times:
                image = self._picture(frame)
                for _ in range(times):
                    yield image

    def _schedule(self) -> Iterator[tuple[Any, int]]:
        """Yield each stored frame with how many times it is delivered."""
        with open_media(self.path, _FAULT, _WANTED) as container:
            stream = _picture_track(container, self.path)
            frames = self._decoded(container, stream)
            if self.fps is None:
                yield from self._stored(frames, float(stream.time_base))
                return
            yield from _resampled(_timed(frames, container, stream, self.info.fps), self.fps)

    def _stored(self, frames: Iterator[Any], time_base: float) -> Iterator[tuple[Any, int]]:
        """Yield every frame once, and count those that are missing in between."""
        self.gaps = 0
        for frame, missing in _with_missing(frames, time_base, self.info.fps):
            self.gaps += missing
            yield frame, 1

    def _decoded(self, container: Any, stream: Any) -> Iterator[Any]:
        """Yield what can be decoded; warn once about what cannot."""
        import av

        damaged, delivered = 0, 0
        reached = 0.0
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
                reached = frame.time or reached
                yield frame
        whole = _seconds(container, stream)
        # Where frames are unevenly spaced there are fewer of them, but they reach the end.
        at_end = whole is not None and reached >= _WHOLE * whole
        self._judge(damaged, delivered, None if at_end else _announced(container, stream))

    def _judge(self, damaged: int, delivered: int, announced: int | None) -> None:
        told = []
        if damaged and delivered:
            told.append(f"{damaged} pieces are damaged and were skipped")
        if announced and 0 < delivered < _WHOLE * announced - 2:
            told.append(f"is cut short: {delivered} of about {announced} frames")
        self.damage = "; ".join(told)
        if self.damage:
            _log.warning("%s: %s", self.path, self.damage)

    def _picture(self, frame: Any) -> Image:
        info = self.info
        turned = info.rotation % 180 != 0
        width, height = (info.height, info.width) if turned else (info.width, info.height)
        image = frame.reformat(width=width, height=height, format="rgb24").to_ndarray()
        return np.ascontiguousarray(np.rot90(image, k=round(info.rotation / 90)))


def _picture_track(container: Any, path: Path) -> Any:
    """Return the first track of moving pictures: cover art in a sound file is none."""
    if container.format.name in _NOT_VIDEO or container.format.name.endswith("_pipe"):
        raise TgbenchError(f"{path}: is no video but a picture or a text; {_WANTED}")
    for stream in container.streams.video:
        if not stream.disposition & stream.disposition.attached_pic:
            # FFmpeg's default is one thread a core.
            stream.codec_context.thread_count = min(os.cpu_count() or 1, _MAX_THREADS)
            stream.thread_type = "AUTO"
            return stream
    has = "sound only" if container.streams.audio else "no track of pictures, or was cut short"
    raise TgbenchError(f"{path}: has {has}; {_WANTED}")


@dataclass(frozen=True)
class _Piece:
    """A compressed frame: when it is shown, and for how long."""

    pts: int | None
    duration: int | None


def _pieces(container: Any, stream: Any) -> Iterator[_Piece]:
    """Yield what a file holds of a track; a damaged end is the end."""
    import av

    try:
        for packet in container.demux(stream):
            if packet.size and not packet.is_discard:
                yield _Piece(packet.pts, packet.duration)
    except av.error.FFmpegError:
        return


def _with_missing(frames: Iterable[Any], time_base: float, fps: float) -> Iterator[tuple[Any, int]]:
    """Yield each frame or piece, in order, with how many are missing just before it."""
    last: float | None = None
    for frame in frames:
        now = None if frame.pts is None else frame.pts * time_base
        missing = 0
        if now is not None and last is not None:
            missing = max(round((now - last) * fps) - 1, 0)
        yield frame, missing
        last = now


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
    origin = (container.start_time or 0) / 1e6
    start = 0.0 if first.time is None else max(first.time - origin, 0.0)
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
        start=start,
        pixel_format=first.format.name,
        labelled=NOTE in container.metadata.get("comment", ""),
    )
