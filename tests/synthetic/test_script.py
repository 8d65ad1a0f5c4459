from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tgbench.synthetic.articulation import articulate
from tgbench.synthetic.phonemes import FIRST, LANGUAGES, SECOND, Manner
from tgbench.synthetic.script import write_script

lengths = st.floats(1.0, 20.0)
seeds = st.integers(0, 10_000)


@settings(max_examples=30)
@given(lengths, seeds, st.sampled_from(list(LANGUAGES)))
def test_sounds_follow_one_another_without_gaps(seconds: float, seed: int, name: str) -> None:
    script = write_script(LANGUAGES[name], seconds, np.random.default_rng(seed))
    clock = 0.0
    for segment in script.segments:
        assert segment.start == pytest.approx(clock)
        assert segment.start < segment.release <= segment.end
        clock = segment.end
    assert clock == pytest.approx(seconds)
    spoken = [s for s in script.segments if s.phoneme.manner is not Manner.PAUSE]
    assert seconds < 1.5 or spoken


def test_every_closure_of_the_lips_is_seen_by_a_frame() -> None:
    script = write_script(FIRST, 60.0, np.random.default_rng(0))
    closures = [s for s in script.segments if s.phoneme.mouth.seal == 1.0]
    assert len(closures) > 20
    assert min(s.release - s.start for s in closures) > 0.04


def test_all_sounds_of_an_inventory_come_up() -> None:
    for language in (FIRST, SECOND):
        script = write_script(language, 30.0, np.random.default_rng(1))
        said = {segment.phoneme.symbol for segment in script.segments}
        assert {p.symbol for p in (*language.vowels, *language.onsets)} <= said


def test_the_languages_differ_in_sounds_and_rhythm() -> None:
    own = {p.symbol for p in (*FIRST.vowels, *FIRST.onsets)}
    other = {p.symbol for p in (*SECOND.vowels, *SECOND.onsets)}
    assert len(other - own) >= 8
    spreads = []
    for language in (FIRST, SECOND):
        script = write_script(language, 60.0, np.random.default_rng(2))
        lengths = [s.seconds for s in script.segments if s.phoneme.manner is Manner.VOWEL]
        spreads.append(np.mean(lengths))
    assert spreads[0] > 1.15 * spreads[1]


@settings(max_examples=15)
@given(seeds)
def test_articulators_stay_in_range_and_move_smoothly(seed: int) -> None:
    script = write_script(FIRST, 6.0, np.random.default_rng(seed))
    times = np.arange(0, 6.0, 0.002)
    mouth = articulate(script, times)
    for name in ("jaw", "part", "round", "spread", "seal", "tuck", "tip", "front"):
        track = getattr(mouth, name)
        assert track.min() >= 0.0
        assert track.max() <= 1.0
        assert np.abs(np.diff(track)).max() < 0.15, name


@settings(max_examples=15)
@given(seeds)
def test_lips_are_sealed_exactly_while_the_sound_is_stopped(seed: int) -> None:
    script = write_script(FIRST, 6.0, np.random.default_rng(seed))
    for segment in script.segments:
        times = np.linspace(segment.start, segment.release, 7)
        seal = articulate(script, times).seal
        if segment.phoneme.mouth.seal == 1.0:
            np.testing.assert_array_equal(seal, 1.0)
        elif segment.phoneme.manner is Manner.VOWEL and segment.seconds > 0.13:
            assert seal[3] < 0.2
