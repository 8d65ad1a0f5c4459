"""When each frame of a video track is shown, in seconds on the clock of its file."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

_USUAL_RATE = Fraction(25)
_MILLISECOND = Fraction(1, 1000)
_FEW_LOST = Fraction(9, 10)
_ROUNDED = Fraction(3, 2)
"""Ticks by which a stamp may miss its place: decoding time and delay are rounded, each alone."""

_WITHOUT_DISPLAY_TIMES = "avi"
"""The format that stores pictures in the order of decoding and says of none when it is shown."""


def nominal_rate(stream: Any) -> Fraction:
    """Return how many frames a second a picture track announces."""
    average, base = stream.average_rate, stream.base_rate
    if not average or not base:
        return Fraction(average or base or stream.guessed_rate or _USUAL_RATE)
    # Headers may count fields, or ticks of a clock, but frames come no closer than the base rate
    # has them; the average is lower for a few lost frames or a long first one. Where it is much
    # lower, frames are unevenly spaced, and the base rate is only that of a finer clock.
    return Fraction(base if average > _FEW_LOST * base else average)


class Stamps:
    """Reads off when pictures are shown, as they come out of the decoder.

    Times are put back to where they were before the container rounded them (Matroska and FLV to
    milliseconds, which copies in other containers keep): a frame that is whole frame lengths
    after the last, within that rounding, is so exactly. Else frames of some rates would double or
    drop when they are resampled.

    Attributes:
        step: seconds from one frame to the next, as the track announces.
    """

    def __init__(self, container: Any, stream: Any) -> None:
        self._base = Fraction(stream.time_base)
        self.step = 1 / nominal_rate(stream)
        steady = nominal_rate(stream) == stream.base_rate
        tolerance = _ROUNDED * (max(self._base, _MILLISECOND) if steady else self._base)
        self._tolerance = tolerance if tolerance < self.step / 3 else Fraction(0)
        self._stored_order = container.format.name == _WITHOUT_DISPLAY_TIMES
        self._waiting: list[int] = []
        self._last: Fraction | None = None

    def saw(self, packet: Any) -> None:
        """Take note of a packet that goes into the decoder."""
        if self._stored_order and packet.size and packet.dts is not None:
            heapq.heappush(self._waiting, packet.dts)

    def lost(self, packet: Any) -> None:
        """Take note that a packet could not be decoded."""
        if packet.dts in self._waiting:
            self._waiting.remove(packet.dts)
            heapq.heapify(self._waiting)

    def of_frame(self, frame: Any) -> Fraction:
        """Return the time of the next frame from the decoder."""
        if self._stored_order:
            return self._placed(heapq.heappop(self._waiting) if self._waiting else None)
        return self._placed(frame.pts)

    def of_packet(self, packet: Any) -> int | None:
        """Return the stamp that says when a packet, or in AVI one of its place, is shown."""
        stamp: int | None = packet.dts if self._stored_order else packet.pts
        return stamp

    def of_packets(self, found: Iterator[Any]) -> list[tuple[Fraction, Fraction]]:
        """Return (time, length) of all packets of the track in the order in which they are shown.

        Packets that are never shown by themselves are left out.
        """
        kept = [packet for packet in found if packet.size and not packet.is_discard]
        stamps = [self.of_packet(packet) for packet in kept]
        lengths = [self.length(packet) for packet in kept]
        pieces = sorted(
            zip(stamps, lengths, strict=True),
            key=lambda piece: -1 if piece[0] is None else piece[0],
        )
        return [(self._placed(stamp), length) for stamp, length in pieces]

    def length(self, piece: Any) -> Fraction:
        """Return for how many seconds a frame or packet says that it is shown."""
        if self._stored_order or not piece.duration:
            return self.step
        length = piece.duration * self._base
        return self.step if abs(length - self.step) <= self._tolerance else length

    def _placed(self, stamp: int | None) -> Fraction:
        if self._last is None:
            self._last = Fraction(0) if stamp is None else stamp * self._base
            return self._last
        due = self._last + self.step
        now = due if stamp is None else stamp * self._base
        due = self._last + max(round((now - self._last) / self.step), 1) * self.step
        # What the decoder gives later is shown later, whatever a damaged stamp says.
        self._last = due if abs(now - due) <= self._tolerance or now <= self._last else now
        return self._last
