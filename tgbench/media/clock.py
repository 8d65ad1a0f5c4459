"""Where the clock of a file is zero: at what a player shows or plays first."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

from ..errors import TgbenchError
from .packets import packets
from .timestamps import Stamps, nominal_rate
from .tracks import Tracks

LONGEST_PAUSE = 600
"""Seconds for which one picture may stand, or a track may be silent or lacking."""

LONGEST = 6 * 3600
"""Seconds of the longest clip."""

_RUN_IN = {"aac": 1024, "mp3": 1105, "mp3float": 1105, "ac3": 256, "eac3": 256}
"""Samples that a decoder gives before those that were recorded, where the file does not say.

FFmpeg's AAC and AC-3 encoders and LAME; a decoder of AAC never has less.
"""

_RUN_INS_OF_AAC = (1024, 2048, 2112)
"""FFmpeg's, Fraunhofer's, Apple's: sound that leads by so much started with the picture."""

_REORDERED = 5
"""Packets among the first of which is that of the second frame."""

_ROUNDING = Fraction(3, 2000)
"""Seconds by which two tracks may differ for their container's rounding alone."""

_FINE, _FINE_ROUNDING = Fraction(1, 2000), Fraction(1, 10_000)
"""Seconds of a tick, and by which two tracks differ for rounding to ticks that are finer."""

_OPUS_DELAY = Fraction(312, 48_000)
"""Of libopus, by which ffmpeg's Matroska writer moves pictures, with every copy once more."""


@dataclass(frozen=True)
class Clock:
    """How the stamps in a file become seconds after its beginning.

    Attributes:
        picture_zero, sound_zero: seconds on the stamps of either track that are 0; the same
            unless the container has lost how they lie to each other.
        picture_from: seconds after 0 at which the first frame is shown, 0 or more.
        sound_from: seconds after 0 at which recorded sound begins. Negative where sound from
            before the first picture is left out.
        run_in: seconds of sound that the decoder gives before that.
    """

    picture_zero: Fraction = Fraction(0)
    sound_zero: Fraction = Fraction(0)
    picture_from: Fraction = Fraction(0)
    sound_from: Fraction = Fraction(0)
    run_in: Fraction = Fraction(0)


@dataclass
class Beginning:
    """What the first packets of a file say.

    Attributes:
        picture: the first frame; None where none can be decoded.
        shown: its time on the stamps of the file.
        due: that time as the second frame has it, a frame's length before its own.
        heard: that of the first packet of sound, and of the first sample that was recorded.
        run_in: seconds of sound that the decoder gives before that sample.
    """

    picture: Any | None = None
    shown: Fraction | None = None
    due: Fraction | None = None
    heard: tuple[Fraction, Fraction] | None = None
    run_in: Fraction = Fraction(0)
    _pictures: list[Fraction] = field(default_factory=list)
    _sound: list[tuple[Fraction, bool]] = field(default_factory=list)
    _samples: Any | None = None


def read_beginning(container: Any, tracks: Tracks) -> Beginning:
    """Decode the first picture and the first sound of a file that was just opened."""
    import av

    start = Beginning()
    wanted = [stream for stream in (tracks.picture, tracks.sound) if stream is not None]
    stamps = None if tracks.picture is None else Stamps(container, tracks.picture)
    missing_picture, missing_sound = stamps is not None, tracks.sound is not None
    found = packets(container, tracks, *wanted)
    while missing_picture or missing_sound:
        try:
            packet = next(found)
        except (StopIteration, av.error.FFmpegError):
            break
        if packet.stream is tracks.picture and missing_picture and stamps is not None:
            missing_picture = not _see(start, packet, stamps)
            if start.shown is not None:
                later = (time for time in start._pictures if time > start.shown)
                start.due = min(later, default=start.shown + stamps.step) - stamps.step
        elif packet.stream is tracks.sound and missing_sound:
            missing_sound = not _hear(start, packet)
    _settle_sound(start, tracks)
    return start


def read_clock(start: Beginning, tracks: Tracks, format_name: str, path: Path) -> Clock:
    """Return the clock of a file.

    Raises:
        TgbenchError: one track starts so much later than the other that it is no clip.
    """
    shown = start.shown
    if start.heard is None:
        return Clock(picture_zero=shown or Fraction(0))
    first, recorded = start.heard
    if shown is None:
        return Clock(sound_zero=recorded, run_in=start.run_in)
    late = Fraction(0) if start.due is None else start.due - shown
    codec = tracks.sound.codec_context.name if tracks.sound is not None else ""
    sound_zero = Fraction(0)
    if format_name == "avi":
        # A copy that moved the pictures by the run-in fills up to the second frame only.
        moved = start.run_in and 0 < late <= 1 / nominal_rate(tracks.picture)
        late = late if moved else Fraction(0)
        # Its tracks start together; a header's offset is in the stamps of their first packets.
        shown, recorded, sound_zero = shown + late, first + late, recorded - first - late
    elif shown < recorded and abs(shown + late - recorded) <= _ROUNDING:
        # Fragments of ffmpeg have no edit list: their first packets are moved to the beginning.
        shown += late
    lead = shown - recorded
    delays = (0, 1, 2) if codec == "opus" else (0,)
    if any(abs(lead - n * _OPUS_DELAY) <= _ROUNDING for n in delays):
        sound_zero, recorded, lead = sound_zero - lead, shown, Fraction(0)
    zero = shown if lead <= 0 or _is_run_in(shown - first, tracks) else recorded
    if abs(lead) > LONGEST_PAUSE:
        raise TgbenchError(
            f"{path}: its sound and video start {float(abs(lead)):.0f} s apart; cut out the "
            "part that has both"
        )
    picture_from = _exact(shown - zero, tracks)
    return Clock(
        shown - picture_from, zero + sound_zero, picture_from, recorded - zero, start.run_in
    )


def _exact(lead: Fraction, tracks: Tracks) -> Fraction:
    """Return by how much sound leads, without rounding where it is whole or half frames at 25.

    There frames start on the border between two instants, where rounding would move each by itself.
    """
    assert tracks.picture is not None
    tolerance = _ROUNDING if tracks.picture.time_base > _FINE else _FINE_ROUNDING
    nearest = Fraction(round(lead * 50), 50)
    return nearest if abs(lead - nearest) <= tolerance else lead


def _see(start: Beginning, packet: Any, stamps: Stamps) -> bool:
    """Take in a packet of pictures; return whether it was the last one needed."""
    import av

    stamps.saw(packet)
    if (stamp := stamps.of_packet(packet)) is not None:
        start._pictures.append(stamp * packet.stream.time_base)
    try:
        frames = packet.decode()
    except av.error.EOFError:
        return False
    except av.error.FFmpegError:
        stamps.lost(packet)
        return False
    if frames and start.picture is None:
        start.picture, start.shown = frames[0], stamps.of_frame(frames[0])
    return start.picture is not None and len(start._pictures) >= _REORDERED


def _hear(start: Beginning, packet: Any) -> bool:
    """Take in a packet of sound; return whether it was the last one needed."""
    import av

    if packet.pts is None or not packet.size:
        return False
    told = packet.has_sidedata("skip_samples") or packet.is_discard
    start._sound.append((packet.pts * packet.stream.time_base, told))
    if start._samples is None:
        try:
            start._samples = next(iter(packet.decode()), None)
        except av.error.FFmpegError:
            return False
    return start._samples is not None and len(start._sound) > 1


def _settle_sound(start: Beginning, tracks: Tracks) -> None:
    if start._samples is None or not start._sound:
        return
    frame = start._samples
    first, told = start._sound[0]
    decoded = first if frame.pts is None else frame.pts * frame.time_base
    run_in = _RUN_IN.get(tracks.sound.codec_context.name, 0) if tracks.sound is not None else 0
    if told or decoded > first or not run_in:
        start.heard = first, decoded
        return
    start.run_in = Fraction(run_in, frame.sample_rate)
    rest = Fraction(frame.samples, frame.sample_rate) - start.run_in
    if len(start._sound) > 1 and rest >= 0:
        # Writers may move the first packet alone, to fill up to the start of the pictures.
        start.heard = first, start._sound[1][0] - rest
    else:
        start.heard = first, first + start.run_in


def _is_run_in(lead: Fraction, tracks: Tracks) -> bool:
    """Whether sound leads by what encoders put before it."""
    if tracks.sound is None or tracks.sound.codec_context.name != "aac":
        return False
    rate = tracks.sound.codec_context.sample_rate
    return any(abs(lead - Fraction(n, rate)) <= _ROUNDING for n in _RUN_INS_OF_AAC)
