"""Sounds of two made-up languages: how each is voiced, shaped and seen on the lips.

Formants of vowels follow the means of Hillenbrand et al. 1995 (first inventory) and common
phonetic descriptions (second); loci of consonants follow Klatt 1980.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum


class Manner(Enum):
    """How a sound is made."""

    PAUSE = "pause"
    VOWEL = "vowel"
    GLIDE = "glide"
    NASAL = "nasal"
    STOP = "stop"
    FRICATIVE = "fricative"
    TRILL = "trill"


@dataclass(frozen=True)
class Mouth:
    """What a sound asks of the articulators, each 0 to 1 unless said otherwise.

    Attributes:
        jaw: how far the jaw drops.
        part: how far the lips part beyond what the jaw does.
        round: lips drawn together and forward.
        spread: corners drawn apart.
        seal: lips pressed shut.
        tuck: lower lip under the upper teeth.
        tip: tongue tip raised behind the upper teeth.
        front: tongue body forward (1) or back (0).
        weight: how firmly the sound insists on this against its neighbours.
    """

    jaw: float = 0.2
    part: float = 0.3
    round: float = 0.0
    spread: float = 0.0
    seal: float = 0.0
    tuck: float = 0.0
    tip: float = 0.0
    front: float = 0.5
    weight: float = 1.0


@dataclass(frozen=True)
class Hiss:
    """Noise of a fricative or of a stop's burst: a resonance and a level from 0 to 1."""

    hertz: float
    width: float
    level: float


@dataclass(frozen=True)
class Phoneme:
    """A sound.

    Attributes:
        symbol: its sign, of the International Phonetic Alphabet.
        manner: how it is made.
        seconds: its length in unhurried speech.
        voiced: whether the vocal folds swing.
        formants: resonances of the vocal tract in hertz at its start.
        glide_to: resonances at its end, for diphthongs.
        mouth: what is seen of it.
        mouth_to: what is seen of its end, for diphthongs.
        hiss: its noise.
    """

    symbol: str
    manner: Manner
    seconds: float
    voiced: bool
    formants: tuple[float, float, float]
    mouth: Mouth = field(default_factory=Mouth)
    glide_to: tuple[float, float, float] | None = None
    mouth_to: Mouth | None = None
    hiss: Hiss | None = None


PAUSE = Phoneme(
    "_", Manner.PAUSE, 0.3, False, (500, 1500, 2500), Mouth(0.04, 0.0, weight=0.7, seal=0.0)
)


def _vowel(
    symbol: str,
    formants: tuple[float, float, float],
    mouth: Mouth,
    seconds: float = 0.11,
    glide_to: tuple[float, float, float] | None = None,
    mouth_to: Mouth | None = None,
) -> Phoneme:
    return Phoneme(symbol, Manner.VOWEL, seconds, True, formants, mouth, glide_to, mouth_to)


_SPREAD_I = Mouth(jaw=0.16, part=0.42, spread=0.75, front=1.0)
_ROUND_U = Mouth(jaw=0.16, part=0.30, round=0.95, front=0.2)
_OPEN_A = Mouth(jaw=0.85, part=0.75, front=0.35)
_LABIAL = Mouth(jaw=0.12, part=0.0, seal=1.0, weight=2.0)
_ALVEOLAR = Mouth(jaw=0.16, part=0.42, tip=1.0, front=0.7, weight=0.6)
_SIBILANT = Mouth(jaw=0.05, part=0.48, spread=0.35, tip=0.7, front=0.8, weight=1.0)
_VELAR = Mouth(jaw=0.24, part=0.40, front=0.0, weight=0.45)
_LIP_TEETH = Mouth(jaw=0.10, part=0.30, tuck=1.0, weight=1.8)

_VOWELS = (
    _vowel("i", (300, 2300, 3000), _SPREAD_I),
    _vowel("ɪ", (420, 2000, 2550), Mouth(jaw=0.28, part=0.42, spread=0.4, front=0.9), 0.085),
    _vowel("ɛ", (560, 1850, 2480), Mouth(jaw=0.5, part=0.55, spread=0.4, front=0.8)),
    _vowel("æ", (680, 1750, 2410), Mouth(jaw=0.78, part=0.7, spread=0.5, front=0.7), 0.14),
    _vowel("ɑ", (750, 1150, 2440), _OPEN_A, 0.14),
    _vowel("ɔ", (600, 900, 2410), Mouth(jaw=0.6, part=0.5, round=0.6, front=0.2), 0.13),
    _vowel("ʊ", (450, 1050, 2240), Mouth(jaw=0.25, part=0.35, round=0.6, front=0.3), 0.085),
    _vowel("u", (320, 900, 2240), _ROUND_U),
    _vowel("ʌ", (620, 1220, 2390), Mouth(jaw=0.5, part=0.5, front=0.4), 0.09),
    _vowel("ɝ", (480, 1350, 1690), Mouth(jaw=0.25, part=0.4, round=0.35, front=0.5)),
    _vowel("aɪ", (720, 1250, 2500), _OPEN_A, 0.18, (380, 2050, 2700), _SPREAD_I),
    _vowel(
        "oʊ",
        (560, 1000, 2400),
        Mouth(jaw=0.5, part=0.5, round=0.55, front=0.2),
        0.16,
        (380, 900, 2300),
        _ROUND_U,
    ),
)


def _stop(
    symbol: str,
    voiced: bool,
    formants: tuple[float, float, float],
    mouth: Mouth,
    burst: Hiss,
    seconds: float | None = None,
) -> Phoneme:
    length = seconds or (0.10 if voiced else 0.125)
    return Phoneme(symbol, Manner.STOP, length, voiced, formants, mouth, hiss=burst)


def _hissing(
    symbol: str,
    voiced: bool,
    formants: tuple[float, float, float],
    mouth: Mouth,
    hiss: Hiss,
    seconds: float = 0.11,
) -> Phoneme:
    return Phoneme(symbol, Manner.FRICATIVE, seconds, voiced, formants, mouth, hiss=hiss)


_STOPS = (
    _stop("p", False, (350, 900, 2200), _LABIAL, Hiss(900, 900, 0.35)),
    _stop("b", True, (300, 900, 2200), _LABIAL, Hiss(800, 900, 0.25)),
    _stop("t", False, (350, 1750, 2650), _ALVEOLAR, Hiss(4200, 1800, 0.6)),
    _stop("d", True, (300, 1700, 2600), _ALVEOLAR, Hiss(3800, 1800, 0.4)),
    _stop("k", False, (350, 1900, 2300), _VELAR, Hiss(1900, 700, 0.6)),
    _stop("ɡ", True, (300, 1850, 2250), _VELAR, Hiss(1800, 700, 0.4)),
)
_NASALS = (
    Phoneme("m", Manner.NASAL, 0.085, True, (280, 1000, 2200), _LABIAL),
    Phoneme("n", Manner.NASAL, 0.08, True, (280, 1550, 2500), _ALVEOLAR),
)
_FRICATIVES = (
    _hissing("f", False, (400, 1100, 2100), _LIP_TEETH, Hiss(5200, 4200, 0.22)),
    _hissing("v", True, (300, 1100, 2100), _LIP_TEETH, Hiss(5000, 4200, 0.10), 0.08),
    _hissing("s", False, (350, 1650, 2600), _SIBILANT, Hiss(5600, 1600, 0.55), 0.12),
    _hissing("z", True, (300, 1650, 2600), _SIBILANT, Hiss(5400, 1600, 0.28), 0.09),
    _hissing(
        "ʃ",
        False,
        (350, 1750, 2500),
        Mouth(jaw=0.08, part=0.5, round=0.6, front=0.6, weight=1.2),
        Hiss(3000, 1300, 0.55),
        0.12,
    ),
    _hissing("h", False, (500, 1500, 2500), Mouth(jaw=0.35, weight=0.15), Hiss(1500, 1800, 0.2)),
)
_GLIDES = (
    Phoneme("l", Manner.GLIDE, 0.075, True, (380, 1150, 2700), _ALVEOLAR),
    Phoneme(
        "ɹ", Manner.GLIDE, 0.08, True, (370, 1200, 1600), Mouth(0.2, 0.35, round=0.5, weight=0.9)
    ),
    Phoneme("w", Manner.GLIDE, 0.075, True, (310, 700, 2200), _ROUND_U),
    Phoneme("j", Manner.GLIDE, 0.07, True, (290, 2200, 2950), _SPREAD_I),
)

_FRONT_ROUND = Mouth(jaw=0.18, part=0.3, round=0.9, front=0.9)
_SECOND_VOWELS = (
    _vowel("i", (280, 2250, 3100), _SPREAD_I, 0.085),
    _vowel("y", (270, 1850, 2250), _FRONT_ROUND, 0.085),
    _vowel("e", (390, 2150, 2800), Mouth(jaw=0.34, part=0.5, spread=0.55, front=0.9), 0.085),
    _vowel("ø", (390, 1550, 2250), Mouth(jaw=0.35, part=0.4, round=0.75, front=0.8), 0.09),
    _vowel("a", (760, 1400, 2550), _OPEN_A, 0.10),
    _vowel("aː", (780, 1350, 2550), _OPEN_A, 0.19),
    _vowel("o", (410, 850, 2500), Mouth(jaw=0.38, part=0.4, round=0.8, front=0.1), 0.09),
    _vowel("uː", (290, 750, 2300), _ROUND_U, 0.17),
)
_SECOND_CONSONANTS = (
    _hissing("x", False, (400, 1400, 2400), _VELAR, Hiss(1500, 800, 0.35)),
    _hissing("ç", False, (320, 2200, 3000), _SPREAD_I, Hiss(3500, 1200, 0.3)),
    Phoneme("r", Manner.TRILL, 0.10, True, (450, 1350, 2300), _ALVEOLAR),
    _stop("ts", False, (350, 1700, 2600), _SIBILANT, Hiss(5400, 1800, 0.6), 0.15),
)


@dataclass(frozen=True)
class Language:
    """An inventory of sounds and how they follow one another.

    Attributes:
        name: how files call it.
        vowels: what syllables are built around.
        onsets: what syllables begin with.
        codas: what syllables may end with.
        coda_share: how many syllables have a coda, 0 to 1.
        syllables: fewest and most syllables of a word.
        words: fewest and most words of a phrase.
        stress: how much longer a stressed syllable's vowel is; 1 for syllable-timed speech.
        fall: how far the voice falls over a phrase, in semitones; negative: it rises.
        rate: 1 for unhurried speech, larger is faster.
    """

    name: str
    vowels: tuple[Phoneme, ...]
    onsets: tuple[Phoneme, ...]
    codas: tuple[Phoneme, ...]
    coda_share: float
    syllables: tuple[int, int]
    words: tuple[int, int]
    stress: float
    fall: float
    rate: float


_BY_SYMBOL = {p.symbol: p for p in (*_STOPS, *_NASALS, *_FRICATIVES, *_GLIDES)}


def _chosen(symbols: str) -> tuple[Phoneme, ...]:
    return tuple(_BY_SYMBOL[symbol] for symbol in symbols)


FIRST = Language(
    name="first",
    vowels=_VOWELS,
    onsets=_chosen("pbtdkɡmnfvszʃhlɹwj"),
    codas=_chosen("ptdkmnszl"),
    coda_share=0.45,
    syllables=(1, 3),
    words=(3, 6),
    stress=1.35,
    fall=4.0,
    rate=1.0,
)
SECOND = Language(
    name="second",
    vowels=_SECOND_VOWELS,
    onsets=(*_chosen("pbtdkmnslj"), *_SECOND_CONSONANTS),
    codas=_chosen("nm"),
    coda_share=0.15,
    syllables=(2, 4),
    words=(4, 7),
    stress=1.0,
    fall=-2.5,
    rate=1.15,
)
LANGUAGES = {language.name: language for language in (FIRST, SECOND)}
