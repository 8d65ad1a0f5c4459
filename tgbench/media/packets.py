"""The packets of a file in order; timestamps that start anew midway are made continuous."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from .tracks import Tracks

MOST_DAMAGED = 100
"""Packets after which a file that gives nothing whole is given up."""

_MAY_RESTART = 0x0200
"""FFmpeg's mark of formats whose clock may start anew in mid-stream (`AVFMT_TS_DISCONT`)."""

_BACK, _FORTH = Fraction(-1, 10), Fraction(10)
"""Seconds by which such a clock leaps when it starts anew, as the ffmpeg program judges."""

_USUAL_RATE = 25


def packets(container: Any, tracks: Tracks, *wanted: Any) -> Iterator[Any]:
    """Yield the packets of the wanted tracks, and the empty ones that end each.

    Broadcast recordings and joined transport streams start their clock anew in the midst; their
    later packets are moved so that the clock goes on, pictures and sound by the same amount.

    Args:
        container: open, at its beginning.
        tracks: of it.
        wanted: those of its streams that are to be decoded.
    """
    if not container.format.flags & _MAY_RESTART:
        yield from container.demux(*wanted)
        return
    clock = _Continuous()
    both = [stream for stream in (tracks.picture, tracks.sound) if stream is not None]
    for packet in container.demux(*both):
        clock.correct(packet)
        if packet.stream in wanted:
            yield packet


class _Continuous:
    """Moves packets by what the clock leapt before them."""

    def __init__(self) -> None:
        self._offset = Fraction(0)
        self._due: dict[int, Fraction] = {}

    def correct(self, packet: Any) -> None:
        if packet.dts is None:
            return
        base = packet.stream.time_base
        now = packet.dts * base + self._offset
        leap = now - self._due.get(packet.stream.index, now)
        if leap < _BACK or leap > _FORTH:
            self._offset -= leap
            now -= leap
        moved = round(self._offset / base)
        packet.dts += moved
        if packet.pts is not None:
            packet.pts += moved
        length = packet.duration * base if packet.duration else 1 / _rate(packet.stream)
        self._due[packet.stream.index] = now + length


def _rate(stream: Any) -> Fraction:
    rate = stream.average_rate if stream.type == "video" else None
    return Fraction(rate or _USUAL_RATE)
