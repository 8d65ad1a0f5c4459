"""What is said and when: a sequence of sounds with times, stress and melody."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .phonemes import PAUSE, Language, Manner, Phoneme

_LEAD, _TAIL = 0.35, 0.15
_SHORTEST_PHRASE = 4
_PHRASE_GAP = (0.28, 0.55)
_CLOSURE_SHARE = 0.68
_SHORTEST_CLOSURE = 0.065


@dataclass(frozen=True)
class Segment:
    """A sound in time.

    Attributes:
        phoneme: the sound.
        start: seconds.
        end: seconds.
        stress: 0 for unstressed syllables and pauses, up to 1.
    """

    phoneme: Phoneme
    start: float
    end: float
    stress: float

    @property
    def seconds(self) -> float:
        """Length."""
        return self.end - self.start

    @property
    def release(self) -> float:
        """When a stop opens; the end of any other sound.

        A closure lasts longer than a video frame, so that at least one frame shows it.
        """
        if self.phoneme.manner is not Manner.STOP:
            return self.end
        closed = max(self.seconds * _CLOSURE_SHARE, _SHORTEST_CLOSURE)
        return self.start + min(closed, self.seconds * 0.85)


@dataclass(frozen=True)
class Script:
    """Speech before it is voiced.

    Attributes:
        segments: the sounds, without gaps, from 0 to `seconds`.
        seconds: length.
        language: name of the inventory.
        phrases: start and end of each phrase, seconds.
        fall: the voice's fall over a phrase in semitones.
    """

    segments: tuple[Segment, ...]
    seconds: float
    language: str
    phrases: tuple[tuple[float, float], ...]
    fall: float

    def melody(self, times: NDArray[np.floating]) -> NDArray[np.float64]:
        """Return the pitch at ascending times: fall and accents, in semitones off the mean."""
        pitch = np.zeros(len(times))
        for start, end in self.phrases:
            near = around(times, start - 0.1, end + 0.1)
            along = np.clip((times[near] - start) / (end - start), 0.0, 1.0)
            pitch[near] = self.fall * (0.5 - along)
        for segment in self.segments:
            if segment.stress > 0.0 and segment.phoneme.manner is Manner.VOWEL:
                middle = (segment.start + segment.end) / 2.0
                near = around(times, middle - 0.4, middle + 0.4)
                bump = np.exp(-(((times[near] - middle) / 0.09) ** 2))
                pitch[near] += 2.8 * segment.stress * bump
        return pitch


def around(times: NDArray[np.floating], start: float, end: float) -> slice:
    """Return where ascending times lie between two; what happens then touches nothing else."""
    return slice(int(np.searchsorted(times, start)), int(np.searchsorted(times, end, "right")))


def unspoken(seconds: float) -> Script:
    """Return a script in which nobody says anything."""
    return Script((Segment(PAUSE, 0.0, seconds, 0.0),), seconds, "none", (), 0.0)


def write_script(language: Language, seconds: float, generator: np.random.Generator) -> Script:
    """Make up speech of a given length: words by the language's rules, in phrases with pauses.

    Vowels and onsets are dealt like cards, so that every sound comes before any comes twice.
    """
    decks = {
        "vowels": _Deck(language.vowels, generator),
        "onsets": _Deck(language.onsets, generator),
        "codas": _Deck(language.codas, generator),
    }
    clock = _LEAD
    segments = [Segment(PAUSE, 0.0, clock, 0.0)]
    phrases = []
    while clock < seconds - _TAIL:
        phrase = _fitting(_phrase(language, decks, generator), seconds - _TAIL - clock)
        if len(phrase) < _SHORTEST_PHRASE:
            break
        start = clock
        for phoneme, duration, stress in phrase:
            segments.append(Segment(phoneme, clock, clock + duration, stress))
            clock += duration
        phrases.append((start, clock))
        gap = min(float(generator.uniform(*_PHRASE_GAP)), seconds - clock)
        segments.append(Segment(PAUSE, clock, clock + gap, 0.0))
        clock += gap
    segments.append(Segment(PAUSE, segments.pop().start, seconds, 0.0))
    return Script(tuple(segments), seconds, language.name, tuple(phrases), language.fall)


class _Deck:
    """Deals sounds in random order, all before any again."""

    def __init__(self, phonemes: tuple[Phoneme, ...], generator: np.random.Generator) -> None:
        self._phonemes, self._generator = phonemes, generator
        self._left: list[int] = []

    def deal(self) -> Phoneme:
        if not self._left:
            self._left = self._generator.permutation(len(self._phonemes)).tolist()
        return self._phonemes[self._left.pop()]


def _fitting(
    sounds: list[tuple[Phoneme, float, float]], seconds: float
) -> list[tuple[Phoneme, float, float]]:
    """Return as many of the first sounds as fit into a time."""
    ends = np.cumsum([length for _, length, _ in sounds])
    return sounds[: int(np.searchsorted(ends, seconds))]


def _phrase(
    language: Language, decks: dict[str, _Deck], generator: np.random.Generator
) -> list[tuple[Phoneme, float, float]]:
    """Return sounds with length and stress."""
    sounds: list[tuple[Phoneme, float, float]] = []
    for _ in range(int(generator.integers(language.words[0], language.words[1] + 1))):
        count = int(generator.integers(language.syllables[0], language.syllables[1] + 1))
        stressed = int(generator.integers(count))
        for syllable in range(count):
            stress = float(syllable == stressed)
            stretch = language.stress if stress else 1.0
            sounds.append(_timed(decks["onsets"].deal(), 1.0, stress, language, generator))
            sounds.append(_timed(decks["vowels"].deal(), stretch, stress, language, generator))
            if generator.random() < language.coda_share:
                sounds.append(_timed(decks["codas"].deal(), 0.9, stress, language, generator))
    phoneme, length, stress = sounds[-1]
    sounds[-1] = (phoneme, length * 1.4, stress)
    return sounds


def _timed(
    phoneme: Phoneme,
    stretch: float,
    stress: float,
    language: Language,
    generator: np.random.Generator,
) -> tuple[Phoneme, float, float]:
    length = phoneme.seconds * stretch * float(generator.uniform(0.92, 1.1)) / language.rate
    return phoneme, length, stress
