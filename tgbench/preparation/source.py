"""The video and sound that an identity is made from, checked before anything is done."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

from ..audio import Waveform, read_sound
from ..errors import TgbenchError
from ..files import sha256
from ..identities.layout import FPS
from ..video.info import VideoInfo
from ..video.reader import VideoReader

_log = logging.getLogger("tgbench")

_SHORTEST = 50
"""Frames of the shortest clip that is worth preparing: two seconds."""

_UNHEARD_FRAMES, _UNHEARD_SHARE = 25, 0.1
"""How far the sound may end before the picture: beyond, one of them is probably the wrong file."""


@dataclass(frozen=True)
class Source:
    """A video of one person and the sound that goes with it.

    Attributes:
        video, audio: the files; the same one where the video has its own sound.
        info: of the video.
        waveform: the sound, mono at 16 kHz.
        hashes: SHA-256 by role.
        notes: what was chosen in reading the files, in words.
        deinterlace: whether whole pictures are made of interlaced ones.
    """

    video: Path
    audio: Path
    info: VideoInfo
    waveform: Waveform
    hashes: dict[str, str]
    notes: tuple[str, ...] = ()
    deinterlace: bool = False

    @property
    def pictures_key(self) -> str:
        """Return what tells the pictures from those of another file, or read another way."""
        return self.hashes["video"] + (" deinterlaced" if self.deinterlace else "")

    def pictures(self, fps: float) -> VideoReader:
        """Return the frames at a rate, as they are shown."""
        return VideoReader(self.video, fps, deinterlace=self.deinterlace)

    @property
    def heard(self) -> int:
        """How many frames at 25 a second the sound covers."""
        return int(self.waveform.seconds * FPS + 1e-6)

    def check_length(self, seen: float) -> None:
        """Refuse a clip that is too short, or whose sound ends well before its video.

        Args:
            seen: about how many seconds of the picture can be decoded.

        Raises:
            TgbenchError: so it is.
        """
        pictures = self._pictures(seen)
        length = min(self.heard, pictures)
        if length < _SHORTEST:
            raise TgbenchError(
                f"{self.video if pictures < _SHORTEST else self.audio}: is {length / FPS:.1f} s "
                f"long; an identity needs at least {_SHORTEST / FPS:.0f} s, better a minute"
            )
        if pictures - self.heard > max(_UNHEARD_FRAMES, _UNHEARD_SHARE * pictures):
            raise TgbenchError(
                f"{self.audio}: the sound ends at {self.heard / FPS:.1f} s, the video at "
                f"{pictures / FPS:.1f} s; trim the video, or give the whole sound with --audio"
            )

    def warn_unheard(self, seen: float) -> None:
        """Say so where the sound ends before the video; see `check_length`."""
        unheard = self._pictures(seen) - self.heard
        if unheard > 2:
            _log.warning(
                "%s: the sound ends before the video; about %d frames are left out",
                self.audio,
                unheard,
            )

    def _pictures(self, seen: float) -> int:
        # What the file announces is exact where the file is whole.
        return round(min(seen, self.info.seconds or seen) * FPS)


def open_source(video: Path, audio: Path | None, deinterlace: bool = False) -> Source:
    """Open a video, and `audio` in place of its own sound if given.

    Args:
        video: the file.
        audio: another one, whose sound is taken instead.
        deinterlace: whether to make whole pictures of interlaced ones.

    Raises:
        TgbenchError: either cannot be read, or there is no sound.
    """
    reader = VideoReader(video, FPS, deinterlace=deinterlace)
    sound = audio or video
    heard = read_sound(sound)
    notes = [f"{video.name}: {note}" for note in reader.notes]
    notes += [told for note in heard.notes if (told := f"{sound.name}: {note}") not in notes]
    for note in notes:
        _log.warning("%s", note)
    hashes = {"video": sha256(video)}
    hashes["audio"] = hashes["video"] if audio is None else sha256(audio)
    return Source(video, sound, reader.info, heard.waveform, hashes, tuple(notes), deinterlace)
