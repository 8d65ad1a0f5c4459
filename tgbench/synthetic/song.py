"""A song: a script whose vowels last long and stand on the notes of a scale."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .phonemes import Language, Manner
from .script import Script, around, write_script

PENTATONIC = (0, 2, 4, 7, 9, 12)
"""Semitones above the lowest note."""

_SLOWER = 0.45
_LOWEST = -5.0
_GLIDE = 0.04
"""Seconds from one note to the next."""


@dataclass(frozen=True)
class Song(Script):
    """A script with notes.

    Attributes:
        notes: semitones off the mean pitch of each segment.
    """

    notes: tuple[float, ...] = ()

    def melody(self, times: NDArray[np.floating]) -> NDArray[np.float64]:
        """Return the pitch at ascending times, in semitones off the mean."""
        pitch = np.zeros(len(times))
        for segment, note in zip(self.segments, self.notes, strict=True):
            pitch[around(times, segment.start, segment.end)] = note
        step = float(np.median(np.diff(times)))
        width = max(1, round(_GLIDE / step))
        padded = np.pad(pitch, (width // 2, width - 1 - width // 2), mode="edge")
        return np.convolve(padded, np.full(width, 1.0 / width), mode="valid")


def write_song(language: Language, seconds: float, generator: np.random.Generator) -> Song:
    """Make up a song of a given length: slow words, a note for every vowel and what follows it."""
    slow = dataclasses.replace(language, rate=language.rate * _SLOWER)
    script = write_script(slow, seconds, generator)
    notes, note = [], _LOWEST + PENTATONIC[2]
    for segment in script.segments:
        if segment.phoneme.manner is Manner.VOWEL:
            note = _LOWEST + float(generator.choice(PENTATONIC))
        notes.append(note)
    return Song(**vars(script), notes=tuple(notes))
