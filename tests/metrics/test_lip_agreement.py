from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.signal import butter, sosfiltfilt
from scipy.stats import pearsonr

from tgbench.audio import SAMPLE_RATE, Waveform
from tgbench.errors import Unavailable
from tgbench.identities import default_split
from tgbench.interfaces import MetricContext
from tgbench.metrics.frames import FaceFinders, LazyFrame
from tgbench.metrics.lips.lip_agreement import LipAgreement, LipLag
from tgbench.metrics.lips.speech_and_lips import lip_agreement, speech_level

FPS = 25.0
IMAGE = np.zeros((1, 1, 3), np.uint8)


def mumble(seed: int, frames: int) -> NDArray[np.float64]:
    """A random loudness that rises and falls a few times a second, in [0, 1]."""
    rng = np.random.default_rng(seed)
    raw = np.convolve(rng.normal(size=frames + 6), np.hanning(7), "valid")
    return (raw - raw.min()) / np.ptp(raw)


def speech(loudness: NDArray[np.float64], hertz: float = 1000.0) -> Waveform:
    """A tone whose level at each frame's start is the loudness."""
    samples = len(loudness) * SAMPLE_RATE // 25
    time = np.arange(samples) / SAMPLE_RATE
    level = np.interp(time * FPS, np.arange(len(loudness)), loudness)
    tone = 0.5 * level**2 * np.sin(2 * np.pi * hertz * time)
    return Waveform(tone.astype(np.float32))


def moving_mean(series: NDArray[np.float64], window: int) -> NDArray[np.float64]:
    half = window // 2
    return np.array(
        [np.nanmean(series[max(0, i - half) : i + half + 1]) for i in range(len(series))]
    )


def brute_force(
    opening: NDArray[np.float64], level: NDArray[np.float64], reach: int
) -> dict[int, float]:
    """Pearson's r at every lag, pair by pair, with scipy."""
    opening, level = opening - moving_mean(opening, 13), level - moving_mean(level, 13)
    found = {}
    for lag in range(-reach, reach + 1):
        pairs = [
            (opening[i + lag], level[i])
            for i in range(len(level))
            if 0 <= i + lag < len(opening) and np.isfinite(opening[i + lag])
        ]
        found[lag] = float(pearsonr(*zip(*pairs, strict=True))[0])
    return found


@given(st.integers(0, 1000), st.integers(70, 150), st.integers(0, 8))
@settings(max_examples=25)
def test_agreement_is_the_best_of_a_search_by_brute_force(
    seed: int, frames: int, missing: int
) -> None:
    opening, level = mumble(seed, frames), mumble(seed + 1, frames)
    gone = np.random.default_rng(seed).choice(frames, missing, replace=False)
    opening[gone] = np.nan
    # Less than a second and a half of pairs at the far lags would rightly be left out.
    assume(frames - 10 - missing >= 50)
    expected = brute_force(opening, level, 10)
    found = lip_agreement(opening, level, FPS)
    assert found is not None
    assert found.correlation == pytest.approx(max(expected.values()), abs=1e-9)
    assert found.correlation == pytest.approx(expected[found.lag], abs=1e-9)
    assert found.at_zero == pytest.approx(expected[0], abs=1e-9)


@pytest.mark.parametrize("delay", [-6, -1, 0, 3, 8])
def test_lips_that_come_late_have_a_positive_lag(delay: int) -> None:
    loudness = mumble(3, 150)
    opening = np.roll(loudness, delay)
    found = lip_agreement(opening, loudness, FPS)
    assert found is not None
    assert found.lag == delay
    assert found.correlation > 0.95
    assert found.chance < 0.6
    assert found.is_peak


def noise(rng: np.random.Generator, frames: int, smooth: int, pauses: bool) -> NDArray[np.float64]:
    """Gaussian noise smoothed over some frames; with pauses: bursts of it with silence between."""
    raw = np.convolve(rng.normal(size=frames + smooth - 1), np.hanning(smooth + 2)[1:-1], "valid")
    if not pauses:
        return raw
    speaks = np.convolve(rng.normal(size=frames + 30), np.hanning(31), "valid") > -0.5
    return (raw - raw.min()) * speaks


@pytest.mark.parametrize("pauses", [False, True])
@pytest.mark.parametrize(
    ("frames", "pairs"), [(225, 80), pytest.param(600, 40, marks=pytest.mark.slow)]
)
def test_few_unrelated_pairs_agree_better_than_by_chance(
    frames: int, pairs: int, pauses: bool
) -> None:
    rng = np.random.default_rng(frames)
    passed = 0
    for smooth in (1, 7, 13):
        for _ in range(pairs):
            found = lip_agreement(
                noise(rng, frames, smooth, pauses), noise(rng, frames, smooth, pauses), FPS
            )
            assert found is not None
            passed += found.correlation > found.chance
    assert passed <= 0.1 * 3 * pairs


@pytest.mark.parametrize("smooth", [1, 7, 13])
def test_lips_that_follow_roughly_agree_better_than_by_chance(smooth: int) -> None:
    rng = np.random.default_rng(smooth)
    for _ in range(10):
        level = noise(rng, 225, smooth, False)
        own = noise(rng, 225, smooth, False)
        found = lip_agreement(np.roll(level, 3) + own, level, FPS)
        assert found is not None
        assert found.correlation > found.chance
        assert found.is_peak


def test_the_held_out_part_of_twenty_seconds_is_enough() -> None:
    frames = len(default_split(20 * 25).test)
    assert frames < 50
    loudness = mumble(9, frames)
    found = fed(LipAgreement, list(np.roll(loudness, 2)), speech(loudness)).compute()
    assert found.value == pytest.approx(1.0, abs=0.1)
    assert found.value > found.details["by_chance"]
    assert found.details["lag_frames"] == 2


def test_slow_changes_do_not_count() -> None:
    loudness = mumble(5, 200)
    smile = 3.0 * np.sin(np.arange(200) / 40.0)
    found = lip_agreement(loudness + smile, loudness, FPS)
    assert found is not None
    assert found.lag == 0
    assert found.correlation > 0.9
    assert np.corrcoef(loudness + smile, loudness)[0, 1] < 0.5


def test_what_never_changes_agrees_with_nothing() -> None:
    assert lip_agreement(np.full(100, 0.1), mumble(0, 100), FPS) is None
    assert lip_agreement(mumble(0, 100), np.zeros(100), FPS) is None
    assert lip_agreement(mumble(0, 30), mumble(0, 30), FPS) is None


@pytest.mark.parametrize(("frames", "extra"), [(3200, -7000), (1501, 50_000)])
def test_a_long_sound_in_pieces_has_the_level_of_the_whole(frames: int, extra: int) -> None:
    """Filtered in one go, as the definition says; the sound is shorter or longer than asked."""
    rng = np.random.default_rng(frames)
    samples = rng.normal(0, 0.1, frames * 640 + extra).astype(np.float32)
    band = butter(4, (300.0, 3400.0), "bandpass", fs=SAMPLE_RATE, output="sos")
    padded = np.pad(samples.astype(float), (640, max(0, 640 - extra)))
    filtered = sosfiltfilt(band, padded)
    whole = [np.sqrt(np.sqrt(np.mean(filtered[640 * i :][:1280] ** 2))) for i in range(frames)]
    level = speech_level(Waveform(samples), frames, FPS)
    # The root of a root makes much of what rounding leaves in silence.
    np.testing.assert_allclose(level, whole, rtol=1e-9, atol=1e-6)


def test_speech_level_follows_the_tone_and_ignores_hum() -> None:
    loudness = mumble(1, 100)
    level = speech_level(speech(loudness), 100, FPS)
    assert np.corrcoef(level[2:-2], loudness[2:-2])[0, 1] > 0.98
    hum = speech_level(speech(loudness, hertz=50.0), 100, FPS)
    assert hum.max() < 0.1 * level.max()


def test_speech_level_of_a_steady_tone_is_its_rms() -> None:
    time = np.arange(2 * SAMPLE_RATE) / SAMPLE_RATE
    tone = Waveform((0.5 * np.sin(2 * np.pi * 1000 * time)).astype(np.float32))
    level = speech_level(tone, 50, FPS)
    assert level[25] == pytest.approx(math.sqrt(0.5 / math.sqrt(2)), rel=1e-2)


def test_frames_past_the_sound_are_silent() -> None:
    level = speech_level(speech(np.ones(25)), 60, FPS)
    assert len(level) == 60
    assert level[30:].max() < 1e-6


class OpensBy:
    """A face whose mouth opens as a list says; None: no face."""

    def __init__(self, openings: list[float | None]) -> None:
        self.openings = iter(openings)

    def find(self, image: NDArray[np.uint8]) -> NDArray[np.float32] | None:
        gap = next(self.openings)
        if gap is None:
            return None
        face = np.zeros((68, 2), np.float32)
        face[45, 0] = 1.0
        face[[65, 66, 67], 1] = gap
        return face

    def describe(self) -> str:
        return "a list"


def fed(metric_class, openings: list[float | None], audio: Waveform):
    metric = metric_class(MetricContext(audio=audio, fps=FPS))
    finder = OpensBy(openings)
    for index in range(len(openings)):
        assert metric.update(LazyFrame(index, IMAGE, None, FaceFinders(finder))) is None
    return metric


def test_metrics_report_lag_in_milliseconds_and_count_missing_faces() -> None:
    loudness = mumble(11, 150)
    openings: list[float | None] = list(np.roll(loudness, 4))
    openings[70] = None
    agreement = fed(LipAgreement, openings, speech(loudness))
    found = agreement.compute()
    assert found.value > 0.9
    assert (found.scored, found.total) == (149, 150)
    assert found.details["lag_frames"] == 4
    assert agreement.series()["mouth_opening"][70] is None
    assert len(agreement.series()["speech_level"]) == 150
    assert fed(LipLag, openings, speech(loudness)).compute().value == pytest.approx(160.0)


def test_lips_that_do_not_follow_have_no_lag() -> None:
    lags = [fed(LipLag, list(mumble(k, 150)), speech(mumble(k + 500, 150))) for k in range(20)]
    missing = [found for found in (lag.compute() for lag in lags) if found.value is None]
    assert len(missing) >= 16
    assert "no better than chance" in missing[0].reason


@pytest.mark.parametrize("late", [10, 11])
def test_a_lag_at_the_end_of_the_search_is_none(late: int) -> None:
    # Smooth enough that r at the end, one frame short of the true lag, is far above chance.
    loudness = mumble(21, 300)
    found = fed(LipLag, list(np.roll(loudness, late)), speech(loudness)).compute()
    assert found.value is None
    assert "at +400 ms, the end of the search" in found.reason
    assert found.details["lag_frames"] == 10


def test_too_few_faces_and_still_lips_say_so() -> None:
    audio = speech(mumble(0, 60))
    few = fed(LipAgreement, [None] * 40 + [0.1] * 20, audio).compute()
    assert few.value is None
    assert "face" in few.reason
    short = fed(LipLag, list(mumble(0, 20)), audio).compute()
    assert short.reason.startswith("0.8 s are too short")
    still = fed(LipAgreement, [0.1] * 60, audio).compute()
    assert still.value is None
    assert "never moves" in still.reason


def test_frames_past_the_sound_are_not_scored() -> None:
    loudness = mumble(3, 150)
    metric = fed(LipAgreement, list(loudness), speech(loudness[:100]))
    found = metric.compute()
    assert found.value > 0.9
    assert (found.scored, found.total) == (100, 150)
    assert metric.series()["speech_level"][99] is not None
    assert metric.series()["speech_level"][100:] == [None] * 50


@pytest.mark.parametrize("metric", [LipAgreement, LipLag])
def test_a_sound_too_short_to_tell_says_so(metric) -> None:
    loudness = mumble(3, 150)
    found = fed(metric, list(loudness), speech(loudness[:5])).compute()
    assert found.value is None
    assert found.reason.startswith("0.2 s of sound are too short")


def test_without_sound_there_is_nothing_to_measure() -> None:
    with pytest.raises(Unavailable, match="no sound"):
        LipAgreement(MetricContext(audio=None, fps=FPS))
