"""Sound of any file as a stream of mono samples, every one where the file's clock has it."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import TgbenchError
from ..media.clock import LONGEST, LONGEST_PAUSE, Clock
from ..media.packets import MOST_DAMAGED, packets
from ..media.tracks import Tracks

Samples = NDArray[np.float32]

_RATES = range(4_000, 768_001)
"""Samples a second that recordings have."""

_FULL_SCALE = 0.99996
"""Share of the greatest value at which a sample may have been cut off: a step of 16 bits."""

_LEAST_CLIPPED = 1e-4
"""Share of samples, third or later in a row at full scale, that makes a clipped sound. Peaks of
speech that is normalised to full scale are one or two samples."""

_LEAST_GAP = Fraction(15, 1000)
"""Seconds by which sound must be off its place to be moved: less than a packet of any codec lasts,
more than what containers round."""


class SoundDecoder:
    """Decodes the sound of an open file.

    As ffmpeg's `aresample=async=1:first_pts=0` has it: gaps between stamps are filled with
    silence, what overlaps is cut, and the first sample is that of instant 0. Channels are
    averaged; they and the rate may change in mid-stream.

    Attributes:
        damaged: how many packets could not be decoded; silence stands in for them.
        filled: seconds of silence that were put into gaps in the midst.
        changed: whether channels or rate change in mid-stream.
    """

    def __init__(self, path: Path, rate: int, clock: Clock) -> None:
        """Prepare for one file.

        Args:
            path: of the file, for messages.
            rate: samples a second to deliver.
            clock: of the file.
        """
        self.damaged = 0
        self.filled = 0.0
        self.changed = False
        self._path = path
        self._rate = rate
        self._clock = clock
        self._delivered = 0
        self._heard = 0
        self._full = 0

    @property
    def clipped(self) -> float:
        """Share of the samples that was cut off at full scale; 0 where it is negligible."""
        share = self._full / max(self._heard, 1)
        return share if share >= _LEAST_CLIPPED else 0.0

    def blocks(self, container: Any, tracks: Tracks) -> Iterator[Samples]:
        """Yield float32 [n] from instant 0 on, in order, without holes.

        Raises:
            TgbenchError: the file's clock or rate cannot be that of a recording.
        """
        first = max(self._clock.sound_from, Fraction(0))
        yield self._silence(first)
        segment: _Segment | None = None
        end: Fraction | None = None
        for frame, start in self._frames(container, tracks):
            end = self._check_pause(start, end, frame)
            if start < first:
                # Cut before resampling: afterwards it would be a part of a sample off.
                early = math.ceil((first - start) * frame.sample_rate)
                if early >= frame.samples:
                    continue
                frame, start = _without(frame, early), first
            if segment is None or segment.shape != _shape(frame):
                if segment is not None:
                    self.changed = True
                    yield from self._counted(segment.finish())
                segment = _Segment(frame, self._rate, Fraction(self._delivered, self._rate))
            yield from self._counted(segment.push(frame, start))
        if segment is not None:
            yield from self._counted(segment.finish())

    def _frames(self, container: Any, tracks: Tracks) -> Iterator[tuple[Any, Fraction]]:
        """Yield (frame, start) with starts in seconds since instant 0."""
        import av

        stream = tracks.sound
        due = self._clock.sound_from - self._clock.run_in
        found = packets(container, tracks, stream)
        delivered = 0
        while True:
            try:
                packet = next(found)
                frames = packet.decode()
            except (StopIteration, av.error.EOFError):
                return
            except av.error.FFmpegError:
                self.damaged += 1
                if self.damaged > MOST_DAMAGED and self.damaged > delivered:
                    if not delivered:
                        raise
                    return
                continue
            for frame in frames:
                delivered += 1
                self._look_for_clipping(frame)
                start = due
                # Writers may move the first packet alone, and the clock has accounted for it.
                if delivered > 1 and frame.pts is not None:
                    stamp = frame.pts * frame.time_base - self._clock.sound_zero
                    start = due if abs(stamp - due) <= _LEAST_GAP else stamp
                due = start + Fraction(frame.samples, frame.sample_rate or 1)
                yield frame, start

    def _look_for_clipping(self, frame: Any) -> None:
        """Count samples at full scale that follow two others, in each channel."""
        values = frame.to_ndarray()
        if not frame.format.is_planar:
            values = values.reshape(-1, frame.layout.nb_channels).T
        full = _at_full_scale(values)
        self._heard += full.size
        self._full += int(np.count_nonzero(full[:, 2:] & full[:, 1:-1] & full[:, :-2]))

    def _check_pause(self, start: Fraction, end: Fraction | None, frame: Any) -> Fraction:
        """Return when a frame ends, having looked at what is between it and the one before."""
        if frame.sample_rate not in _RATES:
            raise TgbenchError(
                f"{self._path}: has an implausible sample rate of {frame.sample_rate} Hz; write it "
                f"again with the true rate, such as {self._rate}"
            )
        pause = Fraction(0) if end is None else start - end
        if pause > LONGEST_PAUSE:
            raise TgbenchError(
                f"{self._path}: the timestamps of its sound jump by {float(pause) / 3600:.1f} h at "
                f"{float(end or 0):.0f} s; cut out the part that you want"
            )
        if pause > _LEAST_GAP:
            self.filled += float(pause)
        until = start + Fraction(frame.samples, frame.sample_rate)
        if until > LONGEST:
            raise TgbenchError(
                f"{self._path}: its sound is longer than {LONGEST // 3600} h; cut out the part "
                "that you want"
            )
        return until if end is None else max(until, end)

    def _silence(self, seconds: Fraction) -> Samples:
        count = round(seconds * self._rate)
        self._delivered += count
        return np.zeros(count, np.float32)

    def _counted(self, blocks: Iterator[Samples]) -> Iterator[Samples]:
        for block in blocks:
            self._delivered += len(block)
            yield block


class _Segment:
    """Sound of one rate and one layout of channels, from a given instant on."""

    def __init__(self, frame: Any, rate: int, begin: Fraction) -> None:
        import av

        self.shape = _shape(frame)
        self._begin = begin
        pixels, layout, own_rate = self.shape
        self._own_rate = own_rate
        graph: Any = av.filter.Graph()
        chain = [
            graph.add_abuffer(
                format=pixels, sample_rate=own_rate, layout=layout, time_base=Fraction(1, own_rate)
            ),
            graph.add("aresample", f"{rate}:async=1:min_hard_comp={float(_LEAST_GAP)}:first_pts=0"),
            # Averaged by hand: FFmpeg's mix to mono is not normalised and would clip.
            graph.add("aformat", f"sample_fmts=fltp:sample_rates={rate}"),
            graph.add("abuffersink"),
        ]
        for before, after in itertools.pairwise(chain):
            before.link_to(after)
        graph.configure()
        self._graph = graph

    def push(self, frame: Any, start: Fraction) -> Iterator[Samples]:
        """Take a frame that starts at an instant; yield what is finished."""
        frame.time_base = Fraction(1, self._own_rate)
        frame.pts = round((start - self._begin) * self._own_rate)
        self._graph.push(frame)
        yield from self._ready()

    def finish(self) -> Iterator[Samples]:
        """Yield the rest."""
        self._graph.push(None)
        yield from self._ready()

    def _ready(self) -> Iterator[Samples]:
        import av

        while True:
            try:
                yield self._graph.pull().to_ndarray().mean(0)
            except (av.error.BlockingIOError, av.error.EOFError):
                return


def _without(frame: Any, count: int) -> Any:
    """Return a frame without its first samples."""
    import av

    channels = 1 if frame.format.is_planar else frame.layout.nb_channels
    samples = np.ascontiguousarray(frame.to_ndarray()[:, count * channels :])
    rest = av.AudioFrame.from_ndarray(samples, frame.format.name, frame.layout.name)
    rest.sample_rate = frame.sample_rate
    return rest


def _at_full_scale(values: NDArray[Any]) -> NDArray[np.bool_]:
    """Return which samples are as large as their format has them; floats may exceed 1."""
    if values.dtype.kind == "f":
        return np.asarray(np.abs(values) >= _FULL_SCALE)
    limits = np.iinfo(values.dtype)
    middle = (int(limits.max) + int(limits.min) + 1) // 2
    reach = _FULL_SCALE * (int(limits.max) - middle)
    return np.asarray((values >= middle + reach) | (values <= middle - reach))


def _shape(frame: Any) -> tuple[str, str, int]:
    """Return what a resampler must know of a frame: format, layout of channels, rate."""
    return frame.format.name, frame.layout.name, frame.sample_rate
