"""What a video file says about its pictures."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from ..errors import TgbenchError
from ..media.clock import Clock
from ..media.timestamps import nominal_rate
from ..media.tracks import Tracks
from .colours import check_colours, colour_notes
from .label import NOTE
from .orientation import orientation_of

_UNEVEN = 0.01
"""Share by which the shortest distance of frames may differ from the average one."""

_MOST_STRETCHED = 8

_CLOCK_TIME = re.compile(r"(\d+):(\d+):(\d+(?:\.\d+)?)")


@dataclass(frozen=True)
class VideoInfo:
    """What a video file says about its picture track.

    Attributes:
        width, height: pixels of the frames as shown: upright, with square pixels.
        fps: average rate of the track itself, before resampling.
        frames: how many frames the track has, None where the file does not say.
        seconds: length of the track, None where the file does not say.
        has_audio: whether there is a sound track too.
        rotation: degrees counter-clockwise by which stored frames are turned to stand upright.
        codec: name of the compression, such as "h264".
        variable_rate: whether frames are unevenly spaced in time, as phones and screen recorders
            write them.
        start: seconds on the clock of the file at which the picture starts, 0 unless the sound
            comes first.
        pixel_format: FFmpeg's name of how pixels are stored, such as "yuv420p".
        labelled: whether the file says that it has the suite's visible label in its frames.
        mirrored: whether stored frames are mirrored left to right after they are turned.
        stored_width, stored_height: pixels of the upright frames as they are stored.
        notes: what was chosen about the file in reading it, in words.
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
    mirrored: bool = False
    stored_width: int = 0
    stored_height: int = 0
    notes: tuple[str, ...] = ()

    @property
    def stretched(self) -> bool:
        """Whether frames are shown in another shape than they are stored."""
        return (self.width, self.height) != (self.stored_width, self.stored_height)


def describe(container: Any, tracks: Tracks, first: Any, clock: Clock, path: Path) -> VideoInfo:
    """Return what there is to know of a video from its header and first frame.

    Raises:
        TgbenchError: its pictures cannot become RGB of 8 bits as they are meant to look.
    """
    stream = tracks.picture
    assert stream is not None
    check_colours(first, path)
    aspect = _pixel_aspect(stream, path)
    width, height = first.width, first.height
    # Pixels are made square by stretching, never by shrinking, so that nothing is lost.
    shown = (round(width * aspect), height) if aspect >= 1 else (width, round(height / aspect))
    orientation = orientation_of(first)
    stored = (width, height)
    if orientation.transposed:
        shown, stored = shown[::-1], stored[::-1]
    rate = nominal_rate(stream)
    base = Fraction(stream.base_rate or rate)
    uneven = base / min(Fraction(stream.average_rate or base), base) - 1 > _UNEVEN
    return VideoInfo(
        width=shown[0],
        height=shown[1],
        fps=float(rate),
        frames=announced_frames(container, stream),
        seconds=track_seconds(container, stream),
        has_audio=tracks.sound is not None,
        rotation=orientation.degrees,
        codec=stream.codec_context.name,
        variable_rate=uneven,
        start=float(clock.picture_from),
        pixel_format=first.format.name,
        labelled=NOTE in container.metadata.get("comment", ""),
        mirrored=orientation.mirrored,
        stored_width=stored[0],
        stored_height=stored[1],
        notes=(*tracks.picture_notes, *colour_notes(first)),
    )


def announced_frames(container: Any, stream: Any) -> int | None:
    """Return how many frames the file says it has."""
    seconds = track_seconds(container, stream)
    by_length = round(seconds * nominal_rate(stream)) if seconds else None
    # Headers of AVI may count fields.
    counted = None if container.format.name == "avi" else stream.frames
    return counted or by_length


def track_seconds(container: Any, stream: Any) -> float | None:
    """Return how long the file says that a track is, None where it does not."""
    if stream.duration:
        return float(stream.duration * stream.time_base)
    # Where Matroska says it of a track, which may end before the sound does.
    told = _CLOCK_TIME.fullmatch(stream.metadata.get("DURATION", ""))
    if told:
        hours, minutes, seconds = (float(part) for part in told.groups())
        return hours * 3600 + minutes * 60 + seconds
    return container.duration / 1e6 if container.duration else None


def _pixel_aspect(stream: Any, path: Path) -> Fraction:
    aspect = Fraction(stream.sample_aspect_ratio or 1)
    if not Fraction(1, _MOST_STRETCHED) <= aspect <= _MOST_STRETCHED:
        raise TgbenchError(
            f"{path}: has an implausible pixel aspect ratio of "
            f"{aspect.numerator}:{aspect.denominator}; write it again with "
            "`ffmpeg -i ... -vf setsar=1 ...`"
        )
    return aspect
