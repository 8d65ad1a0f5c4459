"""Reading the pictures of any video as upright RGB frames, stored or at one steady rate."""

from __future__ import annotations

import copy
import itertools
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import Any

from ..errors import TgbenchError
from ..machine import cores
from ..media import REMEDY, open_media
from ..media.clock import read_beginning, read_clock
from ..media.packets import MOST_DAMAGED, packets
from ..media.timestamps import Stamps
from ..media.tracks import Tracks, find_tracks
from .colours import check_colours
from .info import announced_frames, describe, track_seconds
from .orientation import orientation_of
from .resampling import resampled
from .rgb_conversion import Deinterlacer, Image, RgbConverter

_log = logging.getLogger("tgbench")

_MAX_THREADS = 8
"""Each decoding thread keeps frames of its own, which counts at 4K."""

_WHOLE = 0.9
"""Share of the announced frames below which a file counts as cut short; headers are not exact."""

_FAULT = "cannot be read as a video"
_WANTED = "give a video, or a folder of images"

_Timed = Iterator[tuple[Fraction, Fraction, Any]]


@dataclass(frozen=True)
class Survey:
    """What a file holds, by the headers of its packets.

    Attributes:
        frames: how many iterating would yield if every packet were one frame; a few codecs have
            packets that are never shown.
        gaps: how many frames are missing among those stored, by the clock of the file.
        seconds: from the start of the first to the end of the last.
    """

    frames: int
    gaps: int
    seconds: float


class VideoReader:
    """Frames of a video, streamed. Iterating again starts from the beginning.

    Frame k shows what the video shows at k / fps seconds on the clock of the file, which starts
    at 0 with what a player shows or plays first; so frames and sound read from the same file stay
    in step, whatever container holds them. Where the picture starts later than the sound, its
    first frame stands in.

    A file that is cut short or damaged delivers what can be decoded, with a warning: a recording
    that a full disk ended is still worth most of its length.

    Attributes:
        info: what the file says.
        damage: what was found wrong with the file the last time that it was read to its end.
        gaps: how many frames were missing then among those as they are stored, by the clock of
            the file; whatever follows them comes that much too early.
        interlaced: how many frames were then two half pictures of different instants, as far as
            the file says so.
        dropped, repeated: how many frames were then left out, and how many delivered once more, to
            keep to `fps`.
    """

    def __init__(
        self,
        path: Path,
        fps: float | None = 25.0,
        *,
        square: bool = True,
        deinterlace: bool = False,
        full_range: bool | None = None,
    ) -> None:
        """Open a file and look at its first frame.

        Args:
            path: any container and codec that FFmpeg knows.
            fps: frames a second to deliver, each what is shown then; None for the frames as they
                are stored.
            square: whether pixels that are shown wider or higher than they are stored are made
                square.
            deinterlace: whether to make whole pictures of interlaced ones.
            full_range: whether pixels go from 0 to 255, or from 16 to 235, whatever the file says
                of it; None: as it says.

        Raises:
            TgbenchError: no such file, no video, or nothing in it can be decoded as it is meant.
        """
        self.path = Path(path)
        self.fps = fps
        self.square = square
        self.deinterlace = deinterlace
        self.full_range = full_range
        self.damage = ""
        self._damaged, self._short = 0, False
        self.gaps = 0
        self.interlaced = 0
        self.dropped = self.repeated = 0
        with self._opened() as (container, tracks):
            start = read_beginning(container, tracks)
            if start.picture is None:
                raise TgbenchError(f"{path}: no frame can be decoded; {REMEDY}")
            self.clock = read_clock(start, tracks, container.format.name, self.path)
            self.info = describe(container, tracks, start.picture, self.clock, self.path)
            # Asked of every frame, side data would keep the frames until the garbage collector.
            self._orientation = orientation_of(start.picture)
            self.interlaced = int(start.picture.interlaced_frame)

    def read_at(self, fps: float | None, *, square: bool = True) -> VideoReader:
        """Return a reader of the same file at another rate, and of shown or stored pixels."""
        other = copy.copy(self)
        other.fps, other.square = fps, square
        return other

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) of the frames as delivered, in pixels."""
        info = self.info
        return (info.width, info.height) if self.square else (info.stored_width, info.stored_height)

    @property
    def expected_frames(self) -> int | None:
        """About how many frames iterating will yield, for a progress bar."""
        if self.fps is None or self.info.seconds is None:
            return self.info.frames
        return max(1, round(self.info.seconds * self.fps))

    @property
    def notes(self) -> list[str]:
        """What was chosen in reading the video to its end, and what counts as error for it."""
        info = self.info
        notes = list(info.notes)
        if info.stretched:
            chosen = "the displayed shape was" if self.square else "the stored pixels were"
            notes.append(
                f"is stored as {info.stored_width}x{info.stored_height} and displayed as "
                f"{info.width}x{info.height}; {chosen} used"
            )
        if self.interlaced and self.deinterlace:
            notes.append(f"{self.interlaced} interlaced frames were deinterlaced (bwdif)")
        elif self.interlaced:
            notes.append(
                f"{self.interlaced} frames are interlaced, and combing in motion counts as error; "
                "use --deinterlace"
            )
        return notes

    def survey(self) -> Survey:
        """Look through the file without decoding it: what iterating would find in a sound one.

        Raises:
            TgbenchError: its clock cannot be that of a clip.
        """
        timed = [(self._since_zero(time), length, None) for time, length in self._pieces]
        gaps = sum(
            self._missing(earlier[0], later[0]) for earlier, later in itertools.pairwise(timed)
        )
        frames = len(timed)
        if self.fps is not None:
            frames = sum(times for _, times in self._delivered(iter(timed)))
        seconds = timed[-1][0] + timed[-1][1] - timed[0][0] if timed else 0
        return Survey(frames, gaps, float(seconds))

    @cached_property
    def _pieces(self) -> list[tuple[Fraction, Fraction]]:
        """When each stored frame begins, and how long it is shown, by its packet."""
        with self._opened() as (container, tracks):
            stamps = Stamps(container, tracks.picture)
            return stamps.of_packets(_until_damage(packets(container, tracks, tracks.picture)))

    def __iter__(self) -> Iterator[Image]:
        """Yield frames, uint8 RGB [H, W, 3], contiguous.

        Raises:
            TgbenchError: its clock cannot be that of a clip, or its colours change to such as
                cannot be read.
        """
        convert = RgbConverter(self._orientation, self.full_range)
        for frame, times in self.decoded():
            if times:
                image = convert(frame, self.size)
                for _ in range(times):
                    yield image

    def decoded(self) -> Iterator[tuple[Any, int]]:
        """Yield each frame as PyAV's decoder gives it, with how many times it is delivered.

        Raises:
            TgbenchError: see `__iter__`.
        """
        with self._opened() as (container, tracks):
            timed = self._decoded(container, tracks)
            if self.deinterlace:
                timed = _deinterlaced(timed)
            delivered, self.dropped, self.repeated = 0, 0, 0
            for frame, times in self._stored(timed) if self.fps is None else self._delivered(timed):
                delivered += times
                self.dropped += times == 0
                self.repeated += max(times - 1, 0)
                yield frame, times
        self._judge(delivered)

    def _delivered(self, timed: _Timed) -> Iterator[tuple[Any, int]]:
        assert self.fps is not None
        try:
            yield from resampled(timed, self.fps)
        except TgbenchError as error:
            raise TgbenchError(f"{self.path}: {error}") from None

    def _stored(self, timed: _Timed) -> Iterator[tuple[Any, int]]:
        """Yield every frame once, and count those that are missing in between."""
        self.gaps = 0
        last: Fraction | None = None
        for start, _, frame in timed:
            if last is not None:
                self.gaps += self._missing(last, start)
            last = start
            yield frame, 1

    def _missing(self, earlier: Fraction, later: Fraction) -> int:
        """Return how many frames are missing between two that follow each other."""
        return max(round((later - earlier) * Fraction(self.info.fps)) - 1, 0)

    def _decoded(self, container: Any, tracks: Tracks) -> _Timed:
        """Yield (start, length, frame) of what can be decoded, and note whether that is all."""
        import av

        stream = tracks.picture
        stamps = Stamps(container, stream)
        damaged, delivered, reached, self.interlaced = 0, 0, 0.0, 0
        found = packets(container, tracks, stream)
        while True:
            try:
                packet = next(found)
            except (StopIteration, av.error.EOFError):
                break
            except av.error.FFmpegError:
                # After a damaged packet come good ones, but not after a demuxer that fails.
                damaged += 1
                break
            stamps.saw(packet)
            try:
                frames = packet.decode()
            except av.error.EOFError:
                break
            except av.error.FFmpegError:
                damaged += 1
                stamps.lost(packet)
                if damaged > MOST_DAMAGED and damaged > delivered:
                    break
                continue
            for frame in frames:
                check_colours(frame, self.path)
                delivered += 1
                self.interlaced += frame.interlaced_frame
                start = self._since_zero(stamps.of_frame(frame))
                reached = float(start)
                yield start, stamps.length(frame), frame
        whole = track_seconds(container, stream)
        # Where frames are unevenly spaced there are fewer of them, but they reach the end.
        at_end = whole is not None and reached >= _WHOLE * whole
        announced = None if at_end else announced_frames(container, stream)
        self._short = bool(announced and 0 < delivered < _WHOLE * announced - 2)
        self._damaged = damaged

    def _since_zero(self, stamp: Fraction) -> Fraction:
        return max(stamp - self.clock.picture_zero, self.clock.picture_from)

    def _judge(self, delivered: int) -> None:
        """Set `damage`, with numbers of frames at the rate at which they are delivered."""
        told = []
        if self._damaged and delivered:
            told.append(f"{self._damaged} damaged packet(s) were skipped")
        if self._short:
            whole = self.expected_frames or 0
            of = f": {delivered} of about {whole} frames" if delivered < whole else ""
            told.append(f"is truncated{of}")
        self.damage = "; ".join(told)
        if self.damage:
            _log.warning("%s: %s", self.path, self.damage)

    @contextmanager
    def _opened(self) -> Iterator[tuple[Any, Tracks]]:
        """Open the file anew, with a track of pictures that is ready to be decoded."""
        with open_media(self.path, _FAULT, _WANTED) as container:
            tracks = find_tracks(container)
            stream = tracks.picture
            if stream is None:
                has = "sound only" if tracks.sound else "no video track, or is truncated"
                raise TgbenchError(f"{self.path}: has {has}; {_WANTED}")
            # FFmpeg's default is one thread for each core of the machine, whatever its limits.
            stream.codec_context.thread_count = min(cores(), _MAX_THREADS)
            stream.thread_type = "AUTO"
            yield container, tracks


def _deinterlaced(timed: _Timed) -> _Timed:
    """Yield the frames as whole pictures, one of each, with their times."""
    waiting: list[tuple[Fraction, Fraction]] = []
    filtered: Deinterlacer | None = None
    for start, length, frame in timed:
        filtered = filtered or Deinterlacer(frame)
        waiting.append((start, length))
        for whole in filtered(frame):
            yield (*waiting.pop(0), whole)
    for whole in filtered(None) if filtered else ():
        yield (*waiting.pop(0), whole)


def _until_damage(found: Iterator[Any]) -> Iterator[Any]:
    """Yield packets; a damaged end is the end."""
    import av

    try:
        yield from found
    except av.error.FFmpegError:
        return
