"""THEval's numbers of known motion, and in both of its variants."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tgbench import plugins
from tgbench.audio import SAMPLE_RATE, Waveform
from tgbench.faces.mesh import INNER_LIPS, OUTER_LIPS
from tgbench.interfaces import Measurement, MetricContext, Shared
from tgbench.metrics.suite import MetricSuite
from tgbench.metrics.theval.motion import Eyebrow, EyebrowPaper, LipDynamics, LipDynamicsPaper
from tgbench.metrics.theval.speech import LipSync, SilentLip, SilentLipPaper
from tgbench.metrics.theval.voice import VOICE

FRAMES = 100
RNG = np.random.default_rng(0)
REST = RNG.uniform(50, 200, (478, 3))
UPPER, LOWER = [191, 80, 81, 82, 13, 312, 311, 310], [95, 88, 178, 87, 14, 317, 402, 318]
LIPS = {*INNER_LIPS, *OUTER_LIPS}


def mesh(gap: float = 10.0, brows: float = 0.0) -> NDArray[np.float64]:
    """A face of fixed points but for the gap of the inner lips and the height of the brows."""
    points = REST.copy()
    points[[33, 133, 362, 263], 0] = [60.0, 90.0, 130.0, 160.0]
    points[[33, 263], 1] = 100.0
    points[UPPER, 1], points[LOWER, 1] = 150.0, 150.0 + gap
    points[[276, 282, 283, 285, 293, 295, 296, 300, 334, 336], 1] = 60.0 - brows
    points[[46, 52, 53, 55, 63, 65, 66, 70, 105, 107], 1] = 60.0 - brows
    return points


GAPS = RNG.uniform(0.0, 20.0, FRAMES)
TRUTH = [mesh(gap, brows) for gap, brows in zip(GAPS, RNG.uniform(0, 3, FRAMES), strict=True)]
FROZEN = [mesh()] * FRAMES


class Voice:
    """Hears speech in the first two of four seconds."""

    def speech(self, audio: Waveform) -> list[tuple[float, float]]:
        return [(0.0, 2.0)]

    def describe(self) -> str:
        return "a test's ear"


def found(
    kind: Any,
    prediction: list[Any],
    target: list[Any] = TRUTH,
    *,
    samples: NDArray[np.float64] | None = None,
    size: tuple[int, int] = (256, 256),
) -> Measurement:
    models = Shared()
    models.once(VOICE, Voice)
    sound = np.zeros(4 * SAMPLE_RATE) if samples is None else samples
    audio = Waveform(sound.astype(np.float32))
    metric = kind(MetricContext(audio=audio, models=models))
    image = np.zeros((*size[::-1], 3), np.uint8)
    for index, (one, other) in enumerate(zip(prediction, target, strict=True)):
        frame = {"index": index, "prediction": image, "prediction_mesh": one, "target_mesh": other}
        metric.update(SimpleNamespace(**frame))
    result: Measurement = metric.compute()
    return result


MOTION = (LipDynamics, LipDynamicsPaper, Eyebrow, EyebrowPaper, SilentLip, SilentLipPaper)


@pytest.mark.parametrize("kind", MOTION)
def test_the_truth_scores_one_and_what_is_frozen_zero(kind: Any) -> None:
    same, frozen = found(kind, TRUTH), found(kind, FROZEN)
    assert same.value
    assert same.details["score"] == 1.0
    assert frozen.value == pytest.approx(0.0, abs=1e-6)
    assert frozen.details["score"] == pytest.approx(0.0, abs=1e-4)


@pytest.mark.parametrize("kind", [*MOTION, LipSync])
def test_without_a_face_there_is_no_number(kind: Any) -> None:
    assert found(kind, [None] * FRAMES).value is None


def test_lip_dynamics_grow_with_the_face_and_not_with_the_frame() -> None:
    value = found(LipDynamics, TRUTH).value
    assert value is not None
    larger = [1.7 * each for each in TRUTH]
    assert found(LipDynamics, larger, larger).value == pytest.approx(1.7 * value, rel=1e-5)
    assert found(LipDynamics, TRUTH, size=(512, 512)).value == pytest.approx(value / 2, rel=1e-5)
    # The distances of the 8 x 8 pairs across the lips alone vary; all others of the 780 are fixed.
    squashed = [each * [1e-9, 1.0, 1.0] for each in TRUTH]
    fixed = [p for p in LIPS if p not in {*UPPER, *LOWER}]
    across = 64 * GAPS.std()
    moving = sum(np.abs(REST[p, 1] - 150.0 - GAPS).std() for p in fixed for _ in LOWER)
    assert found(LipDynamics, squashed, squashed).value == pytest.approx(
        (across + moving) / 780, rel=1e-4
    )


def test_the_paper_divides_by_one_less() -> None:
    code, paper = found(LipDynamics, TRUTH).value, found(LipDynamicsPaper, TRUTH).value
    assert code is not None
    assert paper == pytest.approx(code * np.sqrt(FRAMES / (FRAMES - 1)))


def test_brows_change_half_as_much_at_twice_the_rate() -> None:
    value = found(Eyebrow, TRUTH).value
    assert value is not None
    twice = [each for each in TRUTH for _ in range(2)]
    expected = value * (FRAMES - 1) / (2 * FRAMES - 1)
    assert found(Eyebrow, twice, twice).value == pytest.approx(expected)
    assert found(EyebrowPaper, twice, twice).value == pytest.approx(
        found(EyebrowPaper, TRUTH).value
    )


def test_pauses_are_where_nobody_speaks() -> None:
    """Speech ends at 2.0 s, which frame 50 shows; lips of later frames count."""
    gaps = GAPS[51:] / 100.0
    silent = found(SilentLip, TRUTH)
    assert silent.value == pytest.approx(np.median(np.abs(gaps - gaps.mean())), rel=1e-4)
    assert silent.scored == 49
    assert found(SilentLipPaper, TRUTH).value == pytest.approx(
        np.median(np.abs(gaps - np.median(gaps))), rel=1e-4
    )
    assert "a test's ear" in silent.measured_by


def test_lip_sync_of_lips_that_follow_the_loudness_is_zero_and_no_chance() -> None:
    """Frames at multiples of 0.2 s stand in the middle of a window of 0.05 s."""
    levels = np.repeat(RNG.uniform(0.1, 1.0, 21), SAMPLE_RATE // 5)
    sound = np.roll(levels, -SAMPLE_RATE // 10)[: 4 * SAMPLE_RATE]
    times = np.arange(FRAMES) / 25.0
    size = SAMPLE_RATE // 20
    padded = np.pad(sound, size // 2)
    rms = np.sqrt((padded[: len(padded) // size * size].reshape(-1, size) ** 2).mean(axis=1))
    loudness = np.interp(times, np.arange(len(rms)) * 0.05, rms)
    follows = [mesh(20.0 * level) for level in loudness]
    agreed = found(LipSync, follows, samples=sound)
    assert agreed.value == pytest.approx(0.0, abs=1e-5)
    assert agreed.details["p"] == pytest.approx(1 / 201)
    assert agreed.scored == 51
    unrelated = found(LipSync, TRUTH, samples=sound)
    assert unrelated.value
    assert unrelated.value > 0.2
    assert unrelated.details["p"] > 0.01


def test_a_missing_detector_is_a_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "silero_vad", None)
    audio = Waveform(np.zeros(SAMPLE_RATE, np.float32))
    suite = MetricSuite(["theval_lip_sync"], MetricContext(audio=audio), SimpleNamespace())
    assert "theval" in suite.results()["theval_lip_sync"].reason


def test_none_is_ranked() -> None:
    columns = [spec for name, spec in plugins.metrics().items() if name.startswith("theval_")]
    assert len(columns) == 7
    assert {spec.direction.value for spec in columns} == {"none"}
    assert all(spec.by_name for spec in columns)
