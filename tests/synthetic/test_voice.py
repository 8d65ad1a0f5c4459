from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.linalg import solve_toeplitz

from tgbench.audio import SAMPLE_RATE, Waveform
from tgbench.synthetic.person import PEOPLE, TRACKS, Track
from tgbench.synthetic.phonemes import FIRST, LANGUAGES, SECOND, Language, Manner, Phoneme
from tgbench.synthetic.script import Script, Segment, write_script
from tgbench.synthetic.voice import Voice, pitch_contour, speak

VOICES = [
    *(person.voice for person in PEOPLE.values()),
    *(track.voice for track in TRACKS.values() if isinstance(track, Track)),
]


def sustained(phoneme: Phoneme, seconds: float = 0.6) -> Script:
    return Script((Segment(phoneme, 0.0, seconds, 0.0),), seconds, "none", ((0.0, seconds),), 0.0)


def pitch_of(samples: NDArray, guess: float) -> float:
    """Pitch in hertz by the autocorrelation's peak within half an octave of a guess."""
    windowed = samples * np.hanning(len(samples))
    spectrum = np.abs(np.fft.rfft(windowed, 4 * len(samples))) ** 2
    correlation = np.fft.irfft(spectrum)[: len(samples)]
    low, high = int(SAMPLE_RATE / guess / 1.4), int(SAMPLE_RATE / guess * 1.4)
    return SAMPLE_RATE / (low + int(np.argmax(correlation[low:high])))


def resonances(samples: NDArray, order: int = 12) -> NDArray:
    """Frequencies of the narrow poles of a linear predictor."""
    emphasised = np.append(samples[0], samples[1:] - 0.95 * samples[:-1]) * np.hamming(len(samples))
    correlation = np.correlate(emphasised, emphasised, "full")[len(samples) - 1 :][: order + 1]
    predictor = solve_toeplitz(correlation[:-1], correlation[1:])
    poles = np.roots(np.concatenate([[1.0], -predictor]))
    poles = poles[poles.imag > 0]
    hertz = np.angle(poles) * SAMPLE_RATE / (2 * np.pi)
    widths = -np.log(np.abs(poles)) * SAMPLE_RATE / np.pi
    return np.sort(hertz[(widths < 500) & (hertz > 150)])


def level(sound: Waveform, start: float, end: float) -> float:
    return float(np.sqrt((sound.cut(start, end).samples.astype(np.float64) ** 2).mean()))


@pytest.mark.parametrize("voice", VOICES, ids=lambda v: f"{v.hertz:.0f}Hz")
def test_pitch_is_the_one_asked_for(voice: Voice) -> None:
    script = sustained(FIRST.vowels[4])
    sound = speak(script, voice, np.random.default_rng(3))
    contour = pitch_contour(script, voice, np.arange(602) / 1000.0, np.random.default_rng(3))
    for start in (0.15, 0.3, 0.4):
        asked = contour[int(start * 1000) : int(start * 1000) + 100].mean()
        heard = pitch_of(sound.cut(start, start + 0.1).samples, voice.hertz)
        assert heard == pytest.approx(asked, rel=0.03)


@pytest.mark.parametrize("symbol", ["i", "ɛ", "æ", "ɑ", "ʌ"])
def test_vowels_resonate_where_they_should(symbol: str) -> None:
    phoneme = next(vowel for vowel in FIRST.vowels if vowel.symbol == symbol)
    sound = speak(sustained(phoneme), Voice(95.0, jitter=0.0), np.random.default_rng(1))
    found = resonances(sound.cut(0.2, 0.4).samples.astype(np.float64))
    for target in phoneme.formants[:2]:
        assert np.abs(found - target).min() < max(0.1 * target, 70.0), found


def test_a_shorter_tract_raises_the_formants() -> None:
    low, high = (
        resonances(
            speak(sustained(FIRST.vowels[4]), Voice(95.0, tract=tract), np.random.default_rng(1))
            .cut(0.2, 0.4)
            .samples.astype(np.float64)
        )
        for tract in (1.0, 1.15)
    )
    second = [found[(found > 950) & (found < 1500)][0] for found in (low, high)]
    assert second[1] / second[0] == pytest.approx(1.15, abs=0.06)


@pytest.mark.parametrize("language", LANGUAGES.values(), ids=LANGUAGES)
def test_closures_are_silent_and_vowels_are_not(language: Language) -> None:
    script = write_script(language, 12.0, np.random.default_rng(4))
    sound = speak(script, Voice(120.0), np.random.default_rng(4))
    levels: dict[Manner, list[float]] = {manner: [] for manner in Manner}
    for segment in script.segments:
        middle, end = segment.start + 0.035, segment.release - 0.006
        if segment.phoneme.manner is Manner.STOP and not segment.phoneme.voiced:
            levels[Manner.STOP].append(level(sound, middle, end))
        elif segment.phoneme.manner is Manner.VOWEL:
            levels[Manner.VOWEL].append(level(sound, segment.start + 0.03, segment.end - 0.03))
    assert max(levels[Manner.STOP]) < 0.15 * np.median(levels[Manner.VOWEL])
    assert min(levels[Manner.VOWEL]) > 0.2 * np.median(levels[Manner.VOWEL])


def test_hissing_is_above_vowels_in_frequency() -> None:
    by_symbol = {p.symbol: p for p in (*FIRST.onsets, *FIRST.vowels)}

    def centre(symbol: str) -> float:
        sound = speak(sustained(by_symbol[symbol]), Voice(110.0), np.random.default_rng(2))
        power = np.abs(np.fft.rfft(sound.cut(0.2, 0.4).samples)) ** 2
        return float((power * np.fft.rfftfreq(3200, 1 / SAMPLE_RATE)).sum() / power.sum())

    assert centre("ɑ") < 1500 < centre("ʃ") < centre("s")


def test_sound_is_as_long_as_the_script_and_not_clipped() -> None:
    script = write_script(SECOND, 7.3, np.random.default_rng(9))
    sound = speak(script, Voice(170.0), np.random.default_rng(9))
    assert len(sound.samples) == round(7.3 * SAMPLE_RATE)
    assert np.abs(sound.samples).max() < 0.99
    assert np.isfinite(sound.samples).all()
