"""Which sound of speech is said when: exact times of built-in people, a user's of real ones."""

from __future__ import annotations

import bisect
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from ..errors import TgbenchError
from ..inputs import read_json, reason
from .textgrid import Interval, read_textgrid

BUILT_IN = "phonemes.json"
"""Beside the sound of a built-in person or track."""

SUFFIX = ".TextGrid"
"""Of the file that forced aligners write beside a sound of the same stem."""

_TIERS = ("phones", "phonemes", "phone", "phoneme", "segments", "mau")
"""Names of the tier of sounds, as MFA, WebMAUS and others call it; speakers stand before it."""


@dataclass(frozen=True)
class Phone:
    """A sound of speech.

    Attributes:
        symbol: of the International Phonetic Alphabet, or of ARPAbet.
        start: seconds.
        end: seconds; of a stop whose release is known, the release.
    """

    symbol: str
    start: float
    end: float


@dataclass(frozen=True)
class Spoken:
    """What is said at each frame of a clip.

    Attributes:
        phones: in order of time.
        fps: frames a second.
        frames: the frame of the sound that each frame of the clip stands at; None: its own number.
        start: seconds of the sound at which its frame 0 is shown.
    """

    phones: tuple[Phone, ...]
    fps: float
    frames: Sequence[int] | None = None
    start: float = 0.0

    @cached_property
    def _starts(self) -> list[float]:
        return [phone.start for phone in self.phones]

    def place_at(self, frame: int) -> int | None:
        """Return which of the phones a frame shows; None between them."""
        number = frame if self.frames is None else self.frames[frame]
        # Half a millisecond: times of frames and phones are rounded.
        time = self.start + number / self.fps + 5e-4
        place = bisect.bisect_right(self._starts, time) - 1
        return place if place >= 0 and time < self.phones[place].end else None


def phones_beside(sound: Path) -> Path | None:
    """Return the file that says what is said in a sound; None where there is none.

    `NAME.TextGrid` beside `NAME.wav`; or else the file that built-in people have.
    """
    candidates = [sound.with_suffix(SUFFIX)]
    # One file for a folder is of the sound that the folder is about.
    if len(list(sound.parent.glob("*.wav"))) == 1:
        candidates.append(sound.with_name(BUILT_IN))
    return next((path for path in candidates if path.is_file()), None)


def read_phones(path: Path) -> tuple[Phone, ...]:
    """Return the sounds that a TextGrid or a file like those of built-in people lists, by time.

    Pauses, which have no text, are left out.

    Raises:
        TgbenchError: it cannot be read, has no tier of sounds, or lists none.
    """
    if path.suffix.lower() == ".json":
        phones = _of_json(path)
    else:
        phones = [Phone(text.strip(), start, end) for start, end, text in _sounds_of(path)]
    said = tuple(phone for phone in phones if phone.symbol)
    if not said:
        raise TgbenchError(f"{path}: lists no sounds of speech")
    return tuple(sorted(said, key=lambda phone: phone.start))


def _sounds_of(path: Path) -> Iterable[Interval]:
    tiers = read_textgrid(path)
    for name, intervals in tiers.items():
        if name.split(" - ")[-1].strip().lower() in _TIERS:
            return intervals
    if len(tiers) == 1:
        return next(iter(tiers.values()))
    named = ", ".join(f"'{name}'" for name in tiers) or "none"
    raise TgbenchError(
        f"{path}: has no tier of sounds among its tiers of intervals ({named}); name it 'phones'"
    )


def _of_json(path: Path) -> list[Phone]:
    try:
        said = read_json(path)
        return [_phone(segment) for segment in said["segments"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise TgbenchError(
            f"{path}: is no list of sounds ({reason(error)}); it takes 'segments' with 'symbol', "
            "'start' and 'end' in seconds"
        ) from error


def _phone(segment: dict[str, Any]) -> Phone:
    start, end = float(segment["start"]), float(segment.get("release", segment["end"]))
    if not (math.isfinite(start) and math.isfinite(end) and start < end):
        raise ValueError(f"from {start:g} to {end:g} s is no time")
    symbol = str(segment["symbol"])
    return Phone("" if segment.get("manner") == "pause" else symbol, start, end)
